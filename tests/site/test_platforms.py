"""Which system a host runs, as its files tell; and that a filter whose system is not known is no open door."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from spdcheck.engine.simulate import Simulator
from spdcheck.engine.trace import Disposition
from spdcheck.engine.tracing import trace
from spdcheck.model.host import Platform
from spdcheck.semantics.packet import packet
from tests.checks.site_of import read

if TYPE_CHECKING:
    from pathlib import Path

ISAKMPD = "=== a/etc/isakmpd/isakmpd.conf\n[General]\nRetransmits= 3\n"
SETKEY = "=== a/ipsec.conf\nspdflush;\n"
PF = "=== a/etc/pf.conf\n"


@pytest.mark.parametrize(
    ("text", "platform"),
    [
        (ISAKMPD, Platform.OPENBSD),
        (ISAKMPD.replace("etc/", "usr/local/etc/"), Platform.FREEBSD),
        (ISAKMPD + SETKEY, None),
        (f"{PF}match out on em0 nat-to (em0)\npass\n", Platform.OPENBSD),
        (f"{PF}set fail-policy drop\npass\n", Platform.FREEBSD),
        (f"{PF}nat on em0 from any to any -> (em0)\npass\n", None),
        ("=== a/etc/rc.conf\nipfilter=YES\nipsec=YES\n", Platform.NETBSD),
        ("=== a/etc/rc.conf\nipfilter_enable=YES\n", Platform.FREEBSD),
        ("=== a/rules.v4\n*filter\nCOMMIT\n", Platform.LINUX),
    ],
)
def test_the_system(text: str, platform: Platform | None, tmp_path: Path) -> None:
    host = read(text, tmp_path).hosts[0]
    assert host.platform is platform
    assert bool(host.inferences) is (platform is not None)


@pytest.mark.parametrize(
    ("text", "platform", "why"),
    [
        (f"{PF}nat on em0 from any to any -> (em0)\nblock all\n", "", "which system a runs"),
        (f"{PF}block all\n", 'platform = "linux"\n', "is for another system than Linux"),
        ("=== a/rules.v4\n*filter\n:INPUT DROP [0:0]\nCOMMIT\n", 'platform = "netbsd"\n', "system than NetBSD"),
    ],
)
def test_a_filter_that_nobody_knows_to_ask_is_unknown(text: str, platform: str, why: str, tmp_path: Path) -> None:
    own = f'=== spdcheck.toml\n[host.a]\n{platform}[host.a.interface.em0]\naddresses = ["10.2.0.9/24"]\n'
    site = read(text + own, tmp_path)
    asked = packet(4, 0x0A020007, 0x0A020009, protocol=6, source_port=40000, destination_port=80, tcp_flags=2)
    found = trace(Simulator(site), asked, site.hosts[0])
    assert found.disposition is Disposition.UNKNOWN
    assert why in found.sentence
