"""Rules that are read by a plan are what each of them is when it is read alone."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from spdcheck.source import Span
from tests.formats.shorewall_folder import read_text, shorewall_of

BASE = """=== zones
fw firewall
net ipv4
loc ipv4
=== interfaces
?FORMAT 2
net eth0
loc eth1
=== policy
all all REJECT
=== params
MAIL=192.0.2.25
=== rules
"""
addresses = st.builds(
    lambda parts, length: ".".join(map(str, parts)) + length,
    st.lists(st.sampled_from([0, 10, 255, 256]), min_size=4, max_size=4),
    st.sampled_from(["", "", "/8", "/32", "/33", "/"]),
)
hosts = st.lists(addresses, min_size=1, max_size=2).map(",".join)
ends = st.one_of(
    st.sampled_from(["net", "loc", "$FW", "all", "loc:$MAIL", "lan:192.0.2.1", "net:eth0:192.0.2.1"]),
    st.builds("{}:{}".format, st.sampled_from(["net", "loc", "all"]), hosts),
    st.builds("{}:{}:{}".format, st.just("loc"), hosts, st.sampled_from(["0", "80", "65535", "70000"])),
)
ports = st.sampled_from(["-", "0", "22", "65535", "65536", "22,80", "ssh", "080"])
lines = st.builds(
    "{}{}{}{}{}{}{}{}{}".format,
    st.sampled_from(["ACCEPT", "DROP:info", "DNAT", "SSH(ACCEPT)", "REJECT"]), st.sampled_from([" ", "\t\t"]),
    ends, st.sampled_from([" ", "   "]), ends, st.just(" "),
    st.sampled_from(["tcp", "udp", "tcp", "icmp", "-"]), st.one_of(st.just(""), st.builds(" {}".format, ports)),
    st.sampled_from(["", "", " 1024", " - 198.51.100.1", "  # said"]),
)  # fmt: skip


def shown(value: Any) -> Any:
    """The value with the text of each place instead of the place."""
    if isinstance(value, Span):
        return f"`{value.text}`"
    return tuple(map(shown, value)) if isinstance(value, tuple) else value


def rules_of(text: str) -> list[dict[str, Any]]:
    found = shorewall_of(read_text(BASE + text)).rules
    return [{name: shown(getattr(rule, name)) for name in rule.__annotations__} for rule in found]


def said_of(text: str) -> list[tuple[str, str]]:
    found = read_text(BASE + text).facts.diagnostics
    return [(item.code, item.message) for item in found if item.span.file.path.endswith("rules")]


@given(st.lists(lines, min_size=1, max_size=4), st.lists(st.integers(0, 3), min_size=4, max_size=14))
def test_a_rule_is_what_it_is_alone(several: list[str], order: list[int]) -> None:
    chosen = [several[number % len(several)] for number in order]
    together = rules_of("".join(f"{line}\n" for line in chosen))
    alone = [rule for line in chosen for rule in rules_of(f"{line}\n")]
    assert together == alone


@given(st.lists(st.tuples(addresses, ports), min_size=6, max_size=12))
def test_rules_of_one_form(varying: list[tuple[str, str]]) -> None:
    chosen = [f"ACCEPT net:{address}\t$FW tcp {port}" for address, port in varying]
    assert rules_of("\n".join(chosen)) == [rule for line in chosen for rule in rules_of(line)]
    assert said_of("\n".join(chosen)) == [message for line in chosen for message in said_of(line)]


def test_places_are_those_of_the_line() -> None:
    text = "".join(f"DNAT net   loc:10.0.{number}.1:{8000 + number} tcp {number} # said\n" for number in range(9))
    for number, rule in enumerate(shorewall_of(read_text(BASE + text)).rules):
        assert rule.origin.text.startswith(f"DNAT net   loc:10.0.{number}.1:{8000 + number} tcp {number}")
        (place,) = rule.dest
        assert place.hosts is not None
        assert rule.dports is not None
        assert rule.protocols is not None
        texts = [part.origin.text for part in (place, place.hosts, place.hosts.included[0], rule.dports, rule.action)]
        whole = f"loc:10.0.{number}.1:{8000 + number}"
        assert texts == [whole, f"10.0.{number}.1", f"10.0.{number}.1", str(number), "DNAT"]
        assert {rule.protocols.origin.begin.line, rule.action.origin.begin.line} == {rule.origin.begin.line}
        assert place.ports is not None
        assert place.ports.first == 8000 + number
