"""What the matches of netfilter ask of a packet. A match that no field of a packet answers is Unknown, with its place.

Sources: iptables-extensions(8); net/netfilter/xt_*.c, net/ipv4/netfilter/ip_tables.c.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.netfilter import Bits, Icmp, Interval
from spdcheck.model.protocols import DCCP, ICMP, ICMP6, PORT_PROTOCOLS, SCTP, TCP, UDP, UDPLITE
from spdcheck.semantics import conditions
from spdcheck.semantics.fields import (
    DESTINATION,
    DESTINATION_PORT,
    FRAGMENT,
    ICMP_CODE,
    LENGTH,
    MARK,
    SOURCE,
    SOURCE_PORT,
    TOS,
    address_interval,
    address_number,
)
from spdcheck.semantics.packet import LATER_FRAGMENT
from spdcheck.semantics.predicate import FALSE, TRUE, Unknown, all_of, any_of, in_set, is_certain, is_value, masked
from spdcheck.semantics.rulesets.netfilter_conntrack import conntrack, not_yet_tracked
from spdcheck.semantics.rulesets.netfilter_policy import policy
from spdcheck.semantics.rulesets.netfilter_words import network, unknown

if TYPE_CHECKING:
    from collections.abc import Callable

    from spdcheck.model.host import Host
    from spdcheck.model.netfilter import Match, NetfilterRule, Option
    from spdcheck.semantics.fields import Field
    from spdcheck.semantics.predicate import Predicate

_PORTED = {"tcp": TCP, "udp": UDP, "udplite": UDPLITE, "sctp": SCTP, "dccp": DCCP}
_SYN = Bits(2, 23)
_MOST_KNOWN = 4096


class Conditions:
    """Conditions of rules for one host and family.

    ``connmarks`` says that some rule sets the mark of connections; ``tracked`` is False where connection tracking has
    not seen the packets yet (the table raw).
    """

    def __init__(self, host: Host, family: int, *, connmarks: bool = False, tracked: bool = True) -> None:
        self.host, self.family, self.connmarks, self.tracked = host, family, connmarks, tracked
        self._family = conditions.family(family)
        self._known: dict[object, Predicate] = {}

    def of(self, rule: NetfilterRule) -> Predicate:
        """The condition of a rule: of packets of the family, all of its matches."""
        return all_of([self._family, *(self._remembered(match) for match in rule.matches)])

    def _remembered(self, match: Match) -> Predicate:
        """The condition of a match; matches that say the same share one. What is unknown names its place."""
        if not match.module:
            return all_of([self._option(option, match) for option in match.options])
        key = (match.module, *[option[:3] for option in match.options])
        found = self._known.get(key)
        if found is None:
            found = self.match(match)
            if is_certain(found):
                self._known[key] = found
        return found

    def _option(self, option: Option, match: Match) -> Predicate:
        key = option[:3]
        found = self._known.get(key)
        if found is None:
            found = self.own(option, match)
            found = ~found if option.negated else found
            if is_certain(found) and len(self._known) < _MOST_KNOWN:
                self._known[key] = found
        return found

    def match(self, match: Match) -> Predicate:
        """The condition of one match."""
        if match.module in _PORTED:
            return _ported(match, _PORTED[match.module])
        if match.module == "policy":
            return policy(self.host, match)
        if match.module in ("conntrack", "state"):
            return conntrack(match) if self.tracked else not_yet_tracked(match)
        reader = _READERS.get(match.module)
        if reader is None:
            return unknown(match)
        return all_of(
            ~found if option.negated else found for option in match.options for found in [reader(self, option, match)]
        )

    def own(self, option: Option, match: Match) -> Predicate:
        """An option of iptables itself."""
        value = option.value
        if option.name in ("source", "destination"):
            field = SOURCE if option.name == "source" else DESTINATION
            assert isinstance(value, tuple)
            return any_of(network(field, item, option) for item in value)
        if option.name in ("in-interface", "out-interface"):
            assert isinstance(value, str)
            if value == "+":
                return TRUE
            return conditions.arrives_on(value) if option.name == "in-interface" else conditions.leaves_by(value)
        if option.name == "protocol":
            assert isinstance(value, int)
            return TRUE if value == 0 else conditions.protocol(value)
        if option.name == "fragment":
            return is_value(FRAGMENT, LATER_FRAGMENT)
        return unknown(match)

    def icmp(self, option: Option, match: Match) -> Predicate:
        """Type and code; a negated option is still about ICMP (see :meth:`match`)."""
        value = option.value
        assert isinstance(value, Icmp)
        number = ICMP6 if match.module == "icmp6" else ICMP
        found = conditions.protocol(number) & conditions.whole_or_first()
        own: Predicate = TRUE
        if value.type is not None:
            own = conditions.icmp(6 if number == ICMP6 else 4, value.type)
            if value.codes is not None:
                own &= in_set(ICMP_CODE, (value.codes.first, value.codes.last))
        # `match` negates the whole, and the protocol has to stay.
        return ~(found & ~own) if option.negated else found & own

    def multiport(self, option: Option, _: Match) -> Predicate:
        """A list of ports."""
        value = option.value
        assert isinstance(value, tuple)
        intervals = [(item.first, item.last) for item in value if isinstance(item, Interval)]
        ends = {"sports": (SOURCE_PORT,), "dports": (DESTINATION_PORT,)}.get(
            option.name, (SOURCE_PORT, DESTINATION_PORT)
        )
        own = any_of(in_set(field, *intervals) for field in ends)
        guard = conditions.protocol(*PORT_PROTOCOLS) & conditions.whole_or_first()
        return ~(guard & ~own) if option.negated else guard & own

    def mark(self, option: Option, _: Match) -> Predicate:
        """Bits of the packet's mark."""
        assert isinstance(option.value, Bits)
        return masked(MARK, option.value.mask, option.value.value)

    def connmark(self, option: Option, match: Match) -> Predicate:
        """Bits of the connection's mark, which is 0 where nothing sets it."""
        assert isinstance(option.value, Bits)
        if self.connmarks:
            return unknown(match, option)
        return TRUE if option.value.value == 0 else FALSE

    def addrtype(self, option: Option, match: Match) -> Predicate:
        """Kinds of addresses as the routing table tells them."""
        if option.name not in ("src-type", "dst-type") or not isinstance(option.value, tuple):
            return unknown(match, option)
        field = SOURCE if option.name == "src-type" else DESTINATION
        return any_of(self._kind(str(kind).upper(), field, option, match) for kind in option.value)

    def _kind(self, kind: str, field: Field, option: Option, match: Match) -> Predicate:
        if kind == "LOCAL":
            own = [address_interval(address) for address in self.host.addresses if address.family == self.family]
            own.append((127 << 24, (128 << 24) - 1) if self.family == 4 else (address_number(6, 1),) * 2)
            found = in_set(field, *own)
            dynamic = any(interface.dynamic for interface in self.host.interfaces)
            return found | Unknown(f"{option.origin.where}: which addresses are this host's") if dynamic else found
        if kind == "MULTICAST":
            return in_set(field, (224 << 24, (240 << 24) - 1) if self.family == 4 else _ALL_MULTICAST6)
        if kind == "BROADCAST":
            return in_set(field, *self._broadcasts())
        if kind == "ANYCAST":
            return in_set(field, *self._anycasts())
        if kind == "UNSPEC":
            return is_value(field, address_number(self.family, 0))
        if kind == "UNICAST":
            others = (self._kind(name, field, option, match) for name in ("LOCAL", "MULTICAST", "BROADCAST", "UNSPEC"))
            return ~any_of(others)
        return unknown(match, option)

    def pkttype(self, option: Option, match: Match) -> Predicate:
        """How the frame was addressed. A packet is taken to come in the kind of frame that its address asks for.

        Who is on the same wire can send others; what is for another station is not seen at all.
        """
        group = self._kind("BROADCAST", DESTINATION, option, match), self._kind("MULTICAST", DESTINATION, option, match)
        kind = str(option.value).lower()
        if kind in ("unicast", "host", "broadcast", "multicast"):
            return {"broadcast": group[0], "multicast": group[1]}.get(kind, ~any_of(group))
        return FALSE if kind == "otherhost" else unknown(match, option)

    def _broadcasts(self) -> list[tuple[int, int]]:
        if self.family == 6:
            return []
        found = [((1 << 32) - 1, (1 << 32) - 1)]
        for interface in self.host.interfaces:
            for address in interface.addresses:
                net = address.prefix
                if net is not None and net.family == 4 and net.size > 2:
                    found.append((net.last, net.last))
        return found

    def _anycasts(self) -> list[tuple[int, int]]:
        """The subnet-router anycast addresses of IPv6 (RFC 4291 section 2.6.1); IPv4 has none that nobody routes."""
        if self.family == 4:
            return []
        nets = [a.prefix for interface in self.host.interfaces for a in interface.addresses]
        return [(address_number(6, net.first),) * 2 for net in nets
                if net is not None and net.family == 6 and net.size > 2]  # fmt: skip

    def iprange(self, option: Option, _: Match) -> Predicate:
        """A range of addresses."""
        assert isinstance(option.value, Interval)
        low, high = (address_number(option.value.family, end) for end in option.value[:2])
        if low > high:
            return FALSE
        return in_set(SOURCE if option.name == "src-range" else DESTINATION, (low, high))

    def length(self, option: Option, _: Match) -> Predicate:
        """The length of the packet, IP header included."""
        assert isinstance(option.value, Interval)
        first, last = option.value.first, min(option.value.last, 65535)
        return in_set(LENGTH, (first, last)) if first <= last else FALSE

    def tos(self, option: Option, match: Match) -> Predicate:
        """TOS bits, or the DSCP among them."""
        value = option.value
        if isinstance(value, int):
            return masked(TOS, 0xFC, value << 2 & 0xFC)
        return masked(TOS, value.mask, value.value) if isinstance(value, Bits) else unknown(match, option)

    def comment(self, *_: object) -> Predicate:
        """Says nothing."""
        return TRUE

    def security(self, option: Option, match: Match) -> Predicate:
        """SPIs are no field of a packet here; the protocol is."""
        number = 50 if match.module == "esp" else 51
        found = conditions.protocol(number)
        everything = option.value == Interval(0, (1 << 32) - 1)
        own: Predicate = TRUE if everything else unknown(match, option)
        return ~(found & ~own) if option.negated else found & own


