"""Addresses, tunnels and routes of boot configurations, one rule of ifconfig(8), route(8) or rc(8) each."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spdcheck.formats.base import Context, Reading
from spdcheck.formats.rcconf import read
from spdcheck.formats.rcconf.addresses import expand_range, inet_aton
from spdcheck.model.addresses import address_text, parse_value
from spdcheck.model.host import Interface, Platform
from spdcheck.source import SourceFile


def freebsd(text: str, *release: int) -> Reading:
    return read(SourceFile("rc.conf", text), Context(platform=Platform.FREEBSD, release=release))


def interface(text: str, *release: int) -> Interface:
    (found,) = freebsd(text, *release).facts.interfaces
    return found


@pytest.mark.parametrize(
    ("value", "address", "reach"),
    [
        ("inet 10.1.2.3 netmask 255.255.255.0", "10.1.2.3", "10.1.2.0/24"),
        ("10.1.2.3 netmask 0xffffff00", "10.1.2.3", "10.1.2.0/24"),
        ("inet 10.1.2.3/20 broadcast 10.1.15.255", "10.1.2.3", "10.1.0.0/20"),
        ("netmask 255.255.0.0 inet", None, None),
        ("netmask 255.255.0.0 10.1.2.3 up", "10.1.2.3", "10.1.0.0/16"),
        ("inet 10.1.2.3", "10.1.2.3", "10.0.0.0/8"),
        ("inet 172.16.2.3", "172.16.2.3", "172.16.0.0/16"),
        ("inet 192.168.2.3", "192.168.2.3", "192.168.2.0/24"),
        ("inet 10.1 netmask 255.255.255.0", "10.0.0.1", "10.0.0.0/24"),
        ("inet 10.0.0.1 10.0.0.2 netmask 255.255.255.255", "10.0.0.1", "10.0.0.2"),
        ("inet6 2001:db8::1", "2001:db8::1", "2001:db8::/64"),
        ("inet6 2001:db8::1 prefixlen 48", "2001:db8::1", "2001:db8::/48"),
        ("inet6 fe80::1%em0/64", "fe80::1", "fe80::/64"),
        ("vlan 7 vlandev em1 inet 10.1.2.3/24", None, None),
        ("vlan 7 vlandev em1 10.1.2.3/24", "10.1.2.3", "10.1.2.0/24"),
        ("ether 00:11:22:33:44:55", None, None),
        ("inet vhid 3 advskew 10 pass secret 10.1.2.3/32", "10.1.2.3", "10.1.2.3"),
    ],
)
def test_an_address(value: str, address: str | None, reach: str | None) -> None:
    found = [(str(item.address), str(item.prefix)) for item in interface(f'ifconfig_em0="{value}"').addresses]
    assert found == ([] if address is None else [(address, reach)])


@given(st.integers(0, 2**32 - 1))
def test_dotted_quads_are_read_alike(value: int) -> None:
    text = address_text(4, value)
    assert inet_aton(text) == value == (parse_value(text) or (0, -1))[1]


@pytest.mark.parametrize(
    "text", ["256.0.0.1", "1.2.3.4.5", "1.2.3.", "", "1.2.65536", "0x", "08.1.1.1", "1e3", "é", "A2.A2.A2.A2"]
)
def test_what_is_no_address(text: str) -> None:
    assert inet_aton(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10.0.0.1/24", ["10.0.0.1/24"]),
        ("10.0.0.1-3/24", ["10.0.0.1/24", "10.0.0.2/32", "10.0.0.3/32"]),
        ("10.0.1-2.1", ["10.0.1.1/32", "10.0.2.1/32"]),
        ("2001:db8::9-b/64", ["2001:db8::9/64", "2001:db8::a/64", "2001:db8::b/64"]),
        ("10.0.0.3-1/24", []),
        ("a-b", ["a-b"]),
    ],
)
def test_ranges(text: str, expected: list[str]) -> None:
    assert list(expand_range(text)) == expected


@pytest.mark.parametrize(
    ("route", "destination"),
    [
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("-net 10.1 -netmask 255.255.0.0", "10.1.0.0/16"),
        ("-net 172.16", "172.16.0.0/16"),
        ("-net 192.168.64/20", "192.168.64.0/20"),
        ("128.32.130", "128.32.130.0/24"),
        ("192.168.1.0", "192.168.1.0/24"),
        ("192.168.1.7", "192.168.1.7"),
        ("-host 192.168.1.0", "192.168.1.0"),
        ("-net 10.9.9.9", "10.0.0.0/8"),
        ("default", "0.0.0.0/0"),
        ("0.0.0.0", "0.0.0.0/0"),
        ("-inet6 default", "::/0"),
        ("-inet6 2001:db8:5::", "2001:db8:5::/64"),
        ("-inet6 2001:db8:5::1", "2001:db8:5::1"),
        ("-inet6 2001:db8:: -prefixlen 32", "2001:db8::/32"),
    ],
)
def test_a_route(route: str, destination: str) -> None:
    gateway = "2001:db8::fe" if "inet6" in route else "192.0.2.1"
    reading = freebsd(f'static_routes=x\nroute_x="{route} {gateway}"')
    assert [(str(found.destination), str(found.gateway)) for found in reading.facts.routes] == [(destination, gateway)]
    assert reading.facts.diagnostics == []


def test_a_route_into_an_interface() -> None:
    reading = freebsd(
        'static_routes="a b"\nroute_a="10.0.0.0/8 -interface gif0"\nroute_b="-reject 10.66.0.0/16 127.0.0.1"'
    )
    assert [(r.gateway, r.interface, r.blackhole) for r in reading.facts.routes[:1]] == [(None, "gif0", False)]
    assert reading.facts.routes[1].blackhole


@pytest.mark.parametrize(
    ("words", "release", "kind"),
    [
        ("link0 link1", (5, 3), "gre"),
        ("", (5, 3), "gre"),
        ("-link0", (5, 3), "mobile"),
        ("-link0", (), "mobile"),
        ("-link0", (12, 1), "gre"),
    ],
)
def test_gre_or_mobile(words: str, release: tuple[int, ...], kind: str) -> None:
    text = f'cloned_interfaces=gre0\nifconfig_gre0="{words} tunnel 192.0.2.1 198.51.100.1"'
    tunnel = interface(text, *release).tunnel
    assert tunnel is not None
    assert (tunnel.kind, str(tunnel.source), str(tunnel.destination)) == (kind, "192.0.2.1", "198.51.100.1")


@pytest.mark.parametrize(("release", "addresses", "gaps"), [((6, 4), 1, 0), ((12, 0), 2, 0), ((), 2, 1)])
def test_aliases_behind_a_hole(release: tuple[int, ...], addresses: int, gaps: int) -> None:
    text = 'ifconfig_em0="inet 10.0.0.1/24"\nifconfig_em0_alias1="inet 10.0.0.2/32"'
    reading = freebsd(text, *release)
    assert len(reading.facts.interfaces[0].addresses) == addresses
    assert len(reading.facts.gaps) == gaps
    assert [item.code for item in reading.facts.diagnostics] == ([] if release == (12, 0) else ["CFG010"])


def test_what_can_not_be_read_leaves_no_address() -> None:
    reading = freebsd('ifconfig_em0="inet 10.0.0.1/24 mut 1400"')
    assert reading.facts.interfaces[0].addresses == ()
    assert [gap.part.name for gap in reading.facts.gaps] == ["INTERFACES"]


def test_an_unknown_list_condemns_no_interface() -> None:
    reading = freebsd('cloned_interfaces=$(cat /x)\nifconfig_gif0="inet 10.0.0.1 10.0.0.2"')
    assert [found.name for found in reading.facts.interfaces] == ["gif0"]
    assert [item.code for item in reading.facts.diagnostics] == ["CFG002"]
