"""What only the whole tells: zones without policy, policies that come twice, names that nothing defines."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.formats.shorewall.bodies import calls_of, inside
from spdcheck.formats.shorewall.names import (
    ACTIONS,
    ACTIONS_2,
    ACTIONS_4,
    ACTIONS_GONE,
    MACROS,
    TARGETS,
    TARGETS_2,
    exists,
)
from spdcheck.formats.shorewall.pairs import PolicyTable
from spdcheck.formats.shorewall.rules import SECTIONS
from spdcheck.formats.shorewall.standard_calls import verdict_of, wrong_parameters
from spdcheck.formats.shorewall.targets import FIXED
from spdcheck.model.diagnostic import Note
from spdcheck.model.protocols import protocol_name, protocol_number
from spdcheck.source import Span

if TYPE_CHECKING:
    from spdcheck.formats.shorewall.desk import Desk
    from spdcheck.formats.shorewall.draft import Draft
    from spdcheck.model.shorewall import PolicyEntry, RuleEntry
    from spdcheck.model.shorewall_columns import Action, Zones
    from spdcheck.source import SourceFile

DEFAULTS = (
    "DROP_DEFAULT", "REJECT_DEFAULT", "ACCEPT_DEFAULT", "QUEUE_DEFAULT", "NFQUEUE_DEFAULT", "BLACKLIST_DEFAULT",
)  # fmt: skip


def check_zones(desk: Desk, draft: Draft) -> None:
    """There is a firewall zone, and another one."""
    file = desk.files.get("zones")
    if file is None:
        return
    if not draft.zones:
        desk.refuse_whole(_end(file), "zones declares no zone", "declare the zones, the firewall's among them")
    elif desk.dialect == 5 and not any(zone.type == "firewall" for zone in draft.zones.values()):
        desk.refuse_whole(_end(file), "no zone has the type firewall", "add a line `fw firewall`")
    elif desk.dialect == 5 and not any(zone.type in ("ip", "local") for zone in draft.zones.values()):
        desk.refuse_whole(_end(file), "there is no zone besides the firewall that is not for IPsec only")


def check_needed(desk: Desk, name: str) -> None:
    """A file without which nothing is compiled. Its place is that of any other."""
    beside = next(iter(desk.files.values()))
    file = desk.files.get(name)
    if file is None and len(desk.files) > 1:
        message = f"the file {name} is missing beside {beside.path}: Shorewall does not start without it"
        desk.refuse_whole(beside.span(0, 0), message, f"write {name}")
    elif file is not None and not file.text:
        desk.refuse_whole(file.span(), f"{name} is empty: Shorewall does not start without its lines")


def check_default_actions(desk: Desk, draft: Draft) -> None:
    """What policies and the settings *_DEFAULT call are actions: neither targets nor macros."""
    if desk.dialect == 2:
        return
    calls = [call for entry in draft.policies for call in entry.defaults or ()]
    for name in DEFAULTS:
        setting = desk.settings.get(name)
        calls += calls_of(setting.value, setting.origin) if setting is not None else ()
    for call in calls:
        if call.name in draft.declared or call.name in ACTIONS:
            continue
        if call.name in ACTIONS_GONE:
            _gone(desk, call)
        elif not (call.name in MACROS and desk.told and desk.release < (4, 0)):
            message = f"`{call.name}` is no action that a policy can call"
            desk.refuse_whole(
                call.origin, message, "write Broadcast(DROP),Multicast(DROP), none, or an action of yours"
            )


def _gone(desk: Desk, call: Action) -> None:
    message = f"the standard action {call.name} is gone"
    desk.refused_since((5, 2), call.origin, message, "use Broadcast, Multicast and the other actions it was made of")


def check_policies(desk: Desk, draft: Draft) -> PolicyTable | None:
    """Each pair of zones has one policy, and no line comes too late; the table of what holds for each pair."""
    file = desk.files.get("policy")
    if file is None or draft.open_zones:
        return None
    table = PolicyTable(desk, draft)
    late: dict[Span, list[tuple[PolicyEntry, tuple[str, str], PolicyEntry]]] = {}
    for entry in draft.policies:
        earlier = table.add(entry)
        if earlier is not None:
            late.setdefault(earlier[1].origin, []).append((entry, *earlier))
    for refused in late.values():
        entry, pair, old = refused[0]
        notes = (Note(old.origin, f"this one decides for {pair[0]} to {pair[1]} already"),)
        message = f"the policy for {pair[0]} to {pair[1]} comes twice: Shorewall refuses it"
        if desk.dialect == 5 and not (old.source.names and old.dest.names):
            more = f", and so do {len(refused) - 1} other lines behind it" if len(refused) > 1 else ""
            message = f"the policy for {pair[0]} to {pair[1]} comes too late{more}: Shorewall refuses it"
        mend = "move the line before the one with `all`, or remove one of them" if desk.dialect == 5 else "remove one"
        desk.refuse_whole(entry.origin, message, mend, notes)
    missing = table.missing()
    if missing and desk.reading(file).unparsed == 0:
        first, second = missing[0]
        more = f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""
        message = f"no policy says what holds from zone {first} to zone {second}{more}"
        desk.refuse_whole(_end(file), message, "add `all all REJECT info` as the last line")
    return table


def check_rules(desk: Desk, draft: Draft, table: PolicyTable | None) -> None:
    """Rules call what exists, and contradict no NONE."""
    forbidding = table if any(entry.policy == "NONE" for entry in draft.policies) else None
    plain = {name for name in TARGETS if name not in draft.declared and f"macro.{name}" not in desk.files} - {"INLINE"}
    for entry in (*draft.blrules, *draft.rules):
        if desk.dialect == 2 or entry.action.name not in plain:
            _check_call(desk, draft, entry.action, entry.section)
            _check_parameter(desk, draft, entry.action)
            _check_rate(desk, entry)
            _check_hosts(desk, draft, entry)
            _check_protocol(desk, draft, entry)
        if forbidding is not None:
            _check_none(desk, draft, entry, forbidding)
        if entry.action.name in ("DNAT", "REDIRECT", "NONAT", "HELPER") and entry.section != "NEW":
            message = f"{entry.action.name} is possible only in the section NEW"
            desk.refuse_whole(entry.action.origin, message, "move the line below `?SECTION NEW`")
    _check_cycles(desk, draft)
    for macro in draft.macros.values():
        for entry in macro.rules:
            if entry.action.name != "PARAM":
                _check_call(desk, draft, entry.action)
    for body in draft.actions.values():
        for entry in body.rules:
            _check_call(desk, draft, entry.action)


def _check_call(desk: Desk, draft: Draft, call: Action, section: str = "") -> None:
    name = call.name
    own = name in draft.declared or f"macro.{name}" in desk.files or name == desk.setting("REJECT_ACTION")
    if own:
        return
    if not exists(name, desk.dialect) or (desk.family == 6 and name in ACTIONS_4 and name not in TARGETS):
        if name.startswith("$") or not name:
            return
        message = f"nothing is called `{name}`: no target, no standard action or macro, no file macro.{name}"
        desk.refuse_whole(call.origin, message, _mend(desk, name))
    elif desk.dialect == 5 and name in ACTIONS_GONE and name not in MACROS:
        _gone(desk, call)
    elif desk.dialect == 5 and name in ACTIONS and f"action.{name}" not in desk.files:
        _check_standard(desk, draft, call, section)
    elif name == "INLINE":
        for inner in inside(call)[:1]:
            _check_call(desk, draft, inner)


def _check_standard(desk: Desk, draft: Draft, call: Action, section: str) -> None:
    """The parameters of a standard action."""
    why = wrong_parameters(call) if not any(p.startswith("$") for p in call.parameters) else ""
    if why:
        desk.refuse_whole(call.origin, why)
        return
    if call.name == "BLACKLIST" and section in SECTIONS and not desk.setting("DYNAMIC_BLACKLIST").startswith("ipset"):
        desk.refuse_whole(call.origin, "BLACKLIST needs a dynamic blacklist that is an ipset", "use it in blrules only")
        return
    text = verdict_of(call)
    name = re.split(r"[(:/+!]", text, maxsplit=1)[0]
    if text and not text.startswith("$"):
        known = name in draft.declared or f"macro.{name}" in desk.files or exists(name, desk.dialect)
        if not known:
            desk.refuse_whole(call.origin, f"`{name}` is nothing that {call.name} could do", _mend(desk, name))


def _check_parameter(desk: Desk, draft: Draft, call: Action) -> None:
    """A macro gets the parameter that its lines ask for, and it is something that can be called."""
    name = call.name
    own = draft.macros.get(name)
    if name in draft.declared or (own is None and (name not in MACROS or name in ACTIONS)):
        return
    asks = name not in FIXED if own is None else any(e.action.name == "PARAM" for e in own.rules) and not own.default
    if not call.parameters or call.parameters[0] in ("", "-"):
        if asks:
            message = f"the macro {name} needs to be told what to do"
            first = (
                next((e.action.origin for e in own.rules if e.action.name == "PARAM"), None)
                if own is not None
                else None
            )
            notes = (Note(call.origin, "here it is called without"),) if first is not None else ()
            desk.refuse_whole(first or call.origin, message, f"write {name}(ACCEPT)", notes)
        return
    for inner in inside(call)[:1]:
        if f"macro.{inner.name}" in desk.files or inner.name in draft.declared:
            continue
        if not exists(inner.name, desk.dialect):
            message = f"`{inner.name}` is nothing that the macro {name} could do"
            desk.refuse_whole(call.origin, message, _mend(desk, inner.name))


_WITH_HOSTS = {"mDNS": ("source", "dest"), "mDNSbi": ("source", "dest"), "Rfc1918": ("source",), "VRRP": ("dest",)}
"""Standard macros whose lines have addresses, and the columns of the call that those stand in."""


def _check_hosts(desk: Desk, draft: Draft, entry: RuleEntry) -> None:
    """A macro's line and its call can't both have addresses in a column."""
    name = entry.action.name
    given = {"source": entry.source, "dest": entry.dest}
    addressed = {side for side, places in given.items() if any("." in place.origin.text for place in places)}
    macro = draft.macros.get(name)
    if not addressed or desk.dialect == 2 or desk.family == 6:
        return
    if macro is None:
        if name in MACROS and name not in draft.declared and addressed & set(_WITH_HOSTS.get(name, ())):
            desk.refuse_whole(entry.origin, f"{name} has addresses itself, so that the rule can't give any there")
        return
    for line in macro.rules:
        for side, places in (("source", line.source), ("dest", line.dest)):
            for place in places:
                asked = {"SOURCE": "source", "DEST": "dest"}.get(place.reference, side)
                if place.hosts is not None and asked in addressed:
                    notes = (Note(entry.origin, "this rule calls it, with addresses too"),)
                    desk.refuse_whole(line.origin, f"{name} and its call both have addresses here", "", notes)
                    return


def _check_rate(desk: Desk, entry: RuleEntry) -> None:
    """A rate with a macro or standard action that drops: what is above it would pass."""
    call = entry.action
    verdict = call.parameters[0].partition(":")[0] if call.parameters else ""
    refuses = verdict in ("DROP", "REJECT", "A_DROP", "A_REJECT") and call.name in MACROS
    if desk.dialect == 5 and entry.rates and refuses:
        desk.refuse_whole(entry.rates[0].origin, f"a rate has no meaning with {verdict}: what is above it would pass")


def _check_protocol(desk: Desk, draft: Draft, entry: RuleEntry) -> None:
    """What the file actions says about an action's protocol; ports in a macro whose caller must give the protocol."""
    name = entry.action.name
    options = draft.declared[name][0] if name in draft.declared else ()
    wanted = next((protocol_number(option.value or "") for option in options if option.name == "proto"), None)
    given = entry.protocols
    if wanted is not None and given is not None and any(item.number != wanted for item in given.items):
        desk.refuse_whole(given.origin, f"the action {name} is for {protocol_name(wanted)} only")
    macro = draft.macros.get(name)
    for line in macro.rules if macro is not None and given is None else ():
        if line.protocols is None and (line.dports or line.sports) and line.action.name not in draft.macros:
            notes = (Note(entry.origin, "this rule calls it, and gives none either"),)
            desk.refuse_whole(line.origin, "ports without a protocol", "write tcp or udp into PROTO", notes)
            return


