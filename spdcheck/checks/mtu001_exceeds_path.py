"""MTU001: a tunnel device takes packets that do not fit on the wire once they are protected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Certainty, Finding, Severity, Undecided
from spdcheck.engine.exploration import Ending, sent
from spdcheck.engine.trace import Disposition, Step
from spdcheck.engine.traffic import One
from spdcheck.engine.ways import left_protected, too_long
from spdcheck.model.protocols import ICMP, ICMP6
from spdcheck.semantics.encapsulation import DEVICE_MTU
from spdcheck.semantics.packet import packet
from spdcheck.semantics.routing import reached_through

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context
    from spdcheck.engine.simulate import Simulator
    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.host import Host, Interface

_LEAST = 68


class ExceedsPath(Check):
    """The MTU of a tunnel device is larger than what fits into one protected packet.

    ## What it does

    Sends a packet as long as the device's MTU into every gif and gre device whose carrier is protected by IPsec, and
    compares what comes out with the MTU of the interface that it leaves by: the device's header, ESP or AH with the
    algorithms of the SA, padding to the byte. If it does not fit, the largest MTU that does is told.

    ## Why it matters

    Every full packet becomes two on the wire, or none: with "don't fragment" set the outer packet is dropped, and the
    sender, who did what the MTU allowed, learns nothing. Small packets pass, so that the tunnel looks well.

    ## Example

    ```
    === spdcheck.toml
    [host.a.interface.em0]
    addresses = ["192.0.2.1/24"]
    === a/etc/rc.conf
    cloned_interfaces="gre0"
    ifconfig_gre0="10.9.0.1 10.9.0.2 netmask 0xfffffffc tunnel 192.0.2.1 198.51.100.1 up mtu 1450"
    ipsec_enable="YES"
    === a/etc/ipsec.conf
    add 192.0.2.1 198.51.100.1 esp 0x1001 -m transport -E aes-cbc 0x00112233445566778899aabbccddeeff
      -A hmac-sha1 0x00112233445566778899aabbccddeeff00112233;
    spdadd 192.0.2.1 198.51.100.1 gre -P out ipsec esp/transport//require;
    ```

    ## Correction

    ```
    === spdcheck.toml
    [host.a.interface.em0]
    addresses = ["192.0.2.1/24"]
    === a/etc/rc.conf
    cloned_interfaces="gre0"
    ifconfig_gre0="10.9.0.1 10.9.0.2 netmask 0xfffffffc tunnel 192.0.2.1 198.51.100.1 up mtu 1400"
    ipsec_enable="YES"
    === a/etc/ipsec.conf
    add 192.0.2.1 198.51.100.1 esp 0x1001 -m transport -E aes-cbc 0x00112233445566778899aabbccddeeff
      -A hmac-sha1 0x00112233445566778899aabbccddeeff00112233;
    spdadd 192.0.2.1 198.51.100.1 gre -P out ipsec esp/transport//require;
    ```

    ## References

    RFC 4303 section 2.4 (padding), RFC 2784 (GRE), RFC 4301 section 8.
    """

    code = "MTU001"
    name = "exceeds-path"
    severity = Severity.WARNING

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """Every tunnel device of every host."""
        for host in context.hosts:
            for interface in host.interfaces:
                if interface.tunnel is not None:
                    yield from self._device(context.ways.supposing, host, interface)

    def _device(self, simulator: Simulator, host: Host, interface: Interface) -> Iterator[Finding | Undecided]:
        device = interface.tunnel
        ends = _ends(host, interface)
        place = interface.origin or (None if device is None else device.origin)
        if device is None or ends is None or place is None:
            return
        mtu = interface.mtu or DEVICE_MTU[device.kind]
        full = _sent(simulator, host, ends, mtu)
        if full.disposition is Disposition.UNKNOWN:
            yield Undecided(self.code, host.name, full.sentence, full.place)
            return
        if not left_protected(_sent(simulator, host, ends, _LEAST), host) or not too_long(full):
            return
        fits, breaks = _LEAST, mtu
        while breaks - fits > 1:
            middle = (fits + breaks) // 2
            fits, breaks = (fits, middle) if too_long(_sent(simulator, host, ends, middle)) else (middle, breaks)
        trace = full.replayed()
        if trace is None:
            yield self.not_replayed(host, f"a packet of {mtu} bytes", place)
            return
        exact = not any("largest usual" in step.detail for step in trace.steps if isinstance(step, Step))
        usual = "" if interface.mtu else f" (what a {device.kind} device has where nobody sets it)"
        yield self.finding(
            host,
            place,
            f"the mtu {mtu} of {interface.name}{usual} is too large: a full packet, wrapped in {device.kind} and "
            f"protected, does not fit on the wire; at most {fits} bytes do",
            label=f"mtu {mtu}",
            mend=f"set its mtu to {fits} or less",
            trace=trace,
            certainty=None if exact else Certainty.POSSIBLE,
            subject=interface.name,
        )


def _ends(host: Host, interface: Interface) -> tuple[AddressRange, AddressRange] | None:
    """An own address of the device and one that is reached through it."""
    for address in interface.addresses:
        if address.peer is not None:
            return address.address, address.peer
    for reached, _ in reached_through(host, interface):
        for address in interface.addresses:
            if address.address.family == reached.family and not reached.is_everything:
                target = min(reached.first + 1, reached.last)
                if target == address.address.first:
                    target = min(target + 1, reached.last)
                return address.address, reached._replace(first=target, last=target)
    return None


def _sent(simulator: Simulator, host: Host, ends: tuple[AddressRange, AddressRange], length: int) -> Ending:
    family = ends[0].family
    echo = {"protocol": ICMP6 if family == 6 else ICMP, "icmp_type": 128 if family == 6 else 8}
    one = packet(family, ends[0].first, ends[1].first, length=length, **echo)
    return next(sent(simulator, host, "", One(one)))
