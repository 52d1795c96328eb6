"""What a target asks of the rule that calls it: parameters, a rate, a section, a protocol, a server (5.2.8)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.formats.shorewall.columns import Refused
from spdcheck.formats.shorewall.names import TARGETS
from spdcheck.model.netfilter import Network
from spdcheck.model.protocols import TCP, UDP, protocol_name

if TYPE_CHECKING:
    from collections.abc import Container

    from spdcheck.formats.shorewall.columns import Row
    from spdcheck.model.shorewall import RuleEntry
    from spdcheck.model.shorewall_columns import Action, Place


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_WITH_PARAMETER = _names("""
ADD AUDIT CONNMARK DEL DNAT INLINE IPTABLES IP6TABLES LOG MARK NFLOG NFQUEUE QUEUE REDIRECT REJECT TARPIT ULOG
""")
_MODIFIERS = {"+": _names("ACCEPT A_ACCEPT"), "-": _names("DNAT REDIRECT"),
              "!": _names("ACCEPT A_ACCEPT DROP A_DROP REJECT CONTINUE QUEUE NFQUEUE A_REJECT")}  # fmt: skip
_REJECTS = {
    4: _names("""icmp-net-unreachable icmp-host-unreachable icmp-port-unreachable icmp-proto-unreachable
    icmp-net-prohibited icmp-host-prohibited icmp-admin-prohibited icmp-tcp-reset tcp-reset"""),
    6: _names("""icmp6-no-route no-route icmp6-adm-prohibited adm-prohibited icmp6-addr-unreachable addr-unreach
    icmp6-port-unreachable tcp-reset"""),
}
_IPTABLES = _names("""
ACCEPT ACCOUNT AUDIT CHAOS CHECKSUM CLASSIFY CLUSTERIP CONNMARK CONNSECMARK COUNT CT DELUDE DHCPMAC DNAT DNETMAP DROP
DSCP ECHO ECN HL IDLETIMER IPMARK LOG LOGMARK MARK MASQUERADE MIRROR NETMAP NFLOG NFQUEUE NOTRACK QUEUE RATEEST
RAWDNAT RAWSNAT REDIRECT REJECT RETURN SAME SECMARK SET SNAT STEAL SYSRQ TARPIT TCPMSS TCPOPTSTRIP TEE TOS TPROXY
TRACE TTL ULOG SYNPROXY TRIGGER
""")
_PROTOCOLS = {
    "DNSAmp": UDP, "dropNotSyn": TCP, "FIN": TCP, "NotSyn": TCP, "rejNotSyn": TCP, "RST": TCP,
    "TCPFlags": TCP,
}  # fmt: skip
_QUEUE = re.compile(r"(?:(\d+)(?::(\d+)c?)?)?")
_WORDS = {"AUDIT": ("accept", "drop", "reject"), "TARPIT": ("tarpit", "honeypot", "reset")}
FIXED = _names("A_AllowICMPs A_DropDNSrep A_DropUPnP DropUPnP")
"""Standard macros that say themselves what happens."""


def check_target(entry: RuleEntry, row: Row, family: int, declared: Container[str]) -> None:
    """A rule, or a line of a body. Raises :class:`Refused`."""
    call = entry.action
    name = call.name
    if name in _PROTOCOLS and entry.protocols is not None:
        _one_protocol(entry, _PROTOCOLS[name])
    if name not in TARGETS:
        return
    if call.modifier and name not in _MODIFIERS[call.modifier]:
        raise Refused(call.origin, f"`{call.modifier}` does not belong to {name}")
    if call.parameters or row.cells["action"].text.partition(":")[0].endswith("()"):
        _parameters(call, entry, family, declared)
    if (
        entry.inline is not None
        and re.search(r"(?:^|\s)-j\s", entry.inline.text)
        and (name, call.parameters) != ("INLINE", ())
    ):
        raise Refused(entry.inline.origin, "`-j` is allowed only with INLINE, which then has no parameter")
    if family == 6 and name == "A_REJECT":
        raise Refused(call.origin, "shorewall6 has no A_REJECT", "write REJECT")
    if family == 6 and (name == "NONAT" or (name in ("ACCEPT", "A_ACCEPT") and call.modifier == "+")):
        raise Refused(
            call.origin, f"shorewall6 takes the colons of any destination of {name}{call.modifier} for a port"
        )
    if name in ("DROP", "REJECT") and entry.rates:
        raise Refused(entry.rates[0].origin, f"a rate has no meaning with {name}: what is above it would pass")
    if name == "LOG" and (call.log is None or call.log.level.lower() == "none"):
        raise Refused(call.origin, "LOG needs a log level", "write LOG:info")
    if name == "WHITELIST" and entry.section != "BLACKLIST":
        raise Refused(call.origin, "WHITELIST is possible only in blrules", "write ACCEPT, or move the line to blrules")
    if entry.section == "BLACKLIST" and call.modifier:
        raise Refused(call.origin, f"`{call.modifier}` is not allowed in blrules")
    if name == "HELPER" and entry.helper is None:
        raise Refused(call.origin, "HELPER needs a helper", "name it in the column HELPER")


def _one_protocol(entry: RuleEntry, wanted: int) -> None:
    given = entry.protocols
    assert given is not None
    if any(item.number != wanted for item in given.items):
        raise Refused(given.origin, f"{entry.action.name} is for {protocol_name(wanted)} only")


def _parameters(call: Action, entry: RuleEntry, family: int, declared: Container[str]) -> None:
    name, given = call.name, call.parameters
    first = given[0] if given else ""
    if name not in _WITH_PARAMETER or not given:
        if name in ("REJECT", "LOG", "NFQUEUE", "QUEUE", "AUDIT", "TARPIT") and not given:
            return
        raise Refused(call.origin, f"{name} takes no parameter", f"write {name}")
    if name in _WORDS and first not in _WORDS[name]:
        raise Refused(call.origin, f"`{first}` is none of {', '.join(_WORDS[name])}")
    if name == "REJECT":
        _reject(call, first, entry, family)
    elif name == "NFQUEUE":
        _queue(call)
    elif name in ("IPTABLES", "IP6TABLES"):
        target = first.split(" ")[0]
        if (name == "IPTABLES") != (family == 4):
            raise Refused(call.origin, f"{name} is for the other family")
        if target not in _IPTABLES and target not in declared:
            raise Refused(
                call.origin, f"iptables has no target `{target}`", "declare it in actions with the option builtin"
            )
    elif name in ("ADD", "DEL") and not re.fullmatch(
        r"\+?(?:6_)?[A-Za-z][-\w]*:(?:src|dst)(?:,(?:src|dst)){0,5}(?::\d+)?", ",".join(given)
    ):
        raise Refused(call.origin, f"`{','.join(given)}` is not SET:src or SET:dst")


def _reject(call: Action, first: str, entry: RuleEntry, family: int) -> None:
    if first not in _REJECTS[family]:
        raise Refused(
            call.origin, f"`{first}` is no answer of REJECT", f"answers are {', '.join(sorted(_REJECTS[family]))}"
        )
    if first.endswith("tcp-reset"):
        given = entry.protocols
        if given is None or given.negated or any(item.number != TCP for item in given.items):
            raise Refused(call.origin, "tcp-reset is possible only with the protocol tcp", "write tcp into PROTO")


def _queue(call: Action) -> None:
    queue, *rest = call.parameters
    if queue == "bypass" and not rest:
        return
    match = _QUEUE.fullmatch("" if queue == "-" else queue)
    numbers = [int(n) for n in match.groups() if n] if match is not None else [65536]
    if max(numbers, default=0) > 65535 or (len(numbers) == 2 and numbers[0] >= numbers[1]):
        raise Refused(call.origin, f"`{queue}` is no number of a queue, and no range of them")
    if rest not in ([], ["bypass"]):
        raise Refused(call.origin, f"`{','.join(rest)}` is no option of NFQUEUE")


def check_server(entry: RuleEntry, dest: tuple[Place, ...]) -> None:
    """The destination of DNAT: one server, or only a port. Raises :class:`Refused`."""
    if entry.action.name == "REDIRECT":
        for place in dest:
            _own_port(entry, place)
    if not _translates(entry.action):
        return
    for place in dest:
        if place.interface is not None:
            raise Refused(place.origin, "the server of DNAT is an address: the routes tell the interface")
        if place.hosts is None and place.ports is None:
            raise Refused(place.origin, "the server's address is missing", "write ZONE:ADDRESS")
        if place.hosts is not None and (len(place.hosts.included) != 1 or place.hosts.excluded):
            raise Refused(
                place.hosts.origin, "DNAT goes to one address or one range, not to a list", "write FIRST-LAST"
            )
        only = place.hosts.included[0] if place.hosts is not None else None
        if only is not None and isinstance(only.value, Network) and not _is_host(only.value):
            raise Refused(only.origin, "DNAT goes to a host or a range, not to a network", "write FIRST-LAST")
        if place.ports is not None and entry.protocols is None and entry.action.name in ("DNAT", "REDIRECT"):
            raise Refused(place.origin, "a port needs a protocol", "write tcp or udp into PROTO")


def _is_host(net: Network) -> bool:
    return net.mask == (1 << (32 if net.family == 4 else 128)) - 1


def _own_port(entry: RuleEntry, place: Place) -> None:
    single = re.fullmatch(r"[A-Za-z]\w*:\d+(-\d+)?", place.origin.text.replace("$FW", "fw"))
    if place.hosts is not None or single is not None:
        raise Refused(place.origin, "REDIRECT goes to the firewall itself: no server", "write only the port")
    if place.ports is None:
        raise Refused(place.origin, f"`{place.origin.text}` is no port of the firewall", "write the port, or `-`")
    if entry.protocols is None:
        raise Refused(place.origin, "a port needs a protocol", "write tcp or udp into PROTO")


def _translates(call: Action) -> bool:
    return call.name == "DNAT" or call.parameters[:1] in (("DNAT",), ("DNAT-",))
