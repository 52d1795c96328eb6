"""Where a packet filter takes the source address of a clear packet for a proof that it came through the tunnel.

The rule was written for what comes out of ESP, and a stranger is stopped; but it asks for the address only, which
anybody can write. The SPD stops such packets as long as its policies are loaded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.engine import zones
from spdcheck.engine.exploration import BLOCKED, sent
from spdcheck.engine.trace import Mark, Step
from spdcheck.engine.traffic import Many
from spdcheck.engine.ways import carriers_of, door_of, unprotected
from spdcheck.model.host import Platform
from spdcheck.model.policy import Direction
from spdcheck.named_tuples import NamedTuple
from spdcheck.semantics.fields import SOURCE, address_interval
from spdcheck.semantics.intervals import minus, normalise, size
from spdcheck.semantics.peering import near_address

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.engine.exploration import Ending
    from spdcheck.engine.simulate import Simulator
    from spdcheck.model.host import Host
    from spdcheck.model.policy import SecurityPolicy
    from spdcheck.semantics.intervals import IntervalSet
    from spdcheck.source import Span

_GLOBAL4 = normalise(
    (int(first) << 24, (int(last) << 24) + 0xFFFFFF)
    for first, last in ((1, 9), (11, 99), (101, 126), (128, 168), (170, 171), (173, 191), (193, 197), (199, 223))
)
"""Most of what strangers have: nothing private, special or reserved (RFC 6890)."""
_GLOBAL6 = ((1 << 128 | 0x2 << 124, 1 << 128 | (0x4 << 124) - 1),)


class Believed(NamedTuple):
    """A rule that lets clear packets in for their address; ``sender`` is Shorewall's line of their zone, if it is that.

    ``mend`` says how the rule could ask for more.
    """

    rule: Span
    sender: Span | None
    mend: str


def believed(simulator: Simulator, host: Host, policy: SecurityPolicy) -> Iterator[tuple[Believed, Ending]]:
    """The clear packets of an ``in`` policy that pass the filters of a host while strangers' do not.

    The simulator is one of a site whose policies are not loaded.
    """
    near = near_address(policy)
    door = simulator.topology.outside(host) if near is None else door_of(simulator, host, near)
    strangers = _strangers(simulator, host, policy.selector.family)
    for ending in unprotected(simulator, host, policy, ~carriers_of(policy)):
        if not ending.arrived or not strangers:
            continue
        passed = _passed(host, ending)
        if passed is None or passed.origin is None:
            continue
        others = list(sent(simulator, host, door, Many.with_sides(ending.began, {SOURCE: strangers})))
        stopped = sum(size(other.began.side(SOURCE)) for other in others if other.disposition in BLOCKED)
        if 2 * stopped > sum(size(other.began.side(SOURCE)) for other in others):
            yield _told(host, passed, ending), ending


def _strangers(simulator: Simulator, host: Host, family: int) -> IntervalSet:
    """Addresses of machines that no file knows."""
    known = [addresses for addresses, _ in simulator.topology.places]
    known += [policy.remote for policy in host.spd.of(Direction.IN)]
    spaces = _GLOBAL4 if family == 4 else _GLOBAL6
    return minus(spaces, normalise(address_interval(a) for a in known if a.family == family and not a.is_everything))


def _passed(host: Host, ending: Ending) -> Step | None:
    """The step at which a rule of the host's filters let the packets in: on the BSDs the first one, at the door."""
    steps = (step for step in ending.situation.steps if isinstance(step, Step) and step.host == host.name)
    found = [step for step in steps if step.stage.startswith("FILTER") and step.mark is Mark.OK and step.origin]
    if not found:
        return None
    return found[0] if host.platform is not None and host.platform.is_bsd else found[-1]


def _told(host: Host, passed: Step, ending: Ending) -> Believed:
    assert passed.origin is not None
    trace = ending.replayed()
    asked = [step.asked for step in trace.steps if isinstance(step, Step) and step.asked] if trace is not None else []
    for question in reversed(asked):
        between = zones.between(host, question.packet)
        if between is not None and between.sender is not None:
            mend = f"write ipsec in the OPTIONS of this line: then {between.source} is only what came out of ESP"
            if between.of.dialect != 2:
                mend += f"; or make {between.source} a zone of type ipsec"
            return Believed(passed.origin, between.sender.origin, mend)
    if host.platform is Platform.LINUX:
        return Believed(passed.origin, None, "add -m policy --dir in --pol ipsec to this rule")
    return Believed(passed.origin, None, "let this pass only where the filter sees what came out of ESP (on enc0)")
