"""What stands in the columns of Shorewall's files: addresses, zones, ports, limits; every value with its place.

Variables are replaced, ``?IF`` is decided; names of services and protocols are numbers. An absent column (``-``) is
None.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

from spdcheck.named_tuples import NamedTuple

if TYPE_CHECKING:
    from spdcheck.model.netfilter import Bits, Icmp, Interval, Network
    from spdcheck.source import Span


class Written(NamedTuple):
    """A column, or a word of one, as it is written."""

    text: str
    origin: Span


class AddressKind(Enum):
    """What an element of an address list is."""

    NETWORK = "network"
    RANGE = "range"
    MAC = "mac"
    SET = "ipset"
    COUNTRY = "country"
    OF_INTERFACE = "interface address"
    GATEWAY = "gateway address"
    NAME = "host name"


class Address(NamedTuple):
    """One element of an address list.

    ``value`` is the network or the range; None for all other kinds. ``name`` is what is named: ``aa:bb:…`` of a MAC
    address, the ipset (``directions`` are its ``[src,dst]``), the countries, the interface of ``&eth0`` and ``%eth0``,
    the host name. ``negated`` is the ``!`` of ``!+set``, which belongs to this element alone.
    """

    kind: AddressKind
    value: Network | Interval | None
    name: str
    origin: Span
    directions: tuple[str, ...] = ()
    negated: bool = False


class Hosts(NamedTuple):
    """An address list with its exclusion: ``a,b!c,d``. Nothing in ``included`` means all addresses (``!c,d``)."""

    included: tuple[Address, ...]
    excluded: tuple[Address, ...]
    origin: Span


class Zones(NamedTuple):
    """The zones of a column: names, or a ``wildcard`` (``all`` or ``any``) without the ``excluded`` ones.

    ``intrazone`` is the ``+`` of ``all+`` and ``a,b+``; ``firewall`` is False for ``all-``. The name of the firewall
    zone stands for ``$FW``. ``none`` (the rule is ignored) has neither names nor a wildcard.
    """

    names: tuple[str, ...]
    wildcard: str
    excluded: tuple[str, ...]
    intrazone: bool
    firewall: bool
    origin: Span


class Place(NamedTuple):
    """One source or destination: ``zone:interface:hosts:port``; what is absent is None (or empty).

    ``reference`` is the word SOURCE or DEST of a macro's body. ``ports`` are the server's (DNAT, REDIRECT) and
    ``random`` says so. Where a file has no zones (conntrack, mangle, stoppedrules, bodies of actions) ``zones`` is
    None, or the firewall for ``$FW``. ``excluded_interface`` is the ``!`` of ``zone:!eth0``.
    """

    zones: Zones | None
    interface: str | None
    hosts: Hosts | None
    origin: Span
    reference: str = ""
    ports: Interval | None = None
    random: bool = False
    excluded_interface: bool = False


class Protocol(NamedTuple):
    """One protocol. ``number`` is None for ``all``; ``name`` is the word where it is none of IP's (``ipp2p``).

    ``syn`` is what follows tcp: ``syn``, ``!syn`` or ``all``, else empty.
    """

    number: int | None
    name: str
    syn: str
    origin: Span


class Protocols(NamedTuple):
    """A PROTO column; ``negated`` is True for ``!tcp``."""

    items: tuple[Protocol, ...]
    negated: bool
    origin: Span


Port: TypeAlias = "Interval | Icmp | str"
"""Ports, a type of ICMP, or an ipset (``+name``) or word of another protocol (``ipp2p``) as it is written."""


class Ports(NamedTuple):
    """A list of ports or ICMP types; ``negated`` is the ``!`` before it."""

    items: tuple[Port, ...]
    negated: bool
    origin: Span


class Rate(NamedTuple):
    """``[{s|d}[/vlsm]:[name:]]amount/unit[:burst]``.

    ``per`` is ``s``, ``d`` or empty, ``burst`` None where it is not said.
    """

    per: str
    prefix: int | None
    name: str
    amount: int
    unit: str
    burst: int | None
    origin: Span


class User(NamedTuple):
    """``[!][user][:group]``; ``program`` is the ``+name`` of old releases."""

    negated: bool
    user: str
    group: str
    program: str
    origin: Span


class MarkTest(NamedTuple):
    """``[!]value[/mask][:C]``; ``connection`` asks the connection's mark."""

    negated: bool
    bits: Bits
    connection: bool
    origin: Span


class ConnectionLimit(NamedTuple):
    """``[d:][!]limit[:prefix]``: at most (``!``: more than) so many connections of a network of this length."""

    per: str
    above: bool
    limit: int
    prefix: int | None
    origin: Span


class Option(NamedTuple):
    """``name``, ``name=value`` or ``name!=value``; ``values`` are those of ``name=(a,b)``."""

    name: str
    value: str | None
    negated: bool
    origin: Span
    values: tuple[str, ...] = ()


class Log(NamedTuple):
    """``:level[:tag]``: ``info``, a number, ``NFLOG(…)``, ``none``.

    ``loud`` is the ``!`` that forces a level down into actions.
    """

    level: str
    tag: str
    loud: bool
    origin: Span


class Action(NamedTuple):
    """An ACTION column: ``name(parameters)modifier:level:tag``.

    ``modifier`` is ``+``, ``-`` or ``!`` or empty. ``parameters`` are texts, ``-`` or empty where one is left out.
    ``slash`` is the old way of macros, ``SSH/ACCEPT``, whose parameter is the word behind it.
    """

    name: str
    parameters: tuple[str, ...]
    modifier: str
    log: Log | None
    origin: Span
    slash: bool = False