def _ported(match: Match, number: int) -> Predicate:
    """tcp, udp and their kin: a packet of the protocol that has the header, then every option by itself."""
    parts = [conditions.protocol(number), conditions.whole_or_first()]
    for option in match.options:
        value, own = option.value, None
        if isinstance(value, Interval) and option.name in ("sport", "dport"):
            own = in_set(SOURCE_PORT if option.name == "sport" else DESTINATION_PORT, (value.first, value.last))
        elif option.name in ("tcp-flags", "syn"):
            bits = value if isinstance(value, Bits) else _SYN
            own = conditions.tcp_flags(bits.mask, bits.value)
        else:
            own = unknown(match, option)
        parts.append(~own if option.negated else own)
    return all_of(parts)


_ALL_MULTICAST6 = (address_number(6, 0xFF << 120), address_number(6, (1 << 128) - 1))

_READERS: dict[str, Callable[[Conditions, Option, Match], Predicate]] = {
    "": Conditions.own, "icmp": Conditions.icmp, "icmp6": Conditions.icmp, "multiport": Conditions.multiport,
    "mark": Conditions.mark,
    "connmark": Conditions.connmark, "addrtype": Conditions.addrtype, "iprange": Conditions.iprange,
    "length": Conditions.length, "tos": Conditions.tos, "dscp": Conditions.tos, "comment": Conditions.comment,
    "esp": Conditions.security, "ah": Conditions.security, "pkttype": Conditions.pkttype,
}  # fmt: skip
