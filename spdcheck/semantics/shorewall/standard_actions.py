"""The standard actions of 5.2.8, and the ones that 4.x and 5.0 had beside them.

Most of them are written in place: their lines have the columns of their call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.netfilter import Icmp, Interval
from spdcheck.model.shorewall_columns import Action, Ports, Protocol, Protocols, Written
from spdcheck.records import replace
from spdcheck.records import replace as replace_record
from spdcheck.semantics.shorewall import events
from spdcheck.semantics.shorewall import matches as m
from spdcheck.semantics.shorewall.interface_options import ACK, BAD_FLAGS, FIN, RST
from spdcheck.semantics.shorewall.words import action_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from spdcheck.model.shorewall import RuleEntry
    from spdcheck.semantics.shorewall.chains import Matches
    from spdcheck.semantics.shorewall.rules import Rules, Where
    from spdcheck.source import Span


def _parameter(line: RuleEntry, number: int, default: str) -> str:
    given = line.action.parameters[number : number + 1]
    return given[0] if given and given[0] not in ("", "-") else default


def _as(line: RuleEntry, word: str) -> RuleEntry:
    """The line with another action."""
    return replace(line, action=action_of(word, line.origin))


def with_helper(line: RuleEntry, helper: str) -> RuleEntry:
    """The line with a helper of connection tracking."""
    return replace(line, helper=Written(helper, line.origin))


def _asking(question: Callable[[Span], Matches], default: str) -> Callable[[Rules, RuleEntry, Where], None]:
    """An action with one question, whose parameter is the verdict."""

    def act(rules: Rules, line: RuleEntry, where: Where) -> None:
        made = _as(line, _parameter(line, 0, default))
        rules.add(made, where, rules.target(made), asked=question(line.origin))

    return act


def _fixed(question: Callable[[Span], Matches], verdict: str) -> Callable[[Rules, RuleEntry, Where], None]:
    """The same with a verdict of its own; its parameter says only whether to audit."""

    def act(rules: Rules, line: RuleEntry, where: Where) -> None:
        made = _as(line, verdict)
        rules.add(made, where, rules.target(made), asked=question(line.origin))

    return act


def _types(*names: str) -> Callable[[Span], Matches]:
    """One rule cannot ask for several kinds of addresses in a row: each is asked by itself."""
    return lambda origin: (m.one("addrtype", "dst-type", names, origin),)


def _broadcast(verdict: str) -> Callable[[Rules, RuleEntry, Where], None]:
    def act(rules: Rules, line: RuleEntry, where: Where) -> None:
        made = _as(line, verdict or _parameter(line, 0, "DROP"))
        # IPv6 has no broadcasts.
        for name in ("BROADCAST", "ANYCAST") if rules.making.family == 4 else ("ANYCAST",):
            rules.add(made, where, rules.target(made), asked=_types(name)(line.origin))

    return act


def _tcp(question: Callable[[Span], Matches], default: str) -> Callable[[Rules, RuleEntry, Where], None]:
    """Questions about flags of TCP: of no other protocol."""

    def act(rules: Rules, line: RuleEntry, where: Where) -> None:
        made = _as(line, _parameter(line, 0, default))
        if line.protocols is not None and [p.number for p in line.protocols.items] != [m.TCP]:
            return
        rules.add(made, where, rules.target(made), asked=question(line.origin))

    return act


def _not_syn(verdict: str) -> Callable[[Rules, RuleEntry, Where], None]:
    def act(rules: Rules, line: RuleEntry, where: Where) -> None:
        audited = verdict.startswith("REJECT") and _parameter(line, 0, "") == "audit"
        made = replace(_as(line, "REJECT" if audited else verdict), protocols=None)
        if line.dports is not None or line.sports is not None:
            made = replace(made, protocols=_protocol(m.TCP, line.origin))
        rules.add(made, where, rules.target(made), asked=m.syn(line.origin, negated=True))

    return act


def _protocol(number: int, origin: Span) -> Protocols:
    return Protocols((Protocol(number, "", "", origin),), False, origin)


def _allow_icmps(rules: Rules, line: RuleEntry, where: Where) -> None:
    made = _as(line, _parameter(line, 0, "ACCEPT"))
    four = rules.making.family == 4
    kinds = (Icmp(3, Interval(4, 4)), Icmp(11)) if four else tuple(Icmp(n) for n in _ICMP6)
    for kind in kinds:
        proto = made.protocols or _protocol(m.ICMP if four else m.ICMP6, line.origin)
        entry = replace(made, protocols=proto, dports=made.dports or Ports((kind,), False, line.origin))
        rules.add(entry, where, rules.target(entry), asked=_from_link(kind, line.origin) if not four else ())


_ICMP6 = (1, 2, 3, 4, 133, 134, 135, 136, 137, 141, 142, 130, 131, 132, 143, 148, 149, 151, 152, 153)
"""What RFC 4890 wants through; neighbours may send some of it only from link-local addresses."""
_LINK_ONLY = frozenset({130, 131, 132, 143, 151, 152, 153})


def _from_link(kind: Icmp, origin: Span) -> Matches:
    link = m.parse_network("fe80::/10")
    return m.network(link, origin, source=True) if kind.type in _LINK_ONLY and link is not None else ()


def _dns_replies(rules: Rules, line: RuleEntry, where: Where) -> None:
    made = _as(line, _parameter(line, 0, "DROP"))
    entry = replace(
        made, protocols=made.protocols or _protocol(m.UDP, line.origin),
        sports=made.sports or Ports((m.port(53),), False, line.origin),
    )  # fmt: skip
    rules.add(entry, where, rules.target(entry))


def _multicast(verdict: str) -> Callable[[Rules, RuleEntry, Where], None]:
    def act(rules: Rules, line: RuleEntry, where: Where) -> None:
        made = _as(line, verdict or _parameter(line, 0, "DROP"))
        six = rules.making.family == 6
        asked = m.network(m.MULTICAST[6], line.origin, source=False) if six else _types("MULTICAST")(line.origin)
        rules.add(made, where, rules.target(made), asked=asked)

    return act


def _services(*wanted: tuple[int, str]) -> Callable[[Rules, RuleEntry, Where], None]:
    """ACCEPT for some ports."""

    def act(rules: Rules, line: RuleEntry, where: Where) -> None:
        made = _as(line, "ACCEPT")
        for number, ports in wanted:
            items = tuple(Interval(int(a), int(b or a)) for a, _, b in (p.partition(":") for p in ports.split(",")))
            entry = replace(
                made, protocols=made.protocols or _protocol(number, line.origin),
                dports=made.dports or Ports(items, False, line.origin),
            )  # fmt: skip
            rules.add(entry, where, rules.target(entry))

    return act


def _glusterfs(rules: Rules, line: RuleEntry, where: Where) -> None:
    bricks, infiniband = _parameter(line, 0, "2"), _parameter(line, 1, "0")
    last = 49150 + int(bricks) if bricks.isdigit() else 49152
    ports = "24007:24008" if infiniband == "1" else "24007"
    _services((17, "111,2049"), (6, "38465:38467"), (6, ports), (6, f"49151:{last}"))(rules, line, where)


def _tcp_flags(rules: Rules, line: RuleEntry, where: Where) -> None:
    made = _as(line, "DROP")
    for mask, value in BAD_FLAGS:
        if (mask, value) == (ACK | 8 | FIN, 8 | FIN) or (mask, value) == (FIN | RST, FIN | RST):
            continue
        rules.add(made, where, "DROP", asked=m.tcp_flags(mask, value, line.origin))
    zero = (*m.syn(line.origin), m.one("tcp", "sport", m.port(0), line.origin))
    rules.add(made, where, "DROP", asked=zero)


def _smurfs(rules: Rules, line: RuleEntry, where: Where) -> None:
    chain = rules.making.filter("%DropSmurfs")
    if not chain.rules:
        origin, family = line.origin, rules.making.family
        nobody = m.parse_network("0.0.0.0/32")
        assert nobody is not None
        if family == 4:
            chain.jump(m.network(nobody, origin, source=True), "RETURN", origin)
        everyone = "BROADCAST" if family == 4 else "ANYCAST"
        chain.jump((m.one("addrtype", "src-type", (everyone,), origin),), "DROP", origin)
        chain.jump(m.network(m.MULTICAST[family], origin, source=True), "DROP", origin)
    rules.jump(line, where, chain)


def _state(name: str, default: str) -> Callable[[Rules, RuleEntry, Where], None]:
    """Invalid, Related …: a verdict for one state, where packets of that state can still come."""

    def act(rules: Rules, line: RuleEntry, where: Where) -> None:
        made = _as(line, _parameter(line, 0, default))
        asks = possible(rules, where, name)
        if asks is not None:
            rules.add(made, where, rules.target(made), asked=m.state(line.origin, name) if asks else ())

    return act


def _fixed_state(name: str, verdict: str) -> Callable[[Rules, RuleEntry, Where], None]:
    def act(rules: Rules, line: RuleEntry, where: Where) -> None:
        _state(name, verdict)(rules, replace(line, action=Action(name, (verdict,), "", None, line.origin)), where)

    return act


def possible(rules: Rules, where: Where, state: str) -> bool | None:
    """Can a packet of the state come to a rule here? None: no; True: yes, and others too; False: no others."""
    making = rules.making
    section = making.section
    if section == "BLACKLIST":
        states = making.settings.text("BLACKLIST").split(",")
        return True if state in states or states == ["ALL"] else None
    chain = rules.chain_of(where)
    if chain is None:
        return None
    if chain.name[:1] in "+_&" and not where.in_action:
        own = {"+": "RELATED", "_": "INVALID", "&": "UNTRACKED"}[chain.name[0]]
        return False if own == state else None
    sections = chain.sections
    if state == "ESTABLISHED":
        return None if state in sections else section != "ESTABLISHED"
    if state in ("INVALID", "UNTRACKED", "RELATED") and making.target_of(state) and state in sections:
        marked = making.tables.get(
            "filter", f"{ {'RELATED': '+', 'INVALID': '_', 'UNTRACKED': '&'}[state] }{chain.name}"
        )
        if marked is None:
            return None
        returns = any(r.target is not None and r.target.name == "RETURN" for r in marked.rules)
        return True if returns else None
    if section in ("NEW", "POLICY"):
        if state == "NEW":
            return any(possible(rules, where, other) for other in ("INVALID", "UNTRACKED"))
        return True if state in ("INVALID", "UNTRACKED") else None
    return state != section


_AMPLIFIED = "0>>22&0x3C@8&0xffff=0x0100 && 0>>22&0x3C@12&0xffff0000=0x00010000"
"""A recursive query of DNS with one question (action.DNSAmp)."""


def _amplification(rules: Rules, line: RuleEntry, where: Where) -> None:
    made = _as(line, _parameter(line, 0, "DROP"))
    entry = replace(
        made, protocols=made.protocols or _protocol(m.UDP, line.origin),
        dports=made.dports or Ports((m.port(53),), False, line.origin),
    )  # fmt: skip
    rules.add(entry, where, rules.target(entry), asked=(m.one("u32", "u32", _AMPLIFIED, line.origin),))


def _nothing(*_: object) -> None:
    """What a daemon puts there as it runs; nothing at first."""


def _old_default(smb: str) -> Callable[[Rules, RuleEntry, Where], None]:
    """Drop and Reject of 4.x to 5.1: noise that is dropped silently before a policy logs."""

    def act(rules: Rules, line: RuleEntry, where: Where) -> None:
        chain = rules.making.filter(f"%{line.action.name}")
        if not chain.rules:
            inner = replace_record(where, chain=chain, in_action=True)
            bare = replace(line, action=line.action._replace(parameters=()))
            ident = _services_of(bare, (m.TCP, "113"))
            # Releases differ in whether ident is rejected here.
            rules.add(ident, inner, "DROP", asked=m.unknown("what the action does with ident (tcp 113)", line.origin))
            _broadcast("DROP")(rules, bare, inner)
            _multicast("DROP")(rules, bare, inner)
            _allow_icmps(rules, bare, inner)
            rules.add(bare, inner, "DROP", asked=m.state(line.origin, "INVALID"))
            rules.line(_as(bare, f"SMB({smb})"), inner)
            rules.line(_as(bare, "DropUPnP(DROP)"), inner)
            _not_syn("DROP")(rules, bare, inner)
            _dns_replies(rules, bare, inner)
        rules.jump(line, where, chain)

    return act


def _services_of(line: RuleEntry, wanted: tuple[int, str]) -> RuleEntry:
    number, port = wanted
    ports = Ports((m.port(int(port)),), False, line.origin)
    return replace(line, protocols=_protocol(number, line.origin), dports=ports)


def _flags(mask: int, value: int) -> Callable[[Span], Matches]:
    return lambda origin: m.tcp_flags(mask, value, origin)


ACTIONS: dict[str, Callable[[Rules, RuleEntry, Where], None]] = {
    "AllowICMPs": _allow_icmps, "Broadcast": _broadcast(""), "allowBcast": _broadcast("ACCEPT"),
    "dropBcast": _broadcast("DROP"), "dropBcasts": _broadcast("DROP"),
    "Multicast": _multicast(""),
    "allowMcast": _multicast("ACCEPT"), "dropMcast": _multicast("DROP"),
    "Invalid": _state("INVALID", "DROP"), "Untracked": _state("UNTRACKED", "DROP"),
    "Related": _state("RELATED", "DROP"), "Established": _state("ESTABLISHED", "ACCEPT"),
    "New": _state("NEW", "ACCEPT"), "dropInvalid": _fixed_state("INVALID", "DROP"),
    "allowInvalid": _fixed_state("INVALID", "ACCEPT"), "dropNotSyn": _not_syn("DROP"),
    "rejNotSyn": _not_syn("REJECT(tcp-reset)"), "NotSyn": _tcp(lambda o: m.syn(o, negated=True), "DROP"),
    "RST": _tcp(_flags(RST, RST), "DROP"), "FIN": _tcp(_flags(ACK | FIN, ACK | FIN), "ACCEPT"),
    "DropDNSrep": _dns_replies, "TCPFlags": _tcp_flags, "DropSmurfs": _smurfs, "GlusterFS": _glusterfs,
    "allowinUPnP": _services((17, "1900"), (6, "49152")), "forwardUPnP": _nothing, "IfEvent": events.if_event,
    "AutoBL": events.auto_blacklist, "SetEvent": events.set_event, "ResetEvent": events.reset_event,
    "Drop": _old_default("DROP"), "Reject": _old_default("REJECT"), "Limit": events.limit, "DNSAmp": _amplification,
}  # fmt: skip
