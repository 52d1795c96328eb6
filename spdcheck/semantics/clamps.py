"""Where a host lowers the maximum segment size of TCP connections that go through it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from spdcheck.model.ipnat import NatRuleset
from spdcheck.model.pf import AnchorCall, PfRuleset

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.model.host import Host
    from spdcheck.source import Span


class Clamp(NamedTuple):
    """A rule that lowers the MSS to so many bytes."""

    mss: int
    origin: Span


def clamps(host: Host) -> Iterator[Clamp]:
    """pf's ``max-mss`` (of ``scrub`` and ``match``), ipnat's ``mssclamp``."""
    for ruleset in host.packet_filters:
        if isinstance(ruleset, NatRuleset):
            yield from (Clamp(rule.mssclamp, rule.origin) for rule in ruleset.rules if rule.mssclamp)
        if not isinstance(ruleset, PfRuleset):
            continue
        for scrub in ruleset.scrub:
            if not isinstance(scrub, AnchorCall) and not scrub.exempts:
                yield from _of(scrub.options, scrub.origin)
        for rule in ruleset.rules:
            if not isinstance(rule, AnchorCall):
                yield from _of(rule.scrub, rule.origin)


def _of(options: tuple[str, ...], origin: Span) -> Iterator[Clamp]:
    for option in options:
        found = re.fullmatch(r"max-mss (\d+)", option)
        if found is not None:
            yield Clamp(int(found[1]), origin)
