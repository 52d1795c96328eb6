"""All files of one host become one :class:`Host`: what is loaded, in which order, and what that leaves."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, TypeAlias

from spdcheck.formats.base import Context
from spdcheck.model.association import Sad
from spdcheck.model.diagnostic import Diagnostic, Gap, Note, Part
from spdcheck.model.host import FileReport, Flag, Host, HostFacts, Interface, Platform, ScriptFile
from spdcheck.model.policy import Spd
from spdcheck.model.running import RunningState
from spdcheck.records import dataclass
from spdcheck.site.files import SiteIncludes, decode, edited, is_binary
from spdcheck.site.platforms import platform_of
from spdcheck.source import SourceFile

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from spdcheck.formats.base import Format, Reading
    from spdcheck.model.host import Service
    from spdcheck.model.policy import SecurityPolicy
    from spdcheck.site.config import HostConfig
    from spdcheck.site.files import FoundFile

Read: TypeAlias = "Callable[[Format, SourceFile, Context], Reading]"

_ORDER = {"rcconf": 0, "sysctl": 1, "racoon": 2, "psk": 3, "setkey": 4, "iproute": 5}
SCRIPTS = ("setkey", "iproute")
"""Formats whose files are run one after the other on the same two data bases."""

_PARTS = {
    "setkey": (Part.SPD, Part.SAD),
    "iproute": (Part.SPD, Part.SAD, Part.INTERFACES),
    "racoon": (Part.IKE,),
    "psk": (Part.CREDENTIALS,),
    "rcconf": (Part.INTERFACES, Part.SERVICES),
    "sysctl": (Part.INTERFACES, Part.SPD),
    "iptables": (Part.FILTER, Part.NAT),
    "pf": (Part.FILTER, Part.NAT),
    "ipfilter": (Part.FILTER,),
    "ipnat": (Part.NAT,),
    "ippool": (Part.FILTER, Part.NAT),
    **dict.fromkeys(("setkeydump", "encap", "ipsecctl", "xfrmdump"), (Part.RUNNING,)),
    "shorewall": (Part.FILTER, Part.NAT),
}
"""What a host does not know when a file of this format can't be opened."""


@dataclass(slots=True)
class _Draft:
    """A host while its files are merged."""

    policies: list[SecurityPolicy] = field(default_factory=list)
    facts: HostFacts = field(default_factory=HostFacts)
    reports: list[FileReport] = field(default_factory=list)
    scripts: list[ScriptFile] = field(default_factory=list)
    inferences: list[str] = field(default_factory=list)


def _read(language: Format, file: SourceFile, context: Context) -> Reading:
    return language.reader().read(file, context)


def assemble(
    name: str,
    folder: Path,
    shown: str,
    found: list[FoundFile],
    config: HostConfig | None,
    edit: Mapping[Path, str] | None = None,
    read: Read = _read,
) -> Host:
    """Reads the files of one host and merges them; ``shown`` is the folder's path as messages name it.

    ``edit`` maps resolved paths to texts that are read instead of the files' own; ``read`` reads one file.
    """
    platform, why = platform_of(found, config)
    draft = _Draft()
    if why and platform is not None:
        draft.inferences.append(f"platform {platform.value}: {why}")
    real_paths: dict[str, Path] = {}
    context = Context(
        platform=platform,
        release=config.release if config else (),
        tools=config.tools if config else {},
        includes=SiteIncludes(folder, shown, real_paths, edit),
    )
    readings = _read_all(found, shown, real_paths, context, draft, edit or {}, read)
    _merge_plain(readings, draft)
    _load_scripts(readings, draft)
    return _host(name, shown, platform, config, draft)


def _turn(item: FoundFile) -> tuple[object, ...]:
    """When a file's turn comes. sysctl.d is run by the names of its files, wherever they lie, sysctl.conf last."""
    order = _ORDER.get(item.format.name, 9)
    if item.format.name == "sysctl":
        return order, item.path.name == "sysctl.conf", item.path.name, item.below.startswith("etc/"), item.below
    return order, item.below


def _read_all(
    found: list[FoundFile],
    shown: str,
    real_paths: dict[str, Path],
    context: Context,
    draft: _Draft,
    edit: Mapping[Path, str],
    read: Read,
) -> list[tuple[FoundFile, Reading]]:
    readings: list[tuple[FoundFile, Reading]] = []
    included: set[Path] = set()
    for item in sorted(found, key=_turn):
        if item.path.resolve() in included:
            continue
        path = "/".join(part for part in (shown, item.below) if part)
        real_paths[path] = item.path
        try:
            text = edited(item.path, edit)
            raw = item.path.read_bytes() if text is None else text.encode()
        except OSError as error:
            _unopened(item, SourceFile(path, ""), f"can't be opened: {error.strerror}", draft)
            continue
        if is_binary(raw):
            _unopened(
                item, SourceFile(path, ""), f"is a binary file, but its name is that of {item.format.title}", draft
            )
            continue
        reading = read(item.format, SourceFile(path, decode(raw)), context)
        included.update(real_paths[file.path].resolve() for file in reading.included if file.path in real_paths)
        readings.append((item, reading))
    return [pair for pair in readings if pair[0].path.resolve() not in included]


def _unopened(item: FoundFile, file: SourceFile, message: str, draft: _Draft) -> None:
    span = file.span(0, 0)
    draft.facts.diagnostics.append(
        Diagnostic(code="CFG001", span=span, message=f"{file.path} {message}", mend="make it a readable text file")
    )
    for part in _PARTS.get(item.format.name, tuple(Part)):
        draft.facts.gaps.append(Gap(part, span, f"{file.path} {message}"))
    draft.reports.append(FileReport(file, item.format.name, 1, 0, 0, 0, 1, loaded=False))


