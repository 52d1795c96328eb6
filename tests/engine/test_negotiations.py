"""What a responder needs so that a negotiation comes to an end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.engine.simulate import Simulator
from spdcheck.engine.trace import Disposition
from spdcheck.engine.tracing import begin
from spdcheck.engine.traffic import One
from spdcheck.model.addresses import parse_address
from spdcheck.model.policy import Direction
from spdcheck.semantics.packet import packet
from tests.semantics.hosts import PROPOSAL, sainfo, site

if TYPE_CHECKING:
    from spdcheck.engine.situation import Leaf
    from spdcheck.model.host import Host

OUT = "spdadd 10.1.0.0/24 10.2.0.0/24 any -P out ipsec esp/tunnel/192.0.2.1-192.0.2.2/require;\n"
BACK = "spdadd 10.2.0.0/24 10.1.0.0/24 any -P in ipsec esp/tunnel/192.0.2.2-192.0.2.1/require;\n"
MIRROR = OUT.replace("-P out", "-P in") + BACK.replace("-P in", "-P out")


def end(responder: str, extra: str = "", platform: str = "freebsd") -> tuple[Leaf, Simulator]:
    """What becomes of a packet from west to east; ``responder`` is east's setkey script, ``extra`` its racoon's."""

    def racoon(far: str, more: str) -> str:
        return f"remote {far} {{ exchange_mode main; {more} {PROPOSAL} }}\n{sainfo('anonymous')}"

    def host(name: str, number: int) -> str:
        return (
            f'[host.{name}]\nplatform = "{platform}"\nforwarding = true\n'
            'files = { "setkey.conf" = "setkey", "racoon.conf" = "racoon" }\n'
            f'[host.{name}.interface.em0]\naddresses = ["192.0.2.{number}/24"]\n'
            f'[host.{name}.interface.em1]\naddresses = ["10.{number}.0.254/24"]\n'
        )

    found = site(
        f"=== spdcheck.toml\n{host('west', 1)}{host('east', 2)}"
        f"=== west/setkey.conf\n{OUT}{BACK}=== west/racoon.conf\n{racoon('192.0.2.2', '')}"
        f"=== east/setkey.conf\nflush;\n{responder}=== east/racoon.conf\n{racoon('192.0.2.1', extra)}"
    )
    simulator = Simulator(found)
    source, destination = parse_address("10.1.0.7"), parse_address("10.2.0.9")
    assert source is not None
    assert destination is not None
    sample = packet(4, source.first, destination.first, protocol=17, source_port=40000, destination_port=53, length=128)
    return next(begin(simulator, One(sample))), simulator


def _east(simulator: Simulator) -> Host:
    return next(host for host in simulator.site.hosts if host.name == "east")


def test_a_responder_answers_with_its_in_policy() -> None:
    leaf, simulator = end(MIRROR)
    assert leaf.end.disposition is Disposition.DELIVERED
    assert simulator.negotiations.made == {}


def test_without_an_in_policy_there_is_no_answer() -> None:
    # FreeBSD would let the decrypted packet in: only the negotiation stops it.
    leaf, _ = end("")
    assert leaf.end.disposition is Disposition.NO_SA
    assert "in policy" in leaf.end.sentence


def test_a_responder_makes_the_policies_it_lacks() -> None:
    leaf, simulator = end("", "generate_policy on;", platform="linux")
    assert leaf.end.disposition is Disposition.DELIVERED
    east = _east(simulator)
    made = {way: simulator.negotiations.policies_made(east, way) for way in Direction}
    assert {way: len(policies) for way, policies in made.items()} == dict.fromkeys(Direction, 1)
    (out,) = made[Direction.OUT]
    assert (str(out.selector.source), str(out.selector.destination)) == ("10.2.0.0/24", "10.1.0.0/24")
    assert str(out.templates[0].source) == "192.0.2.2"


def test_a_bsd_has_no_forward_policy() -> None:
    _, simulator = end("", "generate_policy unique;")
    assert simulator.negotiations.policies_made(_east(simulator), Direction.FWD) == ()
