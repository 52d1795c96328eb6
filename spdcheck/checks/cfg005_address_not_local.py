"""CFG005: an address that the host should have, but that no interface has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Finding, Severity, Undecided
from spdcheck.model.addresses import EVERYTHING, LINK_LOCAL6, LOOPBACK4, LOOPBACK6
from spdcheck.model.diagnostic import Note
from spdcheck.model.policy import Direction
from spdcheck.named_tuples import NamedTuple
from spdcheck.semantics.near_miss import nearest
from spdcheck.semantics.own_addresses import known_addresses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context
    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.host import Host
    from spdcheck.semantics.own_addresses import Known
    from spdcheck.source import Span


class AddressNotLocal(Check):
    """A daemon listens on an address, or a tunnel starts at one, that no interface of the host has.

    ## What it does

    Compares the listen addresses of key exchange daemons, the near end points of policies and the outer addresses of
    tunnel devices with the addresses of the host's interfaces, where these are known: from rc.conf or `spdcheck.toml`,
    without DHCP. The address that looks most like it is named.

    ## Why it matters

    racoon can't bind the address and does not answer. The kernel sends with a source that the peer does not know, and
    packets to the wrong address never arrive here.

    ## Example

    ```
    === gw/etc/rc.conf
    ifconfig_em0="inet 192.0.2.1 netmask 255.255.255.0"
    === gw/etc/ipsec.conf
    spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.10-198.51.100.2/require;
    ```

    ## Correction

    ```
    === gw/etc/rc.conf
    ifconfig_em0="inet 192.0.2.1 netmask 255.255.255.0"
    === gw/etc/ipsec.conf
    spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    ```

    ## References

    racoon.conf(5) `listen`; setkey(8); gif(4), gre(4).
    """

    code = "CFG005"
    name = "address-not-local"
    severity = Severity.ERROR

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """Every address that a host claims for itself, once an address."""
        for host in context.hosts:
            claims: dict[AddressRange, list[_Claim]] = {}
            for claim in _claims(host):
                claims.setdefault(claim.address, []).append(claim)
            for address, places in claims.items():
                finding = self._judge(host, address, places, set(claims))
                if finding is not None:
                    yield finding

    def _judge(
        self, host: Host, address: AddressRange, places: list[_Claim], claimed: set[AddressRange]
    ) -> Finding | None:
        known = known_addresses(host, address.family)
        own = [item.address for item in known.addresses]
        if not known.complete or address in own:
            return None
        near = nearest(address, own)
        if near is None and not _knows_the_outside(host, known, claimed):
            return None
        first, *others = places
        notes = [Note(other.origin, other.what) for other in others[:4]]
        notes += [
            Note(item.origin, f"the nearest address is {near}")
            for item in known.addresses
            if item.address == near and item.origin is not None
        ][:1]
        if address == host.public_address:
            message = f"{address} is the address of the NAT device before {host.name}, not of {host.name} itself"
            mend = f"write an address of this host: {', '.join(str(item) for item in own)}"
        else:
            message = f"no interface of {host.name} has {address}, {first.what}"
            mend = f"write {near}, or give {address} to an interface" if near else f"give {address} to an interface"
        return self.finding(
            host,
            first.origin,
            message,
            label="not an address of this host",
            notes=notes,
            mend=mend,
            subject=str(address),
        )


class _Claim(NamedTuple):
    """An address that some line takes for the host's own."""

    address: AddressRange
    origin: Span
    what: str


def _claims(host: Host) -> Iterator[_Claim]:
    for daemon in host.daemons:
        for listener in daemon.listeners:
            if not _is_everywhere(listener.address):
                yield _Claim(listener.address, listener.origin, f"on which {daemon.program} is to listen")
    for interface in host.interfaces:
        if interface.tunnel is not None and interface.tunnel.origin is not None:
            what = f"the outer source of {interface.name}"
            yield _Claim(interface.tunnel.source, interface.tunnel.origin, what)
    known = {own.address for interface in host.interfaces if not interface.inferred for own in interface.addresses}
    for policy in host.spd.policies:
        if policy.implied:
            continue
        for template in policy.templates:
            near, far = template.source, template.destination
            if policy.direction is not Direction.OUT:
                near, far = far, near
            if near is None or far in known or _is_everywhere(near):
                continue
            yield _Claim(near, template.origin, "the near end of this tunnel" if policy.tunnel else "its own end")


def _is_everywhere(address: AddressRange) -> bool:
    """The unspecified address, loopback and link-local addresses are there without any line that says so."""
    unspecified = address.is_host and address.first == EVERYTHING[address.family].first
    return unspecified or any(part.contains(address) for part in (LOOPBACK4, LOOPBACK6, LINK_LOCAL6))


def _knows_the_outside(host: Host, known: Known, claimed: set[AddressRange]) -> bool:
    """Something says that the interfaces we know include the one that faces the peers."""
    if "rc.conf" in host.settings or any(item.address in claimed for item in known.addresses):
        return True
    gateways = [route.gateway for route in host.routes if route.destination.is_everything]
    return any(
        gateway is not None and item.prefix.contains(gateway) for gateway in gateways for item in known.addresses
    )
