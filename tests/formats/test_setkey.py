"""What setkey scripts mean: the parts that the golden files show too much of at once."""

from __future__ import annotations

import pytest

from spdcheck.formats.base import Context, Reading
from spdcheck.formats.setkey import read
from spdcheck.formats.setkey.words import legacy_ipv4, may_be_host_name, number
from spdcheck.model.addresses import address_text
from spdcheck.model.diagnostic import Part
from spdcheck.model.host import Platform
from spdcheck.model.policy import Action, Direction, Level
from spdcheck.source import SourceFile

LINUX, NETBSD, FREEBSD = Platform.LINUX, Platform.NETBSD, Platform.FREEBSD


def run(text: str, platform: Platform | None = LINUX, *release: int, **tools: tuple[int, ...]) -> Reading:
    known = {name.replace("_", "-"): value for name, value in tools.items()}
    return read(SourceFile("setkey.conf", text), Context(platform=platform, release=release, tools=known))


def codes(reading: Reading) -> list[str]:
    return [item.code for item in reading.facts.diagnostics]


def test_empty_file() -> None:
    reading = run("")
    assert (reading.statements, reading.facts.policies, codes(reading)) == (0, [], [])


@pytest.mark.parametrize(
    ("prio", "number"),
    [
        ("", 0x8000_0000),
        ("prio 1", 0x7FFF_FFFF),
        ("prio 2147483648", 0),
        ("priority -1", 0x8000_0001),
        ("prio - 2147483647", 0xFFFF_FFFF),
        ("prio low", 0xC000_0000),
        ("prio def + 1", 0x7FFF_FFFF),
        ("prio high - 2", 0x4000_0002),
        ("prio high + 1073741824", 0),
    ],
)
def test_priority(prio: str, number: int) -> None:
    reading = run(f"spdadd 10.0.0.1 10.0.0.2 any -P out {prio} none;")
    assert [policy.priority for policy in reading.facts.policies] == [number]


def test_priorities_of_a_script_whose_system_is_not_known() -> None:
    plain = run("spdadd 10.0.0.1 10.0.0.2 any -P out none;", None)
    assert plain.facts.policies[0].priority == 0
    mixed = run("spdadd 10.0.0.1 10.0.0.2 any -P out none; spdadd 10.0.0.1 10.0.0.3 any -P out prio 1 none;", None)
    assert [policy.priority for policy in mixed.facts.policies] == [0x8000_0000, 0x7FFF_FFFF]


def test_twin_of_an_in_policy() -> None:
    text = "spdadd 10.0.0.1 10.0.0.2 any -P in ipsec esp/transport//unique:7 ah/transport//unique:8;"
    inbound, forward = run(text).facts.policies
    assert (inbound.direction, inbound.implied) == (Direction.IN, "")
    assert (forward.direction, bool(forward.implied)) == (Direction.FWD, True)
    assert (forward.selector, forward.priority, forward.origin) == (inbound.selector, inbound.priority, inbound.origin)
    assert [(t.level, t.reqid) for t in inbound.templates] == [(Level.UNIQUE, 7), (Level.UNIQUE, 8)]
    assert [(t.level, t.reqid) for t in forward.templates] == [(Level.REQUIRE, 0), (Level.UNIQUE, 8)]


@pytest.mark.parametrize("platform", [NETBSD, FREEBSD, None])
def test_no_twin_elsewhere(platform: Platform | None) -> None:
    assert len(run("spdadd 10.0.0.1 10.0.0.2 any -P in none;", platform).facts.policies) == 1


def test_no_twin_before_ipsec_tools_05() -> None:
    text = "spdadd 10.0.0.1 10.0.0.2 any -P in none;"
    assert len(run(text, ipsec_tools=(0, 4)).facts.policies) == 1
    assert len(run(text, ipsec_tools=(0, 5)).facts.policies) == 2


def test_getspi_needs_ipsec_tools_09() -> None:
    text = "getspi 10.0.0.1 10.0.0.2 esp 0x1000;"
    assert codes(run(text)) == []
    assert codes(run(text, ipsec_tools=(0, 9, 1))) == []
    assert codes(run(text, ipsec_tools=(0, 8, 2))) == ["CFG001"]
    assert codes(run(text, FREEBSD)) == ["CFG001"]


