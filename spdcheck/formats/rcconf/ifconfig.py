"""The arguments of ifconfig(8), as ``ifconfig_IF`` and its relatives hold them.

ifconfig goes through its arguments one by one: a word of its table takes its parameters, any other word is an address,
the first one the interface's own, the second one its peer's. The table here holds the words of all three BSDs.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from spdcheck.formats.rcconf.addresses import default_prefix_length, parse_host, parse_length, parse_mask
from spdcheck.formats.rcconf.value import shown
from spdcheck.model.addresses import prefix
from spdcheck.model.diagnostic import Part
from spdcheck.model.host import InterfaceAddress
from spdcheck.named_tuples import NamedTuple
from spdcheck.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spdcheck.formats.rcconf.value import Word
    from spdcheck.model.addresses import AddressRange
    from spdcheck.source import Span

_FAMILIES = {"inet": 4, "inet6": 6}
_HARDWARE_FAMILIES = frozenset({"link", "ether", "lladdr"})
_OTHER_FAMILIES = frozenset({"atalk", "ipx", "ns", "iso"})

_INERT = {
    0: """up arp -arp debug -debug promisc -promisc -link1 -link2 link1 link2 alias add create plumb anycast autoconf
       -autoconf deprecated -deprecated tentative -tentative staticarp -staticarp stickyarp -stickyarp rxcsum -rxcsum
       txcsum -txcsum rxcsum6 -rxcsum6 txcsum6 -txcsum6 tso -tso tso4 -tso4 tso6 -tso6 lro -lro vlanmtu -vlanmtu
       vlanhwtag -vlanhwtag vlanhwfilter -vlanhwfilter vlanhwtso -vlanhwtso vlanhwcsum -vlanhwcsum toe -toe polling
       -polling wol -wol wol_ucast -wol_ucast wol_mcast -wol_mcast wol_magic -wol_magic netmap -netmap mextpg -mextpg
       txtls -txtls txrtlmt -txrtlmt hwrxtstmp -hwrxtstmp nomedia -mediaopt instance auto_linklocal -auto_linklocal
       no_radr -no_radr nud -nud prefer_source -prefer_source no_prefer_iface -no_prefer_iface no_dad -no_dad
       ifdisabled -ifdisabled ignoreloop -ignoreloop defaultif -defaultif enable_csum -enable_csum enable_seq
       -enable_seq ignore_source -ignore_source noclamp -noclamp -vlandev -group scan list dtim -trunk pppoeac
       -description -descr wep -wep wme -wme wps -wps burst -burst ht -ht ht20 -ht20 ht40 -ht40 ampdu -ampdu amsdu
       -amsdu shortgi -shortgi stbc -stbc ff -ff dturbo -dturbo apbridge -apbridge hidessid -hidessid roaming
       powersave -powersave pureg -pureg puren -puren inact -inact dotd -dotd doth -doth dfs -dfs rifs -rifs bgscan
       -bgscan mpsafe -mpsafe ip4csum -ip4csum tcp4csum -tcp4csum udp4csum -udp4csum tcp6csum udp6csum
       ip4csum-tx -ip4csum-tx ip4csum-rx -ip4csum-rx tcp4csum-tx tcp4csum-rx udp4csum-tx udp4csum-rx -nwid -nwkey
       -bssid -lladdr mpls -mpls""",
    1: """metric lladdr ether link mediaopt media mode instance inst group -group name description descr bssid ssid nwid
       channel -channel chan wepmode wepkey nwkey wpakey weptxkey deftxkey authmode country regdomain location
       powersavesleep rtsthreshold protmode fragthreshold txpower stationname station wlandev wlanmode wlanaddr
       wpaakms wpaprotos wpaciphers wpagroupcipher wpa ucastrate mcastrate mgtrate maxretry roam:rssi roam:rate mesh
       meshid meshttl vlan vlandev vlanproto vlanpcp vnetid parent vhid advbase advskew pass state carpdev carppeer
       balancing peer peer6 laggproto laggport -laggport lagghash laggtype syncdev syncpeer maxupd defer
       grekey gresource pltime vltime scope broadcast tunnelttl tunneltos tunneldf ttl hoplimit phase timeslot
       priority rtlabel llprio authproto authname rate rxpackets txpackets udpport""",
    2: """authkey""",
}
_UNMODELLED = {
    0: {
        "down": "the interface is down",
        "monitor": "the interface discards everything that arrives",
        "eui64": "the host part of the address comes from the network card",
        "-alias": "an address is taken away",
        "delete": "an address is taken away",
        "remove": "an address is taken away",
        "deletetunnel": "the tunnel's addresses are taken away",
        "udpencap": "packets of the tunnel travel in UDP",
    },
    1: {
        "addm": "the interface is part of a bridge, which routing does not see",
        "deletem": "the interface is part of a bridge, which routing does not see",
        "span": "packets are copied to another interface",
        "vnet": "the interface belongs to a jail",
        "jail": "the interface belongs to a jail",
        "-vnet": "the interface belongs to a jail",
        "fib": "the interface uses a routing table of its own",
        "tunnelfib": "the tunnel uses a routing table of its own",
        "rdomain": "the interface belongs to another routing domain",
        "tunneldomain": "the tunnel belongs to another routing domain",
        "reqid": "the interface installs security policies of its own",
        "wgkey": "packets travel in WireGuard",
        "wgport": "packets travel in WireGuard",
        "wgpeer": "packets travel in WireGuard",
        "vxlanid": "packets travel in VXLAN",
        "vxlanlocal": "packets travel in VXLAN",
        "vxlanremote": "packets travel in VXLAN",
        "stfv4net": "packets travel in 6to4",
        "stfv4br": "packets travel in 6to4",
    },
}
_DHCP = frozenset({"dhcp", "syncdhcp", "nosyncdhcp"})
_ARITY = {word: count for count, words in _INERT.items() for word in words.split()}


class Problem(NamedTuple):
    """Why an argument can't be used: refused, or (``unmodelled``) understood but beyond the model.

    ``parts`` are what is not known of the host for that reason.
    """

    span: Span
    message: str
    mend: str = ""
    unmodelled: bool = False
    parts: tuple[Part, ...] = (Part.INTERFACES,)


@dataclass(slots=True)
class Configured:
    """What the arguments of one or more calls of ifconfig do to an interface.

    ``gre`` is False once ``-link0`` was seen. ``automatic`` is False for interfaces that the boot leaves alone.
    """

    addresses: list[InterfaceAddress] = field(default_factory=list)
    mtu: int | None = None
    tunnel: tuple[AddressRange, AddressRange, Span] | None = None
    dynamic: bool = False
    gre: bool = True
    automatic: bool = True
    problems: list[Problem] = field(default_factory=list)


def configure(words: Sequence[Word], into: Configured, family: int = 4) -> None:
    """Applies one call of ifconfig; ``family`` is that of addresses where no word names another."""
    if words and words[0].text in _FAMILIES:
        family, words = _FAMILIES[words[0].text], words[1:]
    elif words and words[0].text in _HARDWARE_FAMILIES:
        words = words[2:]
    elif words and words[0].text in _OTHER_FAMILIES:
        return
    call = _Call(family, into)
    position = 0
    while position < len(words):
        position += call.take(words, position)
    call.finish()


class _Call:
    """One call of ifconfig while its arguments are read."""

    def __init__(self, family: int, into: Configured) -> None:
        self._family = family
        self._into = into
        self._own: AddressRange | None = None
        self._peer: AddressRange | None = None
        self._length: int | None = None
        self._first: Word | None = None
        self._seen = 0
        self._broken = False

    def take(self, words: Sequence[Word], position: int) -> int:
        """Reads the argument at ``position``; returns how many words it took."""
        word = words[position]
        text, rest = word.text, words[position + 1 :]
        lower = text.lower()
        if lower in _DHCP or text == "accept_rtadv":
            self._into.dynamic = True
        elif lower == "noauto":
            self._into.automatic = False
        elif lower in ("wpa", "hostap") and text != "wpa":
            pass
        elif text in ("link0", "-link0"):
            self._into.gre = text == "link0"
        elif text in ("netmask", "prefixlen", "mtu", "tunnel"):
            return self._parameters(word, rest)
        elif (arity := _ARITY.get(text)) is not None:
            if len(rest) < arity:
                self._missing(word, "a value")
            return 1 + arity
        elif text in _UNMODELLED[0] or text in _UNMODELLED[1]:
            return self._unmodelled(word, rest)
        elif self._seen == 2 or not _looks_like_host(text):
            self._refuse(word.span, f"found `{shown(text)}`, which is no word of ifconfig(8)")
            return len(words) - position
        else:
            self._address(word)
        return 1

    def finish(self) -> None:
        """Adds the address that the arguments made."""
        if self._own is None or self._first is None or self._broken:
            return
        own, length = self._own, self._length
        net = prefix(own.family, own.first, default_prefix_length(own) if length is None else length)
        reach = net if self._peer is None else self._peer
        self._into.addresses.append(InterfaceAddress(own, reach, self._peer, self._first.span))

    def _refuse(self, span: Span, message: str, mend: str = "", *, always: bool = False) -> None:
        """Ifconfig stops at the first bad word; of further ones only the addresses are worth telling (``always``)."""
        if always or not self._broken:
            self._into.problems.append(Problem(span, message, mend))
        self._broken = True

    def _missing(self, word: Word, expected: str) -> None:
        self._refuse(word.span, f"found nothing behind `{word.text}`, expected {expected}")

    def _parameters(self, word: Word, rest: Sequence[Word]) -> int:
        """``netmask M``, ``prefixlen N``, ``mtu N``, ``tunnel S D``: those that the model keeps."""
        if word.text == "tunnel":
            return self._tunnel(word, rest)
        if not rest:
            self._missing(word, {"netmask": "a mask", "mtu": "a number of bytes"}.get(word.text, "a length"))
            return 1
        text, span = rest[0].text, rest[0].span
        if word.text == "mtu":
            if text.isascii() and text.isdigit() and len(text) <= 5:
                self._into.mtu = int(text)
            else:
                self._refuse(span, f"found `{shown(text)}`, expected a number of bytes behind mtu")
        else:
            self._length = parse_mask(text) if word.text == "netmask" else parse_length(text, self._family)
            if self._length is None:
                expected = "a netmask such as 255.255.255.0" if word.text == "netmask" else "a prefix length"
                self._refuse(span, f"found `{shown(text)}`, expected {expected}")
        return 2

    def _tunnel(self, word: Word, rest: Sequence[Word]) -> int:
        if len(rest) < 2:
            self._missing(word, "the tunnel's own address and its peer's")
            return 1 + len(rest)
        self._into.tunnel = tunnel_ends(rest[0], rest[1], self._into.problems)
        return 3

    def _unmodelled(self, word: Word, rest: Sequence[Word]) -> int:
        text, parts = word.text, (Part.INTERFACES, Part.SPD) if word.text == "reqid" else (Part.INTERFACES,)
        if text in _UNMODELLED[0]:
            if text in ("eui64", "-alias", "delete", "remove"):
                self._own = self._first = None
                self._seen = 2
            why = f"`{text}` is not modelled: {_UNMODELLED[0][text]}"
            self._into.problems.append(Problem(word.span, why, unmodelled=True, parts=parts))
            return 1
        if not rest:
            self._missing(word, "a value")
            return 1
        if not (text in ("fib", "tunnelfib", "rdomain", "tunneldomain") and rest[0].text == "0"):
            why = f"`{text} {shown(rest[0].text)}` is not modelled: {_UNMODELLED[1][text]}"
            self._into.problems.append(Problem(word.span.join(rest[0].span), why, unmodelled=True, parts=parts))
        return 2

    def _address(self, word: Word) -> None:
        """Any other word: the interface's address, then the peer's."""
        self._seen += 1
        text, slash, length = word.text.partition("/")
        found = parse_host(text, self._family)
        if found is None:
            self._refuse(word.span, *not_an_address(text, self._family), always=True)
            return
        if slash:
            self._length = parse_length(length, self._family)
            if self._length is None:
                self._refuse(word.span, f"found `/{shown(length)}`, expected a prefix length")
        if self._seen == 1:
            self._own, self._first = found, word
        else:
            self._peer = found


def _looks_like_host(text: str) -> bool:
    """An address or a host name; a lone word without a dot, a colon or a digit is rather a misspelt one of ifconfig."""
    return any(character in ".:0123456789" for character in text)


def not_an_address(text: str, family: int) -> tuple[str, str]:
    """``(message, mend)`` for a word that should be an address."""
    if family == 4 and parse_host(text, 6) is not None:
        return f"found `{text}`, expected an IPv4 address", "write inet6 before an IPv6 address"
    if family == 6 and parse_host(text, 4) is not None:
        return f"found `{text}`, expected an IPv6 address", "write inet before an IPv4 address"
    mend = "write the address in numbers: a host name can't be looked up here"
    return f"found `{shown(text)}`, expected an address", mend


def tunnel_ends(
    source: Word, destination: Word, problems: list[Problem]
) -> tuple[AddressRange, AddressRange, Span] | None:
    """The outer addresses of a tunnel device; None, with the reason among ``problems``, where they are none."""
    ends = []
    for word in (source, destination):
        found = parse_host(word.text, 6 if ":" in word.text else 4)
        if found is None:
            problems.append(Problem(word.span, *not_an_address(word.text, 4)))
        else:
            ends.append(found)
    if len(ends) < 2:
        return None
    if ends[0].family != ends[1].family:
        problems.append(Problem(destination.span, "the tunnel's two ends are of different families"))
        return None
    return ends[0], ends[1], source.span.join(destination.span)
