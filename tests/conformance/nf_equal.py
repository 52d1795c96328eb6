"""Do two netfilter rule sets do the same to every packet? Proved by the engine, table by table and hook by hook.

What no field of a packet answers (limits, owners of sockets, the time of the day …) becomes a free truth value that is
named by what the match says: both rule sets must agree whichever way it turns out. So are the results of targets whose
effect is elsewhere: the MSS that TCPMSS sets, the helper that CT assigns, what MASQUERADE chooses.
Names and shapes of chains, comments and log rules don't matter.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from spdcheck.engine.answer import Fails, Holds, Limits
from spdcheck.engine.compare import equivalent
from spdcheck.model.host import Host, Platform
from spdcheck.model.netfilter import Bits, Network, Translation
from spdcheck.semantics import conditions
from spdcheck.semantics.changes import Assign
from spdcheck.semantics.decision import Continue, Decide, DecisionList, Undecided
from spdcheck.semantics.fields import FIELDS, IPSEC_IN, IPSEC_OUT, TAG, USER
from spdcheck.semantics.filters import Verdict
from spdcheck.semantics.filters_linux import CONFIRM, ORDER, TRACK
from spdcheck.semantics.packet import CLEAR, TRANSPORT, TUNNEL
from spdcheck.semantics.predicate import TRUE, all_of, any_of, in_set, is_value, masked
from spdcheck.semantics.rulesets.chains import ChainRule
from spdcheck.semantics.rulesets.netfilter import Compiler
from spdcheck.semantics.rulesets.netfilter_matches import Conditions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.model.netfilter import Match, NetfilterRule, NetfilterRuleset, Option, Table, Target
    from spdcheck.semantics.packet import Packet
    from spdcheck.semantics.predicate import Predicate

HOST = Host(name="firewall", platform=Platform.LINUX)
LIMITS = Limits(boxes=1 << 14, pieces=1 << 15, solver_seconds=60)
TABLES = ("raw", "mangle", "nat", "filter")
FREE = {
    "addrtype", "limit", "hashlimit", "owner", "time", "mac", "connlimit", "set", "helper", "recent", "physdev",
    "pkttype", "tcpmss", "connmark", "statistic", "realm", "ipv6header", "condition", "u32", "rpfilter", "connbytes",
    "string", "nfacct", "geoip", "ttl", "quota", "socket",
}  # fmt: skip
"""Matches that become free truth values."""
_IDLE_TARGETS = {"LOG", "NFLOG", "ULOG", "AUDIT", "SET", "LOGMARK"}
_PASS = DecisionList((), Decide(Verdict.PASS))


class Difference(Exception):  # noqa: N818 (a result)
    """A packet that the two rule sets treat differently."""

    def __init__(self, table: str, hook: str, packet: Packet, free: str, told: str) -> None:
        super().__init__(f"{table} {hook}: {packet}{free}: {told}")
        self.table, self.hook, self.packet = table, hook, packet


class Names:
    """The free truth values of one comparison, each a field (or bit) that netfilter does not ask about."""

    _PLAIN = ("df", "ip_options", "gre_key", "option_set", "group")
    _BITS = ("security_classes", "ttl", "traits")

    def __init__(self) -> None:
        self._known: dict[str, Predicate] = {}
        self._results: dict[str, int] = {}

    def truth(self, text: str) -> Predicate:
        """The truth value of this name."""
        if text not in self._known:
            self._known[text] = self._make(len(self._known))
        return self._known[text]

    def result(self, text: str) -> int:
        """A number for the result of a target."""
        return self._results.setdefault(text, len(self._results) + 1)

    def _make(self, number: int) -> Predicate:
        if number < len(self._PLAIN):
            field = FIELDS[self._PLAIN[number]]
            top = 1 << field.width
            return in_set(field, (top // 2, top - 1))
        number -= len(self._PLAIN)
        if number < 8 * len(self._BITS):
            return masked(FIELDS[self._BITS[number // 8]], 1 << number % 8, 1 << number % 8)
        number -= 8 * len(self._BITS)
        assert number < 400, "too many free truth values"
        return masked(TAG, 1 << (100 + number), 1 << (100 + number))

    def said(self, packet: Packet) -> str:
        """Which of them hold of a packet, for people."""
        from spdcheck.engine.concrete import matches

        found = [text for text, predicate in self._known.items() if matches(predicate, packet)]
        return f" if {' and '.join(found)}" if found else ""


class FreeConditions(Conditions):
    """Conditions in which what is unknown is free."""

    def __init__(self, names: Names, family: int) -> None:
        super().__init__(HOST, family)
        self.names = names

    def of(self, rule: NetfilterRule) -> Predicate:
        """The condition of a rule; a repeated module is a match of its own."""
        return all_of(self.match(match) for match in rule.matches)

    def match(self, match: Match) -> Predicate:
        """The condition of one match."""
        if match.module == "policy":
            return self._policy_match(match)
        if match.module in FREE or not match.known:
            return self.names.truth(_text(match))
        if match.module == "conntrack":
            return all_of(self._conntrack(match, option) for option in match.options)
        return super().match(match)

    def _conntrack(self, match: Match, option: Option) -> Predicate:
        if option.name in ("ctstate", "ctproto"):
            return super().match(match._replace(options=(option,)))
        if isinstance(option.value, tuple) and option.name in ("ctorigsrc", "ctorigdst"):
            found = any_of(self.names.truth(f"{option.name} {item}") for item in option.value)
        else:
            found = self.names.truth(f"{option.name} {option.value}")
        return ~found if option.negated else found

    def _policy_match(self, match: Match) -> Predicate:
        said = {option.name: option for option in match.options}
        way = str(said["dir"].value)
        field = IPSEC_IN if way == "in" else IPSEC_OUT
        if said["pol"].value == "none":
            return is_value(field, CLEAR)
        found = is_value(field, TRANSPORT, TUNNEL)
        details = [option for option in match.options if option.name not in ("dir", "pol")]
        if any(option.name in ("strict", "next") for option in details):
            return found & self.names.truth(f"policy {way} {_options(details)}")
        for option in details:
            own = self.names.truth(f"policy {way} {_options([option._replace(negated=False)])}")
            found &= ~own if option.negated else own
        return found


def _text(match: Match) -> str:
    return f"{match.module} {_options(sorted(match.options, key=lambda option: option.name))}"


def _options(options: list[Option]) -> str:
    said = []
    for option in options:
        value = option.value
        if option.name == "hashlimit-name" and str(value).startswith("shorewall"):
            value = "shorewall"
        if option.name in ("hashlimit-upto", "limit") and str(value).isdigit():
            value = f"{value}/sec"
        if option.name == "hashlimit-burst" and str(value) == "5":
            continue
        said.append(f"{'! ' if option.negated else ''}{option.name} {value}")
    return " ".join(said)


class FreeCompiler(Compiler):
    """Decision lists in which the effects that are elsewhere are visible."""

    def __init__(self, ruleset: NetfilterRuleset, names: Names) -> None:
        super().__init__(HOST, ruleset)
        self.names = names
        self._conditions = FreeConditions(names, ruleset.family)

    def lists(self) -> Iterator[tuple[str, str, DecisionList]]:
        """Every table at every hook."""
        tables = {table.name: table for table in self.ruleset.tables}
        for hook, order in ORDER.items():
            for name in order:
                if name in (TRACK, CONFIRM) or name not in TABLES:
                    continue
                table = tables.get(name)
                found = None if table is None else self.hook(table, hook)
                yield name, hook, _PASS if found is None else _bare(found)

    def _rule(self, rule: NetfilterRule, table: Table, hook: str) -> Iterator[ChainRule]:
        target = rule.target
        if target is None or target.name in _IDLE_TARGETS:
            return
        told = f"{target.name} {_options(sorted(target.options, key=lambda option: option.name))}".strip()
        effect: Decide | Continue | None = None
        if target.name == "TCPMSS":
            effect = Continue((Assign(TAG, self.names.result(told)),))
        elif target.name == "CT" and all(option.name != "notrack" for option in target.options):
            effect = Continue((Assign(USER, self.names.result(told)),))
        elif target.name in ("MASQUERADE", "REDIRECT", "NETMAP") or _chooses(target):
            effect = Decide(told)
        elif target.name == "REJECT":
            effect = Decide(told if target.options else "REJECT reject-with icmp-port-unreachable")
        if effect is None:
            yield from (self._plain(made, told) for made in super()._rule(rule, table, hook))
            return
        condition = self._conditions.of(rule) & conditions.family(self.family)
        yield ChainRule(condition, effect, rule.origin)

    @staticmethod
    def _plain(made: ChainRule, told: str) -> ChainRule:
        """Without the places in reasons, so that equal ones are equal."""
        effect = made.target
        if isinstance(effect, Decide) and isinstance(effect.action, Undecided):
            return replace(made, target=replace(effect, action=told))
        return made


def _chooses(target: Target) -> bool:
    """DNAT or SNAT to one of several addresses."""
    to = next((option.value for option in target.options if option.name in ("to-destination", "to-source")), None)
    addresses = to.addresses if isinstance(to, Translation) else None
    return addresses is not None and addresses.first != addresses.last


def _bare(rules: DecisionList) -> DecisionList:
    return DecisionList(tuple(replace(entry, origin=None) for entry in rules.entries), rules.default)


def compare(one: NetfilterRuleset, other: NetfilterRuleset) -> None:
    """Raises :class:`Difference` where the rule sets differ, :class:`RuntimeError` where nobody can tell."""
    names = Names()
    pairs = zip(FreeCompiler(one, names).lists(), FreeCompiler(other, names).lists(), strict=True)
    for (table, hook, left), (_, _, right) in pairs:
        if left == right:
            continue
        answer = equivalent(left, right, conditions.family(one.family), LIMITS)
        if isinstance(answer, Holds):
            continue
        if not isinstance(answer, Fails):
            raise RuntimeError(f"{table} {hook}: {answer}")
        packet = answer.witness
        told = " against ".join(_fate(rules, packet) for rules in (left, right))
        raise Difference(table, hook, packet, names.said(packet), told)


def _fate(rules: DecisionList, packet: Packet) -> str:
    from spdcheck.engine.run import outcomes

    found = outcomes(rules, packet)[0]
    entry = "the policy" if found.entry is None else f"entry {found.entry}"
    action = found.decide.action
    changes = ", ".join(
        f"{name} {getattr(found.packet, name)}"
        for name in ("source", "destination", "source_port", "destination_port", "mark", "connection", "tag", "user")
        if getattr(found.packet, name) != getattr(packet, name)
    )
    return f"{getattr(action, 'value', action)} ({entry}{'; ' + changes if changes else ''})"


__all__ = ["TRUE", "Bits", "Difference", "FreeCompiler", "Names", "Network", "compare"]
