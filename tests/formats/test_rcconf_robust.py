"""Whatever the text: no exception, every statement accounted for, and no secret anywhere."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from spdcheck.formats.base import Context, Reading
from spdcheck.formats.rcconf import mask, read
from spdcheck.model.host import Platform
from spdcheck.source import SourceFile
from tests.formats.rendering import model_json, said
from tests.golden import CORPUS

PLATFORMS = (None, Platform.FREEBSD, Platform.NETBSD, Platform.OPENBSD, Platform.LINUX)
CORPUS_TEXTS = [path.read_bytes().decode() for path in sorted((CORPUS / "rcconf").rglob("*.rc.conf"))]
_KNOWN_NAMES = """
    ifconfig_em0 ifconfig_em0_alias0 ifconfig_em0_aliases ifconfig_em0_ipv6 ipv6_ifconfig_em0 ip6mode ipv4_addrs_em0
    hostname gifconfig_gif0 gif_interfaces cloned_interfaces ifconfig_gre0 static_routes route_a pf ipsec
    ipv6_static_routes ipv6_route_a defaultrouter ipv6_defaultrouter gateway_enable ipsec_enable racoon_enable
    natd_flags racoon_flags firewall_type isakmpd_flags ifaliases_wm0 defaultroute net_interfaces auto_ifconfig
    vlans_em0 pf_rules ike_enable ifconfig_em0_name network_interfaces firewall_nat_enable
"""
_KNOWN_WORDS = """
    inet inet6 10.0.0.1 10.0.0.1/24 10.1 0x0a000001 2001:db8::1/64 fe80::1%em0 netmask 0xffffff00 mtu 1400 prefixlen
    64 255.0.255.0 tunnel 192.0.2.1 link0 -link0 up alias -alias delete DHCP addm em0 fib 1 a b YES NO yes /etc/x
    default -net -host -interface -netmask -prefixlen -inet6 -reject -fib 0 -f ! ; # \\ ${x} $(y) • 172.16.1-9.1/30
    em0.7 2001:db8::1-f gif0 gre0 epair0 vlan 999999999999999999999 -
"""
NAMES = st.sampled_from(_KNOWN_NAMES.split())
WORDS = st.one_of(st.sampled_from(_KNOWN_WORDS.split()), st.text(max_size=5))
LINES = st.one_of(
    st.tuples(
        NAMES, st.sampled_from(('="', "='", "=", ' = "', "+=")), st.lists(WORDS, max_size=6), st.sampled_from("\"' ;")
    ).map(lambda p: f"{p[0]}{p[1]}{' '.join(p[2])}{p[3]}"),
    st.text(max_size=20),
)
TEXTS = st.one_of(st.text(), st.lists(LINES, max_size=12).map("\n".join))


def accounts(reading: Reading) -> None:
    states = (reading.inert, reading.unmodelled, reading.unparsed)
    assert all(count >= 0 for count in states)
    assert sum(states) <= reading.statements
    codes = [item.code for item in reading.facts.diagnostics]
    assert codes.count("CFG001") >= reading.unparsed
    assert codes.count("CFG002") >= reading.unmodelled
    assert bool(reading.facts.gaps) or not (reading.unparsed or reading.unmodelled)
    for item in reading.facts.diagnostics:
        assert "\n" not in item.message
        assert 0 <= item.span.start <= item.span.end <= len(item.span.file.text)
    json.loads(model_json(reading))
    assert said(reading)


@given(TEXTS, st.sampled_from(PLATFORMS))
def test_any_text_is_read(text: str, platform: Platform | None) -> None:
    accounts(read(SourceFile("rc.conf", text), Context(platform=platform)))


@given(st.sampled_from(CORPUS_TEXTS), st.data())
def test_mutilated_files_are_read(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 40)))
    mutilated = (
        text[:start]
        + data.draw(st.sampled_from(("", '"', "'", "\\", "`", "$(", "${", "\0", "\r", "{", ")")))
        + text[end:]
    )
    accounts(read(SourceFile("rc.conf", mutilated), Context()))


KEYS = st.text(alphabet="ABCDEFGHKLMNPQRSTUVWXYZ", min_size=12, max_size=16)
PLACES = st.sampled_from(
    (
        'wpa_psk="{}"', "wpa_psk='{}'", "ppp_password={}", "export my_secret={}", 'foo_key = "{}"', '#wlan_psk="{}"',
        'wpa_psk="{}', "wpa_psk='{}", 'ifconfig_carp0="vhid 1 pass {} 10.0.0.1/24"', 'a="YES\nwpa_psk="{}"\nb=1',
        'ifconfig_wlan0="ssid x wepkey {} frobnicate', "spppconfig_isp0=\"myauthsecret='{}' x\"", "wpa_psk={};a=(",
        'ifconfig_wlan0="psk \\"{} x\\" up"', 'if x; then wpa_psk="{}"; fi', 'wpa_psk="two {} words"', "wpa_psk=x\\ {}",
    )
)  # fmt: skip


@given(st.lists(st.one_of(LINES, PLACES), max_size=4), PLACES, KEYS, st.sampled_from(PLATFORMS))
def test_no_secret_is_shown(lines: list[str], place: str, key: str, platform: Platform | None) -> None:
    assume(not any(key in line for line in lines))
    before = [line.replace("{}", "zz") for line in lines if line.count('"') % 2 == 0 and line.count("'") % 2 == 0]
    text = "\n".join([*before, place.replace("{}", key), "hostname=x", ""])
    reading = read(SourceFile("rc.conf", text), Context(platform=platform))
    assert key not in reading.file.text
    assert key not in mask(SourceFile("rc.conf", text)).text
    assert key not in model_json(reading) + said(reading) + repr(reading)
    assert len(reading.file.text) == len(text)


def test_masking_leaves_everything_else() -> None:
    text = 'keymap="us"\nfirewall_flags="pass in"\nifconfig_gre0="grekey 7"\nsshd_flags="-o PasswordPrompt=no"\n'
    assert mask(SourceFile("rc.conf", text)).text == text


@pytest.mark.parametrize("text", ["", "\0", "\n" * 1000, "\ufeffa=1", "é=1", "a=\\", "\\", "#", "\x7fELF\0\1\2" * 100])
def test_strange_files(text: str) -> None:
    accounts(read(SourceFile("rc.conf", text), Context()))


@pytest.mark.parametrize(
    "text",
    ["$(" * 20000, "if " * 20000, "{ " * 20000, '"$(' * 5000, "${a:-" * 20000, "a='\n" * 5001, "a=$(\n" * 20000,
     "( " * 20000, "a=" + "x" * 1000000, "case x in " * 5000, "<<x\n" * 5000, "a=" + "'x'" * 20000, "\\" * 100001],
    ids=lambda text: repr(text[:6]),
)  # fmt: skip
def test_deep_and_long_files_are_read(text: str) -> None:
    accounts(read(SourceFile("rc.conf", text), Context()))


def test_a_huge_file_is_read() -> None:
    text = "".join(f'ifconfig_em{i}="inet 10.{i >> 8}.{i & 255}.1/24"\n' for i in range(5000))
    reading = read(SourceFile("rc.conf", text), Context(platform=Platform.FREEBSD))
    assert len(reading.facts.interfaces) == reading.statements == 5000


def test_messages_never_hold_more_than_a_line() -> None:
    reading = read(SourceFile("rc.conf", 'gateway_enable="a\nb"\nifconfig_em0="inet a.b\\\nc"'), Context())
    assert not re.search(r"\n", "".join(item.message for item in reading.facts.diagnostics))
