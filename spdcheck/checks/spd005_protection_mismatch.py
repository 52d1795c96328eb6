"""SPD005: both peers protect the same traffic, but not in the same way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Finding, Severity, Undecided
from spdcheck.engine.selectors import some_packet
from spdcheck.model.diagnostic import Note
from spdcheck.model.policy import Mode
from spdcheck.semantics.counterpart import flows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context
    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.host import Host
    from spdcheck.model.policy import SecurityPolicy, Template
    from spdcheck.semantics.counterpart import Flow


class ProtectionMismatch(Check):
    """Both peers protect this traffic, but with another protocol, mode, level or other end points.

    ## What it does

    Compares the templates of an `out` policy with those of the peer's `in` policy for the same traffic, in their order:
    ESP, AH or IPComp; tunnel or transport; the tunnel's end points; whether protection is required or optional. A
    `unique` against a `require` is no difference on the wire.

    ## Why it matters

    Packets arrive under an SA that the receiver's policy does not accept, and are dropped. Where only one side insists,
    the other side may send in clear, and loses those packets.

    ## Example

    ```
    === east/etc/ipsec.conf
    spdadd 192.0.2.1 198.51.100.2 any -P out ipsec esp/transport//require;
    spdadd 198.51.100.2 192.0.2.1 any -P in ipsec esp/transport//require;
    === west/etc/ipsec.conf
    spdadd 192.0.2.1 198.51.100.2 any -P in ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    spdadd 198.51.100.2 192.0.2.1 any -P out ipsec esp/tunnel/198.51.100.2-192.0.2.1/require;
    ```

    ## Correction

    ```
    === east/etc/ipsec.conf
    spdadd 192.0.2.1 198.51.100.2 any -P out ipsec esp/transport//require;
    spdadd 198.51.100.2 192.0.2.1 any -P in ipsec esp/transport//require;
    === west/etc/ipsec.conf
    spdadd 192.0.2.1 198.51.100.2 any -P in ipsec esp/transport//require;
    spdadd 198.51.100.2 192.0.2.1 any -P out ipsec esp/transport//require;
    ```

    ## References

    RFC 4301 section 5.2 step 4; ipsec_set_policy(3); net/xfrm/xfrm_policy.c `xfrm_policy_ok`.
    """

    code = "SPD005"
    name = "protection-mismatch"
    severity = Severity.ERROR
    needs_peer = True

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """Every pair of policies for the same traffic, each pair of hosts told once for both directions."""
        told: set[tuple[object, ...]] = set()
        for flow in flows(context.peering):
            if flow.sender.external or flow.receiver.external:
                continue
            pairs = list(flow.exact)
            for policy in flow.sent:
                pairs += [(policy, other) for other in flow.expected if other.selector.overlaps(policy.selector)]
            for sent, expected in pairs:
                difference = _difference(flow, sent, expected)
                if difference is None:
                    continue
                text, ours, theirs, severity = difference
                hosts = tuple(sorted((flow.sender.name, flow.receiver.name)))
                selector = min(sent.selector, sent.selector.reversed())
                key = (hosts, selector, tuple(sorted((str(ours), str(theirs)))) if severity else text)
                mirrored = (hosts, selector, _undirected(sent), _undirected(expected))
                swapped = (hosts, selector, _undirected(expected), _undirected(sent))
                if key in told or mirrored in told or swapped in told:
                    continue
                told.update({key, mirrored})
                yield self._finding(flow, sent, expected, text, ours, theirs, severity)

    def _finding(
        self,
        flow: Flow,
        sent: SecurityPolicy,
        expected: SecurityPolicy,
        text: str,
        ours: Template | None,
        theirs: Template | None,
        severity: Severity,
    ) -> Finding:
        return self.finding(
            flow.sender,
            ours.origin if ours else sent.origin,
            f"{flow.sender.name} and {flow.receiver.name} protect {sent.selector} differently: {text}",
            label=f"{flow.sender.name}: {ours}" if ours else f"{flow.sender.name}: no such protection",
            notes=[
                Note(
                    theirs.origin if theirs else expected.origin,
                    f"{flow.receiver.name}: {theirs}" if theirs else f"{flow.receiver.name}: no such protection",
                )
            ],
            mend="write the same protocol, mode and level on both sides, and the end points in the same order",
            witness=some_packet(sent.selector, expected.selector),
            severity=severity,
        )


def _undirected(policy: SecurityPolicy) -> tuple[object, ...]:
    return tuple(
        (t.protocol, t.mode, frozenset((t.source, t.destination)), t.level.is_optional) for t in policy.templates
    )


def _are_the_peers(flow: Flow, template: Template) -> bool:
    """The end points are an address of the sender and one of the receiver; what is neither is SPD011's to tell."""
    near, far = template.source, template.destination
    return near is None or far is None or (flow.sender.owns(near) and flow.receiver.owns(far))


def _same_end(host: Host, one: AddressRange | None, other: AddressRange | None) -> bool:
    """The same address, or a host's own one and the one that its NAT device shows the peer."""
    if one == other:
        return True
    shown = host.public_address
    return shown is not None and shown in (one, other) and None not in (one, other)


def _difference(
    flow: Flow, sent: SecurityPolicy, expected: SecurityPolicy
) -> tuple[str, Template | None, Template | None, Severity] | None:
    """``(text, our template, their template, severity)`` of the first difference, or None."""
    for ours, theirs in zip(sent.templates, expected.templates, strict=False):
        if ours.protocol is not theirs.protocol:
            return f"{ours.protocol.value} against {theirs.protocol.value}", ours, theirs, Severity.ERROR
        if ours.mode is not theirs.mode:
            return f"{ours.mode.value} mode against {theirs.mode.value} mode", ours, theirs, Severity.ERROR
        ends_differ = not (
            _same_end(flow.sender, ours.source, theirs.source)
            and _same_end(flow.receiver, ours.destination, theirs.destination)
        )
        if ours.mode is Mode.TUNNEL and ends_differ and _are_the_peers(flow, ours) and _are_the_peers(flow, theirs):
            return (
                f"{ours.source}→{ours.destination} against {theirs.source}→{theirs.destination}",
                ours,
                theirs,
                Severity.ERROR,
            )
    if len(sent.templates) != len(expected.templates):
        longer, other = (sent, expected) if len(sent.templates) > len(expected.templates) else (expected, sent)
        extra = longer.templates[len(other.templates)]
        text = f"{len(sent.templates)} transforms against {len(expected.templates)}"
        return (text, extra, None, Severity.ERROR) if longer is sent else (text, None, extra, Severity.ERROR)
    if sent.by_ike is not None or expected.by_ike is not None:
        return None  # How strictly a daemon means what it installs is no matter of the configuration: SPD008.
    for ours, theirs in zip(sent.templates, expected.templates, strict=True):
        if ours.level.is_optional != theirs.level.is_optional:
            strict, lax = (flow.receiver, flow.sender) if ours.level.is_optional else (flow.sender, flow.receiver)
            text = (
                f"{strict.name} insists on it, for {lax.name} it is optional ({ours.level.value}, {theirs.level.value})"
            )
            return text, ours, theirs, Severity.WARNING
    return None
