"""Shorewall directories: what the real compilers take is read whole, and what they refuse is refused at the same place.

5.2.8 is the judge of all but the directories that are named for 2.x, for which 2.3.0 is. Its ``expected.error`` names
the first place at which it stops, and so must ours.
"""

from __future__ import annotations

import fnmatch
import re
from typing import TYPE_CHECKING

from spdcheck.formats.base import Context
from spdcheck.formats.shorewall import read
from spdcheck.model.shorewall import Shorewall
from spdcheck.source import SourceFile
from tests.conformance.case import Case
from tests.conformance.reading import text_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from spdcheck.formats.base import Reading

SHIPPED = 300
"""Lines of 5.2.8's own shorewall.conf, before which stands nothing when the one of a directory is laid over it."""

_OURS = ("expected", "README", "ORIGIN")
_ERROR = re.compile(r"ERROR: (.*) (\S+) \((?:line (\d+)|EOF)\)\s*$", re.MULTILINE)


class Folder:
    """The files of one folder stand for what lies beside any of them."""

    def __init__(self, folder: Path) -> None:
        self.files = {
            path.name: SourceFile(path.name, text_of(path))
            for path in sorted(folder.iterdir())
            if path.is_file() and not path.name.startswith(_OURS)
        }
        if "--no-conf" in _origin(folder):
            self.files.pop("shorewall.conf", None)

    def find(self, pattern: str, beside: SourceFile) -> tuple[tuple[SourceFile, ...], str]:
        """As the site's own includes do it, inside the folder."""
        del beside
        names = fnmatch.filter(self.files, pattern.rpartition("/")[2])
        return tuple(self.files[name] for name in names), "" if names else f"{pattern} does not exist"


def cases(root: Path) -> Iterator[Case]:
    """Two for each directory: what the compiler said about it, and that every statement is accounted for."""
    base = root / "shorewall"
    for pattern in ("scenarios/*", "samples/*/*", "realworld/*"):
        for folder in sorted(base.glob(pattern)):
            if folder.is_dir():
                yield from _cases(folder, folder.relative_to(base).as_posix())


def _cases(folder: Path, name: str) -> Iterator[Case]:
    old = name.endswith("-2x") or "upstream-2" in name
    reading = reading_of(folder, (2, 3, 0) if old else (5, 2, 8))
    error = folder / "expected.error"
    reason = _refused(folder, reading, text_of(error)) if error.is_file() else _accepted(reading)
    yield Case(name, not reason, reason, "refused" if error.is_file() else "accepted")
    reason = _counted(reading)
    yield Case(name, not reason, reason, "counted")
    if not error.is_file():
        reason = _accepted(reading_of(folder, ()))
        yield Case(name, not reason, reason, "unknown-release")


def reading_of(folder: Path, release: tuple[int, ...]) -> Reading:
    """The directory as a release reads it (empty: nobody says which)."""
    files = Folder(folder)
    first = next(iter(files.files.values()))
    return read(first, Context(includes=files, tools={"shorewall": release} if release else {}))


def _accepted(reading: Reading) -> str:
    found = [item for item in reading.facts.diagnostics if not item.warning]
    if found:
        return f"{found[0].span.where} is refused: {found[0].message}"
    shorewall = reading.facts.packet_filters[0]
    assert isinstance(shorewall, Shorewall)
    unread = [item for item in reading.reports() if item.unparsed or item.unmodelled]
    if unread:
        return f"{unread[0].file.path}: {unread[0].unparsed} unparsed, {unread[0].unmodelled} not modelled"
    return "nothing was read" if not shorewall.zones or not shorewall.policies else ""


def _refused(folder: Path, reading: Reading, text: str) -> str:
    match = _ERROR.search(text)
    if match is None:
        return f"expected.error has no place: {text.strip()}"
    shorewall = reading.facts.packet_filters[0]
    assert isinstance(shorewall, Shorewall)
    if shorewall.refused is None:
        return f"nothing is refused, but the compiler says: {match[1]}"
    wanted = match[2], _line(folder, match[2], match[3], shorewall)
    found = shorewall.refused.file.path, shorewall.refused.begin.line
    return "" if found == wanted else f"refused at {found}, the compiler stops at {wanted}: {match[1]}"


def _line(folder: Path, name: str, line: str | None, shorewall: Shorewall) -> int:
    """The number of the line in the directory's own file; the end of a file is the last line that says something."""
    file = next(file for file in shorewall.files if file.path == name)
    if line is None:
        return len(file.text.rstrip().splitlines())
    if name != "shorewall.conf":
        return int(line)
    own = [n for n, text in enumerate(text_of(folder / name).splitlines(), 1) if re.match(r"\s*[^#\s]", text)]
    return own[int(line) - SHIPPED - 1]


def _counted(reading: Reading) -> str:
    for item in reading.reports():
        states = (item.inert, item.unmodelled, item.unparsed)
        if min(states) < 0 or sum(states) > item.statements:
            return f"{item.file.path}: {item.statements} statements, but {states} are inert, unmodelled or unparsed"
    return ""


def _origin(folder: Path) -> str:
    path = folder / "ORIGIN"
    return text_of(path) if path.is_file() else ""
