"""Whether isakmpd's KeyNote policy could have let an SA come up that the kernel holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.diagnostic import Part
from spdcheck.model.ike import Algorithm
from spdcheck.model.isakmpd import Phase2Transform
from spdcheck.model.keynote import ANYONE
from spdcheck.model.policy import Mode
from spdcheck.records import replace
from spdcheck.semantics.keynote import query
from spdcheck.semantics.keynote_action import OPEN_ACTION, offered
from spdcheck.semantics.manual_keys import family_of

if TYPE_CHECKING:
    from spdcheck.model.host import Host
    from spdcheck.model.running import RunningAlgorithm, RunningAssociation
    from spdcheck.source import Span

_OPEN = ("group_desc", "key_length", "key_rounds", "life_seconds", "life_kbytes")


def refuses(host: Host, running: RunningAssociation) -> Span | None:
    """The policy, if it refuses such an SA whoever the peer is and whatever else was negotiated; else None.

    None too where isakmpd asks no policy, or where the policy could not be read whole.
    """
    speaking = [daemon.isakmpd for daemon in host.daemons if daemon.isakmpd is not None]
    name = family_of(running.protocol)
    if not host.assertions or not any(daemon.uses_keynote for daemon in speaking) or name not in ("esp", "ah"):
        return None
    if host.gap_in(Part.IKE, Part.CREDENTIALS) is not None:
        return None
    transform = Phase2Transform(
        name="",
        encryption=_as_offered(running.encryption),
        integrity=_as_offered(running.integrity),
        tunnel={Mode.TUNNEL: True, Mode.TRANSPORT: False}.get(running.mode) if running.mode is not None else None,
        group=None,
        key_bits=None,
        lives=(),
        origin=running.origin,
    )
    action = offered([(name, transform)])
    action |= {f"{name}_{what}": OPEN_ACTION[f"{name}_{what}"] for what in _OPEN}
    action |= {"pfs": OPEN_ACTION["pfs"], "ah_present": OPEN_ACTION["ah_present"]}
    licensed = [replace(assertion, licensees=ANYONE) for assertion in host.assertions]
    if query(licensed, (), action).highest == "true":
        return None
    return host.assertions[0].origin


def _as_offered(algorithm: RunningAlgorithm | None) -> Algorithm | None:
    return None if algorithm is None else Algorithm(algorithm.name, algorithm.bits, algorithm.origin)
