"""Inferred interfaces get their names from rules that agree, and stay unknown where they don't."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from spdcheck.model.host import Platform
from tests.checks.site_of import asked, read

if TYPE_CHECKING:
    from pathlib import Path

    from spdcheck.model.host import Site

POLICIES = """=== a/setkey.conf
spdadd 10.1.0.0/24 10.2.0.0/24 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
spdadd 10.2.0.0/24 10.1.0.0/24 any -P in ipsec esp/tunnel/198.51.100.2-192.0.2.1/require;
=== b/setkey.conf
spdadd 10.2.0.0/24 10.1.0.0/24 any -P out ipsec esp/tunnel/198.51.100.2-192.0.2.1/require;
spdadd 10.1.0.0/24 10.2.0.0/24 any -P in ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
"""
IPTABLES = """=== a/rules.v4
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
{input}
-A FORWARD -i {out} -m policy --dir in --pol ipsec -j ACCEPT
-A FORWARD -i {inn} -o {out} -j ACCEPT
COMMIT
"""
OPEN = "-A INPUT -i eth0 -p udp --dport 500 -j ACCEPT\n-A INPUT -i eth0 -p esp -j ACCEPT"


def site(text: str, folder: Path) -> Site:
    return read(POLICIES + text, folder)


def names(found: Site) -> tuple[list[str], list[str | None]]:
    host = found.hosts[0]
    return [i.name for i in host.interfaces], [r.interface for r in host.routes]


def test_the_rules_for_esp_tell_the_outside_and_what_is_left_is_inside(tmp_path: Path) -> None:
    found = site(IPTABLES.format(input=OPEN, out="eth0", inn="eth1"), tmp_path)
    assert names(found) == (["eth0"], ["eth1"])
    assert "interface eth0 is the one outside: a/rules.v4:5 passes ESP or the key exchange there" in (
        found.hosts[0].inferences
    )
    for code in ("FWL001", "FWL002", "FWL004"):
        findings, undecided = asked(found, code)
        assert not [f for f in findings if f.host == "a"]
        assert not undecided


@pytest.mark.parametrize(
    "rules",
    [
        "-A INPUT -i eth0 -p udp --dport 500 -j ACCEPT\n-A INPUT -i eth1 -p esp -j ACCEPT",
        "-A INPUT -i eth0 -p esp -j DROP\n-A INPUT -p esp -j ACCEPT\n-A INPUT -p udp --dport 500 -j ACCEPT",
        OPEN + "\n-A INPUT -i eth0 -s 10.1.0.0/24 -j ACCEPT",
    ],
    ids=["two-voices", "only-blocked-there", "both-sides"],
)
def test_rules_that_do_not_agree_leave_it_unknown(rules: str, tmp_path: Path) -> None:
    found = site(IPTABLES.format(input=rules, out="eth0", inn="eth1"), tmp_path)
    assert names(found) == (["(outside)"], ["(inside)"])
    findings, undecided = asked(found, "FWL004")
    assert not [f for f in findings if f.host == "a"]
    assert "which interface of a is eth0: nothing describes it" in " ".join(item.reason for item in undecided)


def test_what_is_described_is_no_candidate(tmp_path: Path) -> None:
    text = IPTABLES.format(input="-A INPUT -p esp -j ACCEPT", out="eth0", inn="eth1")
    text += '=== spdcheck.toml\n[host.a]\n[host.a.interface.eth1]\naddresses = ["10.1.0.1/24"]\n'
    assert names(site(text, tmp_path)) == (["eth1", "eth0"], [])


def test_more_than_one_is_left(tmp_path: Path) -> None:
    rules = OPEN + "\n-A INPUT -i tun0 -j ACCEPT"
    found = site(IPTABLES.format(input=rules, out="eth0", inn="eth1"), tmp_path)
    assert names(found) == (["eth0"], ["(inside)"])


def test_a_masquerade_tells_the_outside(tmp_path: Path) -> None:
    text = IPTABLES.format(input="-A INPUT -p esp -j ACCEPT", out="eth0", inn="eth1")
    text += "*nat\n-A POSTROUTING -o eth0 -s 10.1.0.0/24 ! -d 10.2.0.0/24 -j MASQUERADE\nCOMMIT\n"
    assert names(site(text, tmp_path)) == (["eth0"], ["eth1"])


def test_pf_tells_it_too(tmp_path: Path) -> None:
    text = """=== a/etc/pf.conf
ext = "em0"
block all
pass in on $ext proto esp from 198.51.100.2 to any
pass on em1
pass on enc0
=== spdcheck.toml
[host.a]
platform = "openbsd"
"""
    assert names(site(text, tmp_path)) == (["em0"], ["em1"])


def test_netbsd_is_known_by_its_rc_conf(tmp_path: Path) -> None:
    found = site("=== a/etc/rc.conf\nhostname=a\nipsec=YES\nipfilter=YES\n", tmp_path)
    assert found.hosts[0].platform is Platform.NETBSD
