"""CFG004: something is defined twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Finding, Severity, Undecided
from spdcheck.checks.from_diagnostics import findings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context


class DuplicateDefinition(Check):
    """The same thing is defined twice, and only one of the two counts.

    ## What it does

    Names policies that are added twice, variables that are set twice, sections and keys for the same peer, and says
    which of the two is in force.

    ## Why it matters

    The kernel keeps the first policy and refuses the second ("File exists"), rc.conf takes the last value, racoon the
    first line of its key file. Whoever changes the other one changes nothing.

    ## Example

    ```
    === gw/etc/ipsec.conf
    spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-203.0.113.3/require;
    ```

    ## Correction

    ```
    === gw/etc/ipsec.conf
    spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    spdadd 10.1.0.0/16 10.3.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-203.0.113.3/require;
    ```

    ## References

    netipsec/key.c `key_spdadd` (EEXIST); rc.conf(5); racoon's `getpsk`.
    """

    code = "CFG004"
    name = "duplicate-definition"
    severity = Severity.WARNING
    local = True

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """One finding for each second definition."""
        yield from findings(self, context)