def _check_cycles(desk: Desk, draft: Draft) -> None:
    """Macros and actions that end up calling themselves."""
    lines = {name: macro.rules for name, macro in draft.macros.items()}
    for (name, _), body in draft.actions.items():
        lines.setdefault(name, body.rules)
    for name in lines:
        for entry in lines[name]:
            if _reaches(entry.action.name, name, lines, set()):
                desk.refuse_whole(entry.action.origin, f"{name} calls itself, without end", "remove the call")
                return


def _reaches(start: str, end: str, lines: dict[str, tuple[RuleEntry, ...]], seen: set[str]) -> bool:
    if start == end:
        return True
    if start in seen or start not in lines:
        return False
    seen.add(start)
    return any(_reaches(entry.action.name, end, lines, seen) for entry in lines[start])


def _mend(desk: Desk, name: str) -> str:
    if f"action.{name}" in desk.files:
        return f"declare {name} in the file actions"
    from difflib import get_close_matches

    known = ACTIONS_2 | TARGETS_2 if desk.dialect == 2 else MACROS | ACTIONS | TARGETS
    close = get_close_matches(name, sorted(known), 1)
    return f"{close[0]} is meant?" if close else f"write macro.{name}, or correct the name"


def _check_none(desk: Desk, draft: Draft, entry: RuleEntry, table: PolicyTable) -> None:
    if entry.action.name in ("NONAT", "HELPER") or (entry.action.modifier == "-"):
        return
    for source in entry.source:
        for dest in entry.dest:
            pair = _single(source.zones), _single(dest.zones)
            if pair[0] is None or pair[1] is None or (desk.dialect == 2 and pair[0] == pair[1]):
                continue
            decided = table.policy(pair[0], pair[1])
            if decided is not None and decided.policy == "NONE":
                notes = (Note(decided.origin, "this policy says that nothing passes between them"),)
                message = f"from {pair[0]} to {pair[1]} the policy is NONE, which no rule may override"
                macro = draft.macros.get(entry.action.name)
                place = macro.rules[0].origin if macro is not None and macro.rules else entry.origin
                desk.refuse_whole(place, message, "write DROP or REJECT as the policy, or remove the rule", notes)
                return


def _single(zones: Zones | None) -> str | None:
    return zones.names[0] if zones is not None and len(zones.names) == 1 else None


def _end(file: SourceFile) -> Span:
    """The last line of a file that says something."""
    text = file.text.rstrip()
    start = text.rfind("\n") + 1
    return Span(file, start, len(text))
