"""CFG006: a file that nothing loads at boot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Certainty, Finding, Severity, Undecided
from spdcheck.checks.from_diagnostics import findings
from spdcheck.model.diagnostic import Note, Part
from spdcheck.model.host import Platform
from spdcheck.semantics.file_places import Place, below, files_of, first_entry, is_placed, locate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context
    from spdcheck.model.host import Host, Service
    from spdcheck.source import Span

DEFAULT_SCRIPT = "/etc/ipsec.conf"
"""What rc.d/ipsec loads where rc.conf names no file (FreeBSD and NetBSD)."""


class NotLoaded(Check):
    """Nothing loads this file at boot, so that what it says is not in force after the next restart.

    ## What it does

    Where the host's rc.conf is known: policies need `ipsec_enable`, and `ipsec_file` must name the script that holds
    them; a racoon.conf needs `racoon_enable`, the rules of pf, ipfilter and ipnat theirs. Lines that are commented
    out are named. Scripts that the boot loads another script instead of are reported too.

    ## Why it matters

    After a reboot there is no SPD: the kernel sends in clear what everybody believes to be encrypted, and accepts clear
    packets. Nothing fails, so nobody notices.

    ## Example

    ```
    === gw/etc/rc.conf
    gateway_enable="YES"
    #ipsec_enable="YES"
    === gw/etc/ipsec.conf
    spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    ```

    ## Correction

    ```
    === gw/etc/rc.conf
    gateway_enable="YES"
    ipsec_enable="YES"
    === gw/etc/ipsec.conf
    spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    ```

    ## References

    rc.conf(5); FreeBSD etc/rc.d/ipsec; the rc script of the port security/ipsec-tools.
    """

    code = "CFG006"
    name = "not-loaded"
    severity = Severity.ERROR
    local = True

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """What the site said about scripts that are not loaded, then the switches of every rc.conf."""
        yield from findings(self, context)
        for host in context.hosts:
            if "rc.conf" not in host.settings:
                continue
            if host.gap_in(Part.SERVICES) is not None:
                yield from self.undecided(host, (Part.SERVICES,))
                continue
            yield from self._policies(host)
            yield from self._daemons(host)
            yield from self._filters(host)

    def _policies(self, host: Host) -> Iterator[Finding]:
        service = _service(host, "ipsec")
        if service is not None and service.enabled:
            yield from self._script(host, service)
            return
        filled = [script for script in host.scripts if script.fills]
        if not filled:
            return
        place, why = _switch(host, service, "ipsec")
        names = ", ".join(sorted(below(host, script.file) for script in filled))
        what = "policies" if any("spd" in script.fills for script in filled) else "security associations"
        yield self.finding(
            host,
            place,
            f"{why}: after a reboot nothing loads the {what} of {names}, and traffic goes in clear",
            label="not loaded at boot",
            notes=[Note(span, "these are not loaded") for span in _first_statements(host)],
            mend=f'write {_variable(host, "ipsec")}="YES"' + _naming_the_script(host, service),
            subject="ipsec",
        )

    def _script(self, host: Host, service: Service) -> Iterator[Finding]:
        """The boot loads a script; is it one that we have?"""
        named = service.file or DEFAULT_SCRIPT
        located = locate(host, named, "setkey")
        if located.place is Place.THERE:
            return
        if located.file is None:
            if service.file_origin is not None:
                yield self.finding(
                    host,
                    service.file_origin,
                    f"{named} is not among the files of {host.name}: what the boot loads is not known here",
                    label="no such file here",
                    mend="add the file to the host's folder, or name the one that exists",
                    severity=Severity.WARNING,
                    certainty=Certainty.POSSIBLE,
                    subject="ipsec_file",
                )
            return
        if not is_placed(below(host, located.file)):
            return
        said = f"ipsec_file is {named}" if service.file_origin else f"without ipsec_file the boot loads {named}"
        yield self.finding(
            host,
            service.file_origin or service.origin,
            f"{said}, but the script lies at /{below(host, located.file)}: no policy is loaded",
            label="loads another file",
            notes=[Note(span, "these are not loaded") for span in _first_statements(host)],
            mend=f'write ipsec_file="/{below(host, located.file)}"',
            subject="ipsec_file",
        )

    def _daemons(self, host: Host) -> Iterator[Finding]:
        service = _service(host, "racoon")
        if service is not None and service.enabled:
            return
        for daemon in host.daemons:
            if daemon.program == "racoon":
                place, why = _switch(host, service, "racoon")
                yield self.finding(
                    host,
                    place,
                    f"{why}: after a reboot no key exchange daemon runs, and no SA comes up",
                    label="not started at boot",
                    notes=[Note(daemon.origin.file.span(0, 0), "nothing reads this configuration")],
                    mend=f'write {_variable(host, "racoon")}="YES"',
                    subject="racoon",
                )
                return

    def _filters(self, host: Host) -> Iterator[Finding]:
        for name, (program, format_name, what) in _FILTERS.items():
            service = _service(host, name)
            files = [report.file for report in files_of(host, format_name) if report.statements]
            if service is not None and service.enabled:
                yield from self._rules_file(host, service, program, format_name)
            elif files and not (service is None and host.platform is Platform.OPENBSD):
                place, why = _switch(host, service, name)
                yield self.finding(
                    host,
                    place,
                    f"{why}: after a reboot {program} {what}",
                    label="not loaded at boot",
                    notes=[Note(file.span(0, 0), "these rules are not loaded") for file in files],
                    mend=f'write {_variable(host, name)}="YES"',
                    subject=name,
                )

    def _rules_file(self, host: Host, service: Service, program: str, format_name: str) -> Iterator[Finding]:
        """The boot loads the rules of a filter; are they among the files that we have?"""
        if service.file is None:
            return
        located = locate(host, service.file, format_name)
        if located.place is Place.THERE or (located.file is not None and not is_placed(below(host, located.file))):
            return
        if located.file is not None:
            if service.file_origin is not None:
                yield self.finding(
                    host,
                    service.file_origin,
                    f"the boot loads {service.file}, but the rules lie at /{below(host, located.file)}: which rules "
                    f"{program} has is not known here",
                    label="loads another file",
                    notes=[Note(located.file.span(0, 0), "these rules are not loaded")],
                    mend=f'write {service.name}_rules="/{below(host, located.file)}"',
                    subject=service.name,
                )
            return
        yield self.finding(
            host,
            service.file_origin or service.origin,
            f"{service.file} is not among the files of {host.name}: which rules {program} has is not known here",
            label="no such file here",
            mend="add the file to the host's folder, or name the one that exists",
            severity=Severity.WARNING,
            certainty=Certainty.POSSIBLE,
            subject=service.name,
        )


_FILTERS = {
    "pf": ("pf", "pf", "filters nothing"),
    "ipfilter": ("ipfilter", "ipfilter", "filters nothing"),
    "ipnat": ("ipnat", "ipnat", "translates nothing"),
}
"""Services with their program, the format of their files, and what happens without them. OpenBSD starts pf unless told
otherwise."""


def _service(host: Host, name: str) -> Service | None:
    """The last word about a service."""
    found = [service for service in host.services if service.name == name]
    return found[-1] if found else None


def _variable(host: Host, service: str) -> str:
    """The variable of rc.conf that starts a service: FreeBSD writes ``ipsec_enable``, the others ``ipsec``."""
    return service if host.platform in (Platform.NETBSD, Platform.OPENBSD) else f"{service}_enable"


def _switch(host: Host, service: Service | None, name: str) -> tuple[Span, str]:
    """The place to change, and why the service does not start, as the beginning of a sentence."""
    variable = _variable(host, name)
    if service is None:
        return host.settings["rc.conf"][1], f"{variable} is not set"
    said = service.origin.text.startswith(variable)
    if service.commented_out is not None and not said:
        return service.commented_out, f"{variable} is commented out"
    if service.enabled is None or not said:
        return service.file_origin or service.origin, f"{variable} is not set"
    return service.origin, f"{variable} is not YES"


def _naming_the_script(host: Host, service: Service | None) -> str:
    """The rest of the advice where the script does not lie where the boot looks for it."""
    named = (service.file if service is not None else None) or DEFAULT_SCRIPT
    located = locate(host, named, "setkey")
    if located.place is Place.ELSEWHERE and located.file is not None and is_placed(below(host, located.file)):
        return f' and ipsec_file="/{below(host, located.file)}"'
    return ""


def _first_statements(host: Host) -> Iterator[Span]:
    """The first statement of every script that fills a data base."""
    for script in host.scripts:
        first = first_entry(host, script.file)
        if first is not None:
            yield first
