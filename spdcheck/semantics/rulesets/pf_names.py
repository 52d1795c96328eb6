"""What names in a pf.conf stand for on a host: interfaces, groups, ``self``, host names and tables (``ifa_lookup``).

What only the running host knows is None here, and becomes an unknown condition.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from spdcheck.model.addresses import BITS, LINK_LOCAL6, AddressRange, prefix
from spdcheck.model.pf_conditions import Literal, Named
from spdcheck.records import dataclass
from spdcheck.semantics.fields import IN_INTERFACE, address_interval, name_interval
from spdcheck.semantics.intervals import EMPTY, minus, normalise, union

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from spdcheck.model.host import Interface, InterfaceAddress
    from spdcheck.model.pf import PfRuleset, Table
    from spdcheck.semantics.fields import Field
    from spdcheck.semantics.intervals import IntervalSet

LOCALHOST = (AddressRange(4, 0x7F000001, 0x7F000001), AddressRange(6, 1, 1))

DRIVERS = frozenset(
    [
        "lo",
        "tun",
        "tap",
        "enc",
        "gif",
        "gre",
        "egre",
        "mgre",
        "etherip",
        "ipsec",
        "sec",
        "wg",
        "ppp",
        "pppoe",
        "vlan",
        "svlan",
        "carp",
        "pfsync",
        "pflog",
        "pflow",
        "bridge",
        "veb",
        "vport",
        "trunk",
        "aggr",
        "lagg",
        "vether",
        "pair",
        "epair",
        "mpe",
        "mpw",
        "mpip",
        "vxlan",
        "nvgre",
        "bpe",
        "em",
        "re",
        "bge",
        "bnx",
        "igb",
        "ix",
        "ixl",
        "ixv",
        "rl",
        "sk",
        "nfe",
        "msk",
        "vr",
        "vge",
        "xl",
        "fxp",
        "dc",
        "ste",
        "sis",
        "tl",
        "ne",
        "ep",
        "vmx",
        "vio",
        "vtnet",
        "hvn",
        "xn",
        "xnf",
        "ure",
        "axen",
        "cdce",
        "urndis",
        "umb",
        "iwm",
        "iwn",
        "iwx",
        "athn",
        "ath",
        "ral",
        "run",
        "urtwn",
        "rtwn",
        "bwfm",
        "wpi",
        "usb",
        "cas",
        "gem",
        "hme",
        "bce",
        "cxgb",
        "mcx",
        "mlxen",
        "stge",
        "jme",
        "ale",
        "alc",
        "age",
        "et",
        "lii",
        "tap",
        "ng",
        "stf",
        "faith",
        "rge",
        "aq",
        "en",
    ]
)
"""Names of drivers, each of which is the group of its interfaces. Other names without a number are groups that somebody
made, and only the host knows their members.
"""


@dataclass(frozen=True, slots=True)
class PfNames:
    """The interfaces of the host, the groups and host names that are known, and the tables of the ruleset.

    ``routes`` are the destinations that the routing table knows, the most specific first, with the interface that each
    leads to; None where the table is not known.
    """

    interfaces: tuple[Interface, ...] = ()
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    hosts: Mapping[str, tuple[AddressRange, ...]] = field(default_factory=lambda: {"localhost": LOCALHOST})
    tables: Mapping[str, Table] = field(default_factory=dict)
    routes: tuple[tuple[AddressRange, str], ...] | None = None

    def with_tables(self, ruleset: PfRuleset) -> PfNames:
        """The same names with the tables of a ruleset in front."""
        found = {table.name: table for table in ruleset.tables}
        return PfNames(self.interfaces, self.groups, self.hosts, {**self.tables, **found}, self.routes)

    def on(self, name: str, where: Field = IN_INTERFACE) -> IntervalSet | None:
        """The interfaces that ``on name`` means, as numbers of their names; None for a group that is not known."""
        if name in self.groups:
            return normalise(name_interval(member, where) for member in self.groups[name])
        if name[-1:].isdigit() or any(interface.name == name for interface in self.interfaces):
            return (name_interval(name, where),)
        if name in DRIVERS:
            return ((name_interval(f"{name}0", where)[0], name_interval(f"{name}9", where, prefix=True)[1]),)
        return None

    def members(self, name: str) -> list[Interface] | None:
        """The interfaces behind a name, a group or ``self``; None if it is none that we know."""
        if name == "self":
            return list(self.interfaces)
        names = self.groups.get(name)
        if names is not None:
            return [interface for interface in self.interfaces if interface.name in names]
        exact = [interface for interface in self.interfaces if interface.name == name]
        if exact or name[-1:].isdigit():
            return exact or None
        return [i for i in self.interfaces if i.name.rstrip("0123456789") == name and i.name != name] or None

    def addresses(self, named: Named) -> tuple[AddressRange, ...] | None:
        """The addresses of a name, in the order of the interfaces; None where they are not known."""
        members = self.members(named.name)
        if members is None:
            known = self.hosts.get(named.name)
            return None if known is None else tuple(_around(address, named.length) for address in known)
        if any(interface.dynamic for interface in members):
            return None
        return tuple(address for interface in members for address in _of(interface, named))

    def routed(self) -> dict[str, IntervalSet] | None:
        """The addresses that are routed to each interface; None where that is not known."""
        if self.routes is None:
            return None
        found: dict[str, IntervalSet] = {}
        taken: IntervalSet = EMPTY
        for destination, interface in self.routes:
            addresses = (address_interval(destination),)
            found[interface] = union(found.get(interface, EMPTY), minus(addresses, taken))
            taken = union(taken, addresses)
        return found

    def table(self, name: str) -> IntervalSet | None:
        """The addresses of a table: the longest prefix around an address says whether it is in. None if unknown."""
        table = self.tables.get(name)
        if table is None:
            return EMPTY
        if table.unknown:
            return None
        found: list[tuple[int, AddressRange, bool]] = []
        for entry in table.entries:
            if isinstance(entry.address, Literal):
                ranges: tuple[AddressRange, ...] | None = (entry.address.addresses,)
            else:
                ranges = self.addresses(entry.address)
            if ranges is None:
                return None
            found += [(_length(item), item, entry.negated) for item in ranges]
        numbers: IntervalSet = EMPTY
        for _, item, negated in sorted(found, key=lambda item: item[0]):
            change = (address_interval(item),)
            numbers = minus(numbers, change) if negated else union(numbers, change)
        return numbers


def _length(addresses: AddressRange) -> int:
    return BITS[addresses.family] - (addresses.last - addresses.first + 1).bit_length() + 1


def _around(address: AddressRange, length: int | None) -> AddressRange:
    if length is None or length >= BITS[address.family]:
        return address
    return prefix(address.family, address.first, length)


def _of(interface: Interface, named: Named) -> Iterator[AddressRange]:
    seen: set[int] = set()
    for item in interface.addresses:
        found = _chosen(interface, item, named.which)
        if found is None or (named.first_only and found.family in seen):
            continue
        seen.add(found.family)
        yield found if named.which == "network" else _around(found, named.length)


def _chosen(interface: Interface, item: InterfaceAddress, which: str) -> AddressRange | None:
    """The network, broadcast address or peer of an address, if it has one."""
    if which == "network":
        return None if LINK_LOCAL6.contains(item.address) else item.prefix
    if which == "broadcast":
        wide = item.prefix.family == 4 and item.prefix.size > 2 and not interface.name.startswith("lo")
        return AddressRange(4, item.prefix.last, item.prefix.last) if wide else None
    return item.peer if which == "peer" else item.address
