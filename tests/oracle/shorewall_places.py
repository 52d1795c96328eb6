"""The zones and addresses of one random directory, and what can stand in SOURCE and DEST columns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

HOSTS = {4: ("198.51.100.7", "203.0.113.9", "192.168.1.5", "192.168.2.10", "10.1.2.3"),
         6: ("2001:db8:9::7", "2001:db8:0:1::5", "2001:db8:0:2::10")}  # fmt: skip
NETS = {4: ("198.51.100.0/24", "192.168.1.0/24", "192.168.1.64/26", "10.0.0.0/8", "203.0.113.0/28"),
        6: ("2001:db8:9::/48", "2001:db8:0:1::/64", "fe80::/10")}  # fmt: skip
RANGES = ("198.51.100.3-198.51.100.9", "192.168.1.10-192.168.1.20")


@dataclass
class Places:
    """``zones`` are those besides the firewall; ``devices`` the interface of each that has one of its own."""

    family: int
    zones: list[str] = field(default_factory=list)
    devices: dict[str, str] = field(default_factory=dict)

    @property
    def own(self) -> str:
        """An address of the firewall itself."""
        return "192.0.2.1" if self.family == 4 else "2001:db8::1"

    def zone(self, draw: random.Random) -> str:
        """A zone, the firewall among them."""
        return draw.choice((*self.zones, "$FW"))

    def inner(self, draw: random.Random) -> str:
        """A zone behind the firewall."""
        return draw.choice([name for name in self.zones if name != "net"] or ["net"])

    def host(self, draw: random.Random) -> str:
        """One address."""
        return draw.choice(HOSTS[self.family])

    def inner_host(self, draw: random.Random) -> tuple[str, str]:
        """A server for DNAT: its zone and address."""
        if self.family == 6:
            return self.inner(draw), "2001:db8:0:2::10"
        return self.inner(draw), draw.choice(("192.168.2.10", "192.168.1.7", "192.168.2.10-192.168.2.12"))

    def hosts(self, draw: random.Random) -> str:
        """A list, a range, an exclusion."""
        host, net = self.host(draw), draw.choice(NETS[self.family])
        found = [host, net, f"{host},{net}", f"!{host}", f"{net}!{host}", f"{','.join(HOSTS[self.family][:2])}"]
        if self.family == 4:
            found += [*RANGES, f"!{RANGES[1]}", f"{net}!{RANGES[1]}", "!198.51.100.7,203.0.113.9"]
        return draw.choice(found)

    def source(self, draw: random.Random) -> str:
        """A SOURCE column of rules."""
        return self._place(draw)

    def dest(self, draw: random.Random) -> str:
        """A DEST column of rules."""
        return self._place(draw)

    def _place(self, draw: random.Random) -> str:
        kind = draw.choices(("zone", "wild", "hosts", "device", "list"), (8, 2, 5, 1, 1))[0]
        if kind == "wild":
            return draw.choice(("all", "all+", "any", "all-", f"all!{draw.choice(self.zones)}", "all!$FW", "any!net"))
        if kind == "list" and len(self.zones) > 1:
            return ",".join(draw.sample(self.zones, 2)) + draw.choice(("", "", "+"))
        name = self.zone(draw)
        if kind == "hosts":
            listed = self.hosts(draw)
            return (
                f"{name}:[{listed}]"
                if self.family == 6 and draw.random() < 0.5 and "," not in listed + "!"
                else f"{name}:{listed}"
            )
        device = self.devices.get(name)
        if kind == "device" and device:
            host = f":{self.host(draw)}" if draw.random() < 0.5 and self.family == 4 else ""
            return f"{name}:{draw.choice(('', '', '!'))}{device}" if not host else f"{name}:{device}{host}"
        return name
