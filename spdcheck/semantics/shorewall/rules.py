"""rules and blrules: every line in the chains of its zones, macros and actions followed to their last line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.netfilter import Target
from spdcheck.model.shorewall_columns import Place, Zones
from spdcheck.records import dataclass, replace
from spdcheck.semantics.shorewall import matches as m
from spdcheck.semantics.shorewall import standard_actions, translations
from spdcheck.semantics.shorewall.expanding import Columns, Point, expand
from spdcheck.semantics.shorewall.interface_options import blacklist_states
from spdcheck.semantics.shorewall.lines import called_with, of_part, other_columns, parameter_of, with_parameter
from spdcheck.semantics.shorewall.making import AUXILIARY, queue, reject_with
from spdcheck.semantics.shorewall.mangle_targets import set_mark, written
from spdcheck.semantics.shorewall.raw import add_helper
from spdcheck.semantics.shorewall.standard_macros import DEFAULT_TARGETS, HELPERS, ONLY_4, standard_macros
from spdcheck.semantics.shorewall.words import action_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.model.shorewall import ActionBody, Macro, RuleEntry
    from spdcheck.model.shorewall_columns import Action
    from spdcheck.semantics.shorewall.chains import Chain, Matches
    from spdcheck.semantics.shorewall.making import Making
    from spdcheck.source import Span

DEPTH = 5
"""Macros inside of macros, at most (the real compiler's own limit)."""

_NAT = ("DNAT", "REDIRECT")


@dataclass(frozen=True, slots=True)
class Where:
    """Where a line's rules go. ``chain`` is that of an action, or of a pair whose action is written in place."""

    source: str = ""
    dest: str = ""
    chain: Chain | None = None
    in_action: bool = False
    wild: bool = False
    depth: int = 0
    parameter: Action | None = None


class Rules:
    """The rules of one configuration."""

    def __init__(self, making: Making) -> None:
        self.making = making
        self.layout = making.layout
        self._chains: dict[tuple[str, tuple[str, ...]], Chain] = {}
        self.translating: set[str] = set()
        """Chains of actions that translate addresses, so that the table nat leads to them too."""
        self.helping: set[str] = set()

    # Files

    def blacklist(self) -> None:
        """blrules."""
        self.making.section = "BLACKLIST"
        for entry in self.making.source.blrules:
            self._entry(entry)
        self.making.section = ""

    def rules(self) -> None:
        """rules, section by section."""
        for entry in self.making.source.rules:
            self.making.enter(entry.section or "NEW")
            self._entry(entry)
        self.making.section = "POLICY"

    def _entry(self, entry: RuleEntry) -> None:
        for source in entry.source:
            for dest in entry.dest or (None,):
                self._places(entry, source, dest)

    def _places(self, entry: RuleEntry, source: Place, dest: Place | None) -> None:
        sources = self._zones(source.zones)
        firewall = self.making.firewall
        lone = [firewall if _redirects(entry.action) else ""]
        dests = self._zones(dest.zones) if dest is not None and dest.zones is not None else lone
        wild = _is_wild(source.zones) or (dest is not None and _is_wild(dest.zones))
        intrazone = bool(source.zones and source.zones.intrazone)
        to = dest.zones if dest is not None else None
        # 5.2.8 forgets the `+` of the source where a list of zones follows.
        intrazone = to.intrazone if to is not None and len(to.names) > 1 else intrazone or bool(to and to.intrazone)
        for first in sources:
            for second in dests:
                if wild and ((first == second and not intrazone) or self._closed(entry, first, second)):
                    continue
                line = replace(entry, source=(source,), dest=(dest,) if dest is not None else ())
                self.line(line, Where(first, second, wild=wild))

    def _closed(self, entry: RuleEntry, first: str, second: str) -> bool:
        """A line with ``all`` leaves out pairs whose policy is NONE, unless it only translates."""
        policy = self.making.policies.of(first, second)
        only = entry.action.modifier == "-" or entry.action.name == "NONAT"
        return policy is not None and policy.name == "NONE" and not only

    def _zones(self, zones: Zones | None) -> list[str]:
        if zones is None:
            return [""]
        if not zones.wildcard:
            return [name for name in zones.names if name in self.layout.zones]
        layout = self.layout
        named = layout.without_parents() if zones.wildcard == "any" else [
            name for name in layout.order if not layout.zones[name].is_firewall
        ]  # fmt: skip
        firewall = [layout.firewall] if zones.firewall and layout.firewall not in zones.excluded else []
        return firewall + [name for name in named if name not in zones.excluded]

    # Lines

    def line(self, line: RuleEntry, where: Where) -> None:
        """One line between two zones, or in the chain of an action."""
        name = line.action.name
        if name == "INLINE" and line.action.parameters:
            line = replace(line, action=action_of(",".join(line.action.parameters), line.action.origin))
            name = line.action.name
        making = self.making
        body = making.source.action(name, line.action.parameters)
        macro = making.source.macro(name)
        if body is not None:
            self._action(line, where, body)
        elif macro is not None or name in standard_macros():
            self._macro(line, where, macro)
        elif name in standard_actions.ACTIONS:
            standard_actions.ACTIONS[name](self, line, where)
        else:
            self._target(line, where)

    def _macro(self, line: RuleEntry, where: Where, macro: Macro | None) -> None:
        call = line.action
        if where.depth >= DEPTH:
            self._unknown(line, where, "macros are nested too deeply")
            return
        default = macro.default if macro is not None else DEFAULT_TARGETS.get(call.name, "")
        parameter = parameter_of(call, default)
        if parameter is None or parameter.name == "PARAM":
            parameter = where.parameter or parameter
        inner = replace_where(where, depth=where.depth + 1, parameter=parameter)
        lines = macro.rules if macro is not None else self._standard(call.name, line.origin)
        for body in lines:
            target = with_parameter(body.action, parameter)
            if target is None:
                self._unknown(line, where, f"{call.name} is called without a parameter")
                return
            self.line(called_with(body, line, target), _turned(inner, body))

    def _standard(self, name: str, origin: Span) -> Iterator[RuleEntry]:
        """The lines of a standard macro; without AUTOHELPERS it asks for the helpers of connection tracking."""
        asks = not self.making.settings.on("AUTOHELPERS")
        given = self.making.settings.text("HELPERS").replace("_", "-")
        listed = given.split(",") if given else None
        for part in standard_macros(self.making.family)[name]:
            made = of_part(part, origin, self.making.family)
            splits = name == "SMB" and part.dports == "137:139" and not part.sports
            if asks and splits and (listed is None or "netbios-ns" in listed) and self.making.family == 4:
                yield standard_actions.with_helper(of_part(part._replace(dports="137"), origin, 4), "netbios-ns")
                yield of_part(part._replace(dports="138:139"), origin, self.making.family)
                continue
            helper = HELPERS.get((name, f"{part.protocol} {part.dports}")) if asks else None
            wanted = helper is not None and (listed is None or helper in listed)
            wanted &= self.making.family == 4 or helper not in ONLY_4
            yield standard_actions.with_helper(made, helper) if wanted and helper is not None else made

    def _action(self, line: RuleEntry, where: Where, body: ActionBody) -> None:
        if where.depth >= 4 * DEPTH:
            self._unknown(line, where, "actions are nested too deeply")
            return
        if any(option.name == "inline" for option in body.options):
            inner = replace_where(where, depth=where.depth + 1)
            place = self._pair_chain(where) if where.chain is None else where.chain
            for entry in body.rules:
                self.line(called_with(entry, line, entry.action), replace_where(inner, chain=place))
            return
        key = (body.name, body.parameters)
        chain = self._chains.get(key)
        if chain is None:
            chain = self._chains[key] = self.making.filter(f"%{body.name}{len(self._chains)}")
            inner = Where(where.source, where.dest, chain, in_action=True, depth=where.depth + 1)
            for entry in body.rules:
                self.line(replace(entry, section=line.section), inner)
        self.jump(line, where, chain)

    def jump(self, line: RuleEntry, where: Where, chain: Chain) -> None:
        """A line whose target is the chain of an action."""
        nat = self.making.tables.get("nat", chain.name)
        if nat is not None:
            translations.jump(self, line, where, nat)
        raw = self.making.tables.get("raw", chain.name)
        if raw is not None:
            add_helper(self, line, where, raw)
        self.add(line, where, chain)

    def _target(self, line: RuleEntry, where: Where) -> None:
        name, modifier = line.action.name, line.action.modifier
        if name in _NAT or (name == "ACCEPT" and modifier == "+") or name == "NONAT":
            translations.rule(self, line, where)
            return
        if name in ("ACCEPT", "HELPER") and line.helper is not None and line.section in ("NEW", ""):
            add_helper(self, line, where, None)
        blacklisting = self.making.section == "BLACKLIST"
        target = self.target(line, blacklisting=blacklisting)
        self.add(line, where, target)

    def target(self, line: RuleEntry, *, blacklisting: bool = False) -> Target | Chain | str | None:
        """What a line without translation does; None where it only counts."""
        action, origin = line.action, line.origin
        name = action.name.removeprefix("A_") if action.name in ("A_ACCEPT", "A_DROP", "A_REJECT") else action.name
        if name == "REJECT":
            option = action.parameters[0] if action.parameters else ""
            if option and option != "-":
                return reject_with("tcp-reset" if option == "icmp-tcp-reset" else option, origin)
            return self.making.reject()
        if name == "ACCEPT":
            return "RETURN" if blacklisting else "ACCEPT"
        if name in ("CONTINUE", "WHITELIST"):
            return "RETURN"
        if name == "DROP":
            return "DROP"
        if name == "blacklog" or (name == "BLACKLIST" and blacklisting):
            return self.making.verdict(self.making.settings.text("BLACKLIST_DISPOSITION"))
        if name in ("COUNT", "HELPER"):
            return None
        if name in ("LOG", "ULOG", "NFLOG", "AUDIT"):
            return Target("LOG", (), origin)
        if name in ("ADD", "DEL"):
            return Target("SET", (), origin)
        if name in ("MARK", "CONNMARK"):
            return _mark(line, self.making)
        if name == "NFQUEUE":
            return queue(action.parameters or ("0",), origin)
        return self._raw_target(name, action, origin)

    def _raw_target(self, name: str, action: Action, origin: Span) -> Target | None:
        """IPTABLES and what else has its target in brackets."""
        if name in ("IPTABLES", "IP6TABLES") and action.parameters:
            text = ",".join(action.parameters)
            if text in ("ACCEPT", "DROP", "RETURN"):
                inner = self.target_of_word(text, origin)
                if inner is not None:
                    return inner
            return written(text, origin)
        if name in ("IPTABLES", "IP6TABLES"):
            return None
        return Target(name, (), origin)

    def target_of_word(self, word: str, origin: Span) -> Target | None:
        """ACCEPT, DROP, REJECT as they stand."""
        if word == "REJECT":
            return Target(self.making.reject().name, (), origin)
        word = {"CONTINUE": "RETURN"}.get(word, word)
        return Target(word, (), origin) if word in ("ACCEPT", "DROP", "RETURN") else None

    # Chains

    def chain_of(self, where: Where) -> Chain | None:
        """The chain that takes the rules of a line; None where no rule is possible (policy NONE)."""
        return where.chain if where.chain is not None else self._pair_chain(where)

    def _pair_chain(self, where: Where) -> Chain | None:
        making, layout = self.making, self.layout
        if where.source not in layout.zones or where.dest not in layout.zones:
            return None
        policy = making.policies.of(where.source, where.dest)
        if policy is not None and policy.name == "NONE":
            return None
        chain = making.ensure_rules(where.source, where.dest)
        section = making.section
        mark = AUXILIARY.get(section)
        if mark is None:
            return chain
        name = f"{chain.name}~" if section == "BLACKLIST" else f"{mark}{chain.name}"
        auxiliary = making.tables.get("filter", name)
        if auxiliary is None:
            auxiliary = making.filter(name)
            origin = self._origin
            asked = blacklist_states(making, origin) if section == "BLACKLIST" else m.state(origin, section)
            chain.jump(asked, auxiliary, origin)
        return auxiliary

    @property
    def _origin(self) -> Span:
        return self.making.origin

    def add(self, line: RuleEntry, where: Where, target: Target | Chain | str | None, *, asked: Matches = ()) -> None:
        """The rules of a line in the table filter; ``asked`` comes before its own columns."""
        self.making.origin = line.origin
        chain = self.chain_of(where)
        if chain is None:
            return
        other = (*asked, *other_columns(self.making, line))
        if line.helper is not None and self.making.section in ("ESTABLISHED", "RELATED", "INVALID", "UNTRACKED"):
            other += m.word("helper", "helper", line.helper)
        ways = m.protocols(line.protocols, line.dports, line.sports)
        for source in line.source or (None,):
            for dest in line.dest or (None,):
                columns = Columns(source, dest, line.origin, line.origdest, tuple((*way, *other) for way in ways))
                also: Matches = ()
                if isinstance(target, Target) and any(option.value == "tcp-reset" for option in target.options):
                    also = m.protocol(m.TCP, line.origin)
                noted = line.action.name == "CONTINUE"
                expand(self.making, chain, columns, target, Point.FORWARD, also=also, noted=noted)

    def _unknown(self, line: RuleEntry, where: Where, why: str) -> None:
        self.add(line, where, "DROP", asked=m.unknown(f"{line.action.name}: {why}", line.origin))

    unknown = _unknown


def replace_where(where: Where, **changes: object) -> Where:
    """The place with some things changed."""
    from spdcheck.records import replace as replace_record

    return replace_record(where, **changes)


def _turned(where: Where, body: RuleEntry) -> Where:
    """The place of a macro's line that goes the other way round."""
    if any(place.reference == "DEST" for place in body.source):
        return replace_where(where, source=where.dest, dest=where.source)
    return where


def _redirects(call: Action) -> bool:
    """REDIRECT, also as what a macro is called with: the firewall is its destination."""
    return call.name == "REDIRECT" or call.parameters[:1] == ("REDIRECT",)


def _is_wild(zones: Zones | None) -> bool:
    return zones is not None and (bool(zones.wildcard) or len(zones.names) > 1)


def _mark(line: RuleEntry, making: Making) -> Target:
    """``MARK(value)``, ``MARK(|value)``, ``MARK(&value)``."""
    text = line.action.parameters[0] if line.action.parameters else f"{making.mark_mask:#x}"
    return set_mark(line.action.name, text, line.origin)


def at_place(hosts: Place | None, zone: str) -> Place | None:
    """The place with another zone."""
    if hosts is None:
        return None
    return hosts._replace(zones=Zones((zone,), "", (), False, True, hosts.origin))
