"""MTU002: TCP through the tunnel is not told to send shorter segments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Finding, Severity, Undecided
from spdcheck.engine.clamping import clamping
from spdcheck.engine.exploration import Ending
from spdcheck.engine.path_mtu import to_the_sender
from spdcheck.engine.trace import Step
from spdcheck.engine.traffic import One
from spdcheck.engine.ways import left_protected, too_long
from spdcheck.model.diagnostic import Note
from spdcheck.model.host import Platform
from spdcheck.model.protocols import TCP
from spdcheck.model.shorewall import Shorewall
from spdcheck.semantics.clamps import WAYS, clamp_lists, clamps
from spdcheck.semantics.fields import DF, LENGTH, PROTOCOL, SOURCE, address_range
from spdcheck.semantics.intervals import has

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context
    from spdcheck.engine.ways import Ways
    from spdcheck.model.host import Host
    from spdcheck.model.policy import SecurityPolicy

_HEADERS = {4: 40, 6: 60}
"""IP and TCP headers without options, by family."""

_FULL, _LEAST = 1500, 576


class ClampMissing(Check):
    """TCP through the tunnel is told nothing about segments that fit, or told too large a size.

    ## What it does

    Where a host's filter keeps "fragmentation needed" from the senders behind it (FWL008), looks for a rule that lowers
    the maximum segment size (pf's `max-mss`, ipnat's `mssclamp`) of the tunnel's connections: one on the interface that
    the tunnel leaves by sees ESP only, and lowers nothing. Where there is such a rule, sends a full segment of that
    size into the tunnel; if it does not fit in one packet, the size that does is told.

    ## Why it matters

    A clamp is the usual way around a path MTU black hole. One that is a few bytes too large looks right and does not
    help.

    ## Example

    ```
    === spdcheck.toml
    [host.gw]
    platform = "openbsd"
    [host.gw.interface.em0]
    addresses = ["192.0.2.1/24"]
    [host.gw.interface.em1]
    addresses = ["10.1.0.1/16"]
    === gw/etc/pf.conf
    match on enc0 scrub (max-mss 1440)
    pass
    === gw/etc/ipsec.conf
    add 192.0.2.1 198.51.100.2 esp 0x1001 -m tunnel -E aes-cbc 0x00112233445566778899aabbccddeeff
      -A hmac-sha1 0x00112233445566778899aabbccddeeff00112233;
    spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    ```

    ## Correction

    ```
    === spdcheck.toml
    [host.gw]
    platform = "openbsd"
    [host.gw.interface.em0]
    addresses = ["192.0.2.1/24"]
    [host.gw.interface.em1]
    addresses = ["10.1.0.1/16"]
    === gw/etc/pf.conf
    match on enc0 scrub (max-mss 1380)
    pass
    === gw/etc/ipsec.conf
    add 192.0.2.1 198.51.100.2 esp 0x1001 -m tunnel -E aes-cbc 0x00112233445566778899aabbccddeeff
      -A hmac-sha1 0x00112233445566778899aabbccddeeff00112233;
    spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    ```

    ## References

    RFC 2923 section 3.2; pf.conf(5), "max-mss"; ipnat(5), "mssclamp".
    """

    code = "MTU002"
    name = "clamp-missing"
    severity = Severity.INFO

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """Every tunnel of every host that has filters: the first one for which a clamp is missing or too large."""
        for host in context.hosts:
            if not context.ways.is_filtered(host) and not any(any(clamps(clamp_lists(host, way))) for way in WAYS):
                continue
            tunnels: set[tuple[object, ...]] = set()
            for policy in context.protecting(host):
                ends = tuple(template.same_protection for template in policy.templates)
                if ends in tunnels:
                    continue
                tunnels.add(ends)
                said = list(self._policy(context, host, policy))
                yield from said
                if said:
                    break

    def _policy(self, context: Context, host: Host, policy: SecurityPolicy) -> Iterator[Finding | Undecided]:
        start = _forwarded(context.ways, host, policy)
        if start is None:
            return
        found = clamping(context.ways, host, start.began.example())
        clamp = min(found.met, key=lambda clamp: clamp.mss, default=None)
        blocked = None if clamp is not None or not found.sure else to_the_sender(context.ways, host, policy)
        largest = _largest(start) if clamp is not None or blocked is not None else None
        if largest is None:
            return
        fits, exact = largest
        segment = fits.began.side(LENGTH)[0][0] - _HEADERS[policy.selector.family]
        if blocked is not None:
            trace = blocked.replayed()
            if trace is None:
                yield self.not_replayed(host, "the blocked message", policy.origin)
                return
            yield self.finding(
                host,
                policy.selector_origin,
                f"nobody tells TCP behind {host.name} to send segments of at most {segment} bytes",
                label="full segments do not fit into this tunnel",
                notes=[
                    *([Note(blocked.place, "blocks ICMP fragmentation needed")] if blocked.place is not None else []),
                    *(
                        Note(missed.origin, "does not lower it for what goes into the tunnel")
                        for missed in found.missed
                    ),
                ],
                mend=f"lower the segment size to {segment} ({_in_its_words(host)}), or let the ICMP message pass",
                trace=trace,
            )
        elif clamp is not None and clamp.mss > segment and exact:
            trace = fits.replayed()
            yield self.finding(
                host,
                clamp.origin,
                f"a segment size of {clamp.mss} bytes is too large for the tunnel: at most {segment} fit",
                label="lowers too little",
                notes=[Note(policy.selector_origin, "for this tunnel")],
                mend=f"lower it to {segment}",
                trace=trace,
                severity=Severity.WARNING,
            )


def _in_its_words(host: Host) -> str:
    """How the firewall languages of a host write a clamp."""
    if any(isinstance(found, Shorewall) for found in host.packet_filters):
        return "mss= in the OPTIONS of the zone behind the tunnel"
    if host.platform is Platform.LINUX:
        return "-j TCPMSS --set-mss, for what goes into the tunnel"
    return "max-mss, mssclamp"


def _forwarded(ways: Ways, host: Host, policy: SecurityPolicy) -> Ending | None:
    """TCP from behind a host that leaves in the tunnel; None where nothing is forwarded into it."""
    return next(
        (
            ending
            for ending in ways.of(host, policy, tunnels_up=True)
            if has(ending.began.side(PROTOCOL), TCP)
            and left_protected(ending, host)
            and not host.owns(address_range(*ending.began.side(SOURCE)[0]))
        ),
        None,
    )


def _largest(start: Ending) -> tuple[Ending, bool] | None:
    """The longest packet of a flow that fits into the tunnel, and whether that is exact; None if a full one fits."""
    one = start.began.example()

    def of(length: int) -> Ending:
        (ending,) = (Ending(leaf, start.start) for leaf in start.start(One(one.with_values({LENGTH: length, DF: 1}))))
        return ending

    if not too_long(of(_FULL)):
        return None
    fits, breaks = _LEAST, _FULL
    while breaks - fits > 1:
        middle = (fits + breaks) // 2
        fits, breaks = (fits, middle) if too_long(of(middle)) else (middle, breaks)
    found = of(fits)
    exact = not any(isinstance(step, Step) and "largest usual" in step.detail for step in found.situation.steps)
    return found, exact