def test_explicit_twin_is_no_duplicate() -> None:
    rule = "ipsec esp/tunnel/192.0.2.1-192.0.2.2/require;"
    forward, inbound = (f"spdadd 10.0.0.0/8 10.0.0.1 any -P {word} {rule}" for word in ("fwd", "in"))
    for text in (forward + inbound, inbound + forward):
        reading = run(text)
        assert codes(reading) == []
        assert [policy.direction for policy in reading.facts.policies].count(Direction.FWD) == 1


def test_explicit_twin_of_another_kind_is_told() -> None:
    inbound = "spdadd 10.0.0.0/8 10.0.0.1 any -P in none;"
    forward = "spdadd 10.0.0.0/8 10.0.0.1 any -P fwd discard;"
    for text in (inbound + forward, forward + inbound):
        reading = run(text)
        assert codes(reading) == ["CFG004"]
        assert not reading.facts.diagnostics[0].warning


def test_the_first_of_two_policies_stays() -> None:
    first = "spdadd 10.0.0.1 10.0.0.2 any -P out none;"
    reading = run(f"{first}\n{first.replace('none', 'discard')}", NETBSD)
    assert [policy.action for policy in reading.facts.policies] == [Action.BYPASS]
    (found,) = reading.facts.diagnostics
    assert (found.code, found.warning, found.span.begin.line) == ("CFG004", False, 2)
    assert found.notes[0].span.text == "10.0.0.1 10.0.0.2 any"


def test_selectors_that_differ_are_not_one_policy() -> None:
    ends = "10.0.0.1 10.0.0.2"
    variants = (
        *(f"{ends} {upper}" for upper in ("any", "tcp", "icmp 8,0", "icmp 8,1", "gre", "gre 0.1.0.1")),
        *(
            "10.0.0.1[80] 10.0.0.2 tcp",
            "10.0.0.1 10.0.0.2[80] tcp",
            "10.0.0.1/8 10.0.0.2 any",
            "10.0.0.0/8 10.0.0.2 any",
        ),
    )
    reading = run("".join(f"spdadd {selector} -P out none;" for selector in variants))
    assert codes(reading) == []
    assert len(reading.facts.policies) == len(variants)


def test_update_keeps_the_place_only_on_linux_and_with_the_same_priority() -> None:
    text = """
    spdadd 10.0.0.1 10.0.0.1 any -P out none;
    spdadd 10.0.0.1 10.0.0.2 any -P out none;
    spdupdate 10.0.0.1 10.0.0.1 any -P out {} discard;
    """
    assert [p.action for p in run(text.format("")).facts.policies] == [Action.DISCARD, Action.BYPASS]
    assert [p.action for p in run(text.format(""), NETBSD).facts.policies] == [Action.BYPASS, Action.DISCARD]
    assert [p.action for p in run(text.format("prio -5")).facts.policies] == [Action.BYPASS, Action.DISCARD]


def test_delete_takes_the_twin_along() -> None:
    text = "spdadd 10.0.0.1 10.0.0.2 any -P in none; spddelete 10.0.0.1 10.0.0.2 any -P in;"
    assert run(text).facts.policies == []


def test_flushes() -> None:
    reading = run("spdadd 10.0.0.1 10.0.0.2 any -P out none; flush; spdflush; add 10.0.0.1 10.0.0.2 esp 256 -E null;")
    assert {name: span.text for name, span in reading.facts.flushes.items()} == {"sad": "flush;", "spd": "spdflush;"}
    assert (len(reading.facts.policies), len(reading.facts.associations)) == (0, 1)
    assert run("flush esp;").facts.flushes == {}


def test_two_associations_of_one_identity_are_kept() -> None:
    reading = run("add 10.0.0.1 10.0.0.2 esp 256 -E null;" * 2)
    assert len(reading.facts.associations) == 2
    assert codes(reading) == []


