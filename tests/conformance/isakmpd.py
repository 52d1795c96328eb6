"""isakmpd's samples: read to the last line, and the names that the README calls undefined are found."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.conformance.case import Case
from tests.conformance.reading import judge, read, text_of
from tests.conformance.readme_table import row_of, rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from spdcheck.formats.base import Reading

_QUOTED = re.compile(r"`([^`]+)`")
_DANGLING = re.compile(r"dangling|no section|neither defined|not an address|placeholder", re.IGNORECASE)
_REFERENCE = re.compile(
    r"^[ \t]*(?:Suites|Transforms|Protocols|Life)[ \t]*=[ \t]*(?P<names>.*)$", re.IGNORECASE | re.MULTILINE
)


def cases(root: Path) -> Iterator[Case]:
    """Every sample; whatever lies in a policy is for the suite ``keynote``."""
    folder = root / "isakmpd" / "samples"
    table = rows(root / "isakmpd" / "README.md")
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if "policy" in path.name:
            continue
        reading = read("isakmpd", path, None)
        row = row_of(path.name, table)
        reason = judge(reading, accepts=True)
        if not reason and not isinstance(reading, str):
            reason = _undefined(reading, text_of(path), row.note if row else "") or _secrets(reading)
        yield Case(f"samples/{path.name}", not reason, reason)


def _undefined(reading: Reading, text: str, note: str) -> str:
    """Why the names that are told of are not those that the README speaks of.

    A section that the README calls broken counts as found if something inside it is told of.
    """
    told = [item for item in reading.facts.diagnostics if item.code == "CFG003"]
    seen = {item.span.text for item in told}
    for part in re.split(r"[;:]", note):
        for name in _QUOTED.findall(part) if _DANGLING.search(part) else ():
            if name in seen or any(name in item.message for item in told):
                continue
            if any(_heading(text, item.span.start) == name for item in told):
                continue
            return f"`{name}` is not told of"
    sections = {name.lower() for name in re.findall(r"^\[([^\]]*)\]", text, re.MULTILINE)}
    for found in _REFERENCE.finditer(text):
        for name in (item.strip() for item in found["names"].split(",")):
            if name in seen and name.lower() in sections:
                return f"`{name}` is told of, but it has a section"
    return ""


def _heading(text: str, offset: int) -> str:
    found = re.findall(r"^\[([^\]]*)\]", text[:offset], re.MULTILINE)
    return found[-1] if found else ""


def _secrets(reading: Reading) -> str:
    return "a pre-shared key is shown" if "mekmitasdigoat" in reading.file.text else ""
