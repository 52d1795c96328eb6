"""What the README of a folder of data says of each of its files.

The tables are Markdown with a column ``file``. Its cell holds names separated by commas; a name may be a glob, have
braces (``1{0,1}``), or two endings before one extension (``dump-x-D/DP.txt``). The note says ``accept`` or ``reject``,
perhaps ``on`` a system, perhaps only for some of the row's files (``sample, gssapi: accept``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path


class Verdict(NamedTuple):
    """The real program takes the file, or refuses it; ``system`` is the one that the note names (lower case)."""

    accepts: bool
    system: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table: patterns of file names, and every other cell by the lower-case title of its column."""

    patterns: tuple[str, ...]
    cells: dict[str, str]

    @property
    def note(self) -> str:
        """The last column, whatever its title."""
        return list(self.cells.values())[-1] if self.cells else ""

    def matches(self, name: str) -> bool:
        """The row speaks of this file."""
        return any(fnmatchcase(name, pattern) for pattern in self.patterns)


def rows(readme: Path) -> list[Row]:
    """All rows of all tables that have a column ``file``; none where there is no README."""
    found: list[Row] = []
    titles: list[str] = []
    for line in readme.read_text(encoding="utf-8").splitlines() if readme.is_file() else ():
        cells = _cells(line)
        if not cells:
            titles = []
        elif not titles:
            titles = [cell.lower() for cell in cells]
        elif "file" in titles and not all(re.fullmatch(r":?-+:?", cell) for cell in cells):
            by_title = dict(zip(titles, cells, strict=False))
            row = Row(patterns(by_title.pop("file", "")), by_title)
            found.append(Row(row.patterns, found[-1].cells) if found and row.note == "same" else row)
    return found


def row_of(name: str, table: list[Row]) -> Row | None:
    """The row that speaks of a file: the one that names it, before one whose glob takes it."""
    exact = [row for row in table if name in row.patterns]
    return next(iter(exact), next((row for row in table if row.matches(name)), None))


def patterns(cell: str) -> tuple[str, ...]:
    """The file name patterns of a cell, every alternative spelled out.

    >>> patterns("a-*.conf, dump-x-D/DP.txt, b{0,1}.cf")
    ('a-*.conf', 'dump-x-D.txt', 'dump-x-DP.txt', 'b0.cf', 'b1.cf')
    """
    found: list[str] = []
    for name in re.split(r",\s*(?![^{]*\})", cell.replace("`", "")):
        choices = [choice.split(",") for choice in re.findall(r"\{([^}]*)\}", name)]
        frame = re.split(r"\{[^}]*\}", name)
        for combination in product(*choices):
            whole = "".join(part for pair in zip(frame, (*combination, ""), strict=True) for part in pair).strip()
            endings = re.fullmatch(r"(?P<stem>[^/.]*-)(?P<first>[^/.-]+)/(?P<second>[^/.-]+)(?P<rest>\.[^/]+)", whole)
            if endings is not None:
                found += [endings["stem"] + endings[key] + endings["rest"] for key in ("first", "second")]
            elif whole:
                found.append(whole)
    return tuple(found)


def verdicts(name: str, row: Row | None) -> tuple[Verdict, ...]:
    """What the note says of this file: nothing, one verdict, or one for each system that it names."""
    found: list[Verdict] = []
    for clause in re.split(r";|(?<=\)),", row.note if row is not None else ""):
        subjects, colon, rest = clause.partition(":")
        words = [word.strip() for word in subjects.split(",")]
        about = colon and all(re.fullmatch(r"[\w*-]+", word) for word in words) and _VERDICT.search(subjects) is None
        if about and not _is_about(name, words):
            continue
        for match in _VERDICT.finditer(rest if about else clause):
            accepts = match["only"] is not None or match["verdict"].startswith("accept")
            found.append(Verdict(accepts, (match["system"] or "").lower()))
    return tuple(dict.fromkeys(found))


_VERDICT = re.compile(
    r"\b(?:(?P<only>fails? only on)|(?P<verdict>accepts?|rejects?)(?: on (?P<system>(?:Free|Net|Open)?BSD|Linux))?)\b"
)
"""A program that fails only on a missing key, user or certificate has accepted the text."""


def _is_about(name: str, subjects: list[str]) -> bool:
    """A clause such as ``sample, gssapi: accept`` speaks of this file: its stem ends with one of the words."""
    stem = name.partition(".")[0]
    return any(re.search(rf"(?:^|-){re.escape(word)}$", stem) or f"-{word}-" in stem for word in subjects)


def _cells(line: str) -> list[str]:
    """The cells of a table's line, or nothing."""
    stripped = line.strip()
    if not stripped.startswith("|"):
        return []
    return [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", stripped.strip("|"))]
