"""``add``: a security association with its keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.formats.setkey.problems import NotLoaded, NotModelled, Refused
from spdcheck.formats.setkey.selectors import Options, check_family, options_of
from spdcheck.formats.setkey.syntax import (
    Add,
    Algorithms,
    Compression,
    Context,
    Fragment,
    Integrity,
    IntegrityOnly,
    Lifetime,
    NullCipher,
    Pad,
    Replay,
    Reqid,
    UdpEncapsulated,
)
from spdcheck.formats.setkey.syntax import Cipher as CipherSyntax
from spdcheck.formats.setkey.syntax import Mode as ModeSyntax
from spdcheck.formats.setkey.syntax import NullIntegrity as NullIntegritySyntax
from spdcheck.formats.setkey.words import number, read_address, read_port
from spdcheck.model.algorithms import CIPHERS, INTEGRITY, Cipher
from spdcheck.model.algorithms import Integrity as IntegrityAlgorithm
from spdcheck.model.association import KeyedAlgorithm, SecurityAssociation
from spdcheck.model.host import Platform
from spdcheck.model.policy import Mode
from spdcheck.named_tuples import NamedTuple
from spdcheck.source import MASK

if TYPE_CHECKING:
    from spdcheck.formats.setkey.dialect import Dialect
    from spdcheck.formats.setkey.secrets import Keys
    from spdcheck.formats.setkey.statement import Statement
    from spdcheck.formats.setkey.syntax import End, Protocol, SaCommand
    from spdcheck.formats.shapes import Slot
    from spdcheck.model.addresses import AddressRange

NATT_PORT = 4500
"""What setkey takes for a missing port of ESP in UDP (``DEFAULT_NATT_PORT`` in parse.y)."""

_ALIASES = {
    "rijndael-cbc": "aes-cbc",
    "hmac-sha256": "hmac-sha2-256",
    "hmac-sha384": "hmac-sha2-384",
    "hmac-sha512": "hmac-sha2-512",
    "simple": "null",
}
_MODES = {"TRANSPORT": Mode.TRANSPORT, "TUNNEL": Mode.TUNNEL, "ANY": Mode.ANY}


class Outer(NamedTuple):
    """What finds an SA: its ends, its protocol (``""`` where none is given) and its SPI."""

    source: AddressRange
    destination: AddressRange
    protocol: str
    spi: int


class Associations:
    """Reads the SAs of one script."""

    def __init__(self, dialect: Dialect, keys: Keys) -> None:
        self._dialect = dialect
        self.keys = keys

    def outer(self, node: Add | SaCommand, statement: Statement) -> Outer:
        """Ends, protocol and SPI of a statement."""
        asked = options_of(node.options, statement)
        source = self.host(node.source.address, statement, asked)
        destination = self.host(node.destination.address, statement, asked)
        if source.family != destination.family:
            raise Refused(
                node.destination.address.at, f"the ends are of IPv{source.family} and IPv{destination.family}"
            )
        return Outer(source, destination, protocol_word(node.protocol, statement), self._spi(node.spi, statement))

    def host(self, slot: Slot, statement: Statement, asked: Options) -> AddressRange:
        """A single address."""
        address = read_address(statement.texts[slot.at], slot.at, names=not asked.numeric)
        check_family(address.family, asked.family, slot)
        statement.odd(slot, address.accident, f"write `{address.host}` if that is meant")
        return address.host

    def read(self, node: Add, statement: Statement) -> SecurityAssociation:
        """The association of an ``add`` statement."""
        outer = self.outer(node, statement)
        port = self._encapsulation(node, statement)
        mode, numbers = self._extensions(node, outer.protocol, statement)
        encryption = integrity = compression = None
        algorithms = node.algorithms
        if isinstance(algorithms, Compression):
            compression = statement.texts[algorithms.name.at]
        elif isinstance(algorithms, IntegrityOnly):
            integrity = self._integrity(algorithms.integrity, statement)
        else:
            encryption = self._encryption(algorithms.cipher, outer.protocol, statement)
            if algorithms.integrity is not None:
                integrity = self._integrity(algorithms.integrity, statement)
        self._check(node, outer, statement)
        return SecurityAssociation(
            source=outer.source,
            destination=outer.destination,
            protocol=outer.protocol,
            spi=outer.spi,
            mode=mode,
            encryption=encryption,
            integrity=integrity,
            compression=compression,
            origin=statement.span,
            reqid=numbers.get("reqid", 0),
            replay_window=numbers.get("replay_window"),
            hard_seconds=numbers.get("HARD_SECONDS", 0),
            soft_seconds=numbers.get("SOFT_SECONDS", 0),
            hard_bytes=numbers.get("HARD_BYTES", 0),
            soft_bytes=numbers.get("SOFT_BYTES", 0),
            encapsulation_port=port,
        )

    def _spi(self, slot: Slot, statement: Statement) -> int:
        text = statement.texts[slot.at]
        if MASK in text:
            raise NotModelled(slot.at, "found a number as long as a key where the SPI stands", "write the SPI first")
        value = number(text[2:], 16) if slot.name == "HEX" else number(text)
        if value > 0xFFFF_FFFF:
            cut = value & 0xFFFF_FFFF
            statement.odd(slot, f"the SPI is longer than 32 bits and is cut to 0x{cut:x}", "write at most 0xffffffff")
            return cut
        return value

    def _encapsulation(self, node: Add, statement: Statement) -> int | None:
        ports = [self._port(end, statement) for end in (node.source, node.destination)]
        if isinstance(node.protocol, UdpEncapsulated):
            if node.protocol.original is not None:
                self.host(node.protocol.original, statement, options_of(node.options, statement))
            return ports[1] or ports[0] or NATT_PORT
        return None

    def _port(self, end: End, statement: Statement) -> int:
        if end.port is None:
            return 0
        slot = end.port.port
        ports, accident = read_port(statement.texts[slot.at], slot.at, self._dialect.platform)
        statement.odd(slot, accident)
        return 0 if ports.is_any else ports.first

    def _extensions(self, node: Add, protocol: str, statement: Statement) -> tuple[Mode, dict[str, int]]:
        """Mode and numbers; what is given twice counts the last time. Padding has no effect on the model."""
        mode = Mode.ANY
        numbers: dict[str, int] = {}
        for extension in node.extensions:
            match extension:
                case ModeSyntax():
                    mode = _MODES[extension.mode.name]
                case Reqid():
                    numbers["reqid"] = number(statement.texts[extension.number.at]) & 0xFFFF_FFFF
                case Replay():
                    if protocol.endswith("-old"):
                        raise Refused(extension.size.at, f"found `-r`, but {protocol} has no sequence numbers")
                    numbers["replay_window"] = number(statement.texts[extension.size.at]) & 0xFFFF_FFFF
                case Lifetime():
                    numbers[extension.option.name] = number(statement.texts[extension.amount.at])
                case Context():
                    raise NotModelled(extension.option.at, "security contexts are not modelled")
                case Fragment() | Pad():
                    pass
        return mode, numbers

    def _encryption(self, node: CipherSyntax | NullCipher, protocol: str, statement: Statement) -> KeyedAlgorithm:
        slot = node.name
        word = statement.texts[slot.at]
        name = _ALIASES.get(word, word)
        if word == "simple":
            statement.odd(slot, "`simple` is an obsolete name of `null`: nothing is encrypted", "write `null`")
        if isinstance(node, NullCipher):
            self._null_key(node, word)
        if name == "des-deriv" and protocol == "esp-old":
            raise Refused(slot.at, "found `des-deriv` with esp-old (setkey: `algorithm mismatched`)")
        if name == "des-32iv" and protocol != "esp-old":
            raise Refused(
                slot.at, f"found `des-32iv` with {protocol or 'no protocol'} (setkey: `algorithm mismatched`)",
                "des-32iv belongs to `esp-old`",
            )  # fmt: skip
        return self._keyed(slot, node.key, name, CIPHERS[name], statement)

    def _null_key(self, node: NullCipher, word: str) -> None:
        wanted = False if word == "simple" else self._dialect.null_key
        if node.key is not None and wanted is False:
            raise Refused(node.key.at, f"found a key behind `{word}`, which takes none")
        if node.key is None and wanted:
            raise Refused(node.name.at, "found `null` without a key, which this setkey wants", 'write `-E null ""`')

    def _integrity(self, node: Integrity | NullIntegritySyntax, statement: Statement) -> KeyedAlgorithm:
        word = statement.texts[node.name.at]
        name = _ALIASES.get(word, word)
        key = None if isinstance(node, NullIntegritySyntax) else node.key
        return self._keyed(node.name, key, name, INTEGRITY[name], statement)

    def _keyed(
        self,
        slot: Slot,
        key_slot: Slot | None,
        name: str,
        algorithm: Cipher | IntegrityAlgorithm,
        statement: Statement,
    ) -> KeyedAlgorithm:
        if key_slot is None:
            return KeyedAlgorithm(name, None, statement.place(slot.at))
        key = self.keys.at(statement.tokens.start(key_slot.at), statement.tokens.end(key_slot.at))
        if key is None:
            raise Refused(key_slot.at, "found a key that is not written in hexadecimal digits")
        if key_slot.name == "HEX" and len(statement.texts[key_slot.at]) % 2:
            message = "an odd number of digits: setkey takes the first one for a whole byte"
            statement.odd(key_slot, message, "write a 0 in front of it")
        lengths = algorithm.key_bits
        if not lengths[0] <= key.bits <= lengths[-1]:
            raise Refused(key_slot.at, f"found a key of {key.bits} bits, {name} takes {_lengths(lengths)}")
        if key.bits not in lengths:
            message = f"a key of {key.bits} bits passes setkey, but {name} takes {_lengths(lengths)}"
            raise NotLoaded(key_slot.at, f"{message}: the kernel answers `Invalid argument`")
        return KeyedAlgorithm(name, key if key.bits else None, statement.between(slot.at, key_slot.at))

    def _check(self, node: Add, outer: Outer, statement: Statement) -> None:
        """What the kernel refuses; setkey reports it and goes on."""
        answer = "the kernel answers `Invalid argument`"
        protocol = outer.protocol.removesuffix("-old").removesuffix("-udp")
        algorithms = node.algorithms
        if not protocol:
            raise NotLoaded(node.spi.at, f"an association without a protocol: {answer}", "write `esp` before the SPI")
        if outer.spi <= 0xFF and protocol in ("esp", "ah"):
            self._reserved(node.spi, outer.spi, answer, statement)
        fitting = {"esp": Algorithms, "ah": IntegrityOnly, "ipcomp": Compression, "tcp": IntegrityOnly}[protocol]
        if not isinstance(algorithms, fitting):
            wanted = {"esp": "`-E`", "ah": "`-A` alone", "ipcomp": "`-C`", "tcp": "`-A tcp-md5`"}[protocol]
            raise NotLoaded(node.spi.at, f"{outer.protocol} needs {wanted}: {answer}")
        integrity = None if isinstance(algorithms, Compression) else algorithms.integrity
        if integrity is not None and (statement.texts[integrity.name.at] == "tcp-md5") != (protocol == "tcp"):
            raise NotLoaded(integrity.name.at, f"tcp-md5 belongs to the protocol `tcp`, and only that: {answer}")
        if protocol == "tcp" and self._dialect.platform is Platform.LINUX:
            raise NotLoaded(node.spi.at, f"Linux keeps no TCP signatures in the SAD: {answer}")

    def _reserved(self, slot: Slot, spi: int, answer: str, statement: Statement) -> None:
        """The BSDs refuse SPIs up to 255 (``key_mature``); Linux takes them, and finds no association by SPI 0."""
        reserved, mend = f"SPI {spi} is reserved (RFC 4303, section 2.1)", "choose one from 256 on"
        if spi and self._dialect.platform is Platform.LINUX:
            statement.odd(slot, f"{reserved}; Linux takes it, the BSDs do not", mend)
        elif spi and self._dialect.unknown:
            statement.odd(slot, f"{reserved}; the BSDs refuse it, Linux does not", mend)
        elif self._dialect.platform is Platform.LINUX or self._dialect.unknown:
            raise NotLoaded(slot.at, f"{reserved}: no packet is found to belong to it", mend)
        else:
            raise NotLoaded(slot.at, f"{reserved}: {answer}", mend)


def protocol_word(node: Protocol | UdpEncapsulated | None, statement: Statement) -> str:
    """PF_KEY's word for a protocol, or ``""``."""
    return "" if node is None else statement.texts[node.name.at]


def _lengths(bits: range | tuple[int, ...]) -> str:
    if isinstance(bits, range):
        return f"{bits[0]} to {bits[-1]} bits"
    return f"{', '.join(map(str, bits[:-1]))} or {bits[-1]} bits" if len(bits) > 1 else f"{bits[0]} bits"
