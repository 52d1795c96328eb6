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


def test_an_spi_that_the_receiver_does_not_have() -> None:
    found = site(
        f"=== spdcheck.toml\n{host('a', 1)}{host('b', 2)}"
        f"=== a/xfrm\n{STATE.format(spi='0x1001', mode='transport', key=1)}{POLICY.format(mode='transport')}"
        f"=== b/xfrm\n{STATE.format(spi='0x1002', mode='transport', key=1)}"
    )
    seen = trace(Simulator(found), parse_flow("udp a b:53", found).packet(), reply=False)
    assert (seen.disposition, seen.counter) == (Disposition.NO_SA, "XfrmInNoStates")