def test_a_key_is_the_same_in_quotes_and_in_digits() -> None:
    text = "add 10.0.0.1 10.0.0.2 esp 256 -E aes-cbc {};"
    quoted = run(text.format('"0123456789abcdef"')).facts.associations[0]
    digits = run(text.format("0x" + b"0123456789abcdef".hex())).facts.associations[0]
    other = run(text.format('"0123456789abcdeF"')).facts.associations[0]
    assert quoted.encryption is not None
    assert digits.encryption is not None
    assert other.encryption is not None
    assert quoted.encryption.key == digits.encryption.key
    assert quoted.encryption.key != other.encryption.key


def test_an_odd_number_of_digits_starts_with_half_a_byte() -> None:
    text = "add 10.0.0.1 10.0.0.2 esp 256 -E des-cbc {};"
    odd = run(text.format("0x123456789abcdef"))
    even = run(text.format("0x0123456789abcdef"))
    assert (codes(odd), codes(even)) == (["CFG010"], [])
    assert odd.facts.associations[0].encryption is not None
    assert even.facts.associations[0].encryption is not None
    assert odd.facts.associations[0].encryption.key == even.facts.associations[0].encryption.key


@pytest.mark.parametrize(
    ("statement", "part"),
    [
        ("spdadd 10.0.0.1;", {Part.SPD}),
        ("add 10.0.0.1;", {Part.SAD}),
        ("nonsense;", {Part.SPD, Part.SAD}),
        ("spdadd host 10.0.0.1 any -P out none;", {Part.SPD}),
        ("spdadd 10.0.0.0/33 10.0.0.1 any -P out none;", {Part.SPD}),
        ("add host 10.0.0.1 esp 256 -E null;", {Part.SAD}),
        ("add 10.0.0.1 10.0.0.1 esp 0 -E null;", {Part.SAD}),
    ],
)
def test_what_is_not_known_leaves_a_gap(statement: str, part: set[Part]) -> None:
    reading = run(statement)
    assert {gap.part for gap in reading.facts.gaps} == part
    assert (reading.facts.policies, reading.facts.associations) == ([], [])
    assert reading.unparsed + reading.unmodelled == 1


def test_the_first_mistake_says_how_much_is_not_loaded() -> None:
    reading = run("flush;\nspdadd x;\nspdflush;\nspdadd y;\nspdflush;\n")
    first, second = reading.facts.diagnostics
    (note,) = first.notes
    assert note.span.begin.line == 3
    assert note.text == "setkey stops at the error: this statement and the 2 behind it are not loaded"
    assert second.notes == ()


def test_a_mistake_at_the_end_stops_nothing() -> None:
    (only,) = run("flush;\nspdadd x;\n").facts.diagnostics
    assert only.notes == ()


def test_what_the_kernel_refuses_stops_nothing() -> None:
    first, second = run("spdadd 10.0.0.0/33 10.0.0.1 any -P out none;\nspdadd x;\nflush;").facts.diagnostics
    assert (first.code, first.warning, first.notes) == ("CFG010", False, ())
    assert second.notes[0].span.begin.line == 3


@pytest.mark.parametrize(
    ("platform", "release", "name"),
    [
        (None, (), "setkey"),
        (LINUX, (), "ipsec-tools on Linux"),
        (NETBSD, (9,), "ipsec-tools on NetBSD"),
        (FREEBSD, (), "setkey of FreeBSD"),
        (FREEBSD, (12, 4), "setkey of FreeBSD 12"),
        (Platform.OPENBSD, (), "setkey"),
    ],
)
def test_dialect(platform: Platform | None, release: tuple[int, ...], name: str) -> None:
    assert run("flush;", platform, *release).dialect == name


