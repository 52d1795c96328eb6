"""CFG008: configurations that disagree on where a file lies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Certainty, Finding, Severity, Undecided
from spdcheck.checks.isakmpd_paths import isakmpd_paths
from spdcheck.model.diagnostic import Note
from spdcheck.model.host import Platform
from spdcheck.semantics.file_places import Place, below, is_placed, locate
from spdcheck.semantics.psk_lookup import key_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context
    from spdcheck.model.host import Host, Service
    from spdcheck.model.ike import KeyDaemon

_USUAL = {
    Platform.LINUX: ("a Linux distribution", "etc/racoon/racoon.conf"),
    Platform.FREEBSD: ("FreeBSD's port", "usr/local/etc/racoon/racoon.conf"),
    Platform.NETBSD: ("NetBSD", "etc/racoon/racoon.conf"),
}
"""What the boot scripts of a system's racoon package read."""


class ConflictingPaths(Check):
    """Two configurations of this host disagree on where a key file or a configuration lies.

    ## What it does

    Compares `path pre_shared_key` with the place of the host's key file, the file that `racoon_flags -f` names (or that
    the system's packages read) with the place of racoon.conf, and reports several racoon.conf files of which only one
    is read. Compares isakmpd's `Policy-file` with the place of the policy, and its folders of keys with its own.

    ## Why it matters

    The file that is edited is not the one that is read. racoon logs "failed to open pre_share_key file" and phase 1
    fails, or it runs on with the settings of an old file.

    ## Example

    ```
    === gw/etc/racoon/racoon.conf
    path pre_shared_key "/usr/local/etc/racoon/psk.txt";
    === gw/etc/racoon/psk.txt
    198.51.100.2 k7Bq-Zt31_pWm9xEoRf2vYc8
    ```

    ## Correction

    ```
    === gw/etc/racoon/racoon.conf
    path pre_shared_key "/etc/racoon/psk.txt";
    === gw/etc/racoon/psk.txt
    198.51.100.2 k7Bq-Zt31_pWm9xEoRf2vYc8
    ```

    ## References

    racoon.conf(5) `path`; racoon(8) -f; isakmpd.conf(5) `Policy-file`, isakmpd policy.c `policy_init`.
    """

    code = "CFG008"
    name = "conflicting-paths"
    severity = Severity.ERROR

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """The key file, the command line and the number of configurations of every racoon."""
        for host in context.hosts:
            racoons = [daemon for daemon in host.daemons if daemon.program == "racoon"]
            for daemon in racoons:
                yield from self._key_file(host, daemon)
            yield from self._command_line(host, racoons)
            yield from self._usual_place(host, racoons)
            yield from self._several(host, racoons)
            yield from isakmpd_paths(self, host)

    def _key_file(self, host: Host, daemon: KeyDaemon) -> Iterator[Finding]:
        keys = key_file(host, daemon)
        if keys.named is None or keys.located.place is not Place.ELSEWHERE or keys.located.file is None:
            return
        lies = below(host, keys.located.file)
        yield self.finding(
            host,
            keys.named.origin,
            f"racoon reads its keys from {keys.named.path}, but the key file lies at {_absolute(lies)}",
            label="not where the key file lies",
            notes=[Note(keys.located.file.span(0, 0), "the keys are here")],
            mend=f'write path pre_shared_key "{_absolute(lies)}", or move the file',
        )

    def _command_line(self, host: Host, racoons: list[KeyDaemon]) -> Iterator[Finding]:
        for service in host.services:
            if service.name != "racoon" or not service.file or not racoons:
                continue
            located = locate(host, service.file, "racoon")
            if located.place is not Place.ELSEWHERE or located.file is None:
                continue
            lies = below(host, located.file)
            by_default = service.file_origin is None
            if by_default and not is_placed(lies):
                continue
            how = "without -f racoon reads" if by_default else "racoon is started with"
            yield self.finding(
                host,
                service.file_origin or service.origin,
                f"{how} {service.file}, but the configuration lies at {_absolute(lies)}",
                label="reads another file",
                notes=[Note(located.file.span(0, 0), "nothing reads this one")],
                mend=f"start it with -f {_absolute(lies)}, or move the file",
                severity=Severity.WARNING if by_default else Severity.ERROR,
            )

    def _usual_place(self, host: Host, racoons: list[KeyDaemon]) -> Iterator[Finding]:
        """Where no boot file says what is read, the system's packages do."""
        if (
            host.platform not in _USUAL
            or len(racoons) != 1
            or any(service.name == "racoon" for service in host.services)
        ):
            return
        system, usual = _USUAL[host.platform]
        lies = below(host, racoons[0].origin.file)
        if not is_placed(lies) or lies == usual or not lies.endswith("/racoon.conf"):
            return
        yield self.finding(
            host,
            racoons[0].origin.file.span(0, 0),
            f"{system} starts racoon with /{usual}, but this configuration lies at /{lies}",
            label="perhaps not the file that is read",
            mend=f"move it to /{usual}, unless racoon is started with -f /{lies}",
            severity=Severity.WARNING,
            certainty=Certainty.POSSIBLE,
        )

    def _several(self, host: Host, racoons: list[KeyDaemon]) -> Iterator[Finding]:
        if len(racoons) < 2 or len({daemon.origin.file.path for daemon in racoons}) < 2:
            return
        read = _that_is_read(host, racoons)
        for daemon in racoons:
            if daemon is read:
                continue
            yield self.finding(
                host,
                daemon.origin.file.span(0, 0),
                f"{host.name} has {len(racoons)} configurations of racoon, which reads only one of them",
                label="which one is read?" if read is None else "not read",
                notes=[
                    Note(other.origin.file.span(0, 0), "this one is read" if other is read else "another configuration")
                    for other in racoons
                    if other is not daemon
                ],
                mend="remove all but one, or include it from the one that is read",
                severity=Severity.WARNING,
            )
            if read is None:
                return


def _that_is_read(host: Host, racoons: list[KeyDaemon]) -> KeyDaemon | None:
    """The configuration that the command line names, or None where nothing says."""
    services: list[Service] = [service for service in host.services if service.name == "racoon" and service.file]
    for service in services:
        located = locate(host, service.file or "", "racoon")
        for daemon in racoons:
            if (
                located.place is Place.THERE
                and located.file is not None
                and daemon.origin.file.path == located.file.path
            ):
                return daemon
    return None


def _absolute(path: str) -> str:
    return f"/{path}" if is_placed(path) else path
