"""SAs whose two ends do not agree, and the counter that a Linux kernel raises (seen on 6.1)."""

from __future__ import annotations

import pytest

from spdcheck.engine.simulate import Simulator
from spdcheck.engine.trace import Disposition
from spdcheck.engine.tracing import trace
from spdcheck.semantics.flow import parse_flow
from tests.semantics.hosts import site

STATE = (
    "ip xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi {spi} reqid 1 mode {mode}"
    " enc 'cbc(aes)' 0x{key:032x} auth 'hmac(sha1)' 0x{key:040x}\n"
)
POLICY = (
    "ip xfrm policy add src 192.0.2.1 dst 192.0.2.2 dir out"
    " tmpl src 192.0.2.1 dst 192.0.2.2 proto esp reqid 1 mode {mode}\n"
)


def host(name: str, number: int) -> str:
    return (
        f'[host.{name}]\nplatform = "linux"\nfiles = {{ "xfrm" = "iproute" }}\n'
        f'[host.{name}.interface.eth0]\naddresses = ["192.0.2.{number}/24"]\n'
    )


@pytest.mark.parametrize(
    ("sent", "expected", "key", "counter"),
    [
        ("transport", "transport", 1, ""),
        ("transport", "tunnel", 1, "XfrmInStateModeError"),
        ("tunnel", "transport", 1, "Ip.InUnknownProtos"),
        ("transport", "transport", 2, "XfrmInStateProtoError"),
    ],
)
def test_the_two_ends_of_an_sa(sent: str, expected: str, key: int, counter: str) -> None:
    found = site(
        f"=== spdcheck.toml\n{host('a', 1)}{host('b', 2)}"
        f"=== a/xfrm\n{STATE.format(spi='0x1001', mode=sent, key=1)}{POLICY.format(mode=sent)}"
        f"=== b/xfrm\n{STATE.format(spi='0x1001', mode=expected, key=key)}"
    )
    seen = trace(Simulator(found), parse_flow("udp a b:53", found).packet(), reply=False)
    assert seen.disposition is (Disposition.NO_SA if counter else Disposition.DELIVERED)
    assert seen.counter == counter


def test_a_tunnel_sa_takes_the_ip_in_ip_of_a_transport_sa() -> None:
    device = (
        "ip tunnel add ipip1 mode ipip local 192.0.2.{0} remote 192.0.2.{1}\nip link set ipip1 up\n"
        "ip addr add 172.31.0.{0}/30 dev ipip1\n"
    )
    policy = POLICY.format(mode="transport").replace("dir out", "proto 4 dir out")
    found = site(
        f"=== spdcheck.toml\n{host('a', 1)}{host('b', 2)}"
        f"=== a/xfrm\n{device.format(1, 2)}{STATE.format(spi='0x1001', mode='transport', key=1)}{policy}"
        f"=== b/xfrm\n{device.format(2, 1)}{STATE.format(spi='0x1001', mode='tunnel', key=1)}"
    )
    seen = trace(Simulator(found), parse_flow("udp 172.31.0.1 172.31.0.2:53", found).packet(), reply=False)
    assert (seen.disposition, seen.counter) == (Disposition.DISCARDED_BY_SPD, "XfrmInNoPols")


def test_an_spi_that_the_receiver_does_not_have() -> None:
    found = site(
        f"=== spdcheck.toml\n{host('a', 1)}{host('b', 2)}"
        f"=== a/xfrm\n{STATE.format(spi='0x1001', mode='transport', key=1)}{POLICY.format(mode='transport')}"
        f"=== b/xfrm\n{STATE.format(spi='0x1002', mode='transport', key=1)}"
    )
    seen = trace(Simulator(found), parse_flow("udp a b:53", found).packet(), reply=False)
    assert (seen.disposition, seen.counter) == (Disposition.NO_SA, "XfrmInNoStates")
