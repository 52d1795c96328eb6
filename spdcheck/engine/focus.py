"""What of a site has to be looked at after a change of some hosts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.engine.boxes import Space, boxes_of, overlap
from spdcheck.records import dataclass, replace
from spdcheck.semantics.affected import hosts_touched, traffic_touched
from spdcheck.semantics.fields import DESTINATION, SOURCE
from spdcheck.semantics.predicate import FALSE
from spdcheck.semantics.selectors import SELECTOR_FIELDS, predicate_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from spdcheck.engine.boxes import Box
    from spdcheck.model.host import Site
    from spdcheck.model.policy import SecurityPolicy
    from spdcheck.semantics.alterations import Alteration
    from spdcheck.semantics.predicate import Predicate
    from spdcheck.semantics.topology import Topology

SPACE = Space.of_fields((*SELECTOR_FIELDS, SOURCE, DESTINATION))


@dataclass(frozen=True, slots=True)
class Focus:
    """Hosts whose findings a change can touch, those among them that are altered, and the packets that it can touch.

    ``boxes`` are the packets of ``traffic``, over :data:`SPACE`.
    """

    hosts: frozenset[str]
    changed: frozenset[str]
    traffic: Predicate
    boxes: tuple[Box, ...]
    of_site: bool = True

    @classmethod
    def on(cls, states: Iterable[Topology], altered: Iterable[Alteration]) -> Focus:
        """The focus on the hosts that are not the same in all states of a site."""
        known, changed = list(states), list(altered)
        hosts = frozenset(name for topology in known for name in hosts_touched(topology, changed))
        traffic: Predicate = FALSE
        for topology in known:
            traffic |= traffic_touched(topology, changed)
        return cls(
            hosts, frozenset(one.name for one in changed), traffic, tuple(boxes_of(traffic, SPACE, unknown=True))
        )

    def altered(self, site: Site) -> Site:
        """The site with the altered hosts alone."""
        return replace(site, hosts=tuple(host for host in site.hosts if host.name in self.changed))

    def has(self, policy: SecurityPolicy) -> bool:
        """The change can touch the packets of a policy."""
        asked = boxes_of(predicate_of(policy.selector), SPACE, unknown=True)
        return any(overlap(one, other) for one in asked for other in self.boxes)


@dataclass(frozen=True, slots=True)
class Share:
    """The part of a whole check that is about some hosts; what is about the site itself goes with ``of_site``."""

    hosts: frozenset[str]
    of_site: bool

    def altered(self, site: Site) -> Site:
        """The site with these hosts alone."""
        hosts = tuple(host for host in site.hosts if host.name in self.hosts)
        return replace(site, hosts=hosts, diagnostics=site.diagnostics if self.of_site else ())

    def has(self, policy: SecurityPolicy) -> bool:
        """Every policy of its hosts."""
        del policy
        return True
