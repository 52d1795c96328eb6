"""The identities of a ``sainfo``: addresses with protocol and port, or names; and what racoon compares of them.

racoon compares type, address, prefix and protocol, bit by bit; ports are not compared (``ipsecdoi_chkcmpids``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.formats.racoon.desk import Extent
from spdcheck.formats.racoon.identities import TYPES
from spdcheck.formats.racoon.values import address, port
from spdcheck.model.addresses import BITS, AddressRange, prefix
from spdcheck.model.ike import Identity, IdentityType, Phase2Id
from spdcheck.model.protocols import ICMP, ICMP6, PROTOCOL_NUMBERS
from spdcheck.model.selector import PortRange

if TYPE_CHECKING:
    from spdcheck.formats.racoon.desk import Desk
    from spdcheck.formats.racoon.syntax import Node, Token

ComparedId = tuple[object, ...] | None
"""What racoon compares of an identity; None for ``anonymous``, which equals everything."""

CLIENT: ComparedId = ("clientaddr",)
_ANY_PROTOCOL = (0, 255)


def phase2_id(desk: Desk, node: Node) -> tuple[Phase2Id, ComparedId] | None:
    """An identity and what racoon compares of it; None where it is refused."""
    if node.rule == "name_id":
        return _name(desk, node)
    kind, written = node.first, node.find("ADDRSTRING")
    first = address(desk, written) if written else None
    if first is None or written is None:
        return None
    if kind.text not in ("address", "subnet"):
        desk.accident(
            kind, f"racoon reads `address` here, not `{kind.text}`: an address follows", mend="write `address`"
        )
    upper = list(node.tokens)[-1]
    protocol = _protocol(desk, upper)
    number = port(desk, node.find("PORT"), 0)
    if not _fits(desk, upper, protocol, number, first.family):
        return None
    ports = PortRange(number, number) if number else None
    origin = desk.file.span(node.start, node.end)
    if node.rule == "range_id":
        return _range(desk, node, first, Phase2Id(None, protocol, ports, origin))
    return _prefix(desk, node, first, Phase2Id(None, protocol, ports, origin))


def _prefix(desk: Desk, node: Node, first: AddressRange, bare: Phase2Id) -> tuple[Phase2Id, ComparedId]:
    length, written = node.find("PREFIX"), node.find("ADDRSTRING")
    bits = BITS[first.family]
    if length is not None and length.number > bits:
        desk.accident(length, f"racoon reads {length.text} as /{bits}, one address", mend=f"write /{bits}")
    number = min(length.number, bits) if length is not None else bits
    addresses = prefix(first.family, first.first, number)
    host_bits = None
    if addresses.first != first.first and length is not None and written is not None:
        host_bits = first
        desk.accident(
            Extent(written.start, length.end),
            f"racoon compares {written.text}/{number} as it stands: it never equals {addresses}",
            mend=f"write {addresses}",
        )  # fmt: skip
    found = Phase2Id(addresses, bare.protocol, bare.port, bare.origin, host_bits=host_bits)
    return found, ("address", first.family, first.first, number, bare.protocol)


def _range(desk: Desk, node: Node, first: AddressRange, bare: Phase2Id) -> tuple[Phase2Id, ComparedId] | None:
    written, dropped = node.find("ADDRRANGE"), node.find("PREFIX")
    last = address(desk, written) if written else None
    if last is None or written is None:
        return None
    if last.family != first.family or last.first < first.first:
        what = "Address family mismatch" if last.family != first.family else "the range ends before it starts"
        desk.refuse(written, f"{what}: found {written.text} behind {first}", mend="write the lower address first")
        return None
    if dropped is not None:
        desk.accident(dropped, f"racoon drops {dropped.text} behind a range", mend="remove it")
    found = Phase2Id(AddressRange(first.family, first.first, last.first), bare.protocol, bare.port, bare.origin)
    return found, ("range", first.family, first.first, last.first, bare.protocol)


def _name(desk: Desk, node: Node) -> tuple[Phase2Id, ComparedId] | None:
    kind, value = node.first, node.find("QUOTEDSTRING")
    named = TYPES[kind.text]
    if named is IdentityType.ASN1_DN:
        desk.refuse(node, "id type forbidden: `asn1dn` can't name traffic", mend="write `address …`")
        return None
    text = value.string if value else ""
    origin = desk.file.span(node.start, node.end)
    compared: ComparedId = ("name", named, text)
    if named in (IdentityType.ADDRESS, IdentityType.SUBNET):
        desk.accident(
            node, "racoon reads no address from a string: this sainfo never matches",
            mend=f"write `{kind.text} {text} any`",
        )  # fmt: skip
        compared = ("never", origin)
    return Phase2Id(None, None, None, origin, name=Identity(named, text, origin)), compared


def _protocol(desk: Desk, token: Token) -> int | None:
    if token.type == "ANY":
        return None
    number = token.number if token.type == "NUMBER" else PROTOCOL_NUMBERS[token.text]
    if number > 255:
        desk.accident(token, f"racoon reads protocol {number % 256} here: it keeps 8 bits", mend="write 0 to 255")
        number %= 256
    return None if number in _ANY_PROTOCOL else number


def _fits(desk: Desk, upper: Token, protocol: int | None, number: int, family: int) -> bool:
    if protocol in (ICMP, ICMP6) and number:
        desk.refuse(upper, f'port number must be "any": `{upper.text}` has no ports', mend="take the port away")
        return False
    if protocol == (ICMP6 if family == 4 else ICMP):
        mend = f"write `{'icmp' if family == 4 else 'icmp6'}`"
        desk.refuse(upper, f"upper layer protocol mismatched: `{upper.text}` with an IPv{family} address", mend=mend)
        return False
    return True
