"""What to change where a packet goes astray: the nearest line, in words that somebody can follow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from spdcheck.engine.remedy import remedy
from spdcheck.engine.simulate import Simulator
from spdcheck.engine.tracing import trace
from spdcheck.semantics.packet import packet
from tests.checks.site_of import read

if TYPE_CHECKING:
    from pathlib import Path

SITE = """=== a/setkey.conf
spdadd 10.1.0.0/24 {far} any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
=== spdcheck.toml
[host.a]
platform = "linux"
[host.a.interface.eth0]
addresses = ["192.0.2.1/24"]
[host.a.interface.eth1]
addresses = ["10.1.0.1/24"]
[host.b]
external = true
[host.b.interface.eth0]
addresses = ["198.51.100.2/24"]
[host.b.interface.eth1]
addresses = ["10.2.0.1/24"]
"""
OWN = "to hold 10.2.0.9, or write a line of its own for this packet"


@pytest.mark.parametrize(
    ("far", "mend"),
    [
        ("10.0.0.0/24", f"widen 10.0.0.0/24 in a/setkey.conf:1 {OWN}"),
        ("10.2.0.8", "change 10.2.0.8 to 10.2.0.9 in a/setkey.conf:1"),
    ],
)
def test_a_policy_that_was_nearly_meant(far: str, mend: str, tmp_path: Path) -> None:
    site = read(SITE.format(far=far), tmp_path)
    asked = packet(4, 0x0A010007, 0x0A020009, protocol=6, source_port=40000, destination_port=80, tcp_flags=2)
    found = remedy(site, trace(Simulator(site), asked, site.hosts[0]))
    assert found.mend == mend
