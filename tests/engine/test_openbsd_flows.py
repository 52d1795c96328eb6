"""Packets and the flows of isakmpd: before phase 2, in clear, under another peer's SA, and with forwarding=2."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from spdcheck.engine.exploration import REFUSED
from spdcheck.engine.simulate import Simulator
from spdcheck.engine.trace import Disposition
from spdcheck.engine.tracing import trace
from spdcheck.engine.ways import Ways, inward_of, unprotected
from spdcheck.model.policy import Direction
from spdcheck.semantics.beginning import flow_of
from spdcheck.semantics.packet import packet
from tests.semantics.hosts import site
from tests.semantics.test_isakmpd_flows import EAST, ONE, TWO, WEST, conf, host_of

if TYPE_CHECKING:
    from spdcheck.engine.trace import Trace
    from spdcheck.model.host import Site

MORE = '[host.{0}.interface.em1]\naddresses = ["10.{1}.0.1/16"]\n'


def pair(release: str = "7.4", east: str = "", extra: str = "") -> Site:
    """Two OpenBSD gateways that both begin; ``east`` are more files of the first one."""
    hosts = "".join(
        f'[host.{name}]\nplatform = "openbsd"\nrelease = "{release}"\nforwarding = true\n'
        f'[host.{name}.interface.em0]\naddresses = ["{address}/24"]\n{MORE.format(name, number)}'
        f'[[host.{name}.route]]\nto = "0.0.0.0/0"\nvia = "{address.rpartition(".")[0]}.254"\n'
        for name, address, number in (("east", EAST, 1), ("west", WEST, 2))
    )
    return site(f"=== spdcheck.toml\n{hosts}{extra}{conf('east', WEST, ONE, TWO)}{conf('west', EAST, TWO, ONE)}{east}")


def sent(found: Site, **how: bool) -> Trace:
    ping = packet(4, 0x0A010007, 0x0A020007, protocol=1, icmp_type=8)
    return trace(Simulator(found, **how), ping, reply=False)


def test_the_flow_protects_once_phase_2_has_succeeded() -> None:
    found = sent(pair())
    assert found.disposition is Disposition.DELIVERED
    assert found.protected


def test_before_phase_2_the_packet_leaves_in_clear() -> None:
    found = sent(pair(), before_ike=True)
    assert found.disposition is Disposition.LEAKED
    step = next(step for step in found.steps if getattr(step, "verdict", "") == "no flow")
    assert "phase 2 has not succeeded yet" in getattr(step, "detail", "")


def test_without_a_key_exchange_there_is_no_flow() -> None:
    found = sent(pair(east="=== east/etc/pf.conf\nblock out proto udp\npass proto icmp\n"))
    assert found.disposition is Disposition.LEAKED


@pytest.mark.parametrize(("release", "refused"), [("5.4", False), ("5.5", True)])
def test_clear_packets_by_release(release: str, refused: bool) -> None:
    found = pair(release)
    east = host_of(found, "east")
    (policy,) = east.spd.of(Direction.IN)
    endings = list(unprotected(Simulator(found), east, policy))
    assert endings
    assert all((ending.disposition in REFUSED) is refused for ending in endings)


def test_a_packet_under_the_sa_of_another_peer_counts_as_clear() -> None:
    third = (
        '[host.south]\nplatform = "openbsd"\nrelease = "7.4"\nforwarding = true\n'
        f'[host.south.interface.em0]\naddresses = ["203.0.113.3/24"]\n{MORE.format("south", 3)}'
        '[[host.south.route]]\nto = "0.0.0.0/0"\nvia = "203.0.113.254"\n'
    )
    south = conf("south", EAST, ("10.3.0.0", "255.255.0.0"), ONE)
    found = pair(extra=third, east=south)
    east = host_of(found, "east")
    by_network = {str(policy.remote): policy for policy in east.spd.of(Direction.IN)}
    of_west, of_south = by_network["10.2.0.0/16"], by_network["10.3.0.0/16"]
    simulator = Ways(found).supposing
    for policy, network, accepted in ((of_west, of_west, True), (of_south, of_west, False), (of_south, of_south, True)):
        endings = list(inward_of(simulator, east, policy, flow_of(network.selector)))
        assert endings
        assert all((ending.disposition not in REFUSED) is accepted for ending in endings)


@pytest.mark.parametrize(("value", "refused"), [("1", False), ("2", True)])
def test_forwarding_only_what_came_out_of_ipsec(value: str, refused: bool) -> None:
    sysctl = f"=== east/etc/sysctl.conf\nnet.inet.ip.forwarding={value}\n"
    text = pair(east=sysctl)
    plain = packet(4, 0x0A010007, 0xCB007107, protocol=1, icmp_type=8)
    found = trace(Simulator(text), plain, reply=False)
    assert (found.disposition is Disposition.NO_ROUTE) is refused
    arriving = packet(4, 0x0A020007, 0x0A010007, protocol=1, icmp_type=8)
    assert trace(Simulator(text), arriving, reply=False).disposition is Disposition.DELIVERED
