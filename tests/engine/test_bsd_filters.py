"""pf, ipfilter and ipnat where packets meet them: which states they make, and where these are known again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from spdcheck.engine.simulate import Simulator
from spdcheck.engine.trace import Disposition, Trace
from spdcheck.engine.tracing import answer_to, trace, trace_back
from spdcheck.engine.traffic import One
from spdcheck.semantics.flow import parse_flow
from tests.checks.site_of import read

if TYPE_CHECKING:
    from pathlib import Path

SITE = """=== spdcheck.toml
[host.gw]
platform = "freebsd"
release = "{release}"
forwarding = true
[host.gw.interface.em0]
addresses = ["192.0.2.1/24"]
[host.gw.interface.em1]
addresses = ["10.1.0.1/16"]
[host.gw.interface.em2]
addresses = ["10.8.0.1/24"]
[[host.gw.route]]
to = "0.0.0.0/0"
via = "192.0.2.254"
=== gw/etc/{name}
{rules}
"""
OUT = "tcp 10.1.0.9:4000 192.0.2.9:80"
IN = "tcp 192.0.2.9:4000 192.0.2.1:80"


def run(folder: Path, name: str, rules: str, flow: str, release: str = "9.0", **values: int) -> Trace:
    site = read(SITE.format(name=name, rules=rules, release=release), folder)
    packet = parse_flow(flow, site).packet()
    return trace(Simulator(site), replace(packet, **values))


@pytest.mark.parametrize(("rules", "passes", "answered"), [
    ("block all\npass in on em1", False, False),
    ("block all\npass in on em1\npass out on em0", True, True),
    ("block all\npass in on em1\npass out on em0 no state", True, False),
    ("block all\npass in on em1 no state\npass out on em0", True, False),
    ("block all\nset skip on em1\npass out on em0", True, True),
    ("block all\npass quick on em1\npass out on em0 keep state (if-bound)", True, True),
])  # fmt: skip
def test_a_state_of_pf_knows_one_crossing_and_its_answer(
    rules: str, passes: bool, answered: bool, tmp_path: Path
) -> None:
    found = run(tmp_path, "pf.conf", "\n".join(sorted(rules.split("\n"), key=lambda r: not r.startswith("set"))), OUT)
    assert (found.disposition in (Disposition.DELIVERED, Disposition.LEAKED)) is passes
    if passes:
        assert found.reply is not None
        assert (found.reply.disposition in (Disposition.DELIVERED, Disposition.LEAKED)) is answered


def test_a_state_of_ipfilter_knows_all_crossings(tmp_path: Path) -> None:
    rules = "pass in quick on em1 proto tcp from any to any keep state\nblock in all\nblock out all"
    found = run(tmp_path, "ipf.rules", rules, OUT)
    assert found.reply is not None
    assert found.reply.disposition is Disposition.DELIVERED


def test_what_is_redirected_past_the_rules_is_translated_back(tmp_path: Path) -> None:
    rules = "rdr pass on em0 proto tcp from any to 192.0.2.1 port 80 -> 10.1.0.5 port 8080\nblock in all\npass out all"
    found = run(tmp_path, "pf.conf", rules, IN)
    assert "10.1.0.5" in found.sentence
    assert found.reply is not None
    assert found.reply.disposition is Disposition.DELIVERED
    assert any("192.0.2.1:80 → 192.0.2.9:4000" in str(wire.packet) for wire in found.reply.wires)


def test_ip_options_pass_only_where_a_rule_allows_them(tmp_path: Path) -> None:
    rules = "pass in on em0 proto tcp to any port 80"
    assert run(tmp_path / "a", "pf.conf", rules, IN, ip_options=1).disposition is Disposition.DENIED_IN
    allowed = run(tmp_path / "b", "pf.conf", rules + " allow-opts", IN, ip_options=1)
    assert allowed.disposition is Disposition.DELIVERED


@pytest.mark.parametrize("rules", [
    "pass in on em0 from $nothing",
    "pass in quick on em0 route-to { (em1 10.1.0.2) (em1 10.1.0.3) } round-robin",
    "pass in quick on em0 route-to (em7 10.1.0.2)",
    "table <hops> persist\npass in quick on em0 route-to (em1 <hops>)",
])  # fmt: skip
def test_what_is_not_known_is_no_pass(rules: str, tmp_path: Path) -> None:
    assert run(tmp_path, "pf.conf", rules, IN).disposition is Disposition.UNKNOWN


WAY_OUT = "tcp 10.1.0.9:4000 203.0.113.9:80"


@pytest.mark.parametrize(("rules", "out", "back"), [
    ("pass in quick on em1 route-to (em2 10.8.0.254) from 10.1.0.0/16 to any keep state", "em2", "em1"),
    ("pass out quick on em0 route-to (em2 10.8.0.254) from 10.1.0.0/16 to any keep state", "em2", "em1"),
    ("pass in quick on em1 from 10.1.0.0/16 to any keep state", "em0", "em1"),
    ("block out on em2\npass in quick on em1 route-to (em2 10.8.0.254) from any to any keep state", "", ""),
])  # fmt: skip
def test_route_to_sends_past_the_table_and_the_filter_is_asked_there_again(
    rules: str, out: str, back: str, tmp_path: Path
) -> None:
    found = run(tmp_path, "pf.conf", rules, WAY_OUT)
    assert [wire.interface for wire in found.wires] == ([out] if out else [])
    if back:
        assert found.reply is not None
        assert found.reply.interface == back


def test_reply_to_sends_the_answer_where_the_question_came_from(tmp_path: Path) -> None:
    rules = "pass in quick on em2 reply-to (em2 10.8.0.254) proto tcp from any to any keep state\npass out all"
    site = read(SITE.format(name="pf.conf", rules=rules, release="9.0"), tmp_path)
    packet = parse_flow("tcp 203.0.113.9:4000 10.1.0.9:22", site).packet()
    simulator = Simulator(site)
    leaf = next(simulator.arrive(site.hosts[0], "em2", One(packet)))
    answer = answer_to(leaf)
    assert answer is not None
    found = trace_back(simulator, leaf, answer)
    assert [wire.interface for wire in found.wires] == ["em2"], "the default route is by em0"


def test_a_detour_passes_by_the_spd(tmp_path: Path) -> None:
    rules = "pass in quick on em1 route-to (em0 192.0.2.254) from 10.1.0.0/16 to any keep state"
    policy = "spdadd 10.1.0.0/16 203.0.113.0/24 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;"
    rules += f"\n=== gw/etc/ipsec.conf\n{policy}"
    assert run(tmp_path, "pf.conf", rules, WAY_OUT).disposition is Disposition.LEAKED


@pytest.mark.parametrize(("rules", "out"), [
    ("pass in quick on em1 to em2:10.8.0.254 from any to any\nblock out all", "em2"),
    ("pass in quick on em1 fastroute from any to any\nblock out all", "em0"),
    ("pass in quick on em1 from any to any\nblock out all", ""),
])  # fmt: skip
def test_ipfilter_sends_on_past_its_rules_for_what_leaves(rules: str, out: str, tmp_path: Path) -> None:
    assert [wire.interface for wire in run(tmp_path, "ipf.rules", rules, WAY_OUT).wires] == ([out] if out else [])


def test_a_loaded_anchor_translates(tmp_path: Path) -> None:
    rules = 'nat-anchor "office" on em0\nload anchor office from "/etc/pf.office.conf"\npass all'
    text = SITE.format(name="pf.conf", rules=rules, release="9.0")
    text += "=== gw/etc/pf.office.conf\nnat on em0 from 10.1.0.0/16 to any -> 192.0.2.7\n"
    site = read(text, tmp_path)
    found = trace(Simulator(site), parse_flow(WAY_OUT, site).packet())
    assert "192.0.2.7" in str(found.wires[0].packet)


def test_rules_that_the_boot_loads_and_nobody_gave_us(tmp_path: Path) -> None:
    assert run(tmp_path, "rc.conf", 'ipfilter_enable="YES"', IN).disposition is Disposition.UNKNOWN


@pytest.mark.parametrize(("mask", "rules", "passes"), [
    (1, "pass out on enc0 from 10.1.0.0/16 to any", True),
    (2, "pass out on enc0 from 10.1.0.0/16 to any", False),
    (2, "pass out on enc0 proto ipencap from 192.0.2.1 to 198.51.100.2", True),
    (3, "pass out on enc0 from 10.1.0.0/16 to any", False),
    (3, "pass out on enc0", True),
    (0, "", True),
])  # fmt: skip
def test_what_filters_see_on_enc0_of_what_leaves(mask: int, rules: str, passes: bool, tmp_path: Path) -> None:
    text = SITE.format(name="pf.conf", release="9.0", rules=f"block out on enc0\n{rules}")
    text = text.replace("[[host.gw.route]]", "[host.gw.interface.enc0]\naddresses = []\n[[host.gw.route]]")
    text += f"=== gw/etc/sysctl.conf\nnet.enc.out.ipsec_filter_mask={mask}\n=== gw/etc/ipsec.conf\n"
    text += "add 192.0.2.1 198.51.100.2 esp 0x1001 -m tunnel -E rijndael-cbc 0x00112233445566778899aabbccddeeff;\n"
    text += "spdadd 10.1.0.0/16 203.0.113.0/24 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;\n"
    site = read(text, tmp_path)
    found = trace(Simulator(site), parse_flow(WAY_OUT, site).packet(), reply=False)
    assert (found.disposition is not Disposition.DENIED_OUT) is passes, found.sentence


@pytest.mark.parametrize(("release", "rules", "expected"), [
    ("9.0", "pass all", Disposition.FRAGMENTATION_NEEDED),
    ("9.0", "scrub in on em1 all no-df\npass all", Disposition.DELIVERED),
    ("9.0", "no scrub in on em1 from 10.1.0.9 to any\nscrub in all no-df\npass all", Disposition.FRAGMENTATION_NEEDED),
    ("9.0", "set skip on em1\nscrub in all no-df\npass all", Disposition.FRAGMENTATION_NEEDED),
    ("15.0", "match in on em1 scrub (no-df)\npass all", Disposition.DELIVERED),
])  # fmt: skip
def test_scrub_lets_packets_be_fragmented(release: str, rules: str, expected: Disposition, tmp_path: Path) -> None:
    text = SITE.format(name="pf.conf", release=release, rules=rules).replace(
        '192.0.2.1/24"]', '192.0.2.1/24"]\nmtu = 1400'
    )
    site = read(text, tmp_path)
    packet = replace(parse_flow(WAY_OUT, site).packet(), df=1, length=1500)
    assert trace(Simulator(site), packet, reply=False).disposition is expected


@pytest.mark.parametrize(
    ("platform", "expected"), [("openbsd", Disposition.DELIVERED), ("freebsd", Disposition.UNKNOWN)]
)
def test_egress_is_where_the_default_route_leads(platform: str, expected: Disposition, tmp_path: Path) -> None:
    rules = "match out on egress inet from !(egress:network) to any nat-to (egress:0)\nblock all\n"
    rules += "pass in on em1\npass out on egress"
    text = SITE.format(name="pf.conf", release="7.0", rules=rules).replace("freebsd", platform)
    site = read(text, tmp_path)
    found = trace(Simulator(site), parse_flow(WAY_OUT, site).packet(), reply=False)
    assert found.disposition is expected
    if expected is Disposition.DELIVERED:
        assert "192.0.2.1" in str(found.wires[0].packet)


@pytest.mark.parametrize(("rules", "flow", "passes"), [
    ("block in quick from urpf-failed to any", WAY_OUT, True),
    ("block in quick from urpf-failed to any", "tcp 192.0.2.77:4000 203.0.113.9:80", False),
    ("block in quick from urpf-failed to any", "tcp 203.0.113.5:4000 203.0.113.9:80", False),
    ("block in quick from no-route to any", "tcp 203.0.113.5:4000 203.0.113.9:80", True),
])  # fmt: skip
def test_the_way_back_decides(rules: str, flow: str, passes: bool, tmp_path: Path) -> None:
    site = read(SITE.format(name="pf.conf", release="9.0", rules=f"pass all\n{rules}"), tmp_path)
    leaf = next(Simulator(site).arrive(site.hosts[0], "em1", One(parse_flow(flow, site).packet())))
    assert leaf.end.arrives is passes, leaf.end.sentence
