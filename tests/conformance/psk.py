"""Racoon's psk.txt: no crash, and no key in anything that comes out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.conformance.case import Case
from tests.conformance.reading import judge, read, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from spdcheck.formats.base import Reading


def cases(root: Path) -> Iterator[Case]:
    """Every list of keys beside the racoon configurations."""
    folder = root / "racoon"
    for path in sorted(folder.glob("*psk.txt")) if folder.is_dir() else ():
        reading = read("psk", path, None)
        reason = judge(reading, None)
        if not reason and not isinstance(reading, str):
            reason = _shown(reading, text_of(path))
        yield Case(f"racoon/{path.name}", not reason, reason)


def _shown(reading: Reading, text: str) -> str:
    """Which line's key can be seen in what the reader returned."""
    said = "\n".join([repr(reading), *(f"{d.message} {d.mend} {d.span.text}" for d in reading.facts.diagnostics)])
    for number, line in enumerate(text.splitlines(), 1):
        match = re.match(r"(?!#)\S+[ \t]+(\S.*)", line)
        if match is not None and (match[1] in reading.file.line(number) or (len(match[1]) > 5 and match[1] in said)):
            return f"the key of line {number} is shown"
    return ""
