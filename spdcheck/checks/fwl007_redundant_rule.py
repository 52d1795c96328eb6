"""FWL007: a rule of a packet filter or NAT without which nothing changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Finding, Severity, Undecided
from spdcheck.semantics.loaded_filters import rule_lists

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context


class RedundantRule(Check):
    """Without this rule every packet fares as it does with it.

    ## What it does

    Takes each rule of iptables, pf, ipfilter and ipnat out of its list and compares what becomes of its packets then:
    the verdict, the answer to the sender, the state and the translation. Rules that log or tag stay, since that is what
    they are for; rules that never decide at all are FWL006's.

    ## Why it matters

    It does no harm. But whoever reads the rules takes it for something that matters, and when the rule that really
    decides is changed, this one decides all at once.

    ## Example

    ```
    === gw/etc/pf.conf
    block in on em0 all
    pass in on em0 proto udp from any to any port = 500
    pass in on em0 proto udp from 198.51.100.2 to any port = 500
    ```

    ## Correction

    ```
    === gw/etc/pf.conf
    block in on em0 all
    pass in on em0 proto udp from 198.51.100.2 to any port = 500
    ```

    ## References

    pf.conf(5); ipf(5); ipnat(5); iptables(8).
    """

    code = "FWL007"
    name = "redundant-rule"
    severity = Severity.WARNING
    local = True

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """Every rule that decides something, of every host's files."""
        for host in context.hosts:
            lists = rule_lists(host)
            told = dict.fromkeys((item.unknown, item.origin) for item in lists if item.unknown)
            yield from (Undecided(self.code, host.name, why, origin.file.span(0, 0)) for why, origin in told)
            for origin in context.idle_rules(host).without_effect:
                yield self.finding(
                    host,
                    origin,
                    "without this rule every packet fares as it does with it",
                    label="changes nothing",
                    mend="remove it, or narrow the rule that makes it needless",
                )
