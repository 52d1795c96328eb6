"""What ipf.conf and ipf6.conf say: rules in the order of the file.

Lists in braces are written out: one line of the file may be several rules. Names follow ipf(5). Nothing here says what
a rule decides; the order of the kernel's lists (collections, insertion, refused duplicates) is not applied either.
"""

from __future__ import annotations

from enum import Enum
from operator import attrgetter
from typing import TYPE_CHECKING, TypeAlias

from spdcheck.named_tuples import NamedTuple
from spdcheck.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable

    from spdcheck.model.policy import Direction
    from spdcheck.source import Span

MAX_PORT = 65535
TCP_UDP = (6, 17)
"""What ``proto tcp/udp`` stands for."""

IP_OPTIONS = (
    "nop", "rr", "zsu", "mtup", "mtur", "encode", "ts", "tr", "sec", "lsrr", "e-sec", "cipso", "satid", "ssrr",
    "addext", "visa", "imitd", "eip", "finn", "dps", "sdb", "nsapa", "rtralrt", "ump",
)  # fmt: skip
"""What ``with opt`` may ask for, in the kernel's order."""

SECURITY_CLASSES = ("unclass", "confid", "reserv-1", "reserv-2", "reserv-3", "reserv-4", "secret", "topsecret")
EXTENSION_HEADERS = ("hopopts", "ipv6", "routing", "frag", "esp", "ah", "none", "dstopts", "mobility")
"""What ``with v6hdr`` may ask for."""


class IpfAction(Enum):
    """The first word of a rule. LOG and COUNT never decide; a packet whose deciding rule says NOMATCH is dropped."""

    PASS = "pass"
    BLOCK = "block"
    LOG = "log"
    COUNT = "count"
    NOMATCH = "nomatch"
    AUTH = "auth"
    PREAUTH = "preauth"
    SKIP = "skip"
    CALL = "call"
    DECAPSULATE = "decapsulate"


class Reply(NamedTuple):
    """What a blocked sender hears: ``kind`` is the keyword (``return-rst`` …), ``code`` that of the ICMP message."""

    kind: str
    code: int | None = None


class NetworkAddress(NamedTuple):
    """The addresses that have ``value`` in the bits of ``mask``; a mask need not be a prefix (ipnat keeps any)."""

    family: int
    value: int
    mask: int


class HostName(NamedTuple):
    """A name that a resolver would have to look up, with the length of the prefix around the answer."""

    name: str
    length: int | None = None


class InterfaceNetwork(NamedTuple):
    """An address of an interface. ``part`` is ``address``, ``broadcast``, ``network``, ``netmasked`` or ``peer``."""

    interface: str
    part: str = "address"
    length: int | None = None


class PoolReference(NamedTuple):
    """A table of ippool.conf: ``kind`` is ``pool`` (a tree), ``hash`` or ``dstlist``."""

    kind: str
    name: str


class PoolEntry(NamedTuple):
    """One line of a table. The longest prefix decides; ``excluded`` marks ``!``. ``group`` is that of a group-map."""

    network: NetworkAddress | HostName
    excluded: bool = False
    group: str | None = None


class InlinePool(NamedTuple):
    """``pool=(…)`` or ``hash=(…)``: a table without a name."""

    kind: str
    entries: tuple[PoolEntry, ...]


Addresses: TypeAlias = NetworkAddress | HostName | InterfaceNetwork | PoolReference | InlinePool


class Ports(NamedTuple):
    """A comparison: ``=``, ``!=``, ``<``, ``>``, ``<=``, ``>=`` with one number, ``><``, ``<>``, ``:`` with two.

    ``a >< b`` is strictly inside, ``a <> b`` strictly outside, ``a:b`` from ``a`` to ``b``.
    """

    operator: str
    first: int
    last: int = 0

    @property
    def intervals(self) -> tuple[tuple[int, int], ...]:
        """The ports that match."""
        found = _INTERVALS[self.operator](self.first, self.last)
        return tuple((first, last) for first, last in found if first <= last)


_INTERVALS: dict[str, Callable[[int, int], tuple[tuple[int, int], ...]]] = {
    "=": lambda a, _: ((a, a),),
    "!=": lambda a, _: ((0, a - 1), (a + 1, MAX_PORT)),
    "<": lambda a, _: ((0, a - 1),),
    ">": lambda a, _: ((a + 1, MAX_PORT),),
    "<=": lambda a, _: ((0, a),),
    ">=": lambda a, _: ((a, MAX_PORT),),
    "><": lambda a, b: ((a + 1, b - 1),),
    "<>": lambda a, b: ((0, a - 1), (b + 1, MAX_PORT)),
    ":": lambda a, b: ((a, b),),
}
"""What the comparisons of ports mean."""


