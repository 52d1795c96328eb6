"""Stages that ask the SPD: what must be protected on the way out, what must have been on the way in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.engine.situation import End, Move, with_evidence
from spdcheck.engine.trace import NO_FLOW, Disposition, Mark, Step
from spdcheck.model.diagnostic import Part as ModelPart
from spdcheck.model.policy import Action, Direction, Mode, Protocol
from spdcheck.semantics.fields import DESTINATION, FRAGMENT, IPSEC_OUT, REQID_OUT, SOURCE
from spdcheck.semantics.filters_linux import has_netfilter
from spdcheck.semantics.intervals import single
from spdcheck.semantics.packet import CLEAR, TRANSPORT, TUNNEL, WHOLE
from spdcheck.semantics.predicate import FALSE, is_value
from spdcheck.semantics.selectors import predicate_of, touching
from spdcheck.semantics.spd_order import asked_order
from spdcheck.semantics.sysctls import switched_on

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.engine.frame import Protection
    from spdcheck.engine.simulate import Simulator
    from spdcheck.engine.situation import Situation
    from spdcheck.engine.traffic import Traffic
    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.host import Host
    from spdcheck.model.policy import SecurityPolicy, Template
    from spdcheck.semantics.datapath.stages import Stage


_WHOLE = is_value(FRAGMENT, WHOLE)


def _ask(
    policies: tuple[SecurityPolicy, ...], traffic: Traffic, *, ports: bool
) -> Iterator[tuple[SecurityPolicy | None, Traffic]]:
    """The policy that takes each part of the traffic, None for what no policy takes.

    A BSD kernel looks up forwarded packets without their ports ("needport 0"); no port of a selector equals that. No
    kernel sees the ports of a fragment.
    """
    policies = touching(policies, traffic.side(SOURCE), traffic.side(DESTINATION))
    conditions = []
    for policy in policies:
        condition = predicate_of(policy.selector)
        if policy.selector.has_ports:
            condition = condition & _WHOLE if ports else FALSE
        conditions.append(condition)
    for part in traffic.split(conditions):
        yield (None if part.number is None else policies[part.number]), part.traffic


def _in_force(simulator: Simulator, host: Host, direction: Direction, traffic: Traffic) -> tuple[SecurityPolicy, ...]:
    """The policies of a host in the order in which it asks them; those that a negotiation has made come last.

    Behind them are those that a negotiation would install, but does not: nothing asks them, and a step says why.
    """
    if simulator.without_policies:
        return ()
    ordered = asked_order(host, direction) + simulator.negotiations.policies_made(host, direction)
    if all(policy.by_ike is None for policy in ordered):
        return ordered
    asked = touching(ordered, traffic.side(SOURCE), traffic.side(DESTINATION))
    absent = {id(policy) for policy in asked if simulator.negotiations.presence(host, policy).missing}
    if not absent:
        return ordered
    missing = tuple(policy for policy in ordered if id(policy) in absent)
    return (*(policy for policy in ordered if id(policy) not in absent), *missing)


def look_up_out(simulator: Simulator, situation: Situation, stage: Stage) -> Iterator[Move]:
    """Asks the ``out`` policies. The result is remembered; it is acted on by the SA and ENCAP stages."""
    if situation.bypass:
        yield Move(situation)
        return
    host = situation.host
    if (gap := host.gap_in(ModelPart.SPD)) is not None:
        yield Move(situation, end=End(Disposition.UNKNOWN, f"the policies of {host.name} are not known: {gap.reason}"))
        return
    if situation.path.loopback_is_exempt and situation.out_interface == "lo":
        yield Move(situation)
        return
    switch = switched_on(host, situation.out_interface, "disable_xfrm")
    if switch is not None:
        step = Step(host.name, stage.kind.word, Mark.SKIP, "skipped", "disable_xfrm is set", origin=switch)
        yield Move(situation.with_(step, policy=None, pending=()))
        return
    ports = not (situation.forwarded and situation.path.forwards_without_ports)
    policies = _in_force(simulator, host, Direction.OUT, situation.frame.traffic)
    for policy, traffic in _ask(policies, situation.frame.traffic, ports=ports):
        here = situation.with_(frame=situation.frame.with_traffic(_told(host, policy, traffic)))
        for move in _outward(simulator, here, stage, policy):
            yield with_evidence(here, move, traffic, policies=policies, blind=not ports)


def _told(host: Host, policy: SecurityPolicy | None, traffic: Traffic) -> Traffic:
    """The traffic with a note of the IPsec that it will leave by, where filters ask for it (xt_policy)."""
    if not has_netfilter(host):
        return traffic
    template = policy.templates[0] if policy is not None and policy.templates else None
    mode, reqid = CLEAR, 0
    if policy is not None and policy.action is Action.PROTECT and template is not None:
        mode = TUNNEL if any(item.mode is Mode.TUNNEL for item in policy.templates) else TRANSPORT
        reqid = template.reqid
    return traffic.rewritten({IPSEC_OUT: single(mode), REQID_OUT: single(reqid)})


def _outward(simulator: Simulator, situation: Situation, stage: Stage, policy: SecurityPolicy | None) -> Iterator[Move]:
    host = situation.host.name
    absent = _absent(simulator, situation, stage, policy)
    if absent is not None:
        yield absent._replace(situation=absent.situation.with_(policy=None, pending=()))
        return
    if policy is not None and policy in situation.applied:
        # Kernels mark what a policy has wrapped, so that its own packets do not loop.
        yield Move(situation.with_(policy=None, pending=()))
        return
    if policy is None:
        default = situation.host.settings.get("xfrm.default.out")
        if default is not None and default[0] == "block" and not situation.applied:
            step = Step(host, stage.kind.word, Mark.FAIL, "no policy", "the default is block", origin=default[1])
            sentence = f"{host} blocks what no out policy names"
            yield Move(situation.with_(step), end=End(Disposition.DISCARDED_BY_SPD, sentence))
            return
        if not situation.host.spd.of(Direction.OUT) or situation.applied:
            yield Move(situation.with_(policy=None, pending=()))
            return
        step = Step(host, stage.kind.word, Mark.OK, "no policy", "leaves as it is")
        yield Move(situation.with_(step, policy=None, pending=()))
        return
    step = Step(
        host,
        stage.kind.word,
        {Action.PROTECT: Mark.PROTECT, Action.BYPASS: Mark.OK, Action.DISCARD: Mark.FAIL}[policy.action],
        policy.action.value.upper(),
        f"{policy.selector}{_templates(policy)}",
        origin=policy.origin,
    )
    if policy.action is Action.DISCARD:
        end = End(Disposition.DISCARDED_BY_SPD, f"a policy of {host} discards {policy.selector}", "XfrmOutPolBlock")
        yield Move(situation.with_(step, policy=policy), end=end)
        return
    protects = policy if policy.action is Action.PROTECT else None
    yield Move(situation.with_(step, policy=protects, pending=()))


def _absent(simulator: Simulator, situation: Situation, stage: Stage, policy: SecurityPolicy | None) -> Move | None:
    """Where a packet goes on for which a key daemon would install a policy, but does not; None if it is there."""
    if policy is None or policy.by_ike is None or policy in situation.applied:
        return None
    missing, unknown = simulator.negotiations.presence(situation.host, policy)
    if not missing and not unknown:
        return None
    detail = f"{policy.selector}: {policy.by_ike.daemon} installs it once phase 2 has succeeded; {missing or unknown}"
    mark, word = (Mark.SKIP, NO_FLOW) if missing else (Mark.UNKNOWN, "unknown")
    step = Step(situation.host.name, stage.kind.word, mark, word, detail, origin=policy.origin)
    return Move(situation.with_(step), end=None if missing else End(Disposition.UNKNOWN, unknown))


def _templates(policy: SecurityPolicy) -> str:
    return "".join(f", {template}" for template in policy.templates)


def look_up_again(simulator: Simulator, situation: Situation, stage: Stage) -> Iterator[Move]:
    """Asks again where NAT has changed the packet since (Linux: xfrm after POSTROUTING, rerouting after OUTPUT)."""
    if situation.translated:
        changed = situation.with_(translated=False, policy=None, pending=())
        for move in look_up_out(simulator, changed, stage):
            if move.end is None and move.situation.policy is not None:
                from spdcheck.engine.sa_stages import find

                yield from find(simulator, move.situation, stage)
            else:
                yield move
        return
    yield Move(situation)


def check_in(simulator: Simulator, situation: Situation, stage: Stage) -> Iterator[Move]:
    """Asks the ``in`` policies whether the frame arrived as it must."""
    yield from _check(simulator, situation, stage, Direction.IN)


def check_forward(simulator: Simulator, situation: Situation, stage: Stage) -> Iterator[Move]:
    """Asks the ``fwd`` policies (Linux) whether the frame arrived as it must."""
    yield from _check(simulator, situation, stage, Direction.FWD)


def _check(simulator: Simulator, situation: Situation, stage: Stage, direction: Direction) -> Iterator[Move]:
    host = situation.host
    if situation.bypass or (situation.path.loopback_is_exempt and situation.in_interface == "lo"):
        yield Move(situation)
        return
    if (gap := host.gap_in(ModelPart.SPD)) is not None:
        yield Move(situation, end=End(Disposition.UNKNOWN, f"the policies of {host.name} are not known: {gap.reason}"))
        return
    switch = switched_on(host, situation.in_interface, "disable_policy")
    if switch is not None:
        step = Step(host.name, stage.kind.word, Mark.SKIP, "skipped", "disable_policy is set", origin=switch)
        yield Move(situation.with_(step))
        return
    asked = situation.untranslated or situation.frame.traffic
    ports = not situation.path.forwards_without_ports
    policies = _in_force(simulator, host, direction, asked)
    for policy, traffic in _ask(policies, asked, ports=ports):
        own = traffic if asked is situation.frame.traffic else situation.frame.traffic.begun_in(traffic.began)
        if own is None:
            continue
        here = situation.with_(frame=situation.frame.with_traffic(own))
        absent = _absent(simulator, here, stage, policy)
        move = _judge(simulator, here, stage, direction, policy) if absent is None else absent
        yield with_evidence(here, move, traffic, policies=policies, blind=not ports)


def _judge(
    simulator: Simulator, situation: Situation, stage: Stage, direction: Direction, policy: SecurityPolicy | None
) -> Move:
    path, host = situation.path, situation.host.name
    tunnelled = any(p.mode is Mode.TUNNEL for p in situation.arrived)
    word = stage.kind.word
    if policy is None:
        default = situation.host.settings.get(f"xfrm.default.{direction.value}")
        if default is not None and default[0] == "block":
            step = Step(host, word, Mark.FAIL, "no policy", "the default is block", origin=default[1])
            sentence = f"{host} blocks what no {direction.value} policy names"
            return Move(situation.with_(step), end=End(Disposition.DISCARDED_BY_SPD, sentence, "XfrmInNoPols"))
        if tunnelled and path.tunnel_needs_policy:
            step = Step(
                host, word, Mark.FAIL, "no policy", f"a tunnel's packet needs a matching {direction.value} policy"
            )
            sentence = f"{host} has no {direction.value} policy for what the tunnel delivers"
            return Move(situation.with_(step), end=End(Disposition.DISCARDED_BY_SPD, sentence, "XfrmInNoPols"))
        if not situation.arrived and not situation.host.spd.policies:
            return Move(situation)
        if simulator.without_policies:
            return Move(situation.with_(Step(host, word, Mark.SKIP, "skipped", "supposed not to be loaded")))
        return Move(situation.with_(Step(host, word, Mark.OK, "no policy", "accepted as it is")))
    if policy.action is Action.DISCARD:
        step = Step(host, word, Mark.FAIL, "DISCARD", str(policy.selector), origin=policy.origin)
        end = End(Disposition.DISCARDED_BY_SPD, f"a policy of {host} discards {policy.selector}", "XfrmInPolBlock")
        return Move(situation.with_(step), end=end)
    if policy.action is Action.BYPASS:
        if situation.arrived and path.templates_are_checked and tunnelled:
            step = Step(host, word, Mark.FAIL, "BYPASS", "but the packet came by a tunnel", origin=policy.origin)
            end = End(
                Disposition.SELECTOR_MISMATCH,
                f"a none policy of {host} takes what the tunnel delivers",
                "XfrmInTmplMismatch",
            )
            return Move(situation.with_(step), end=end)
        return Move(situation.with_(Step(host, word, Mark.OK, "BYPASS", str(policy.selector), origin=policy.origin)))
    return _judge_protected(simulator, situation, word, policy)


def _judge_protected(simulator: Simulator, situation: Situation, word: str, policy: SecurityPolicy) -> Move:
    host = situation.host.name
    stranger = situation.path.peer_is_checked and bool(situation.arrived) and not _by_peer(simulator, situation, policy)
    if not situation.arrived or stranger:
        how = "packet of another peer's SA" if stranger else "clear packet"
        if policy.is_optional:
            detail = f"{policy.selector}: protection is optional, the {how} is accepted"
            return Move(situation.with_(Step(host, word, Mark.OK, "clear", detail, origin=policy.origin)))
        must = f"{policy.selector} must be protected" + (" by another peer's SA" if stranger else "")
        step = Step(host, word, Mark.FAIL, "clear", must, origin=policy.origin)
        end = End(
            Disposition.DISCARDED_BY_SPD, f"{host} demands protection for {policy.selector}", "XfrmInTmplMismatch"
        )
        return Move(situation.with_(step), end=end)
    misfit = _misfit(simulator, situation, policy) if situation.path.templates_are_checked else None
    if misfit is not None:
        step = Step(host, word, Mark.FAIL, "misfit", misfit, origin=policy.origin)
        end = End(Disposition.SELECTOR_MISMATCH, f"{host}: {misfit}", "XfrmInTmplMismatch")
        return Move(situation.with_(step), end=end)
    detail = f"{policy.selector}: the packet arrived as it must"
    return Move(situation.with_(Step(host, word, Mark.PROTECT, "match", detail, origin=policy.origin)))


def _by_peer(simulator: Simulator, situation: Situation, policy: SecurityPolicy) -> bool:
    """Some SA that the packet arrived under is one with the policy's peer, of the protocol that it wants."""
    owner = simulator.topology.owner
    for template in policy.templates:
        for used in situation.arrived:
            if used.protocol is not template.protocol:
                continue
            if template.source in (None, used.source):
                return True
            wanted, actual = (None if end is None else owner(end) for end in (template.source, used.source))
            if wanted is not None and actual is not None and wanted[0] is actual[0]:
                return True  # NAT has shown another of its addresses.
    return False


