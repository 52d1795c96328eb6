"""CFG001: a statement that the real program refuses, or that we can't read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Finding, Severity, Undecided
from spdcheck.checks.from_diagnostics import findings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context


class UnparsedStatement(Check):
    """The real program would refuse this statement, or we can't read it.

    ## What it does

    Every file is split into statements and each one is read alone. A statement that does not fit the grammar of its
    program is reported with what was found and what was expected; the rest of the file is still checked.

    ## Why it matters

    setkey stops at the first syntax error and leaves the policies before it in the kernel: a half-loaded SPD. racoon
    does not start at all. And a statement that we can't read makes every verdict that depends on it UNKNOWN.

    ## Example

    ```
    === gw/etc/ipsec.conf
    spdadd 10.1.0.0/16 10.2.0.0/16 any -P sideways ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    ```

    ## Correction

    ```
    === gw/etc/ipsec.conf
    spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    ```

    ## References

    The manual page of the program whose file it is: setkey(8), racoon.conf(5), rc.conf(5).
    """

    code = "CFG001"
    name = "unparsed-statement"
    severity = Severity.ERROR
    local = True

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """One finding for each statement that is no statement."""
        yield from findings(self, context)
