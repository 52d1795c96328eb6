"""racoon's psk.txt: one line for each peer, an identity and its key.

racoon's ``getpsk`` reads the file anew for every peer: a line is an identity up to the first blank, then the key up to
the line's end, blanks at its end included. ``#`` starts a comment in the first column only. The first line whose
identity is the very same text is taken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.formats.base import Reading
from spdcheck.formats.psk.keys import key_bytes
from spdcheck.formats.psk.lines import BUFFER_BYTES, lines
from spdcheck.model.addresses import address_text, parse_address
from spdcheck.model.diagnostic import Note, Part
from spdcheck.model.ike import Credential
from spdcheck.model.secret import Secret

if TYPE_CHECKING:
    from spdcheck.formats.base import Context
    from spdcheck.formats.psk.lines import Line
    from spdcheck.model.addresses import AddressRange
    from spdcheck.source import SourceFile, Span

__all__ = ["mask", "read"]

ANYBODY = "*"


def mask(file: SourceFile) -> SourceFile:
    """The same file with every key masked, in comments as well."""
    return file.masked(region for line in lines(file.text) for region in line.secret_regions)


def read(file: SourceFile, context: Context) -> Reading:  # noqa: ARG001 (every format is called alike)
    """Reads a psk.txt. Never raises for any text; keys become fingerprints before anything else is done."""
    masked = mask(file)
    reading = Reading(file=masked, format="psk")
    if "\0" in file.text:
        reading.statements = 1
        reading.unreadable(masked.span(0, 1), "found a binary file, expected text", part=Part.CREDENTIALS)
        return reading
    _Reader(reading).read(file.text)
    return reading


class _Reader:
    """Goes through the lines; remembers who was named already."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._first: dict[str, Span] = {}

    def read(self, text: str) -> None:
        for line in lines(text):
            if line.is_comment or line.is_empty:
                continue
            self._reading.statements += 1
            self._line(line)

    def _span(self, start: int, end: int) -> Span:
        return self._reading.file.span(start, end)

    def _line(self, line: Line) -> None:
        whole = self._span(line.start, line.end)
        if line.is_indented:
            self._reading.inert += 1
            if not line.is_indented_comment:
                self._reading.accident(
                    whole, "this line starts with a blank: to racoon its identity is empty, so that it never matches",
                    mend="take the blank away",
                )  # fmt: skip
            return
        if line.key is None:
            self._reading.unreadable(
                whole, "found one word, expected an identity, a blank and the key", part=Part.CREDENTIALS,
                mend="write `ADDRESS KEY`",
            )  # fmt: skip
            return
        if line.is_swapped:
            self._reading.inert += 1
            message = "the address stands behind the key: racoon takes the first word for the identity"
            self._reading.accident(whole, message, mend="write `ADDRESS KEY`")
            return
        key = key_bytes(line.key)
        place = self._span(line.key_start, line.end)
        if isinstance(key, str):
            self._reading.unreadable(place, key, part=Part.CREDENTIALS, mend="write pairs of hexadecimal digits")
            return
        identity = self._span(line.start, line.identity_end)
        self._reading.facts.credentials.append(
            Credential(line.identity, self._address(line, identity), Secret(key), identity)
        )
        self._accidents(line, place)
        self._duplicate(line, identity)

    def _address(self, line: Line, identity: Span) -> AddressRange | None:
        """The address that an identity is; None where racoon, comparing text, would never find it by that address."""
        address = parse_address(line.identity)
        if address is None:
            return None
        written = line.identity.partition("%")[0]
        usual = address_text(address.family, address.first)
        if written == usual:
            return address
        self._reading.accident(
            identity, f"racoon compares text and writes this address {usual}: this line never matches",
            mend=f"write {usual}",
        )  # fmt: skip
        return None

    def _accidents(self, line: Line, place: Span) -> None:
        assert line.key is not None
        if line.is_cut:
            self._reading.accident(
                place, f"racoon reads {BUFFER_BYTES - 1} bytes at a time: the key ends there, the rest is another line",
                mend="take a shorter key",
            )  # fmt: skip
        is_hex = line.key.startswith("0x")
        tail = line.key[len(line.key.rstrip(" \t\r\v\f")) :]
        if tail and not is_hex and not line.is_cut:
            what = "a carriage return" if tail.endswith("\r") else "a blank"
            end = self._span(line.end - len(tail), line.end)
            self._reading.accident(
                end, f"the key ends with {what}, which is part of it to racoon",
                mend="write the file with plain line ends" if tail.endswith("\r") else "remove the blank",
            )  # fmt: skip
        if line.identity == ANYBODY:
            self._reading.accident(
                self._span(line.start, line.identity_end),
                "every peer that no line above names gets this key, but only from a racoon built with "
                "ENABLE_WILDCARD_MATCH; to any other the line means nothing",
                mend="name the peers",
            )  # fmt: skip

    def _duplicate(self, line: Line, identity: Span) -> None:
        first = self._first.setdefault(line.identity, identity)
        if first is not identity:
            self._reading.say(
                "CFG004", identity, f"a second key for {line.identity}: racoon takes the first",
                mend="remove one of the two", notes=(Note(first, "this one counts"),), warning=True,
            )  # fmt: skip
