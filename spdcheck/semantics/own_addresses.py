"""Whether we know which addresses a host has, so that "it does not have this one" means something."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.addresses import LOOPBACK4, LOOPBACK6
from spdcheck.model.diagnostic import Part
from spdcheck.named_tuples import NamedTuple

if TYPE_CHECKING:
    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.host import Host, InterfaceAddress


class Known(NamedTuple):
    """The addresses of a host that some line gives; ``complete`` if nothing hints at others of the family."""

    addresses: tuple[InterfaceAddress, ...]
    complete: bool


def known_addresses(host: Host, family: int) -> Known:
    """The addresses of one family (4 or 6) on interfaces that a file or the site file describes.

    They are complete where at least one lies on an interface that is neither loopback nor a tunnel, no interface gets
    its address from outside (DHCP, PPP), and nothing about interfaces is unread.
    """
    found: list[InterfaceAddress] = []
    real, outside = False, host.gap_in(Part.INTERFACES) is not None
    for interface in host.interfaces:
        outside = outside or interface.dynamic
        if interface.inferred:
            continue
        for address in interface.addresses:
            if address.address.family == family:
                found.append(address)
                real = real or (interface.tunnel is None and not _is_loopback(address.address))
    return Known(tuple(found), real and not outside)


def _is_loopback(address: AddressRange) -> bool:
    return LOOPBACK4.contains(address) or LOOPBACK6.contains(address)
