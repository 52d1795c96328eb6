"""SPD004: the peer's counterpart covers less or more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.connection_ids import connection_ids
from spdcheck.checks.finding import Finding, Severity, Undecided
from spdcheck.checks.wording import in_words
from spdcheck.engine.selectors import Region, uncovered
from spdcheck.model.diagnostic import Note, Part
from spdcheck.semantics.counterpart import flows, restricted
from spdcheck.semantics.peering import far_address

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context
    from spdcheck.model.policy import SecurityPolicy
    from spdcheck.model.selector import TrafficSelector
    from spdcheck.semantics.counterpart import Flow


class SelectorMismatch(Check):
    """The peer's policies cover less, or more, than this one: some packets are protected on one side only.

    ## What it does

    Where the selectors of both sides overlap without being equal, the exact difference is worked out: what this side
    protects and the peer does not expect, and what the peer expects and this side does not protect. Several policies
    that cover the same packets together are no difference.

    ## Why it matters

    Packets in the difference are sent under an SA whose selectors do not fit (and dropped at the peer), or leave in
    clear and are refused. IKE refuses phase 2 ids that are not equal, or worse, the tunnel comes up for a part.

    ## Example

    ```
    === east/etc/ipsec.conf
    spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    spdadd 10.2.0.0/16 10.1.0.0/16 any -P in ipsec esp/tunnel/198.51.100.2-192.0.2.1/require;
    === west/etc/ipsec.conf
    spdadd 10.1.0.0/17 10.2.0.0/16 any -P in ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    spdadd 10.2.0.0/16 10.1.0.0/17 any -P out ipsec esp/tunnel/198.51.100.2-192.0.2.1/require;
    ```

    ## Correction

    ```
    === east/etc/ipsec.conf
    spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    spdadd 10.2.0.0/16 10.1.0.0/16 any -P in ipsec esp/tunnel/198.51.100.2-192.0.2.1/require;
    === west/etc/ipsec.conf
    spdadd 10.1.0.0/16 10.2.0.0/16 any -P in ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    spdadd 10.2.0.0/16 10.1.0.0/16 any -P out ipsec esp/tunnel/198.51.100.2-192.0.2.1/require;
    ```

    ## References

    RFC 4301 section 4.4.1.2; RFC 2409 section 5.5 (phase 2 identities).
    """

    code = "SPD004"
    name = "selector-mismatch"
    severity = Severity.ERROR
    needs_peer = True

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """Every pair of overlapping, unequal policies in every direction between two hosts."""
        told: set[tuple[object, ...]] = set()
        for flow in flows(context.peering):
            if flow.sender.external or flow.receiver.external:
                continue
            gaps = [gap for host in (flow.sender, flow.receiver) for gap in host.gaps if gap.part is Part.SPD]
            if gaps:
                for host in (flow.sender, flow.receiver):
                    yield from self.undecided(host, (Part.SPD,))
                continue
            yield from self._compare(flow, told)
        yield from connection_ids(self, context)

    def _compare(self, flow: Flow, told: set[tuple[object, ...]]) -> Iterator[Finding]:
        expected = [part for policy in flow.all_expected for part in restricted(policy, flow.sender)]
        sent = [part for policy in flow.all_sent for part in restricted(policy, flow.receiver)]
        answered: set[SecurityPolicy] = set()
        for policy in flow.sent:
            partners = [other for other in flow.expected if other.selector.overlaps(policy.selector)]
            less = [] if _is_open(policy) else _difference(restricted(policy, flow.receiver), expected)
            more = [
                region for other in partners if not _is_open(other)
                for region in _difference(restricted(other, flow.sender), sent)
            ]  # fmt: skip
            if (less or more) and (partners or _touches(policy, expected)):
                answered.update(partners)
                if _news(told, flow, policy, partners):
                    yield self._finding(flow, policy, partners, less, more)
        for policy in flow.expected:
            if policy in answered or _is_open(policy):
                continue
            more = _difference(restricted(policy, flow.sender), sent)
            if more and _touches(policy, sent) and _news(told, flow, policy, []):
                yield self._unexpected(flow, policy, more)

    def _finding(
        self, flow: Flow, policy: SecurityPolicy, partners: list[SecurityPolicy], less: list[Region], more: list[Region]
    ) -> Finding:
        said = []
        if less:
            said.append(f"{flow.receiver.name} does not expect {in_words(less)}")
        if more:
            said.append(f"{flow.sender.name} does not protect {in_words(more)}")
        notes = [Note(other.selector_origin, f"{flow.receiver.name} expects {other.selector}") for other in partners]
        return self.finding(
            flow.sender,
            policy.selector_origin,
            f"the selectors of {flow.sender.name} and {flow.receiver.name} differ: {'; '.join(said)}",
            label=f"{flow.sender.name} protects {policy.selector}",
            notes=notes,
            mend="write the same prefixes, protocol and ports on both sides",
            witness=(less or more)[0].packet,
        )

    def _unexpected(self, flow: Flow, policy: SecurityPolicy, more: list[Region]) -> Finding:
        notes = [
            Note(other.selector_origin, f"{flow.sender.name} protects {other.selector}")
            for other in flow.all_sent
            if other.selector.overlaps(policy.selector)
        ]
        return self.finding(
            flow.receiver,
            policy.selector_origin,
            f"{flow.receiver.name} demands protection for {in_words(more)}, which {flow.sender.name} does not protect",
            label=f"{flow.receiver.name} expects {policy.selector}",
            notes=notes,
            mend="write the same prefixes, protocol and ports on both sides",
            witness=more[0].packet,
        )


def _is_open(policy: SecurityPolicy) -> bool:
    """For whoever comes (``0.0.0.0/0``): what one of them protects, it protects; the rest is not meant for it."""
    return far_address(policy) is None and policy.remote.is_everything


def _difference(selectors: list[TrafficSelector], covers: list[TrafficSelector]) -> list[Region]:
    return [region for selector in selectors for region in uncovered(selector, covers)]


def _touches(policy: SecurityPolicy, covers: list[TrafficSelector]) -> bool:
    return any(policy.selector.overlaps(cover) for cover in covers)


def _news(told: set[tuple[object, ...]], flow: Flow, policy: SecurityPolicy, partners: list[SecurityPolicy]) -> bool:
    """False where the opposite direction of the same two hosts has told the same difference already."""
    involved = [policy.selector, *(other.selector for other in partners)]
    forward = frozenset(str(selector) for selector in involved)
    backward = frozenset(str(selector.reversed()) for selector in involved)
    hosts = frozenset((flow.sender.name, flow.receiver.name))
    if (hosts, forward) in told or (hosts, backward) in told:
        return False
    told.add((hosts, forward))
    return True
