"""CFG010: the real program accepts this, but not as what it looks like."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Finding, Severity, Undecided
from spdcheck.checks.from_diagnostics import findings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context


class AccidentalSyntax(Check):
    """The real program accepts this text by accident, and may read something else than what is meant.

    ## What it does

    Names text that only the program's lexer lets through: keywords that run on (`certificates` for `certificate`),
    characters that vanish or stick to the next word, SPIs of more than 32 bits, keys whose trailing blanks count. An
    error where the kernel refuses what the program took, else a warning.

    ## Why it matters

    `dpd_delay =30` is read as 0 by racoon, and no log says so. What is accepted by accident today is refused, or read
    otherwise, by the next release.

    ## Example

    ```
    === gw/etc/racoon/racoon.conf
    path certificates "/etc/certs";
    ```

    ## Correction

    ```
    === gw/etc/racoon/racoon.conf
    path certificate "/etc/certs";
    ```

    ## References

    ipsec-tools src/racoon/cftoken.l and src/setkey/token.l.
    """

    code = "CFG010"
    name = "accidental-syntax"
    severity = Severity.ERROR
    local = True

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """One finding for each accident."""
        yield from findings(self, context)
