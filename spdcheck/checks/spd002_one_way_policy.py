"""SPD002: a host that protects one direction of a flow only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Finding, Severity, Undecided
from spdcheck.checks.policy_wording import direction_option
from spdcheck.checks.wording import in_words
from spdcheck.engine.selectors import some_packet, uncovered
from spdcheck.model.diagnostic import Note, Part
from spdcheck.model.policy import Action, Direction
from spdcheck.semantics.counterpart import peers_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context
    from spdcheck.model.host import Host
    from spdcheck.model.policy import SecurityPolicy


class OneWayPolicy(Check):
    """This host protects one direction of a flow, but has no policy for the other.

    ## What it does

    For every `out` policy that protects something, the same host should have `in` policies for the answers (source and
    destination swapped), and the other way round. What no policy of the other direction covers is reported, exactly.

    ## Why it matters

    Without the `in` policy a BSD accepts the same traffic in clear from anybody, and Linux drops what the tunnel
    delivers (XfrmInNoPols). Without the `out` policy the answers leave in clear.

    ## Example

    ```
    === east/etc/ipsec.conf
    spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    ```

    ## Correction

    ```
    === east/etc/ipsec.conf
    spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    spdadd 10.2.0.0/16 10.1.0.0/16 any -P in ipsec esp/tunnel/198.51.100.2-192.0.2.1/require;
    ```

    ## References

    RFC 4301 section 4.4.1: an SPD entry is needed for each direction; setkey(8).
    """

    code = "SPD002"
    name = "one-way-policy"
    severity = Severity.ERROR

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """Both directions of every host."""
        for host in context.hosts:
            if host.gap_in(Part.SPD) is not None:
                yield from self.undecided(host, (Part.SPD,))
                continue
            for direction, other in ((Direction.OUT, Direction.IN), (Direction.IN, Direction.OUT)):
                answers = [p for p in host.spd.of(other) if p.action is not Action.BYPASS]
                exact = {policy.selector for policy in answers}
                for policy in host.spd.of(direction):
                    if policy.action is Action.PROTECT and policy.selector.reversed() not in exact:
                        yield from self._half(context, host, policy, other, answers)

    def _half(
        self, context: Context, host: Host, policy: SecurityPolicy, other: Direction, answers: list[SecurityPolicy]
    ) -> Iterator[Finding]:
        wanted = policy.selector.reversed()
        missing = uncovered(wanted, [answer.selector for answer in answers])
        if not missing:
            return
        nothing = not any(wanted.overlaps(answer.selector) for answer in answers)
        if not nothing and any(peers_of(context.peering, host, policy)):
            # The peer's lines show which of the two is wrong: SPD004 compares with them.
            return
        what = f"{wanted}" if nothing else in_words(missing)
        consequence = (
            "the answers leave in clear"
            if other is Direction.OUT
            else "clear packets of this flow are accepted, or dropped"
        )
        notes = [
            Note(twin.origin, f"{peer.name} does protect it")
            for peer in peers_of(context.peering, host, policy)
            for twin in peer.spd.policies
            if twin.direction is policy.direction and twin.selector == wanted and twin.action is Action.PROTECT
        ]
        yield self.finding(
            host,
            policy.origin,
            f"no {other.value} policy covers {what}: {consequence}",
            label=f"only {policy.direction.value}",
            notes=notes,
            mend=f"add the reverse policy: {direction_option(policy, other)}, source and destination swapped, "
            "end points swapped",
            witness=some_packet(wanted) if nothing else missing[0].packet,
        )
