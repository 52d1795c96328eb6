"""Hosts and sites: interfaces, routes, tunnels, services, and everything the files of one machine say."""

from __future__ import annotations

from dataclasses import field
from enum import Enum
from typing import TYPE_CHECKING

from spdcheck.model.association import Sad
from spdcheck.model.policy import Spd
from spdcheck.model.running import RunningState
from spdcheck.records import dataclass

if TYPE_CHECKING:
    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.association import SecurityAssociation
    from spdcheck.model.diagnostic import Diagnostic, Gap, Part
    from spdcheck.model.ike import Credential, KeyDaemon
    from spdcheck.model.keynote import Assertion
    from spdcheck.model.policy import SecurityPolicy
    from spdcheck.model.rulesets import RuleSet
    from spdcheck.model.running import Dump
    from spdcheck.model.suppression import BaselineRow, Suppression
    from spdcheck.source import SourceFile, Span


class Platform(Enum):
    """The operating system of a host."""

    FREEBSD = "freebsd"
    OPENBSD = "openbsd"
    NETBSD = "netbsd"
    SOLARIS = "solaris"
    LINUX = "linux"

    @property
    def title(self) -> str:
        """The name as its makers write it."""
        return {"openbsd": "OpenBSD", "freebsd": "FreeBSD", "netbsd": "NetBSD"}.get(self.value, self.value.capitalize())

    @property
    def is_bsd(self) -> bool:
        """One of the BSDs."""
        return self in (Platform.FREEBSD, Platform.OPENBSD, Platform.NETBSD)


@dataclass(frozen=True, slots=True)
class InterfaceAddress:
    """An address on an interface and the prefix it makes directly reachable; ``peer`` on point-to-point links."""

    address: AddressRange
    prefix: AddressRange
    peer: AddressRange | None
    origin: Span | None


@dataclass(frozen=True, slots=True)
class Tunnel:
    """The outer addresses of a tunnel device; ``kind`` is ``gif``, ``gre``, ``ipip`` or ``mobile`` (IP protocol 55)."""

    kind: str
    source: AddressRange
    destination: AddressRange
    origin: Span | None


@dataclass(frozen=True, slots=True)
class Interface:
    """A network interface. ``mtu`` is in bytes, None where nothing says it.

    ``inferred`` says why we believe it exists; empty where a line says so.
    """

    name: str
    addresses: tuple[InterfaceAddress, ...] = ()
    mtu: int | None = None
    tunnel: Tunnel | None = None
    dynamic: bool = False
    origin: Span | None = None
    inferred: str = ""


@dataclass(frozen=True, slots=True)
class Route:
    """A static route: through a gateway's address or straight into an interface.

    ``inferred`` says why we believe it exists; empty where a line says so.
    """

    destination: AddressRange
    gateway: AddressRange | None
    interface: str | None
    origin: Span | None
    blackhole: bool = False
    inferred: str = ""


@dataclass(frozen=True, slots=True)
class Service:
    """Something a boot script starts or does not: ``ipsec`` (setkey), ``racoon``, ``isakmpd``, ``pf``, ``ipfilter`` …

    ``enabled`` is None where the files do not say. ``file`` is what it loads. ``commented_out`` is the place of a
    commented line that would enable it.
    """

    name: str
    enabled: bool | None
    file: str | None
    origin: Span
    commented_out: Span | None = None
    file_origin: Span | None = None
    options: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Flag:
    """A yes or no with the place that says it (``gateway_enable``, ``net.inet.ip.forwarding``)."""

    value: bool
    origin: Span | None
    inferred: str = ""


@dataclass(frozen=True, slots=True)
class FileReport:
    """How well one file was read: how many statements, and how many of them we model; and what it includes."""

    file: SourceFile
    format: str
    statements: int
    parsed: int
    inert: int
    unmodelled: int
    unparsed: int
    loaded: bool = True
    dialect: str = ""
    included: tuple[SourceFile, ...] = ()


