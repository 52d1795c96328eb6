"""CRY008: a daemon that writes keys into its log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Finding, Severity, Undecided

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context

_TELLS = {
    "debug": "the keys that phase 1 and phase 2 derive",
    "debug2": "the keys that phase 1 and phase 2 derive, the pre-shared keys and whole packets",
}


class KeysInLog(Check):
    """The daemon logs at a level at which it writes keys into the log.

    ## What it does

    Names `log debug` and `log debug2` of racoon. At `debug` it dumps SKEYID and the keys made from it, at `debug2` the
    pre-shared key as well.

    ## Why it matters

    Logs go to other machines, into backups and trouble tickets. Whoever reads them reads the traffic.

    ## Example

    ```
    === gw/etc/racoon.conf
    log debug;
    ```

    ## Correction

    ```
    === gw/etc/racoon.conf
    log notify;
    ```

    ## References

    racoon.conf(5) log; ipsec-tools src/racoon/oakley.c `oakley_skeyid` (plogdump).
    """

    code = "CRY008"
    name = "keys-in-log"
    severity = Severity.WARNING
    local = True

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """Every racoon."""
        for host in context.hosts:
            for daemon in host.daemons:
                told = _TELLS.get(daemon.log_level) if daemon.program == "racoon" else None
                if told is not None:
                    yield self.finding(
                        host,
                        daemon.log_origin or daemon.origin,
                        f"at level {daemon.log_level} racoon writes into its log {told}",
                        label="keys in the log",
                        mend="write log notify, and destroy the logs that exist",
                    )
