"""SPD010: packets of a protected flow that leave in clear."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Finding, Severity, Undecided
from spdcheck.checks.wording import flow_in_words, several
from spdcheck.engine.exploration import explore, witness
from spdcheck.engine.trace import NO_FLOW, Disposition, Mark, Step, Wire
from spdcheck.engine.ways import between_gateways, clear_wire, is_translated, passes, protecting, without_flow
from spdcheck.model.diagnostic import Note, Part
from spdcheck.model.policy import Action, Direction
from spdcheck.model.protocols import AH, ESP, UDP
from spdcheck.model.selector import PortRange
from spdcheck.named_tuples import NamedTuple
from spdcheck.semantics.beginning import first_packets, flow_of
from spdcheck.semantics.conditions import destination, source
from spdcheck.semantics.routing import reached_through

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context
    from spdcheck.engine.exploration import Ending
    from spdcheck.model.host import Host, Interface
    from spdcheck.model.policy import SecurityPolicy
    from spdcheck.source import Span

_KEY_EXCHANGE = (PortRange(500, 500), PortRange(4500, 4500))


class Cause(NamedTuple):
    """Why packets leave in clear: a sentence that goes on after the flow, and the place that is to blame."""

    text: str
    origin: Span | None
    severity: Severity = Severity.ERROR


class CleartextLeak(Check):
    """Packets that a policy protects can leave this host without protection.

    ## What it does

    Sends every packet of every protecting `out` policy through the datapath of its host, from where it really begins:
    this host itself or the network behind it. If some of them reach an untrusted wire in clear, the finding says which
    ones, why, and shows one packet's way. Tunnel devices are asked too: where policies protect some of what the routes
    send into a gif or gre device, everything else leaves through it in clear.

    Policies that a key daemon installs (isakmpd's flows) are not there before phase 2 has succeeded. What the packet
    filters let out in clear until then is told as a warning; where phase 2 can't succeed, as an error.

    Packets that NAT translates first are a matter of NAT001. A bypass policy that is an exception inside the protected
    flow is only mentioned; exceptions for key exchange and ESP are not.

    ## Why it matters

    Everybody on the way can read these packets, and nothing in the configuration looks wrong.

    ## Example

    ```
    === spdcheck.toml
    [host.gw]
    platform = "freebsd"
    [host.gw.interface.em0]
    addresses = ["192.0.2.1/24"]
    [host.gw.interface.em1]
    addresses = ["10.1.0.1/16"]
    === gw/etc/ipsec.conf
    spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    spdadd 10.1.0.0/16 10.3.0.0/16[443] tcp -P out ipsec esp/tunnel/192.0.2.1-198.51.100.3/require;
    ```

    ## Correction

    ```
    === spdcheck.toml
    [host.gw]
    platform = "freebsd"
    [host.gw.interface.em0]
    addresses = ["192.0.2.1/24"]
    [host.gw.interface.em1]
    addresses = ["10.1.0.1/16"]
    === gw/etc/ipsec.conf
    spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    spdadd 10.1.0.0/16 10.3.0.0/16 tcp -P out ipsec esp/tunnel/192.0.2.1-198.51.100.3/require;
    ```

    ## References

    RFC 4301 section 5.1; the order of hooks of each platform in `spdcheck/semantics/datapath`.
    """

    code = "SPD010"
    name = "cleartext-leak"
    severity = Severity.ERROR
    needs_peer = True

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """Every protecting out policy, and every tunnel device, of every host."""
        for host in context.hosts:
            if host.gap_in(Part.SPD) is not None:
                yield from self.undecided(host, (Part.SPD,))
                continue
            installed: dict[Span, list[SecurityPolicy]] = {}
            for policy in context.protecting(host):
                yield from self._policy(context, host, policy)
                presence = context.ways.simulator.negotiations.presence(host, policy)
                if policy.by_ike is not None and not any(presence):
                    installed.setdefault(policy.origin, []).append(policy)
            for policies in installed.values():
                yield from self._meanwhile(context, host, policies)
            for interface in host.interfaces:
                if interface.tunnel is not None:
                    yield from self._device(context, host, interface)

    def _policy(self, context: Context, host: Host, policy: SecurityPolicy) -> Iterator[Finding | Undecided]:
        groups: dict[Cause, list[Ending]] = {}
        for ending in context.ways.of(host, policy):
            if ending.disposition is Disposition.UNKNOWN:
                yield Undecided(self.code, host.name, ending.sentence, ending.place)
                continue
            at = clear_wire(ending, host)
            if at is None or (is_translated(ending, before=at) and not without_flow(ending, host)):
                continue
            cause = _cause(host, policy, ending, at)
            if cause is not None:
                groups.setdefault(cause, []).append(ending)
        for cause, endings in groups.items():
            yield from self._leak(host, policy, cause, endings)

    def _meanwhile(self, context: Context, host: Host, policies: list[SecurityPolicy]) -> Iterator[Finding | Undecided]:
        """Before a key daemon has installed the policies of one connection, and after its last SA has gone."""
        leaking: list[Ending] = []
        remote: list[str] = []
        policy = policies[0]
        for policy in policies:
            meant = flow_of(policy.selector) & ~between_gateways(policy)
            for ending in explore(context.ways.before_ike, meant, strangers=False):
                at = clear_wire(ending, host) if passes(ending, host) else None
                if ending.disposition is Disposition.UNKNOWN:
                    yield Undecided(self.code, host.name, ending.sentence, ending.place)
                elif at is not None:
                    leaking.append(ending)
                    remote += [str(policy.remote)] if str(policy.remote) not in remote else []
        if not leaking:
            return
        trace = witness(leaking)
        if trace is None:
            yield self.not_replayed(host, f"the leak of {flow_in_words(leaking)}", policy.origin)
            return
        yield self.finding(
            host,
            policy.origin,
            f"until phase 2 has succeeded, and after the last SA has gone, {host.name} has no flow: "
            f"{flow_in_words(leaking)} leaves in clear",
            label="its flows are there only while there are SAs",
            mend=f"block what goes to {several(remote)} in clear on the interface that faces the peers",
            trace=trace,
            severity=Severity.WARNING,
            subject="before",
        )

    def _leak(
        self, host: Host, policy: SecurityPolicy, cause: Cause, endings: list[Ending]
    ) -> Iterator[Finding | Undecided]:
        trace = witness(endings)
        if trace is None:
            yield self.not_replayed(host, f"the leak of {flow_in_words(endings)}", policy.origin)
            return
        notes = [Note(cause.origin, "it is this line that lets them go")] if cause.origin is not None else []
        yield self.finding(
            host,
            policy.selector_origin,
            f"{flow_in_words(endings)} leaves {host.name} in clear: {cause.text}",
            label="to be protected by this policy",
            notes=[note for note in notes if note.span != policy.selector_origin and note.span != policy.origin],
            trace=trace,
            severity=cause.severity,
            subject=cause.text,
        )

    def _device(self, context: Context, host: Host, interface: Interface) -> Iterator[Finding | Undecided]:
        """A tunnel device between two addresses between which policies protect something."""
        device = interface.tunnel
        policies = [policy for policy in protecting(host) if _same_ends(policy, interface)]
        reached = list(reached_through(host, interface))
        if device is None or not policies or not reached:
            return
        families = {addresses.family for addresses, _ in reached}
        leaking: list[Ending] = []
        for family in families:
            inside = [addresses for addresses, place in context.ways.simulator.topology.places if place.host is host]
            own = source(*(addresses for addresses in inside if addresses.family == family))
            into = destination(*(addresses for addresses, _ in reached if addresses.family == family))
            flow = explore(context.ways.simulator, first_packets(own & into, family), strangers=False)
            leaking += [ending for ending in flow if _carried_in_clear(ending, host, device.kind)]
        place = next((span for _, span in reached if span is not None), device.origin or interface.origin)
        if not leaking or place is None:
            return
        trace = witness(leaking)
        if trace is None:
            yield self.not_replayed(host, f"the leak of {flow_in_words(leaking)}", place)
            return
        yield self.finding(
            host,
            place,
            f"{flow_in_words(leaking)} is routed into {interface.name} and covered by no policy: it leaves in clear, "
            f"wrapped in {device.kind} only",
            label=f"routed into {interface.name}",
            notes=[Note(policies[0].selector_origin, "only this is protected")],
            mend=f"protect the carrier: spdadd {device.source} {device.destination} {_CARRIER.get(device.kind, 4)} "
            "-P out ipsec esp/transport//require, and its reverse",
            trace=trace,
            subject=interface.name,
        )


_CARRIER = {"gif": "ipencap", "ipip": "ipencap", "gre": "gre", "mobile": "55"}


def _same_ends(policy: SecurityPolicy, interface: Interface) -> bool:
    device, template = interface.tunnel, policy.tunnel
    if device is None or template is None:
        return False
    return (template.source, template.destination) == (device.source, device.destination)


def _carried_in_clear(ending: Ending, host: Host, kind: str) -> bool:
    at = clear_wire(ending, host)
    step = None if at is None else ending.situation.steps[at]
    return isinstance(step, Wire) and step.form.startswith(f"{kind}{{")


def _cause(host: Host, policy: SecurityPolicy, ending: Ending, at: int) -> Cause | None:
    """Why the packets of a policy crossed a wire in clear; None where somebody wanted it, or where nobody can know."""
    steps = [step for step in ending.situation.steps[:at] if isinstance(step, Step) and step.host == host.name]
    optional = next((step for step in reversed(steps) if step.stage == "SA" and step.mark is Mark.SKIP), None)
    if optional is not None:
        if not host.daemons and not host.sad.associations:
            return None  # Nothing is known of its SAs; that the level is optional is SPD008.
        return Cause(f"there is no SA ({optional.detail})", optional.origin)
    lookup = next((step for step in reversed(steps) if step.stage == "SPD out"), None)
    if lookup is None:
        return Cause("its way does not come by the SPD", None)
    if lookup.verdict == NO_FLOW:
        return Cause(lookup.detail.partition(": ")[2], lookup.origin)
    if lookup.mark is Mark.SKIP:
        return Cause(f"the SPD is not asked, since {lookup.detail}", lookup.origin)
    if lookup.verdict == Action.BYPASS.value.upper():
        return _exception(host, policy, lookup)
    if lookup.mark is Mark.PROTECT:
        return Cause("compression is the only protection that it gets", lookup.origin)
    if policy.selector.has_ports:
        return Cause("this kernel looks up forwarded packets without their ports: the policy does not match", None)
    return Cause("the policy does not match it", None)


def _exception(host: Host, policy: SecurityPolicy, lookup: Step) -> Cause | None:
    bypass = next((other for other in host.spd.of(Direction.OUT) if other.origin == lookup.origin), None)
    if bypass is None or not policy.selector.contains(bypass.selector):
        return Cause("a none policy takes it first", lookup.origin)
    ports = (bypass.selector.source_port, bypass.selector.destination_port)
    exchange = bypass.selector.protocol == UDP and any(port in _KEY_EXCHANGE for port in ports)
    if exchange or bypass.selector.protocol in (ESP, AH):
        return None
    return Cause("an exception inside the policy lets it go", lookup.origin, Severity.INFO)