@dataclass(slots=True, kw_only=True)
class HostFacts:
    """What one file contributes to its host; formats fill it in, the site merges all files of a host.

    ``policies`` and ``associations`` are in the order in which the file's commands leave them in the kernel.
    ``flushes`` holds ``spd`` and ``sad`` where the script empties the data base before it fills it.
    """

    policies: list[SecurityPolicy] = field(default_factory=list)
    associations: list[SecurityAssociation] = field(default_factory=list)
    flushes: dict[str, Span] = field(default_factory=dict)
    daemons: list[KeyDaemon] = field(default_factory=list)
    credentials: list[Credential] = field(default_factory=list)
    assertions: list[Assertion] = field(default_factory=list)
    interfaces: list[Interface] = field(default_factory=list)
    routes: list[Route] = field(default_factory=list)
    services: list[Service] = field(default_factory=list)
    forwarding: dict[int, Flag] = field(default_factory=dict)
    settings: dict[str, tuple[str, Span]] = field(default_factory=dict)
    hostname: str | None = None
    packet_filters: list[RuleSet] = field(default_factory=list)
    dumps: list[Dump] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ScriptFile:
    """A loaded setkey script: what it flushes, and whether it adds policies or associations."""

    file: SourceFile
    flushes: frozenset[str]
    fills: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """One machine: everything its files, the site file and our inferences say.

    ``forwarding`` is by family (4, 6). ``release`` is the operating system's release as a tuple of integers
    (``(5, 3)``), empty where unknown. ``external`` marks a machine that is described but whose files are not ours.
    ``folder`` is the path of the host's files as messages show it, ``""`` where the paths start at the host itself.
    ``running`` is what listings of the kernel show; nothing of it is part of ``spd`` or ``sad``.
    """

    name: str
    platform: Platform | None
    release: tuple[int, ...] = ()
    interfaces: tuple[Interface, ...] = ()
    routes: tuple[Route, ...] = ()
    spd: Spd = field(default_factory=Spd)
    sad: Sad = field(default_factory=Sad)
    daemons: tuple[KeyDaemon, ...] = ()
    credentials: tuple[Credential, ...] = ()
    services: tuple[Service, ...] = ()
    scripts: tuple[ScriptFile, ...] = ()
    packet_filters: tuple[RuleSet, ...] = ()
    forwarding: dict[int, Flag] = field(default_factory=dict)
    settings: dict[str, tuple[str, Span]] = field(default_factory=dict)
    public_address: AddressRange | None = None
    external: bool = False
    files: tuple[FileReport, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    gaps: tuple[Gap, ...] = ()
    inferences: tuple[str, ...] = ()
    tools: dict[str, tuple[int, ...]] = field(default_factory=dict)
    _known: dict[str, dict[AddressRange, None]] = field(default_factory=dict, init=False, repr=False, compare=False)
    folder: str = ""
    assertions: tuple[Assertion, ...] = ()
    running: RunningState = field(default_factory=RunningState)

    @property
    def addresses(self) -> tuple[AddressRange, ...]:
        """Every address of every interface, and the public address where a NAT device stands before the host."""
        known = self._known.get("addresses")
        if known is None:
            own = [a.address for interface in self.interfaces for a in interface.addresses]
            if self.public_address is not None:
                own.append(self.public_address)
            known = self._known["addresses"] = dict.fromkeys(own)
        return tuple(known)

    def gap_in(self, *parts: Part) -> Gap | None:
        """Why one of these parts of the model is not known; None where they all are."""
        return next((gap for gap in self.gaps if gap.part in parts), None)

    def interface(self, name: str) -> Interface | None:
        """The interface of this name."""
        return next((interface for interface in self.interfaces if interface.name == name), None)

    def owns(self, address: AddressRange) -> bool:
        """The single address is one of this host's."""
        if "addresses" not in self._known:
            _ = self.addresses
        return address in self._known["addresses"]


@dataclass(frozen=True, slots=True)
class Intent:
    """What a site's owner expects of a flow: the flow as ``trace`` reads it, and words such as ``delivered``."""

    flow: str
    expect: tuple[str, ...]
    origin: Span


@dataclass(frozen=True, slots=True)
class Site:
    """All hosts that belong together. ``single_file`` marks the check of one file without its peers.

    ``file`` is the ``spdcheck.toml`` that describes it, if there is one, ``folder`` its path as messages name it.
    ``suppressions`` are those of all its files.
    """

    name: str
    hosts: tuple[Host, ...]
    diagnostics: tuple[Diagnostic, ...] = ()
    single_file: bool = False
    intents: tuple[Intent, ...] = ()
    ignore: tuple[str, ...] = ()
    select: tuple[str, ...] = ()
    fail_on: str | None = None
    file: SourceFile | None = None
    folder: str = ""
    suppressions: tuple[Suppression, ...] = ()
    baseline: tuple[BaselineRow, ...] = ()

    def owner(self, address: AddressRange) -> Host | None:
        """The host that has this address, or None."""
        for host in self.hosts:
            if host.owns(address):
                return host
        return None
