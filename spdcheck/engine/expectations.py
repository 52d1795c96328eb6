"""What a person expects of a flow, held against a trace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.engine.trace import Disposition

if TYPE_CHECKING:
    from spdcheck.engine.trace import Trace

_OPEN = (Disposition.DELIVERED, Disposition.LEAKED)
"""Nothing stopped the packet, whether or not it arrives: a leak is never a denial."""


def judge(trace: Trace, expected: tuple[str, ...]) -> tuple[list[str], bool]:
    """``(missed, unknown)``: the words that do not hold, and whether nobody can tell.

    ``delivered`` arrives, in clear or not; ``protected`` crosses every untrusted wire under IPsec; ``clear`` crosses
    one without; ``denied`` is stopped; ``replied`` has its answer delivered; ``leaked`` is in clear though a
    policy protects it.
    """
    if trace.disposition is Disposition.UNKNOWN:
        return [], True
    if "replied" in expected and trace.reply is not None and trace.reply.disposition is Disposition.UNKNOWN:
        return [], True
    holds = {
        "delivered": trace.arrives,
        "protected": trace.protected and trace.disposition is Disposition.DELIVERED,
        "clear": trace.disposition in _OPEN and not trace.protected,
        "denied": trace.disposition not in _OPEN,
        "replied": trace.reply is not None and trace.reply.arrives,
        "leaked": trace.disposition is Disposition.LEAKED,
    }
    return [word for word in expected if not holds[word]], False
