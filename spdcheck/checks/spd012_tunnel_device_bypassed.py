"""SPD012: the SPD takes packets that the routes send into a tunnel device."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Finding, Severity, Undecided
from spdcheck.engine.selectors import some_packet
from spdcheck.model.diagnostic import Note
from spdcheck.model.policy import Action, Direction
from spdcheck.semantics.routing import reached_through

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context
    from spdcheck.model.host import Host, Interface


class TunnelDeviceBypassed(Check):
    """Routes send this traffic into a gif or gre device, but the SPD takes it first, so that the device never sees it.

    ## What it does

    Looks for tunnel-mode `out` policies between the same two outer addresses as a tunnel device, whose inner traffic is
    routed into that device.

    ## Why it matters

    The SPD is asked before the device's output: packets leave as plain ESP tunnel packets, and the device's MTU and
    filter rules mean nothing. Worse, the route is the fallback: while no policy is loaded (before setkey has run, or
    after a flush) the same packets leave through the device in clear.

    ## Example

    ```
    === gw/etc/rc.conf
    gif_interfaces="gif0"
    gifconfig_gif0="192.0.2.1 198.51.100.2"
    ifconfig_gif0="10.1.0.1 10.2.0.1 netmask 255.255.255.255"
    static_routes="far"
    route_far="10.2.0.0/16 -interface gif0"
    ipsec_enable="YES"
    === gw/etc/ipsec.conf
    spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    spdadd 10.2.0.0/16 10.1.0.0/16 any -P in ipsec esp/tunnel/198.51.100.2-192.0.2.1/require;
    ```

    ## Correction

    Protect the carrier instead, or do without the device:

    ```
    === gw/etc/rc.conf
    gif_interfaces="gif0"
    gifconfig_gif0="192.0.2.1 198.51.100.2"
    ifconfig_gif0="10.1.0.1 10.2.0.1 netmask 255.255.255.255"
    static_routes="far"
    route_far="10.2.0.0/16 -interface gif0"
    ipsec_enable="YES"
    === gw/etc/ipsec.conf
    spdadd 192.0.2.1 198.51.100.2 4 -P out ipsec esp/transport//require;
    spdadd 198.51.100.2 192.0.2.1 4 -P in ipsec esp/transport//require;
    ```

    ## References

    sys/netinet/ip_output.c (`ip_ipsec_output` before the interface's output); NetBSD tests/net/ipsec/t_ipsec_gif.sh.
    """

    code = "SPD012"
    name = "tunnel-device-bypassed"
    severity = Severity.WARNING

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """Every tunnel device of every host."""
        for host in context.hosts:
            for interface in host.interfaces:
                if interface.tunnel is not None:
                    yield from self._device(host, interface)

    def _device(self, host: Host, interface: Interface) -> Iterator[Finding]:
        device = interface.tunnel
        if device is None:
            return
        for reached, place in reached_through(host, interface):
            for policy in host.spd.of(Direction.OUT):
                template = policy.tunnel
                if policy.action is not Action.PROTECT or template is None:
                    continue
                same = (template.source, template.destination) == (device.source, device.destination)
                if not same or not policy.remote.overlaps(reached):
                    continue
                common = policy.remote.intersection(reached) or reached
                mtu = f"; its mtu {interface.mtu} has no effect" if interface.mtu else ""
                yield self.finding(
                    host,
                    policy.origin,
                    f"{interface.name} is bypassed for {common}: the SPD takes the packets first{mtu}; "
                    f"without the policy the same route sends them through {interface.name} in clear",
                    label="taken here",
                    notes=[Note(place, f"routed into {interface.name} here")] if place is not None else [],
                    mend=f"protect the carrier ({device.source} → {device.destination}) in transport mode, or remove "
                    f"{interface.name} and its routes",
                    witness=some_packet(policy.selector._replace(destination=common)),
                    subject=interface.name,
                )
                break
