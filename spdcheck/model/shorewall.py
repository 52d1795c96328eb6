"""What a Shorewall configuration says: one directory is one value, every column of every line with its place.

Nothing is expanded here: macros and actions of the user are kept as their files say them; which standard macro a name
is, is the compiler's question. What 2.x and 5.x say differently stands in the same values; ``dialect`` tells which
rules apply.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from spdcheck.named_tuples import NamedTuple
from spdcheck.records import dataclass

if TYPE_CHECKING:
    from spdcheck.model.netfilter import Interval, Network
    from spdcheck.model.shorewall_columns import (
        Action,
        Address,
        ConnectionLimit,
        Hosts,
        Log,
        MarkTest,
        Option,
        Place,
        Ports,
        Protocols,
        Rate,
        User,
        Written,
        Zones,
    )
    from spdcheck.source import SourceFile, Span


class Setting(NamedTuple):
    """``NAME=value`` of shorewall.conf (or of params), quotes and variables resolved."""

    name: str
    value: str
    origin: Span


class Zone(NamedTuple):
    """A zone, in the order of the file.

    ``type`` is one of ip, ipsec, firewall, bport, vserver, loopback, local (``ipv4``, ``-``, ``ipsec4`` … are these).
    In 2.x, and with IPSECFILE=ipsec, the line of the file ipsec is added: ``IPSEC_ONLY=Yes`` makes the type ipsec, and
    ``ipsec_origin`` is its place; with No the options apply to the zone's ``hosts … ipsec`` only.
    """

    name: str
    type: str
    parents: tuple[str, ...]
    options: tuple[Option, ...]
    in_options: tuple[Option, ...]
    out_options: tuple[Option, ...]
    origin: Span
    ipsec_origin: Span | None = None


class InterfaceEntry(NamedTuple):
    """A line of interfaces. ``zone`` is None for ``-``; ``port`` is the bridge's in ``br0:eth1``.

    ``broadcasts`` are words: ``detect``, addresses; empty for ``-`` and in format 2. ``physical`` is the kernel's name
    of it.
    """

    zone: str | None
    name: str
    port: str
    broadcasts: tuple[Written, ...]
    options: tuple[Option, ...]
    physical: str
    origin: Span


class HostEntry(NamedTuple):
    """A line of hosts: addresses behind an interface. ``dynamic`` for ``eth0:dynamic``."""

    zone: str
    interface: str
    hosts: Hosts
    dynamic: bool
    options: tuple[Option, ...]
    origin: Span


class TunnelEntry(NamedTuple):
    """A line of tunnels: ``type`` in small letters without what follows it.

    ``ah`` is True for ``:ah``, False for ``:noah``, else None. ``protocol`` and ``port`` are those of openvpn, generic
    and their like. ``gateways`` is None where none is given (any).
    """

    type: str
    ah: bool | None
    protocol: int | None
    port: Interval | None
    zone: str
    gateways: Hosts | None
    gateway_zones: tuple[str, ...]
    origin: Span


class PolicyEntry(NamedTuple):
    """A line of policy. ``policy`` is the word; ``queue`` what stands in the brackets of NFQUEUE.

    ``defaults`` are the default actions behind it: None where none is said, empty for ``:None``; with ``added`` they
    come in addition to those of shorewall.conf (``:+action``).
    """

    source: Zones
    dest: Zones
    policy: str
    queue: str
    defaults: tuple[Action, ...] | None
    added: bool
    log: Log | None
    rate: Rate | None
    connlimit: ConnectionLimit | None
    origin: Span


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RuleEntry:
    """A line of rules or blrules, or of a macro's or action's body.

    ``section`` is ALL, ESTABLISHED, RELATED, INVALID, UNTRACKED or NEW, and BLACKLIST for blrules; empty in bodies.
    ``source`` and ``dest`` are empty for ``-``. ``inline`` are raw iptables matches (``;; -m …``).
    """

    section: str
    action: Action
    source: tuple[Place, ...] = ()
    dest: tuple[Place, ...] = ()
    protocols: Protocols | None = None
    dports: Ports | None = None
    sports: Ports | None = None
    origdest: Hosts | None = None
    rates: tuple[Rate, ...] = ()
    user: User | None = None
    mark: MarkTest | None = None
    connlimit: ConnectionLimit | None = None
    time: Written | None = None
    headers: Written | None = None
    switch: Written | None = None
    helper: Written | None = None
    inline: Written | None = None
    comment: str = ""
    origin: Span


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Macro:
    """A file macro.NAME. ``default`` is the parameter that counts where none is given (``DEFAULT ACCEPT``)."""

    name: str
    rules: tuple[RuleEntry, ...]
    default: str
    origin: Span


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ActionBody:
    """A file action.NAME with the parameters of one way in which it is called, which decide what its lines say.

    ``parameters`` are those of the call, as :class:`Action` has them; DEFAULTS are filled in for the body already.
    ``options`` are those of its line in the file actions (inline, noinline, terminating, state=…).
    """

    name: str
    parameters: tuple[str, ...]
    rules: tuple[RuleEntry, ...]
    options: tuple[Option, ...]
    origin: Span


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SourceNat:
    """A line of snat, or of masq in the same words.

    ``action`` is MASQUERADE, SNAT, CONTINUE, ACCEPT, LOG … (a masq line with ADDRESS NONAT is CONTINUE). ``addresses``
    are the new ones; ``detect`` is the interface's own, found when the firewall starts. ``ports`` are those to use
    (``MASQUERADE(1024-65535)``). ``before`` is the ``+``: before one-to-one NAT. ``sources`` is None for any;
    ``source_interface`` a masq line's interface, whose networks are meant. ``interfaces`` are those it leaves by.
    ``ipsec`` is ``yes``, ``no``, or empty where it is options or nothing.
    """

    file: str
    action: Action
    addresses: tuple[Address, ...] = ()
    detect: bool = False
    ports: Interval | None = None
    random: bool = False
    persistent: bool = False
    before: bool = False
    sources: Hosts | None = None
    source_interface: str | None = None
    interfaces: tuple[str, ...] = ()
    alias: str = ""
    dests: Hosts | None = None
    protocols: Protocols | None = None
    dports: Ports | None = None
    ipsec: str = ""
    ipsec_options: tuple[Option, ...] = ()
    mark: MarkTest | None = None
    user: User | None = None
    switch: Written | None = None
    origdest: Hosts | None = None
    probability: Written | None = None
    inline: Written | None = None
    origin: Span


class OneToOne(NamedTuple):
    """A line of nat: ``external`` stands for ``internal`` outside ``interface``."""

    external: Address
    interface: str
    alias: str
    internal: Address
    all_interfaces: bool
    local: bool
    origin: Span


class NetmapEntry(NamedTuple):
    """A line of netmap: ``type`` DNAT or SNAT (``chain`` is the T or P behind it), one network for another."""

    type: str
    chain: str
    net1: Hosts
    interface: str
    net2: Network
    net3: Hosts | None
    protocols: Protocols | None
    dports: Ports | None
    sports: Ports | None
    origin: Span


class ProxyArpEntry(NamedTuple):
    """A line of proxyarp."""

    address: Address
    interface: str
    external: str
    have_route: bool
    persistent: bool
    origin: Span


class RouteStoppedEntry(NamedTuple):
    """A line of routestopped: who may pass while the firewall is stopped."""

    interface: str
    hosts: Hosts | None
    options: tuple[Option, ...]
    protocols: Protocols | None
    dports: Ports | None
    sports: Ports | None
    origin: Span


class BlacklistEntry(NamedTuple):
    """A line of blacklist (before blrules)."""

    hosts: Hosts | None
    protocols: Protocols | None
    ports: Ports | None
    options: tuple[Option, ...]
    origin: Span


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlainEntry:
    """A line of conntrack (notrack), stoppedrules, mangle (tcrules): an action for packets, without zones.

    ``file`` is the name of today: conntrack, stoppedrules, mangle. ``designator`` is what follows the action for the
    chain (``:P``, ``:O``, ``:F``, ``:T``). ``others`` are the columns by name that only this file has (TEST, LENGTH,
    TOS …).
    """

    file: str
    action: Action
    designator: str = ""
    source: tuple[Place, ...] = ()
    dest: tuple[Place, ...] = ()
    protocols: Protocols | None = None
    dports: Ports | None = None
    sports: Ports | None = None
    user: User | None = None
    mark: MarkTest | None = None
    switch: Written | None = None
    helper: Written | None = None
    others: dict[str, Written] = field(default_factory=dict)
    inline: Written | None = None
    comment: str = ""
    origin: Span


class MacEntry(NamedTuple):
    """A line of maclist: ``disposition`` is ACCEPT, DROP or REJECT; ``mac`` is None for ``-``."""

    disposition: str
    log: Log | None
    interface: str
    mac: Address | None
    hosts: Hosts | None
    origin: Span


class KeptEntry(NamedTuple):
    """A line of a file that does not change what becomes of a packet here: accounting, providers, tcclasses …"""

    file: str
    columns: tuple[Written, ...]
    origin: Span


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shorewall:
    """One directory for one family. Two are equal only if they are the same object.

    ``dialect`` is 2 (zones without types, the file ipsec, later policies override) or 5 (everything since 3.0);
    ``release`` is the number that the site file gives, empty where unknown. ``refused`` says that the real compiler
    refuses the directory, so that nothing of it is loaded; the values are what could be read all the same. ``firewall``
    is the name of the firewall zone; in 2.x it is not among ``zones``. ``settings`` holds only what is written: what an
    absent one means is the compiler's knowledge.
    """

    origin: Span
    family: int
    dialect: int
    release: tuple[int, ...] = ()
    folder: str = ""
    files: tuple[SourceFile, ...] = ()
    refused: Span | None = None
    firewall: str = "fw"
    settings: dict[str, Setting] = field(default_factory=dict)
    params: dict[str, Setting] = field(default_factory=dict)
    zones: tuple[Zone, ...] = ()
    interfaces: tuple[InterfaceEntry, ...] = ()
    hosts: tuple[HostEntry, ...] = ()
    tunnels: tuple[TunnelEntry, ...] = ()
    policies: tuple[PolicyEntry, ...] = ()
    rules: tuple[RuleEntry, ...] = ()
    blrules: tuple[RuleEntry, ...] = ()
    macros: tuple[Macro, ...] = ()
    actions: tuple[ActionBody, ...] = ()
    snat: tuple[SourceNat, ...] = ()
    nat: tuple[OneToOne, ...] = ()
    netmap: tuple[NetmapEntry, ...] = ()
    proxyarp: tuple[ProxyArpEntry, ...] = ()
    routestopped: tuple[RouteStoppedEntry, ...] = ()
    stoppedrules: tuple[PlainEntry, ...] = ()
    blacklist: tuple[BlacklistEntry, ...] = ()
    conntrack: tuple[PlainEntry, ...] = ()
    mangle: tuple[PlainEntry, ...] = ()
    maclist: tuple[MacEntry, ...] = ()
    kept: tuple[KeptEntry, ...] = ()
    kind: str = field(default="shorewall", init=False)

    def zone(self, name: str) -> Zone | None:
        """The zone of this name."""
        return next((zone for zone in self.zones if zone.name == name), None)

    def macro(self, name: str) -> Macro | None:
        """The user's macro of this name."""
        return next((macro for macro in self.macros if macro.name == name), None)

    def action(self, name: str, parameters: tuple[str, ...]) -> ActionBody | None:
        """The user's action of this name as these parameters make it."""
        return next((a for a in self.actions if a.name == name and a.parameters == parameters), None)
