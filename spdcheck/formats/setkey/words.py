"""Single words of setkey: numbers, addresses, prefixes, ports and protocols, as the C library reads them.

setkey hands most words to the C library, whose habits are part of the language: ``10.1`` is 10.0.0.1 and ``010.0.0.1``
is 8.0.0.1 (``inet_aton``), numbers saturate (``strtoul``) and are then cut to the width of a field.

Every function returns the value together with an *accident*: what a reader would not have expected, or ``""``.
"""

from __future__ import annotations

import re

from spdcheck.formats.setkey.problems import NotLoaded, NotModelled, Refused, Undefined
from spdcheck.model.addresses import BITS, AddressRange, address_text, parse_value, prefix, prefix_length_of_mask
from spdcheck.model.host import Platform
from spdcheck.model.protocols import PROTOCOL_NUMBERS
from spdcheck.model.selector import ANY_PORT, ANY_PROTOCOL, PortRange
from spdcheck.model.services import service_port
from spdcheck.named_tuples import NamedTuple

_ULONG_MAX = (1 << 64) - 1
_LABEL = re.compile(r"[A-Za-z0-9_-]{1,63}")


def number(text: str, base: int = 10) -> int:
    """A number as ``strtoul`` of a 64-bit system reads it: too big ones become the biggest."""
    if len(text) < 16:
        return int(text, base)
    digits = text.lstrip("0")
    return min(int(digits or "0", base), _ULONG_MAX) if len(digits) <= 20 else _ULONG_MAX


def legacy_ipv4(text: str) -> int | None:
    """An IPv4 address in one of the short, octal or hexadecimal forms of ``inet_aton``, or None."""
    parts = text.split(".")
    if len(parts) > 4:
        return None
    values = []
    for part in parts:
        if re.fullmatch(r"0[xX][0-9A-Fa-f]{1,8}", part):
            values.append(int(part, 16))
        elif re.fullmatch(r"0[0-7]{0,11}", part):
            values.append(int(part, 8))
        elif re.fullmatch(r"[1-9][0-9]{0,9}", part):
            values.append(int(part))
        else:
            return None
    *bytes_, last = values
    if any(value > 255 for value in bytes_) or last >= 1 << 8 * (5 - len(parts)):
        return None
    result = last
    for place, value in enumerate(bytes_):
        result |= value << 8 * (3 - place)
    return result


def may_be_host_name(text: str) -> bool:
    """The resolver could know this name: no colon, no empty label, and a last label that is no number (RFC 1123)."""
    labels = text.removesuffix(".").split(".")
    return (
        len(text) <= 254
        and all(_LABEL.fullmatch(label) for label in labels)
        and not re.fullmatch(r"[0-9]+|0[xX][0-9A-Fa-f]*", labels[-1])
    )


class Address(NamedTuple):
    """A numeric address and what is odd about how it is written."""

    family: int
    value: int
    accident: str = ""

    @property
    def host(self) -> AddressRange:
        """The address as a range of one."""
        return AddressRange(self.family, self.value, self.value)


def read_address(text: str, at: int, *, names: bool = True) -> Address:
    """A numeric address. A host name raises NotModelled, or Refused where setkey takes no ``names``."""
    parsed = parse_value(text)
    if parsed is not None:
        return Address(*parsed)
    legacy = legacy_ipv4(text)
    if legacy is not None:
        meant = address_text(4, legacy)
        return Address(4, legacy, f"`{text}` is read as {meant} here (inet_aton), not as a prefix or decimal quad")
    if not may_be_host_name(text):
        raise Refused(at, f"found `{text}`, which is neither an address nor can it be a host name")
    if not names:
        raise Refused(at, f"found the name `{text}`, expected a numeric address")
    raise NotModelled(
        at, f"`{text}` is a host name: setkey looks it up when it runs, so that the address is not known here",
        "write the address",
    )  # fmt: skip


def read_prefix(address: Address, length: str, at: int) -> tuple[AddressRange, str]:
    """The prefix, and an accident; ``length`` may be empty, for a single host."""
    if not length:
        return address.host, ""
    bits = BITS[address.family]
    value = number(length)
    if value <= bits:
        return prefix(address.family, address.value, value), ""
    # parse.y keeps it in an int, where negative means "none given"; PF_KEY has one byte for it.
    cut = bits if value & 0x8000_0000 else value & 0xFF
    if cut > bits:
        message = f"/{length} is too long for IPv{address.family}: the kernel answers `Invalid argument`"
        raise NotLoaded(at, message, f"a prefix length is at most {bits}")
    accident = f"/{length} does not fit into its field and is read as /{cut}"
    return prefix(address.family, address.value, cut), accident


def mask_hint(text: str) -> str:
    """What to write instead of a netmask, or ``""``."""
    length = prefix_length_of_mask(text) if "." in text else None
    return "" if length is None else f"write the prefix length: `/{length}`"


def read_port(text: str, at: int, platform: Platform | None) -> tuple[PortRange, str]:
    """A port given as ``any``, number or name (a UDP service, whatever the upper layer is), and an accident."""
    if text == "any":
        return ANY_PORT, ""
    if text.isdigit():
        value = number(text)
        if value > 0xFFFF and platform is not None and platform is not Platform.LINUX:
            raise Refused(at, f"found port {text}, expected at most 65535")
        cut = value & 0xFFFF
        accident = "" if value == cut else f"port {text} does not fit into its field and is read as {cut}"
        return (PortRange(cut, cut) if cut else ANY_PORT), accident
    if "," in text:
        raise Refused(at, f"found `{text}`, expected one port", "write one policy for each port")
    port = service_port(text, "udp")
    if port is None:
        port = service_port(text, "tcp")
        if port is None:
            raise Undefined(at, f"the service `{text}` is not known", "write the number of the port")
        if platform is Platform.LINUX:
            raise Refused(
                at, f"found `{text}`, a service of tcp only; setkey looks names up as udp services", f"write `[{port}]`"
            )
    return PortRange(port, port), ""


def read_upper(text: str, at: int, platform: Platform | None) -> tuple[int, str]:
    """The upper layer protocol given as ``any``, number or name, and an accident."""
    if text == "any":
        return ANY_PROTOCOL, ""
    accident = ""
    if text.isdigit():
        value = number(text)
    else:
        known = PROTOCOL_NUMBERS.get(text.lower())
        if known is None:
            raise Refused(at, f"found `{text}`, expected an upper layer protocol (`any`, `tcp`, `udp`, a number …)")
        value = known
        if text not in (text.lower(), text.upper()):
            accident = f"names of protocols are case-sensitive: `{text}` works only if /etc/protocols spells it so"
    if value > 0xFF:
        accident = f"protocol {value} does not fit into its field and is read as {value & 0xFF}"
        value &= 0xFF
    if value == 0xFF:
        return ANY_PROTOCOL, accident
    if value == 0 and platform in (None, Platform.LINUX):
        return ANY_PROTOCOL, "protocol 0 means any protocol to Linux"
    return value, accident
