"""Netfilter's tables as decision lists: what each rule's target does, chain by chain (``ipt_do_table``).

NAT is the changes of an entry; that it is asked of the first packet of a connection only is the business of the
connection tracking (:mod:`spdcheck.semantics.filters_linux`). Targets that neither decide nor change a packet leave no
entry, whatever their conditions are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.netfilter import Bits, Interval, Network, Translation
from spdcheck.model.protocols import PORT_PROTOCOLS
from spdcheck.semantics import conditions
from spdcheck.semantics.changes import Assign, Choose, SetBits
from spdcheck.semantics.decision import Continue, Decide, Undecided
from spdcheck.semantics.fields import (
    CONNECTION,
    DESTINATION,
    DESTINATION_PORT,
    MARK,
    SOURCE,
    SOURCE_PORT,
    TOS,
    address_interval,
    address_number,
)
from spdcheck.semantics.filters import Verdict
from spdcheck.semantics.intervals import normalise
from spdcheck.semantics.packet import UNTRACKED
from spdcheck.semantics.rulesets.chains import ChainRule, Goto, Jump, Return, chains
from spdcheck.semantics.rulesets.netfilter_matches import Conditions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.model.host import Host
    from spdcheck.model.netfilter import NetfilterRule, NetfilterRuleset, Table, Target
    from spdcheck.semantics.changes import Change
    from spdcheck.semantics.decision import DecisionList
    from spdcheck.semantics.fields import Field
    from spdcheck.semantics.predicate import Predicate

NO_VERDICT = frozenset({
    "LOG", "NFLOG", "ULOG", "TCPMSS", "AUDIT", "TRACE", "CHECKSUM", "SECMARK", "CONNSECMARK", "CLASSIFY", "SET", "TEE",
    "IDLETIMER", "LED", "RATEEST", "TCPOPTSTRIP", "ECN", "TTL", "HL",
})  # fmt: skip
"""Targets behind which the next rule is asked, and which change nothing that a condition can ask."""

_FULL_MARK = (1 << 32) - 1


def uses_conntrack(ruleset: NetfilterRuleset) -> bool:
    """Some rule needs connections to be tracked: a NAT target or a match on their state."""
    for rule in ruleset.rules():
        if rule.target is not None and rule.target.name in ("DNAT", "SNAT", "MASQUERADE", "REDIRECT", "NETMAP"):
            return True
        if any(match.module in ("conntrack", "state", "connmark", "helper") for match in rule.matches):
            return True
    return False


class Compiler:
    """Compiles the tables of one ruleset for one host."""

    def __init__(self, host: Host, ruleset: NetfilterRuleset) -> None:
        self.host, self.ruleset, self.family = host, ruleset, ruleset.family
        setters = [r.target for r in ruleset.rules() if r.target is not None and r.target.name == "CONNMARK"]
        self._connmarks = any(option.name != "restore-mark" for target in setters for option in target.options
                              if option.name.endswith("-mark"))  # fmt: skip
        self._asks_marks = any(match.module == "mark" for rule in ruleset.rules() for match in rule.matches)
        self._conditions = Conditions(host, self.family, connmarks=self._connmarks)
        self._untracked = Conditions(host, self.family, connmarks=self._connmarks, tracked=False)
        self._written: dict[str, dict[str, list[ChainRule]]] = {}
        self._lists: dict[tuple[str, str], DecisionList | None] = {}
        self._chains: dict[str, frozenset[str]] = {}

    def hook(self, table: Table, hook: str) -> DecisionList | None:
        """The decision list of a table at a hook; None where it lets everything through untouched."""
        key = (table.name, hook)
        if key not in self._lists:
            self._lists[key] = self._hook(table, hook)
        return self._lists[key]

    def _hook(self, table: Table, hook: str) -> DecisionList | None:
        base = table.chain(hook)
        if base is None or (not base.rules and base.policy != "DROP"):
            return None
        policy = Decide(Verdict.BLOCK if base.policy == "DROP" else Verdict.PASS)
        if table.name == "nat":
            own = [chain.name for chain in table.chains if not chain.policy or chain.name == hook]
            rules = {name: list(self._chain(name, table, hook)) for name in own}
        else:
            if table.name not in self._written:
                self._written[table.name] = {c.name: list(self._chain(c.name, table, hook)) for c in table.chains}
            rules = self._written[table.name]
        return chains(rules, hook, policy, self.ruleset.origin)

    def verdict(self, name: str) -> Decide:
        """What ACCEPT, DROP and REJECT decide."""
        return Decide(_VERDICTS[name])

    def noted(self, target: Target) -> Decide | None:
        """What a target decides that is none of a filter's verdicts, where that is asked about."""
        del target
        return None

    def _chain(self, name: str, table: Table, hook: str) -> Iterator[ChainRule]:
        chain = table.chain(name)
        assert chain is not None
        for rule in chain.rules:
            yield from self._rule(rule, table, hook)

    def _names(self, table: Table) -> frozenset[str]:
        if table.name not in self._chains:
            self._chains[table.name] = frozenset(chain.name for chain in table.chains)
        return self._chains[table.name]

    def _rule(self, rule: NetfilterRule, table: Table, hook: str) -> Iterator[ChainRule]:
        target = rule.target
        if target is not None and (noted := self.noted(target)) is not None:
            yield ChainRule(self._conditions.of(rule), noted, rule.origin)
            return
        if target is None or target.name in NO_VERDICT:
            return
        condition = (self._untracked if table.name == "raw" else self._conditions).of(rule)
        # What no single line of the files causes is blamed on the line that leads there.
        origin = None if rule.origin == self.ruleset.origin else rule.origin
        if target.goto or target.name in self._names(table):
            yield ChainRule(condition, Goto(target.name) if target.goto else Jump(target.name), origin)
        elif target.name in _VERDICTS:
            yield ChainRule(condition, self.verdict(target.name), origin)
        elif target.name == "RETURN":
            yield ChainRule(condition, Return(), origin)
        elif target.name in ("MARK", "CONNMARK", "TOS", "DSCP", "CT", "NOTRACK"):
            changes = self._marks(target)
            if changes is None:
                yield ChainRule(condition, Decide(_undecided(target)), origin)
            elif changes:
                yield ChainRule(condition, Continue(changes), origin)
        elif target.name in ("DNAT", "SNAT", "MASQUERADE", "REDIRECT", "NETMAP"):
            for more, decided in self._translations(target, hook):
                yield ChainRule(condition & more, decided, origin)
        else:
            yield ChainRule(condition, Decide(_undecided(target)), origin)

    def _marks(self, target: Target) -> tuple[Change, ...] | None:
        """What a target changes before the list goes on; None where nobody can tell."""
        said = {option.name: option.value for option in target.options}
        if target.name == "NOTRACK" or (target.name == "CT" and "notrack" in said):
            return (Assign(CONNECTION, UNTRACKED),)
        if target.name == "CT":
            return ()
        if target.name == "DSCP":
            value = said.get("set-dscp", said.get("set-dscp-class"))
            return (SetBits(TOS, 0xFC, value << 2 & 0xFC),) if isinstance(value, int) else None
        if target.name == "CONNMARK":
            if "restore-mark" not in said or not self._asks_marks:
                return ()
            if self._connmarks:
                return None
            mask = said.get("nfmask", said.get("mask", _FULL_MARK))
            return (SetBits(MARK, mask, 0),) if isinstance(mask, int) else None
        field = MARK if target.name == "MARK" else TOS
        width = _FULL_MARK if field is MARK else 255
        for name, value in said.items():
            kind = name.partition("-")[0]
            if kind == "set" and isinstance(value, Bits):
                # set-xmark flips what is not in its mask; set-mark and set-tos only set it.
                if value.value & ~value.mask and name == "set-xmark":
                    return None
                return (SetBits(field, (value.mask | value.value) & width, value.value & width),)
            if kind == "and" and isinstance(value, int):
                return (SetBits(field, ~value & width, 0),)
            if kind == "or" and isinstance(value, int):
                return (SetBits(field, value & width, value & width),)
        return None

    def _translations(self, target: Target, hook: str) -> Iterator[tuple[Predicate, Decide]]:
        """What NAT makes of a packet: one entry for each further condition that it depends on."""
        said = {option.name: option.value for option in target.options}
        source = target.name in ("SNAT", "MASQUERADE") or (target.name == "NETMAP" and hook in ("POSTROUTING", "INPUT"))
        field, port_field = (SOURCE, SOURCE_PORT) if source else (DESTINATION, DESTINATION_PORT)
        value = said.get("to-source", said.get("to-destination"))
        ports = said.get("to-ports")
        if isinstance(value, Translation):
            ports = value.ports
            if value.base is not None:
                yield conditions.family(self.family), Decide(_undecided(target))
                return
        if "random" in said or "random-fully" in said:
            ports = ports or (Interval(1024, 65535) if source else None)
        changed = _port_changes(port_field, ports)
        for more, changes in self._addresses(target, hook, field, value, said.get("to")):
            if changes is None:
                yield more, Decide(_undecided(target))
            elif changed:
                with_ports = conditions.protocol(*PORT_PROTOCOLS)
                yield more & with_ports, Decide(Verdict.PASS, (*changes, *changed))
                yield more & ~with_ports, Decide(Verdict.PASS, changes)
            else:
                yield more, Decide(Verdict.PASS, changes)

    def _addresses(
        self, target: Target, hook: str, field: Field, value: object, net: object
    ) -> Iterator[tuple[Predicate, tuple[Change, ...] | None]]:
        always = conditions.family(self.family)
        if target.name == "NETMAP":
            known = net[0] if isinstance(net, tuple) and len(net) == 1 and isinstance(net[0], Network) else None
            yield always, None if known is None else (SetBits(field, known.mask, known.value),)
        elif target.name in ("SNAT", "DNAT"):
            if not isinstance(value, Translation) or (value.addresses is None and value.ports is None):
                yield always, None
                return
            yield always, () if value.addresses is None else (_to_range(field, value.addresses),)
        elif target.name == "REDIRECT" and hook == "OUTPUT":
            yield always, (Assign(field, address_number(self.family, 127 << 24 | 1 if self.family == 4 else 1)),)
        else:
            inward = target.name == "REDIRECT"
            for interface in self.host.interfaces:
                own = [a.address for a in interface.addresses if a.address.family == self.family]
                here = conditions.arrives_on(interface.name) if inward else conditions.leaves_by(interface.name)
                if own and not interface.dynamic:
                    yield here, (Assign(field, address_interval(own[0])[0]),)
            named = [i.name for i in self.host.interfaces if i.addresses and not i.dynamic]
            everything = [
                a.address for i in self.host.interfaces for a in i.addresses if a.address.family == self.family
            ]
            if not inward and everything and "lo" not in named:
                # What leaves by lo gets an address of another interface (inet_select_addr); which one, is not said.
                named.append("lo")
                yield conditions.leaves_by("lo"), (Choose(field, normalise(address_interval(a) for a in everything)),)
            others = conditions.arrives_on(*named) if inward else conditions.leaves_by(*named)
            yield always & ~others, None


_VERDICTS = {"ACCEPT": Verdict.PASS, "DROP": Verdict.BLOCK, "REJECT": Verdict.REJECT}


def _undecided(target: Target) -> Undecided:
    return Undecided(f"{target.origin.where}: what {target.name} does here is not known")


def _port_changes(field: Field, ports: object) -> tuple[Change, ...]:
    if not isinstance(ports, Interval):
        return ()
    if ports.first == ports.last:
        return (Assign(field, ports.first),)
    return (Choose(field, ((ports.first, ports.last),)),)


def _to_range(field: Field, addresses: Interval) -> Change:
    first, last = (address_number(addresses.family, end) for end in addresses[:2])
    return Assign(field, first) if first == last else Choose(field, ((first, last),))
