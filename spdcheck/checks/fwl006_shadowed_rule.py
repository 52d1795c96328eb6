"""FWL006: a rule of a packet filter or NAT that never decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Finding, Severity, Undecided
from spdcheck.checks.unreached_zones import unreached_zones, unused
from spdcheck.checks.wording import several
from spdcheck.model.diagnostic import Note
from spdcheck.semantics.loaded_filters import rule_lists
from spdcheck.semantics.program_chains import is_kept_by_a_program

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context
    from spdcheck.checks.idle_rules import Idle
    from spdcheck.checks.unreached_zones import Unreached
    from spdcheck.model.host import Host


class ShadowedRule(Check):
    """Other rules decide about every packet of this rule: it never has a say.

    ## What it does

    Works out which packets reach each rule of iptables, pf, ipfilter and ipnat, as the kernel asks them: the last
    match counts in pf and ipfilter unless an earlier rule says `quick`, ipnat asks the longest prefix first, a chain of
    iptables is asked where it is jumped to. A rule that no packet reaches is reported with the rules that decide
    instead, be it one or several together. A rule whose lists or names stand for several, or whose chain is jumped to
    from several places, is reported only if it is never reached from any. What depends on more than the packet (a
    limit, a set) may hold and may not.

    ## Why it matters

    Somebody wrote the rule because it should do something. An opening for ISAKMP or ESP below a `block quick`, or
    above a `block` that comes later, opens nothing.

    ## Example

    ```
    === gw/etc/pf.conf
    pass in on em0 proto esp from 198.51.100.2 to any
    block in on em0 all
    ```

    ## Correction

    ```
    === gw/etc/pf.conf
    block in on em0 all
    pass in on em0 proto esp from 198.51.100.2 to any
    ```

    ## References

    pf.conf(5), section PACKET FILTERING; ipf(5), section RULE PROCESSING; ipnat(5); iptables(8).
    """

    code = "FWL006"
    name = "shadowed-rule"
    severity = Severity.WARNING
    local = True

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """Every rule of every host's files."""
        for host in context.hosts:
            lists = rule_lists(host)
            told = dict.fromkeys((item.unknown, item.origin) for item in lists if item.unknown)
            yield from (Undecided(self.code, host.name, why, origin.file.span(0, 0)) for why, origin in told)
            zones = list(unreached_zones(host))
            yield from (self._zone(host, zone) for zone in zones)
            yield from self._policies(host)
            told_with_zone = {line for zone in zones for line in zone.lines}
            for idle in context.idle_rules(host).never_deciding:
                if idle.origin in told_with_zone or is_kept_by_a_program(idle.origin.text):
                    continue
                if idle.unknown:
                    yield Undecided(self.code, host.name, idle.unknown, idle.origin)
                    continue
                by = _by(idle)
                yield self.finding(
                    host,
                    idle.origin,
                    f"this rule never decides: {by}",
                    label="never decides",
                    notes=[Note(culprit, "decides instead") for culprit in idle.culprits],
                    mend="remove it, or put it where it decides"
                    if idle.culprits
                    else "remove it, or mend its condition",
                    witness=idle.example,
                )

    def _zone(self, host: Host, found: Unreached) -> Finding:
        name, first = found.zone.name, several(list(dict.fromkeys(taker.zone for taker in found.takers)))
        mend = f"put {name} before {first} in zones"
        if found.dialect != 2:
            mend += f", or write {name}:{found.takers[0].zone}"
        return self.finding(
            host,
            found.zone.origin,
            f"the zone {name} never gets a packet: {first} stands before it and has all of its addresses, so that "
            f"no rule or policy for {name} ever decides",
            label="comes too late",
            notes=[
                *(Note(member.origin, "its addresses") for member in found.own),
                *(Note(taker.origin, f"belong to {taker.zone} first") for taker in found.takers),
            ],
            mend=mend,
            subject=f"zone {name}",
        )

    def _policies(self, host: Host) -> Iterator[Finding]:
        for found in unused(host):
            yield self.finding(
                host,
                found.entry.origin,
                "this policy holds for no pair of zones: of lines with `all`, the first that covers a pair counts",
                label="never decides",
                notes=[Note(other.origin, "decides instead") for other in found.instead],
                mend="put it before them, or remove it",
            )


def _by(idle: Idle) -> str:
    if len(idle.culprits) == 1:
        return "another rule takes every packet of it"
    if idle.culprits:
        return f"{len(idle.culprits)} other rules together take all of its packets"
    if idle.example is not None:
        return "its own other forms take all of its packets"
    if idle.in_chain:
        return "no packet that its chain is asked about fits it"
    return "it asks for packets that do not exist"
