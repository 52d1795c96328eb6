"""When we know a host's addresses."""

from __future__ import annotations

import pytest

from spdcheck.semantics.own_addresses import known_addresses
from tests.semantics.hosts import host


@pytest.mark.parametrize(
    ("rc_conf", "complete"),
    [
        ('ifconfig_em0="inet 192.0.2.1/24"', True),
        ('ifconfig_em0="inet 192.0.2.1/24"\nifconfig_em1="DHCP"', False),
        ('ifconfig_em0="DHCP"', False),
        ('ifconfig_lo0_alias0="inet 127.0.0.2/32"', False),
        ('cloned_interfaces="gif0"\nifconfig_gif0="inet 10.9.0.1 10.9.0.2 tunnel 192.0.2.1 198.51.100.2"', False),
        ('ifconfig_em0_ipv6="inet6 2001:db8::1/64"', False),
    ],
)
def test_complete(rc_conf: str, complete: bool) -> None:
    assert known_addresses(host(f"=== gw/etc/rc.conf\n{rc_conf}\n"), 4).complete is complete


def test_inferred_addresses_are_not_known() -> None:
    gw = host(
        "=== gw/setkey.conf\nspdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec "
        "esp/tunnel/192.0.2.1-198.51.100.2/require;\n"
    )
    assert gw.addresses
    assert known_addresses(gw, 4) == ((), False)
