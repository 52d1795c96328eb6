"""What ipnat.conf says: translation rules in the order of the file, which is not the order in which they are asked."""

from __future__ import annotations

from enum import Enum
from operator import attrgetter
from typing import TYPE_CHECKING, TypeAlias

from spdcheck.model.ipfilter import ANY_END, End, HostName, NetworkAddress, PoolReference
from spdcheck.named_tuples import NamedTuple
from spdcheck.records import dataclass

if TYPE_CHECKING:
    from spdcheck.model.policy import Direction
    from spdcheck.source import Span


class NatKind(Enum):
    """The first word of a rule."""

    MAP = "map"
    BIMAP = "bimap"
    MAP_BLOCK = "map-block"
    RDR = "rdr"
    REWRITE = "rewrite"
    DIVERT = "divert"
    ENCAP = "encap"


class NatRange(NamedTuple):
    """The addresses ``first`` to ``last`` (``range a-b``)."""

    family: int
    first: int
    last: int


class NatSplit(NamedTuple):
    """Two addresses, one connection to the one, the next to the other (``a,b``)."""

    family: int
    first: int
    second: int


NewAddress: TypeAlias = NetworkAddress | HostName | NatRange | NatSplit | PoolReference
"""What an address becomes. The network 0/0 leaves it as it is; 0/32 (::/128) is the address of the interface."""


class NewPorts(NamedTuple):
    """What a port becomes: one of ``first`` to ``last``.

    ``fixed`` is ``port = n``; ``auto`` computes the port from the address (``portmap … auto``); ``sequential`` takes
    them in turn, without it they are drawn. ``icmp`` says that these are ICMP ids.
    """

    first: int
    last: int
    fixed: bool = False
    auto: bool = False
    sequential: bool = False
    icmp: bool = False


class Proxy(NamedTuple):
    """An application proxy of the kernel. ``port`` is None where the rule's port is meant."""

    name: str
    port: int | None = None
    protocol: int | None = None
    config: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NatRule:
    """One rule. ``interfaces`` are those by which packets leave and replies arrive (``map a,b``: replies on ``a``,
    packets on ``b``; ``rdr a,b``: packets on ``a``, replies on ``b``); one name stands for both.

    ``exempt`` is ``no``: packets that match are not translated. ``written_out`` marks the ``from … to …`` form.
    ``protocols`` is empty for any. ``block_ports`` is that of map-block (``auto``: -1).
    """

    origin: Span
    kind: NatKind
    direction: Direction
    interfaces: tuple[str, ...]
    exempt: bool = False
    family: int = 4
    protocols: tuple[int, ...] = ()
    source: End = ANY_END
    destination: End = ANY_END
    written_out: bool = False
    new_source: NewAddress | None = None
    new_destination: NewAddress | None = None
    source_ports: NewPorts | None = None
    destination_ports: NewPorts | None = None
    block_ports: int | None = None
    round_robin: bool = False
    frag: bool = False
    age: tuple[int, int] | None = None
    sticky: bool = False
    mssclamp: int | None = None
    tag: str = ""
    proxy: Proxy | None = None
    purge: bool = False

    def says(self) -> tuple[object, ...]:
        """Everything but the place: the kernel refuses a second rule that says the same."""
        found: tuple[object, ...] = _COMPARED(self)
        return found


_COMPARED = attrgetter(
    *(name for name in NatRule.__annotations__ if name not in ("origin", "age", "purge", "mssclamp"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NatRuleset:
    """The rules of one ipnat.conf."""

    origin: Span
    kind: str = "ipnat"
    rules: tuple[NatRule, ...] = ()
