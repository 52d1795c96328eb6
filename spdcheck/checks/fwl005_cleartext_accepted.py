"""FWL005: clear packets that claim to come from the remote network get in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Finding, Severity, Undecided
from spdcheck.checks.proof_by_address import believed
from spdcheck.checks.wording import flow_in_words, several
from spdcheck.engine.exploration import REFUSED, witness
from spdcheck.engine.trace import Disposition, Mark, Step
from spdcheck.engine.ways import forged, unprotected
from spdcheck.model.addresses import EVERYTHING
from spdcheck.model.diagnostic import Note, Part
from spdcheck.model.policy import Action, Direction
from spdcheck.named_tuples import NamedTuple
from spdcheck.semantics.beginning import first_packets
from spdcheck.semantics.conditions import destination, source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context
    from spdcheck.checks.proof_by_address import Believed
    from spdcheck.engine.exploration import Ending
    from spdcheck.model.host import Host, Interface
    from spdcheck.model.policy import SecurityPolicy
    from spdcheck.source import Span


class Cause(NamedTuple):
    """What lets a clear packet in: a sentence that goes on after the flow, and the place."""

    text: str
    origin: Span | None


class CleartextAccepted(Check):
    """Clear packets from the untrusted network that claim to come from the remote network are accepted.

    ## What it does

    Lets the packets of every protecting `in` policy arrive from outside without protection, and looks for some that are
    delivered or forwarded: a filter rule passes them and the SPD does not insist, a none policy takes them first, or
    the kernel does not check. Tunnel devices are asked too: where policies protect some of what comes through a gif
    device, a stranger can send the rest wrapped in clear.

    Where only the SPD stops such packets, because a rule that stops strangers lets them pass for the address that they
    claim (Shorewall's `hosts` without `ipsec`, iptables without `-m policy`), that is a warning: while the policies are
    not loaded, they get in.

    A policy without its `in` half (SPD002, SPD003) or with an optional level (SPD008) is told there; here it counts
    only where a packet filter was asked and let the packets pass.

    ## Why it matters

    Whoever can send a packet with a forged source address is inside the protected network: that one host answers
    through the tunnel is no help against a single datagram.

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
    spdadd 10.2.7.0/24 10.0.0.0/8 any -P in none;
    spdadd 10.2.0.0/16 10.1.0.0/16 any -P in ipsec esp/tunnel/198.51.100.2-192.0.2.1/require;
    spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
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
    spdadd 10.2.0.0/16 10.1.0.0/16 any -P in ipsec esp/tunnel/198.51.100.2-192.0.2.1/require;
    spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    ```

    ## References

    RFC 4301 section 5.2; RFC 2827 (ingress filtering).
    """

    code = "FWL005"
    name = "cleartext-accepted"
    severity = Severity.ERROR
    needs_peer = True

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """Every protecting in policy, and every tunnel device, of every host."""
        for host in context.hosts:
            if host.gap_in(Part.SPD) is not None:
                yield from self.undecided(host, (Part.SPD,))
                continue
            found = [item for p in context.protecting(host, Direction.IN) for item in self._policy(context, host, p)]
            yield from found
            if not any(isinstance(item, Finding) for item in found):
                yield from self._by_address(context, host)
            for interface in host.interfaces:
                yield from self._device(context, host, interface)

    def _policy(self, context: Context, host: Host, policy: SecurityPolicy) -> Iterator[Finding | Undecided]:
        groups: dict[Cause, list[Ending]] = {}
        for ending in unprotected(context.ways.simulator, host, policy):
            if ending.disposition is Disposition.UNKNOWN:
                yield Undecided(self.code, host.name, ending.sentence, ending.place)
            elif ending.disposition not in REFUSED:
                cause = _cause(host, policy, ending)
                if cause is not None:
                    groups.setdefault(cause, []).append(ending)
        for cause, endings in groups.items():
            trace = witness(endings)
            if trace is None:
                yield self.not_replayed(host, f"that {flow_in_words(endings)} gets in", policy.origin)
                continue
            place = cause.origin or policy.selector_origin
            yield self.finding(
                host,
                place,
                f"{flow_in_words(endings)} gets into {host.name} in clear: {cause.text}",
                label="lets it in" if cause.origin is not None else "to be protected by this policy",
                notes=[Note(policy.selector_origin, "to be protected by this policy")] if cause.origin else [],
                trace=trace,
                subject=str(policy.selector),
            )

    def _by_address(self, context: Context, host: Host) -> Iterator[Finding | Undecided]:
        """The filter takes a source address for a proof, and only the SPD stands behind it."""
        if not context.ways.is_filtered(host):
            return
        groups: dict[Span, list[tuple[Believed, SecurityPolicy, Ending]]] = {}
        for policy in context.protecting(host, Direction.IN):
            for line, ending in believed(context.ways.without_policies, host, policy):
                groups.setdefault(line.sender or line.rule, []).append((line, policy, ending))
        for place, found in groups.items():
            line, policy, _ = found[0]
            claimed = several(list(dict.fromkeys(str(asked.remote) for _, asked, _ in found)))
            trace = witness(ending for _, _, ending in found)
            if trace is None:
                yield self.not_replayed(host, f"that {claimed} is believed in clear", place)
                continue
            once = "before setkey has run or after a flush" if policy.by_ike is None else "until phase 2 has succeeded"
            notes = [Note(line.rule, "lets them pass")] if line.sender is not None else []
            yield self.finding(
                host,
                place,
                f"clear packets that claim to come from {claimed} pass the filter of {host.name}, which stops "
                f"strangers but asks for the source address only: the SPD alone keeps them out, nothing does {once}",
                label="asks for the address only",
                notes=[*notes, Note(policy.selector_origin, "to be protected by this policy")],
                mend=line.mend,
                trace=trace,
                severity=Severity.WARNING,
                subject="by address",
            )

    def _device(self, context: Context, host: Host, interface: Interface) -> Iterator[Finding | Undecided]:
        """A tunnel device between two addresses between which ``in`` policies protect something."""
        device = interface.tunnel
        if device is None or device.origin is None:
            return
        ends = (device.destination, device.source)
        policies = [
            policy
            for policy in host.spd.of(Direction.IN)
            if policy.action is Action.PROTECT
            and policy.tunnel is not None
            and (policy.tunnel.source, policy.tunnel.destination) == ends
        ]
        if not policies:
            return
        simulator = context.ways.simulator
        inside = [addresses for addresses, place in simulator.topology.places if place.host is host]
        getting_in: list[Ending] = []
        for family in sorted({addresses.family for addresses in inside}):
            own = destination(*(addresses for addresses in inside if addresses.family == family))
            condition = first_packets(source(EVERYTHING[family]) & own, family)
            for ending in forged(simulator, host, interface, condition):
                if ending.disposition is Disposition.UNKNOWN:
                    yield Undecided(self.code, host.name, ending.sentence, ending.place)
                elif ending.disposition not in REFUSED and ending.arrived:
                    getting_in.append(ending)
        if not getting_in:
            return
        trace = witness(getting_in)
        if trace is None:
            yield self.not_replayed(host, f"what gets in by {interface.name}", device.origin)
            return
        yield self.finding(
            host,
            device.origin,
            f"anybody who forges the address {device.destination} gets packets in by {interface.name} in clear, "
            f"unless {' or '.join(str(policy.selector) for policy in policies[:2])} selects them",
            label=f"{device.kind} is taken in clear",
            notes=[Note(policies[0].selector_origin, "only this must be protected")],
            mend=f"protect the carrier, or block {device.kind} from outside that did not come out of ESP",
            trace=trace,
            subject=interface.name,
        )


def _cause(host: Host, policy: SecurityPolicy, ending: Ending) -> Cause | None:
    """What let a clear packet in; None where another check tells it."""
    steps = [step for step in ending.situation.steps if isinstance(step, Step) and step.host == host.name]
    passed = [step for step in steps if step.stage.startswith("FILTER") and step.origin is not None]
    rule = next((step for step in reversed(passed) if step.mark is Mark.OK), None)
    checks = [step for step in steps if step.stage in ("SPD in", "SPD fwd")]
    last = checks[-1] if checks else None
    if last is not None and last.verdict == "BYPASS":
        bypass = next((other for other in host.spd.policies if other.origin == last.origin), None)
        if bypass is not None and policy.selector.contains(bypass.selector):
            return None  # An exception inside the policy was wanted.
        return Cause("a none policy takes it first", last.origin)
    if last is not None and last.mark is Mark.SKIP:
        return Cause(f"the SPD is not asked, since {last.detail}", last.origin)
    if rule is not None:
        return Cause("this rule lets it pass, and the SPD does not insist on protection", rule.origin)
    return None
