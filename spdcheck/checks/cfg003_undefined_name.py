"""CFG003: a name that nothing defines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Finding, Severity, Undecided
from spdcheck.checks.from_diagnostics import findings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context


class UndefinedName(Check):
    """A name is used that nothing defines: a section to inherit from, a service, a protocol, an interface.

    ## What it does

    Every use of a name is looked up where its program would look: sections of the same file, the tables of services and
    protocols, the interfaces of an rc.conf. A name that leads nowhere is reported with the names that exist.

    ## Why it matters

    setkey stops at such a line with a half-loaded SPD, racoon does not start. Where the program goes on, it goes on
    without what was meant.

    ## Example

    ```
    === gw/etc/ipsec.conf
    spdadd 10.1.0.0/16[htpps] 10.2.0.0/16 tcp -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    ```

    ## Correction

    ```
    === gw/etc/ipsec.conf
    spdadd 10.1.0.0/16[https] 10.2.0.0/16 tcp -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    ```

    ## References

    setkey(8); racoon.conf(5); rc.conf(5); IANA's registry of service names.
    """

    code = "CFG003"
    name = "undefined-name"
    severity = Severity.ERROR
    local = True

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """One finding for each name that the formats could not resolve."""
        yield from findings(self, context)