def _merge_plain(readings: list[tuple[FoundFile, Reading]], draft: _Draft) -> None:
    """Everything whose order between files means nothing."""
    merged = draft.facts
    for _, reading in readings:
        facts = reading.facts
        merged.daemons += facts.daemons
        merged.credentials += facts.credentials
        merged.assertions += facts.assertions
        merged.routes += facts.routes
        merged.services += facts.services
        merged.packet_filters += facts.packet_filters
        merged.dumps += facts.dumps
        merged.forwarding |= facts.forwarding
        merged.settings |= facts.settings
        merged.diagnostics += facts.diagnostics
        merged.hostname = merged.hostname or facts.hostname
        for interface in facts.interfaces:
            _add_interface(merged.interfaces, interface)


def _add_interface(interfaces: list[Interface], new: Interface) -> None:
    """Adds an interface, or what is new about one that is known by that name already."""
    for index, old in enumerate(interfaces):
        if old.name == new.name:
            interfaces[index] = Interface(
                name=old.name,
                addresses=old.addresses + tuple(a for a in new.addresses if a not in old.addresses),
                mtu=new.mtu if new.mtu is not None else old.mtu,
                tunnel=new.tunnel or old.tunnel,
                dynamic=old.dynamic or new.dynamic,
                origin=old.origin or new.origin,
                inferred=old.inferred and new.inferred,
            )
            return
    interfaces.append(new)


def _load_scripts(readings: list[tuple[FoundFile, Reading]], draft: _Draft) -> None:
    """Runs the setkey scripts that the host loads, in the order of its boot, into one SPD and one SAD.

    Where an ``rc.conf`` names the script, the others are not loaded; otherwise all are, by path.
    """
    scripts = [(item, reading) for item, reading in readings if item.format.name in SCRIPTS]
    named = _named_script(draft.facts.services, scripts)
    merged = draft.facts
    for item, reading in readings:
        if item.format.name not in SCRIPTS:
            merged.gaps += reading.facts.gaps
            draft.reports += reading.reports()
    for item, reading in scripts:
        loaded = named is None or item is named or item.format.name != "setkey"
        draft.reports.append(reading.report(loaded=loaded))
        if not loaded and named is not None:
            merged.diagnostics.append(_not_loaded(reading, named, merged.services))
            continue
        merged.gaps += reading.facts.gaps
        _run(reading, draft)


def _named_script(services: list[Service], scripts: list[tuple[FoundFile, Reading]]) -> FoundFile | None:
    """The script that a service names, if it is among the files."""
    for service in services:
        if service.name == "ipsec" and service.file:
            wanted = service.file.lstrip("/")
            for item, _ in scripts:
                if item.below == wanted or item.below.endswith("/" + wanted):
                    return item
    return None


def _not_loaded(reading: Reading, named: FoundFile, services: list[Service]) -> Diagnostic:
    notes = tuple(
        Note(service.file_origin or service.origin, f"only {service.file} is loaded")
        for service in services
        if service.name == "ipsec" and service.file
    )
    return Diagnostic(
        code="CFG006",
        span=reading.file.span(0, min(1, len(reading.file.text))),
        message=f"nothing loads this setkey script: the boot scripts load {named.below}",
        mend="remove the file, or name it in ipsec_file",
        notes=notes,
        warning=True,
    )


def _run(reading: Reading, draft: _Draft) -> None:
    facts, merged = reading.facts, draft.facts
    draft.scripts.append(
        ScriptFile(
            reading.file,
            frozenset(facts.flushes),
            frozenset(word for word, rows in (("spd", facts.policies), ("sad", facts.associations)) if rows),
        )
    )
    if "spd" in facts.flushes:
        draft.policies.clear()
    if "sad" in facts.flushes:
        merged.associations.clear()
    present = {(p.direction, p.selector): p for p in draft.policies}
    for policy in facts.policies:
        older = present.get((policy.direction, policy.selector))
        if older is None:
            draft.policies.append(policy)
        elif not policy.implied:
            merged.diagnostics.append(
                Diagnostic(
                    code="CFG004",
                    span=policy.origin,
                    message=f"another script has added this {policy.direction.value} policy already; the kernel "
                    "refuses the second one (File exists)",
                    mend="remove one of the two",
                    notes=(Note(older.origin, "this one stays in force"),),
                    warning=True,
                )
            )
    merged.associations += facts.associations


def _host(name: str, shown: str, platform: Platform | None, config: HostConfig | None, draft: _Draft) -> Host:
    facts = draft.facts
    for interface in config.interfaces if config else ():
        _add_interface(facts.interfaces, interface)
    forwarding = dict(facts.forwarding)
    if config is not None and config.forwarding is not None:
        forwarding = {family: Flag(config.forwarding, config.span) for family in (4, 6)}
    return Host(
        name=name,
        platform=platform,
        release=config.release if config else (),
        interfaces=tuple(facts.interfaces),
        routes=(*facts.routes, *(config.routes if config else ())),
        spd=Spd(tuple(draft.policies)),
        sad=Sad(tuple(facts.associations)),
        daemons=tuple(facts.daemons),
        credentials=tuple(facts.credentials),
        assertions=tuple(facts.assertions),
        services=tuple(facts.services),
        scripts=tuple(draft.scripts),
        packet_filters=tuple(facts.packet_filters),
        forwarding=forwarding,
        settings=facts.settings,
        public_address=config.public_address if config else None,
        external=bool(config and config.external),
        files=tuple(draft.reports),
        diagnostics=tuple(facts.diagnostics),
        gaps=tuple(facts.gaps),
        inferences=tuple(draft.inferences),
        tools=dict(config.tools) if config else {},
        folder=shown,
        running=RunningState(tuple(facts.dumps)),
    )
