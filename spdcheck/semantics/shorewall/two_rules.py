"""rules of Shorewall 2.x: lines, and the actions that they call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.netfilter import Interval, Option, Target, Translation
from spdcheck.model.shorewall_columns import Place, Ports
from spdcheck.records import replace
from spdcheck.semantics.shorewall import matches as m
from spdcheck.semantics.shorewall.expanding import Columns, Point, expand
from spdcheck.semantics.shorewall.lines import of_part, other_columns
from spdcheck.semantics.shorewall.translations import interval_of
from spdcheck.semantics.shorewall.two_actions import COMMON, standard_actions

if TYPE_CHECKING:
    from spdcheck.model.shorewall import RuleEntry
    from spdcheck.model.shorewall_columns import Zones
    from spdcheck.semantics.shorewall.chains import Chain, Matches
    from spdcheck.semantics.shorewall.two import Making2
    from spdcheck.source import Span


class Rules2:
    """The rules of one configuration."""

    def __init__(self, making: Making2) -> None:
        self.making = making

    def rules(self) -> None:
        """Every line, for every pair of its zones."""
        for entry in self.making.source.rules:
            for source in entry.source:
                for dest in entry.dest or (None,):
                    self._pairs(entry, source, dest)

    def _pairs(self, entry: RuleEntry, source: Place, dest: Place | None) -> None:
        making = self.making
        sources = self._zones(source.zones)
        dests = self._zones(dest.zones if dest is not None else None) or [making.firewall]
        wild = any(p is not None and p.zones is not None and p.zones.wildcard for p in (source, dest))
        for first in sources:
            for second in dests:
                policy = making.policy(first, second)
                none = policy is not None and policy.policy == "NONE"
                if (wild and first == second) or none:
                    continue
                line = replace(entry, source=(source,), dest=(dest,) if dest is not None else ())
                self.line(line, making.ensure(first, second, entry.origin), first)

    def _zones(self, zones: Zones | None) -> list[str]:
        if zones is None:
            return []
        if zones.wildcard:
            return [z for z in (*self.making.zones, self.making.firewall) if z not in zones.excluded]
        return [name for name in zones.names if name in self.making.layout.zones]

    def line(self, line: RuleEntry, chain: Chain, source: str) -> None:
        """A line in the chain of its zones."""
        name = line.action.name
        if name in ("DNAT", "REDIRECT"):
            self._translate(line, chain, source)
            return
        if name == "NONAT" or (name == "ACCEPT" and line.action.modifier == "+"):
            nat = self.making.tables.ensure("nat", f"{source}_dnat")
            _add(self.making, nat, line, "RETURN", Point.PREROUTING)
            if name == "NONAT":
                return
        _add(self.making, chain, line, self._target(line))

    def _target(self, line: RuleEntry) -> Target | Chain | str | None:
        name, origin = line.action.name, line.origin
        if name in ("ACCEPT", "DROP"):
            return name
        if name == "REJECT":
            return self.making.reject()
        if name == "CONTINUE":
            return "RETURN"
        if name in ("LOG", "ULOG"):
            return Target("LOG", (), origin)
        if name == "QUEUE":
            return Target("QUEUE", (), origin)
        found = self.action(self.making, name)
        return Target(name, (), origin) if found is None else found

    @staticmethod
    def common(making: Making2, name: str) -> Chain:
        """Drop or Reject: what a packet passes before such a policy."""
        found = Rules2.action(making, name)
        assert found is not None
        return found

    @staticmethod
    def action(making: Making2, name: str) -> Chain | None:
        """The chain of an action, the user's or a standard one."""
        body = making.source.action(name, ())
        chain = making.filter(name)
        if chain.rules:
            return chain
        rules, origin = Rules2(making), making.source.origin
        if body is not None:
            chain.referenced = True
            for entry in body.rules:
                _add(making, chain, entry, rules._target(entry))
        elif name in COMMON:
            for inner in COMMON[name]:
                asked = {"AllowICMPs": m.protocol(m.ICMP, origin), "dropNotSyn": m.protocol(m.TCP, origin)}.get(
                    inner, ()
                )
                leads = Rules2.action(making, inner)
                assert leads is not None
                chain.jump(asked, leads, origin)
        elif name in standard_actions():
            for part in standard_actions()[name]:
                entry = of_part(part, origin, making.family)
                _add(making, chain, replace(entry, source=(), dest=()), rules._target(entry))
        elif name in _BUILT_IN:
            for asked, verdict in _built_in(name, origin):
                chain.jump(asked, making.verdict(verdict), origin)
        else:
            return None
        return chain

    def _translate(self, line: RuleEntry, chain: Chain, source: str) -> None:
        making = self.making
        server = line.dest[0] if line.dest else Place(None, None, None, line.origin)
        redirects = line.action.name == "REDIRECT"
        port = server.ports
        if redirects and port is None and line.dports is not None and len(line.dports.items) == 1:
            only = line.dports.items[0]
            port = only if isinstance(only, Interval) else None
        options: tuple[Option, ...] = ()
        if redirects:
            options = (Option("to-ports", port, False, line.origin),) if port is not None else ()
        else:
            found = [interval_of(making, a) for a in (server.hosts.included if server.hosts is not None else ())]
            first, last = (found[0], found[-1]) if found else (None, None)
            spread = Interval(first.first, last.last, first.family) if first is not None and last is not None else None
            options = (Option("to-destination", Translation(spread, port), False, line.origin),)
        target = Target(line.action.name, options, line.origin)
        local = source == making.firewall
        nat = making.tables.ensure("nat", "OUTPUT" if local else f"{source}_dnat")
        where = Place(None, None, line.origdest, line.origin) if line.origdest is not None else None
        aimed = replace(line, dest=(where,) if where is not None else (), origdest=None)
        _add(making, nat, aimed, target, Point.OUTPUT if local else Point.PREROUTING)
        if line.action.modifier == "-":
            return
        dports = Ports((port,), False, line.origin) if port is not None else line.dports
        dest = (Place(None, None, None if redirects else server.hosts, line.origin),)
        kept = None if redirects or line.origdest is None or not line.origdest.included else line.origdest
        _add(making, chain, replace(line, dest=dest, dports=dports, origdest=kept, rates=()), "ACCEPT")


def _add(
    making: Making2, chain: Chain, line: RuleEntry, target: Target | Chain | str | None, point: Point = Point.FORWARD
) -> None:
    other = other_columns(making, line)
    ways = m.protocols(line.protocols, line.dports, line.sports)
    for source in line.source or (None,):
        for dest in line.dest or (None,):
            columns = Columns(source, dest, line.origin, line.origdest, tuple((*way, *other) for way in ways))
            expand(making, chain, columns, target, point)


_BUILT_IN = {"dropBcast", "allowBcast", "dropNonSyn", "rejNonSyn", "dropNotSyn", "rejNotSyn", "dropInvalid",
             "allowInvalid", "allowoutUPnP", "forwardUPnP"}  # fmt: skip


def _built_in(name: str, origin: Span) -> list[tuple[Matches, str]]:
    verdict = {"drop": "DROP", "allo": "ACCEPT", "rejN": "REJECT"}.get(name[:4], "ACCEPT")
    if name.endswith("Bcast"):
        return [((m.one("pkttype", "pkt-type", kind, origin),), verdict) for kind in ("broadcast", "multicast")]
    if name.endswith("Syn"):
        return [(m.syn(origin, negated=True), verdict)]
    if name.endswith("Invalid"):
        return [(m.state(origin, "INVALID"), verdict)]
    return [(m.unknown(f"what {name} lets through", origin), verdict)]
