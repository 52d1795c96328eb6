"""The syntax of setkey statements: one frozen value for each rule of ``grammars/setkey.lark``, named like it.

A :class:`~spdcheck.formats.shapes.Slot` stands for a token: the name of its terminal and its position among the tokens
of the statement. These trees belong to shapes, so they are shared by all statements that differ in their words only.
"""

from __future__ import annotations

from spdcheck.formats.shapes import Slot, nodes_of
from spdcheck.named_tuples import NamedTuple
from spdcheck.records import dataclass


class Prefix(NamedTuple):
    """``/LENGTH``."""

    length: Slot


class Port(NamedTuple):
    """``[any]``, ``[80]`` or ``[http]``."""

    port: Slot


class End(NamedTuple):
    """An end of an SA: an address, and a port where ESP is carried in UDP."""

    address: Slot
    port: Port | None


class Range(NamedTuple):
    """One side of a selector: ``ADDRESS[/LENGTH][[PORT]]``."""

    address: Slot
    prefix: Prefix | None
    port: Port | None


class Protocol(NamedTuple):
    """The protocol of an SA."""

    name: Slot


class UdpEncapsulated(NamedTuple):
    """``esp-udp [ORIGINAL-ADDRESS]``: ESP in UDP (RFC 3948)."""

    name: Slot
    original: Slot | None


class Upper(NamedTuple):
    """The upper layer protocol of a selector, and what is said about it (ICMP type and code, GRE key)."""

    protocol: Slot
    detail: Slot | None


class Context(NamedTuple):
    """``-ctx DOI ALGORITHM "LABEL"``: a security context of SELinux."""

    option: Slot
    doi: Slot
    algorithm: Slot
    label: Slot


class Pad(NamedTuple):
    """``-f``: how ESP is padded, or that the sequence number may not wrap."""

    how: Slot


class Mode(NamedTuple):
    """``-m``."""

    mode: Slot


class Reqid(NamedTuple):
    """``-u``: binds the SA to policies of level ``unique:N``."""

    number: Slot


class Replay(NamedTuple):
    """``-r``: the size of the replay window in packets."""

    size: Slot


class Lifetime(NamedTuple):
    """``-lh``, ``-ls`` (seconds), ``-bh``, ``-bs`` (bytes)."""

    option: Slot
    amount: Slot


class Fragment(NamedTuple):
    """``-esp_frag``: the size of fragments of ESP in UDP."""

    option: Slot
    size: Slot


Extension = Pad | Mode | Reqid | Replay | Lifetime | Fragment | Context


class Cipher(NamedTuple):
    """A cipher and its key."""

    name: Slot
    key: Slot


class NullCipher(NamedTuple):
    """``null``, or ``simple`` as it was called once; some releases want an empty key behind it."""

    name: Slot
    key: Slot | None


class Integrity(NamedTuple):
    """An integrity algorithm and its key."""

    name: Slot
    key: Slot


class NullIntegrity(NamedTuple):
    """``null``."""

    name: Slot


class Algorithms(NamedTuple):
    """``-E …`` with or without ``-A …``."""

    cipher: Cipher | NullCipher
    integrity: Integrity | NullIntegrity | None


class IntegrityOnly(NamedTuple):
    """``-A …`` alone."""

    integrity: Integrity | NullIntegrity


class Compression(NamedTuple):
    """``-C ALGORITHM [-R]``."""

    name: Slot
    raw: Slot | None


class Priority(NamedTuple):
    """``prio [-]N``: an offset from the default priority; positive is more important."""

    word: Slot
    minus: Slot | None
    amount: Slot


class BasedPriority(NamedTuple):
    """``prio BASE [(+|-) N]``."""

    word: Slot
    base: Slot
    sign: Slot | None
    amount: Slot | None


class Ends(NamedTuple):
    """``A-B``: the end points of a tunnel."""

    source: Slot
    minus: Slot
    destination: Slot


class PortedEnds(NamedTuple):
    """``A[PORT]-B[PORT]``."""

    source: Slot
    source_port: Slot
    minus: Slot
    destination: Slot
    destination_port: Slot


