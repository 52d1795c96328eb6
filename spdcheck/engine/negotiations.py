"""What IKE would make of a site: the SAs of a policy, or why there would be none."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from spdcheck.engine.frame import Protection
from spdcheck.engine.traffic import One
from spdcheck.model.protocols import UDP
from spdcheck.semantics import negotiation, quick_mode
from spdcheck.semantics.counterpart import makes_policies
from spdcheck.semantics.generated_policies import generated
from spdcheck.semantics.packet import ESTABLISHED, packet
from spdcheck.semantics.peering import far_address, near_address

if TYPE_CHECKING:
    from spdcheck.engine.simulate import Simulator
    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.host import Host
    from spdcheck.model.policy import Direction, SecurityPolicy, Template
    from spdcheck.model.selector import TrafficSelector

ISAKMP_PORT = 500
_FIRST_MESSAGE_BYTES = 200
"""An SA payload with a proposal or two, in main mode: small enough for every path."""


class Negotiations:
    """What IKE would make of a site: each pair of end points is tried once, its packets through both firewalls."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._tried: dict[tuple[str, AddressRange, AddressRange], tuple[str, bool]] = {}
        self._in_policies: dict[str, quick_mode.InPolicies] = {}
        self.made: dict[str, dict[tuple[Direction, TrafficSelector], SecurityPolicy]] = {}

    def protection(
        self, host: Host, policy: SecurityPolicy, template: Template, near: AddressRange, far: AddressRange
    ) -> tuple[Protection | None, str]:
        """The SA that a negotiation would give, or why it would fail."""
        why, nat = self._outcome(host, policy, near, far)
        if why and not self._simulator.tunnels_up:
            return None, why
        here = negotiation.speaker(host, near, far)
        owner = self._simulator.topology.owner(far)
        refused = "" if owner is None or owner[0].external else self._answer(owner[0], near, policy)
        if refused and not self._simulator.tunnels_up:
            return None, refused
        return (
            Protection(
                template.protocol, template.mode, near, far, None, None,
                negotiation.overhead(here.daemon, policy, template), here.origin,
                peer="" if owner is None else owner[0].name, udp=nat,
            ),
            "",
        )  # fmt: skip

    def missing(self, host: Host, policy: SecurityPolicy) -> str:
        """Why a policy that a key daemon installs is not there; empty if it is (as everything that a file says is)."""
        if policy.by_ike is None or self._simulator.tunnels_up:
            return ""
        if self._simulator.before_ike:
            return "phase 2 has not succeeded yet"
        near, far = near_address(policy), far_address(policy)
        if near is None or far is None:
            return ""
        why = self._outcome(host, policy, near, far)[0]
        owner = self._simulator.topology.owner(far)
        if why or policy.by_ike.initiator != host.name or owner is None or owner[0].external:
            return why
        return self._answer(owner[0], near, policy)

    def _outcome(self, host: Host, policy: SecurityPolicy, near: AddressRange, far: AddressRange) -> tuple[str, bool]:
        """``(why not, NAT in between)`` of the negotiation that a policy needs, or comes from."""
        starter = host
        if policy.by_ike is not None and policy.by_ike.initiator != host.name:
            starter, near, far = self._simulator.topology.hosts[policy.by_ike.initiator], far, near
        key = (starter.name, near, far)
        if key not in self._tried:
            self._tried[key] = self._try(starter, near, far)
        return self._tried[key]

    def _answer(self, responder: Host, near: AddressRange, policy: SecurityPolicy) -> str:
        """Why a racoon does not answer quick mode for a policy; empty if it does (get_proposal_r).

        It takes the identities to its ``in`` policies. Where none fits, it makes one if ``generate_policy`` says so.
        """
        if policy.implied or not any(daemon.program == "racoon" for daemon in responder.daemons):
            return ""
        if responder.name not in self._in_policies:
            self._in_policies[responder.name] = quick_mode.InPolicies(responder)
        ids = quick_mode.ids_of(policy).reversed()
        if self._in_policies[responder.name].answering(ids).policy is not None:
            return ""
        if not makes_policies(responder, near):
            return f"racoon on {responder.name} has no in policy for {ids} and answers no negotiation for it"
        made = self.made.setdefault(responder.name, {})
        for new in generated(responder, policy):
            made[new.direction, new.selector] = new
        return ""

    def policies_made(self, host: Host, direction: Direction) -> tuple[SecurityPolicy, ...]:
        """The policies that negotiations have left in a host's SPD (``generate_policy``), behind those of its files."""
        made = self.made.get(host.name, {})
        return tuple(policy for (of, _), policy in made.items() if of is direction)

    def _try(self, host: Host, near: AddressRange, far: AddressRange) -> tuple[str, bool]:
        """``(why not, NAT-T is used)`` of a negotiation that this host starts; ``force`` of one side is enough."""
        here = negotiation.speaker(host, near, far)
        if here.section is None:
            return here.why_not, False
        owner = self._simulator.topology.owner(far)
        if owner is not None and not owner[0].external:
            there = negotiation.speaker(owner[0], far, near)
            if there.section is None:
                return there.why_not, False
            spoken = {here.section.nat_traversal, there.section.nat_traversal}
        else:
            spoken = {here.section.nat_traversal}
        why, translated = self._exchange(host, near, far, owner[0] if owner is not None else None)
        return why, (translated or "force" in spoken) and "off" not in spoken

    def _exchange(self, host: Host, near: AddressRange, far: AddressRange, peer: Host | None) -> tuple[str, bool]:
        """Sends the first packet of a key exchange through both filters, and its answer back."""
        asked = packet(
            near.family, near.first, far.first,
            protocol=UDP, source_port=ISAKMP_PORT, destination_port=ISAKMP_PORT, length=_FIRST_MESSAGE_BYTES,
        )  # fmt: skip
        leaf = next(self._simulator.send(host, One(asked), bypass=True))
        if not leaf.end.arrives:
            return f"the key exchange does not get through: {leaf.end.sentence}", False
        arrived = leaf.situation.frame.traffic.example()
        translated = arrived.source != asked.source
        if peer is None or peer.external or leaf.situation.host is not peer:
            return "", translated
        answer = replace(
            arrived, source=arrived.destination, destination=arrived.source, connection=ESTABLISHED,
            source_port=arrived.destination_port, destination_port=arrived.source_port,
        )  # fmt: skip
        back = next(self._simulator.send(peer, One(answer), leaf.situation.states, bypass=True))
        if not back.end.arrives:
            return f"the answer to the key exchange does not get through: {back.end.sentence}", translated
        return "", translated
