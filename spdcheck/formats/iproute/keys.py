"""Hides the keys of ``ip xfrm state`` before anything else looks at the text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

from spdcheck.model.secret import Secret

if TYPE_CHECKING:
    from spdcheck.source import SourceFile

_KEY = re.compile(
    r"(?<![\w-])(?:enc|auth|auth-trunc|aead|comp)[ \t\\\r\n]+[\"']?[A-Za-z][\w(),-]*[\"']?[ \t\\\r\n]+"
    r"(?P<key>\"[^\"\n]*\"?|'[^'\n]*'?|[^\s;\"']+)"
)
_LONG_HEX = re.compile(r"0[xX][0-9A-Fa-f]{16,}|(?<![0-9A-Za-z:.])[0-9A-Fa-f]{24,}(?![0-9A-Za-z:.])")


_File = TypeVar("_File", bound="SourceFile")


def mask_keys(file: _File) -> tuple[_File, dict[int, Secret]]:
    """The file with its keys hidden, and every key by the offset at which it begins.

    Whatever stands behind an algorithm is hidden, and every hexadecimal number of sixteen digits and more, wherever it
    stands, so that a broken command does not show its key either.
    """
    text = file.text
    keys: dict[int, Secret] = {}
    regions = []
    for match in _KEY.finditer(text):
        start, end = match.span("key")
        raw = match["key"].strip("\"'")
        if "$" in raw or "`" in raw:
            # A variable whose value nobody knows is no key.
            continue
        keys[start] = Secret(_bytes(raw))
        regions.append((start, end))
    for match in _LONG_HEX.finditer(text):
        if match.start() not in keys:
            keys[match.start()] = Secret(_bytes(match[0]))
            regions.append(match.span())
    return file.masked(regions), keys  # type: ignore[return-value]


_ASSIGNED = re.compile(
    r"(?im)^[ \t]*(?:(?:export|local|readonly|declare|typeset)[ \t]+(?:-\w+[ \t]+)*)?"
    r"\w*(?:key|secret|psk|passw)\w*=(?P<value>\"[^\"\n]*\"?|'[^'\n]*'?|[^\s;]+)"
)


def secret_assignments(text: str) -> list[tuple[int, int]]:
    """The values of variables whose names say that they hold a key, used or not."""
    return [match.span("value") for match in _ASSIGNED.finditer(text) if "$" not in match["value"]]


def _bytes(text: str) -> bytes:
    if re.fullmatch(r"0[xX][0-9A-Fa-f]+", text):
        digits = text[2:]
        return bytes.fromhex(digits if len(digits) % 2 == 0 else "0" + digits)
    return text.encode("utf-8", "surrogatepass")