def _misfit(simulator: Simulator, situation: Situation, policy: SecurityPolicy) -> str | None:
    """Why the protections of a packet do not fit a policy's templates; None if they do (xfrm_policy_ok)."""
    rest = list(situation.arrived)
    for template in reversed(policy.templates):
        found = next((n for n, used in enumerate(rest) if _fits(simulator, template, used)), None)
        if found is None:
            if template.level.is_optional:
                continue
            if template.protocol is Protocol.IPCOMP:
                continue
            used_text = ", ".join(f"{p.protocol.value}/{p.mode.value} reqid {p.reqid}" for p in situation.arrived)
            return f"the policy wants {template}, the packet came by {used_text}"
        del rest[: found + 1]
    if any(protection.mode is Mode.TUNNEL for protection in rest):
        return "the packet came by a tunnel that the policy does not name"
    return None


def _fits(simulator: Simulator, template: Template, used: Protection) -> bool:
    """xfrm_state_ok: protocol, mode, reqid where the template gives one, and a tunnel's end points.

    A negotiated SA has the addresses by which its own host knows the peer, whatever the other side calls itself.
    """
    if template.protocol is not used.protocol or template.mode is not used.mode:
        return False
    if template.reqid and used.reqid is not None and template.reqid != used.reqid:
        return False
    if template.mode is not Mode.TUNNEL:
        return True
    ends = ((template.source, used.source), (template.destination, used.destination))
    return all(
        wanted is None
        or wanted.is_everything
        or wanted == actual
        or (used.association is None and _is_translated(simulator, wanted, actual))
        for wanted, actual in ends
    )


def _is_translated(simulator: Simulator, one: AddressRange, other: AddressRange) -> bool:
    """A host has one of the addresses, and is known by the other one outside the NAT before it."""
    for own, outside in ((one, other), (other, one)):
        found = simulator.topology.owner(own)
        if found is not None and found[0].public_address == outside:
            return True
    return False
