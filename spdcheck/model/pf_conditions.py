"""Which packets a rule of pf asks for: addresses in all their forms, ports, interfaces, flags and the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from spdcheck.named_tuples import NamedTuple
from spdcheck.records import dataclass

if TYPE_CHECKING:
    from spdcheck.model.addresses import AddressRange


class Anywhere(NamedTuple):
    """``any``: every address."""


class Literal(NamedTuple):
    """An address, a prefix or a range; ``scope`` is the interface of a link-local address (``fe80::1%em0``)."""

    addresses: AddressRange
    scope: str = ""


class Named(NamedTuple):
    """The addresses of an interface, a group of interfaces, ``self``, or a host name.

    ``which`` is ``""`` (its own addresses), ``network``, ``broadcast`` or ``peer``; ``first_only`` (``:0``) leaves out
    aliases; ``length`` makes a prefix of each. ``dynamic`` names in parentheses follow the interface at run time, the
    others are looked up once, when the ruleset is loaded.
    """

    name: str
    which: str = ""
    first_only: bool = False
    length: int | None = None
    dynamic: bool = False


class TableName(NamedTuple):
    """``<name>``: the addresses of a table."""

    name: str


class RouteLabel(NamedTuple):
    """``route label``: addresses whose route carries a label."""

    label: str


class NoRoute(NamedTuple):
    """``no-route``: addresses to which there is no route."""


class UrpfFailed(NamedTuple):
    """``urpf-failed``: sources whose way back does not lead through the interface."""


PfAddress: TypeAlias = Anywhere | Literal | Named | TableName | RouteLabel | NoRoute | UrpfFailed


class NumberTest(NamedTuple):
    """A comparison of a port, user or group: ``=``, ``!=``, ``<``, ``<=``, ``>``, ``>=`` with ``first``;
    ``:`` both included, ``><`` strictly between, ``<>`` outside. A user or group may be a name that only the host
    knows; None is ``unknown``.
    """

    operator: str
    first: int | str | None
    last: int = 0


class Peer(NamedTuple):
    """One end of the traffic: an address, maybe negated, and a port."""

    address: PfAddress = Anywhere()
    negated: bool = False
    port: NumberTest | None = None


ANY_PEER = Peer()


class OnInterface(NamedTuple):
    """``on`` and ``received-on``: an interface, a group, ``any``, or a routing domain; maybe negated."""

    name: str
    negated: bool = False
    rdomain: int | None = None


class IcmpTest(NamedTuple):
    """An ICMP type, and a code or None for any."""

    kind: int
    code: int | None = None


class FlagTest(NamedTuple):
    """``flags set/mask``: of the flags in ``mask`` exactly those in ``value`` are set.

    The bits are FIN SYN RST PUSH ACK URG ECE CWR, from the lowest.
    """

    value: int
    mask: int


class TagTest(NamedTuple):
    """``tagged name`` or ``! tagged name``."""

    name: str
    negated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Which packets a rule is about. What is empty or None is not asked.

    ``direction`` is ``in``, ``out`` or ``""`` (both); ``family`` 4, 6 or None. ``flags`` is asked of TCP packets only.
    ``other`` are conditions that are kept as text, with what they test: ``probability 50%``, ``os "Linux"``,
    ``max-pkt-rate 100/10``, ``prio 3``.
    """

    direction: str = ""
    interface: OnInterface | None = None
    family: int | None = None
    protocol: int | None = None
    source: Peer = ANY_PEER
    destination: Peer = ANY_PEER
    received_on: OnInterface | None = None
    user: NumberTest | None = None
    group: NumberTest | None = None
    flags: FlagTest | None = None
    icmp: IcmpTest | None = None
    tos: int | None = None
    fragment: bool = False
    tagged: TagTest | None = None
    other: tuple[str, ...] = ()