class End(NamedTuple):
    """One side of a rule; ``addresses`` is None for any. ``negated`` turns the addresses round, not the ports."""

    addresses: Addresses | None = None
    negated: bool = False
    ports: Ports | None = None


ANY_END = End()


class TcpFlags(NamedTuple):
    """The flags of ``mask`` must be exactly those of ``value``; bits as in the header, FIN is 1."""

    value: int
    mask: int


class Trait(NamedTuple):
    """A word behind ``with``: ``short``, ``frag``, ``ipopts``, ``oow`` …"""

    name: str
    negated: bool = False


class IpOptions(NamedTuple):
    """``with opt``: all of these IP options are there, or none of them. ``doi`` is that of ``cipso``."""

    names: tuple[str, ...]
    negated: bool = False
    doi: int | None = None


class OptionClasses(NamedTuple):
    """``with opt sec-class``: the classes of the IP security option."""

    names: tuple[str, ...]
    negated: bool = False


class ExtensionHeaders(NamedTuple):
    """``with v6hdr``: all of these IPv6 extension headers are there, or none of them."""

    names: tuple[str, ...]
    negated: bool = False


Condition: TypeAlias = Trait | IpOptions | OptionClasses | ExtensionHeaders


class KeepState(NamedTuple):
    """``keep state``. ``tracking`` is ``strict`` or ``loose`` for TCP; ages are in seconds (forward, reverse)."""

    limit: int | None = None
    tracking: str = ""
    icmp_errors: bool = True
    icmp_head: str | None = None
    age: tuple[int, int] | None = None
    max_sources: int | None = None
    max_per_source: tuple[int, int | None] | None = None
    words: tuple[str, ...] = ()


class KeepFrags(NamedTuple):
    """``keep frags``: later fragments get what the first one got."""

    strict: bool = False


class Log(NamedTuple):
    """``log``: its words (``body``, ``first``, ``or-block``) and the level as it is written."""

    words: tuple[str, ...] = ()
    level: str = ""


class Target(NamedTuple):
    """Where ``to``, ``dup-to`` and ``reply-to`` send: an interface and a gateway, or a list of ippool.conf."""

    interface: str
    gateway: NetworkAddress | HostName | None = None
    list: bool = False


class Call(NamedTuple):
    """``call``: a function of the kernel and its number; ``now`` calls it while rules are matched."""

    function: str
    number: str
    now: bool


class Expression(NamedTuple):
    """``exp`` or ``bpf-v4`` / ``bpf-v6`` with its text."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IpfRule:
    """One rule. ``interfaces`` are its own and that of the other direction of its state; ``via`` those for packets
    that cross the host the other way (``in-via``, ``out-via``).

    ``family`` is 4, 6 or None for both, as the kernel matches it. ``insert`` is the position of ``@N``;
    ``collection`` sorts before the order of the file. ``origin`` is the text of the rule.
    """

    origin: Span
    action: IpfAction
    direction: Direction
    quick: bool = False
    reply: Reply | None = None
    log: Log | None = None
    interfaces: tuple[str, ...] = ()
    via: tuple[str, ...] = ()
    family: int | None = None
    tos: int | None = None
    ttl: int | None = None
    protocols: tuple[int, ...] = ()
    source: End = ANY_END
    destination: End = ANY_END
    flags: TcpFlags | None = None
    icmp_type: int | None = None
    icmp_code: int | None = None
    conditions: tuple[Condition, ...] = ()
    keep_state: KeepState | None = None
    keep_frags: KeepFrags | None = None
    head: str | None = None
    group: str | None = None
    collection: int = 0
    insert: int | None = None
    skip: int = 0
    call: Call | None = None
    expression: Expression | None = None
    fastroute: bool = False
    route_to: Target | None = None
    dup_to: Target | None = None
    reply_to: Target | None = None
    set_log_tag: int | None = None
    set_nat_tag: str | None = None
    match_log_tag: int | None = None
    match_nat_tag: str | None = None
    packets_per_second: int | None = None
    rule_ttl: int | None = None
    comment: str = ""

    def says(self) -> tuple[object, ...]:
        """Everything but the place: two rules that say the same are one rule to the kernel, which refuses the second.

        Comments and the numbers that only sort (``@N``) don't count.
        """
        found: tuple[object, ...] = _COMPARED(self)
        return found


_COMPARED = attrgetter(
    *(name for name in IpfRule.__annotations__ if name not in ("origin", "insert", "comment", "rule_ttl"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class IpfRuleset:
    """The rules of one ipf.conf. ``settings`` are its ``set`` lines; ``family`` is 6 for ipf6.conf, else None."""

    origin: Span
    kind: str = "ipf"
    rules: tuple[IpfRule, ...] = ()
    settings: tuple[tuple[str, str], ...] = ()
    family: int | None = None
