"""What the compilers of both dialects share: the configuration, its layout, and the tables they fill."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.netfilter import Network
from spdcheck.model.shorewall_columns import AddressKind
from spdcheck.semantics.shorewall import matches as m
from spdcheck.semantics.shorewall.chains import Chain, Tables
from spdcheck.semantics.shorewall.settings import Settings
from spdcheck.semantics.shorewall.zones import Layout

if TYPE_CHECKING:
    from collections.abc import Iterable

    from spdcheck.model.host import Host
    from spdcheck.model.shorewall import Shorewall
    from spdcheck.model.shorewall_columns import Address


class Common:
    """One configuration on its way to tables.

    ``mark_mask`` are the bits of a mark that a test without a mask asks for, ``exclusion_mark`` is the bit that notes
    an exclusion where a chain can't.
    """

    mark_mask = 0xFF
    exclusion_mark = 1 << 16

    def __init__(self, source: Shorewall, host: Host) -> None:
        self.source, self.host, self.family = source, host, source.family
        self.layout = Layout(source)
        self.settings = Settings(source)
        self.tables = Tables()
        self.firewall = self.layout.firewall

    def filter(self, name: str) -> Chain:
        """A chain of the table filter."""
        return self.tables.ensure("filter", name)

    def reject(self) -> Chain:
        """The chain that answers a packet instead of dropping it."""
        return self.filter("reject")

    def found(self, addresses: tuple[Address, ...]) -> tuple[Address, ...]:
        """The addresses, with those of interfaces and gateways as the firewall finds them when it starts."""
        if all(address.value is not None for address in addresses):
            return addresses
        return tuple(self._found(address) for address in addresses)

    def _found(self, address: Address) -> Address:
        if address.kind not in (AddressKind.OF_INTERFACE, AddressKind.GATEWAY):
            return address
        physical = self.layout.physical(address.name)
        first = None
        if address.kind is AddressKind.GATEWAY:
            ways = (r for r in self.host.routes if r.interface == physical and r.gateway is not None)
            first = next((r.gateway for r in ways if r.gateway is not None and r.gateway.family == self.family), None)
        else:
            interface = next((i for i in self.host.interfaces if i.name == physical and not i.dynamic), None)
            own = interface.addresses if interface is not None else ()
            first = next((a.address for a in own if a.address.family == self.family), None)
        if first is None:
            return address
        everything = (1 << (32 if self.family == 4 else 128)) - 1
        return address._replace(kind=AddressKind.NETWORK, value=Network(self.family, first.first, everything))

    def verdict(self, word: str) -> Chain | str:
        """Where ACCEPT, DROP, REJECT and their audited forms lead."""
        word = word.removeprefix("A_")
        return self.reject() if word == "REJECT" else word

    def excluding(self, chain: Chain | str, excluded: Iterable[Address], *, source: bool) -> Chain | str:
        """The chain, or one before it that returns for the excluded addresses."""
        addresses = list(excluded)
        if not addresses:
            return chain
        before = self.tables.fresh(chain.table if isinstance(chain, Chain) else "filter", "excl")
        for address in addresses:
            before.jump(m.address(address, source=source), "RETURN", address.origin)
        before.jump((), chain, addresses[0].origin, goto=isinstance(chain, Chain))
        return before