@pytest.mark.parametrize(
    ("statement", "accepted"),
    [
        ("spdadd 10.0.0.1 10.0.0.2 esp -P out none;", {"freebsd5", "freebsd12", "freebsd14", "any"}),
        ("spdupdate 10.0.0.1 10.0.0.2 any -P out none;", {"linux", "netbsd", "any"}),
        ("spdadd 10.0.0.1 10.0.0.2 icmp 8,0 -P out none;", {"linux", "netbsd", "any"}),
        ("spdadd 10.0.0.1 10.0.0.2 any -P out prio 1 none;", {"linux", "any"}),
        ("add 10.0.0.1 10.0.0.2 esp-udp 256 -E null;", {"linux", "netbsd", "any"}),
        ("add 10.0.0.1 10.0.0.2 esp 256 -E null;", {"linux", "netbsd", "freebsd5", "freebsd12", "any"}),
        ('add 10.0.0.1 10.0.0.2 esp 256 -E null "";', {"freebsd12", "freebsd14", "any"}),
        ('add 10.0.0.1 10.0.0.2 esp 256 -E aes-gcm-16 "0123456789abcdef0123";',
         {"netbsd", "freebsd12", "freebsd14", "any"}),
        ('add 10.0.0.1 10.0.0.2 esp 256 -E des-cbc "01234567";', {"linux", "netbsd", "freebsd5", "freebsd12", "any"}),
        ('add 10.0.0.1 10.0.0.2 esp 256 -E aes-cbc "0123456789abcdef";',
         {"linux", "netbsd", "freebsd12", "freebsd14", "any"}),
        ('add 10.0.0.1 10.0.0.2 esp 256 -E twofish-cbc "0123456789abcdef";', {"linux", "netbsd", "any"}),
        ("exit;", {"linux", "netbsd", "any"}),
    ],
)  # fmt: skip
def test_who_accepts_what(statement: str, accepted: set[str]) -> None:
    systems = {
        "linux": (LINUX,), "netbsd": (NETBSD,), "freebsd5": (FREEBSD, 5, 3), "freebsd12": (FREEBSD, 12, 1),
        "freebsd14": (FREEBSD, 14, 0), "any": (None,),
    }  # fmt: skip
    found = {name for name, (platform, *release) in systems.items() if not codes(run(statement, platform, *release))}  # type: ignore[arg-type]
    assert found == accepted


@pytest.mark.parametrize(
    "text", ["10.1", "10.0x1", "012.1", "10.0.1", "10.1.2.3", "0xa.1", "255.16777215", "1.2.65535"]
)
def test_short_addresses_are_those_of_inet_aton(text: str) -> None:
    import socket

    value = legacy_ipv4(text)
    assert value is not None
    assert address_text(4, value) == socket.inet_ntoa(socket.inet_aton(text))


@pytest.mark.parametrize(
    "text", ["1.2.3.256", "256.1", "1.2.3.4.5", "08.1", "1..2", "a.1", "1.16777216", "1.2.65536", ""]
)
def test_what_inet_aton_refuses(text: str) -> None:
    assert legacy_ipv4(text) is None


@pytest.mark.parametrize(
    ("text", "may"),
    [("gate", True), ("a.b-c.example.", True), ("A1.A1", True), ("1.2.3.300", False), ("a..b", False), ("::g", False),
     ("fe80::1%em0", False), ("a.0x5", False), ("a" * 64, False), ("a." * 130 + "b", False)],
)  # fmt: skip
def test_what_may_be_a_host_name(text: str, may: bool) -> None:
    assert may_be_host_name(text) is may


def test_numbers_saturate_and_never_raise() -> None:
    assert number("0" * 5000 + "7") == 7
    assert number("9" * 5000) == (1 << 64) - 1
    assert number("f" * 16, 16) == (1 << 64) - 1


def test_spans_of_a_policy() -> None:
    text = (
        "# x\nspdadd -4 10.0.0.1/32 10.0.0.2[80] tcp -P out ipsec\n  esp/transport//use ah/tunnel/10.0.0.1-10.0.0.2/ ;"
    )
    (policy,) = run(text).facts.policies
    assert policy.origin.text == text[4:]
    assert policy.selector_origin.text == "10.0.0.1/32 10.0.0.2[80] tcp"
    assert [t.origin.text for t in policy.templates] == ["esp/transport//use", "ah/tunnel/10.0.0.1-10.0.0.2"]


@pytest.mark.parametrize(
    ("platform", "level"), [(LINUX, Level.REQUIRE), (FREEBSD, Level.DEFAULT), (None, Level.DEFAULT)]
)
def test_a_missing_level_is_mandatory_on_linux_only(platform: Platform | None, level: Level) -> None:
    reading = run("spdadd 10.0.0.1 10.0.0.2 any -P out ipsec esp/transport;", platform)
    assert [template.level for policy in reading.facts.policies for template in policy.templates] == [level]