class MeAny(NamedTuple):
    """``me-any``: from us to whomever, on the way out."""

    source: Slot
    minus: Slot
    destination: Slot


class AnyMe(NamedTuple):
    """``any-me``: from whomever to us, on the way in."""

    source: Slot
    minus: Slot
    destination: Slot


class Template(NamedTuple):
    """``PROTOCOL/MODE[/[ENDS[/[LEVEL]]]]``."""

    protocol: Slot
    mode: Slot
    ends: Ends | PortedEnds | MeAny | AnyMe | None
    level: Slot | None


class TemplateWithoutEnds(NamedTuple):
    """``PROTOCOL/MODE//LEVEL``."""

    protocol: Slot
    mode: Slot
    level: Slot


@dataclass(frozen=True, slots=True, eq=False)
class Policy:
    """``-P DIRECTION [PRIORITY] ACTION TEMPLATE…``."""

    direction: Slot
    priority: Priority | BasedPriority | None
    action: Slot
    templates: tuple[Template | TemplateWithoutEnds, ...]


@dataclass(frozen=True, slots=True, eq=False)
class DirectionOnly:
    """``-P DIRECTION``, all that ``spddelete`` needs."""

    direction: Slot


@dataclass(frozen=True, slots=True, eq=False)
class Add:
    """``add``: a new SA."""

    options: tuple[Slot, ...]
    source: End
    destination: End
    protocol: Protocol | UdpEncapsulated | None
    spi: Slot
    extensions: tuple[Extension, ...]
    algorithms: Algorithms | IntegrityOnly | Compression


@dataclass(frozen=True, slots=True, eq=False)
class SaCommand:
    """``delete``, ``get`` or ``getspi``."""

    command: Slot
    options: tuple[Slot, ...]
    source: End
    destination: End
    protocol: Protocol | UdpEncapsulated | None
    spi: Slot
    extensions: tuple[Extension, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Deleteall:
    """``deleteall``: all SAs between two addresses."""

    options: tuple[Slot, ...]
    source: Slot
    destination: Slot
    protocol: Protocol | UdpEncapsulated | None


@dataclass(frozen=True, slots=True, eq=False)
class SadCommand:
    """``flush`` or ``dump``."""

    command: Slot
    protocol: Protocol | UdpEncapsulated | None


@dataclass(frozen=True, slots=True, eq=False)
class SpdEntry:
    """``spdadd``, ``spdupdate`` or ``spddelete``."""

    command: Slot
    options: tuple[Slot, ...]
    source: Range
    destination: Range
    upper: Upper
    context: Context | None
    policy: Policy | DirectionOnly


@dataclass(frozen=True, slots=True, eq=False)
class SpdTagged:
    """``spdadd tagged "TAG"``: a policy for packets that the firewall tagged."""

    command: Slot
    tagged: Slot
    tag: Slot
    policy: Policy | DirectionOnly


@dataclass(frozen=True, slots=True, eq=False)
class SpdCommand:
    """``spddump`` or ``spdflush``."""

    command: Slot


@dataclass(frozen=True, slots=True, eq=False)
class Exit:
    """``exit``, ``quit`` or ``bye``."""

    command: Slot


Command = Add | SaCommand | Deleteall | SadCommand | SpdEntry | SpdTagged | SpdCommand | Exit

NODES = nodes_of(
    (
        Prefix, Port, End, Range, Protocol, UdpEncapsulated, Upper, Context, Pad, Mode, Reqid, Replay, Lifetime,
        Fragment, Cipher, NullCipher, Integrity, NullIntegrity, Algorithms, IntegrityOnly, Compression, Priority,
        BasedPriority, Ends, PortedEnds, MeAny, AnyMe, Template, TemplateWithoutEnds, Policy, DirectionOnly, Add,
        SaCommand, Deleteall, SadCommand, SpdEntry, SpdTagged, SpdCommand, Exit,
    ),
    lists=("options", "extensions", "templates"),
)  # fmt: skip
"""What makes each rule's value."""
