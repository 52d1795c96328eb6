"""CFG002: a statement that was read but whose effect is not modelled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Finding, Severity, Undecided
from spdcheck.checks.from_diagnostics import findings, undecided

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context


class UnmodelledStatement(Check):
    """This statement was read, but its effect is not modelled, so that verdicts that depend on it are UNKNOWN.

    ## What it does

    Names the statements that have an effect which spdcheck can't follow: host names that only a resolver knows,
    security contexts, shell code in an rc.conf.

    ## Why it matters

    spdcheck never says OK for something that it has not understood. The exit status is 3 ("no verdict") where such a
    statement is all that stands in the way.

    ## Example

    ```
    === gw/etc/ipsec.conf
    spdadd gw.example.net 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    ```

    ## Correction

    ```
    === gw/etc/ipsec.conf
    spdadd 192.0.2.1 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    ```

    ## References

    DESIGN of spdcheck: three-valued verdicts.
    """

    code = "CFG002"
    name = "unmodelled-statement"
    severity = Severity.WARNING
    local = True

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """One finding for each statement, one open question for each part of a host that is not known."""
        yield from findings(self, context)
        yield from undecided(self, context)
