"""CFG011: a setkey script that adds to what is there already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Finding, Severity, Undecided
from spdcheck.semantics.file_places import first_entry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context
    from spdcheck.model.host import Host, ScriptFile


class NotFlushed(Check):
    """This script fills the SPD or the SAD without emptying it first, so that old entries stay when it is loaded again.

    ## What it does

    A script that adds policies should start with `spdflush`, and one that adds policies or associations with `flush`.
    Of several scripts that are loaded one after the other only the first has to.

    ## Why it matters

    The kernel refuses a policy that is there already ("File exists"), so that a changed line has no effect until the
    next reboot, and keeps the policies that were removed from the file. SAs of the old policies go on being used.

    ## Example

    ```
    === gw/etc/ipsec.conf
    spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    ```

    ## Correction

    ```
    === gw/etc/ipsec.conf
    flush;
    spdflush;
    spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    ```

    ## References

    setkey(8): flush, spdflush, spdadd.
    """

    code = "CFG011"
    name = "not-flushed"
    severity = Severity.WARNING
    local = True

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """Every host's scripts in the order in which they are loaded."""
        for host in context.hosts:
            emptied: set[str] = set()
            for script in host.scripts:
                emptied |= script.flushes
                wanted = {"spd", "sad"} if "spd" in script.fills else set(script.fills)
                missing = wanted - emptied
                if missing:
                    yield self._finding(host, script, missing)
                emptied |= wanted

    def _finding(self, host: Host, script: ScriptFile, missing: set[str]) -> Finding:
        commands = " and ".join(command for base, command in (("sad", "flush"), ("spd", "spdflush")) if base in missing)
        if "spd" in missing:
            consequence = "loaded again, it keeps the old policies and is refused the changed ones (File exists)"
        else:
            consequence = "SAs that were made for the old policies stay in use"
        what = "policies" if "spd" in script.fills else "associations"
        return self.finding(
            host,
            first_entry(host, script.file) or script.file.span(0, 0),
            f"this script adds {what} without {commands}: {consequence}",
            label=f"no {commands} before",
            mend=f"start the script with {commands.replace(' and ', '; ')};",
        )
