"""The ways of a site's protected traffic and of the packets that carry it, each worked out once."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from spdcheck.engine.exploration import BLOCKED, Ending, explore
from spdcheck.engine.simulate import Simulator
from spdcheck.engine.trace import Mark, Step, Wire
from spdcheck.model.policy import Action, Direction
from spdcheck.semantics.beginning import flow_of
from spdcheck.semantics.datapath import datapath_of
from spdcheck.semantics.datapath.stages import Kind
from spdcheck.semantics.filters import points

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.model.host import Host, Site
    from spdcheck.model.policy import SecurityPolicy

PROTECTED = frozenset({"esp", "ah"})


class Ways:
    """Everything that becomes of protected flows in one site."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self._found: dict[tuple[bool, int, str], tuple[Ending, ...]] = {}

    @cached_property
    def simulator(self) -> Simulator:
        """The site as it is."""
        return Simulator(self.site)

    @cached_property
    def supposing(self) -> Simulator:
        """The site as if IKE came to an end and no filter stopped the carriers."""
        return Simulator(self.site, tunnels_up=True)

    def of(self, host: Host, policy: SecurityPolicy, *, tunnels_up: bool = False) -> tuple[Ending, ...]:
        """What becomes of the packets of an ``out`` policy that pass its host, wherever they begin."""
        key = (tunnels_up, id(policy), host.name)
        if key not in self._found:
            simulator = self.supposing if tunnels_up else self.simulator
            found = explore(simulator, flow_of(policy.selector), strangers=False)
            self._found[key] = tuple(ending for ending in found if passes(ending, host))
        return self._found[key]

    def is_filtered(self, host: Host) -> bool:
        """Some filter or NAT of the host is asked about packets of some interface."""
        path = datapath_of(host)
        ways = (path.receive, path.local, path.forward, path.send, path.carrier, path.device)
        stages = {stage for way in ways for stage in way if stage.kind is Kind.FILTER}
        names = [interface.name for interface in host.interfaces] or [""]
        return any(points(host, stage.hook, stage.interface or name) for stage in stages for name in names)


def protecting(host: Host) -> Iterator[SecurityPolicy]:
    """The ``out`` policies of a host that protect something and were written by somebody."""
    for policy in host.spd.of(Direction.OUT):
        if policy.action is Action.PROTECT and not policy.implied:
            yield policy


def passes(ending: Ending, host: Host) -> bool:
    """The packets come by a host."""
    return any(step.host == host.name for step in ending.situation.steps) or ending.situation.host is host


def clear_wire(ending: Ending, host: Host) -> int | None:
    """The place among the steps at which a host puts the packets on an untrusted wire in clear; None if it does not."""
    for number, step in enumerate(ending.situation.steps):
        if isinstance(step, Wire) and step.host == host.name and step.untrusted and not is_protected(step):
            return number
    return None


def is_protected(wire: Wire) -> bool:
    """The packet on the wire is under ESP or AH in some layer."""
    return not PROTECTED.isdisjoint(wire.form.replace("}", "").split("{"))


def filtered(ending: Ending) -> Step | None:
    """The step at which a packet filter stopped the packets, or None if none did."""
    last = ending.situation.steps[-1] if ending.situation.steps else None
    stopped = isinstance(last, Step) and last.mark is Mark.FAIL and last.stage.startswith("FILTER")
    return last if ending.disposition in BLOCKED and stopped and isinstance(last, Step) else None


def is_translated(ending: Ending, *, before: int | None = None) -> bool:
    """NAT has changed the packets, on the way or before one of its steps."""
    return translation(ending, before=before) is not None


def translation(ending: Ending, *, before: int | None = None) -> Step | None:
    """The first step at which NAT changes the packets."""
    for step in ending.situation.steps[:before]:
        if isinstance(step, Step) and step.mark is Mark.CHANGE and step.verdict in ("translated", "state"):
            return step
    return None
