"""What if a line were gone, or there: changes to the files of a site that exist in memory only."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from spdcheck.cli.dispatch import nearest
from spdcheck.errors import UsageError
from spdcheck.named_tuples import NamedTuple
from spdcheck.site.files import decode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.model.host import Site
    from spdcheck.source import SourceFile, Span


class Change(NamedTuple):
    """A changed text of one file, and how to say what changed."""

    path: Path
    text: str
    words: str


def without(site: Site, place: str, texts: dict[Path, str]) -> Change:
    """The file without the statement at ``FILE:LINE``; ``texts`` are the files that were changed before.

    The whole statement goes where it has several lines: half a statement would be an error, not an answer.
    """
    name, colon, number = place.rpartition(":")
    if not colon or not number.isdigit():
        raise UsageError(f"{place!r}: write FILE:LINE, such as ipsec.conf:7")
    file = named(site, name)
    line = int(number)
    if not 1 <= line <= len(file.line_starts) or not file.line(line).strip():
        raise UsageError(f"{file.path} has nothing in line {line}")
    start, end = _statement(site, file, line)
    path = Path(file.path).resolve()
    text = current(path, texts)
    if end < len(text) and text[end] == ";":
        end += 1
    gone = "".join(char if char in "\r\n" else " " for char in text[start:end])
    first, last = file.location(start).line, file.location(max(end - 1, start)).line
    where = f"{file.path}:{first}" + (f"-{last}" if last > first else "")
    return Change(path, text[:start] + gone + text[end:], f"without {where}")


def with_line(site: Site, name: str, line: str, texts: dict[Path, str]) -> Change:
    """The file with one more line at its end."""
    if not line.strip():
        raise UsageError('give the line in quotes: with FILE "LINE"')
    file = named(site, name)
    path = Path(file.path).resolve()
    text = current(path, texts)
    if text and not text.endswith("\n"):
        text += "\n"
    return Change(path, f"{text}{line}\n", f"with a line more in {file.path}")


def current(path: Path, texts: dict[Path, str]) -> str:
    """The text of a file as it is now, with the changes that were made."""
    if path in texts:
        return texts[path]
    try:
        return decode(path.read_bytes())
    except OSError as error:
        raise UsageError(f"{path}: can't be read: {error.strerror}") from None


def named(site: Site, name: str) -> SourceFile:
    """The file of a site that a person means: by its name, or by some parts of its path, in order."""
    files = {report.file.path: report.file for host in site.hosts for report in host.files}
    wanted = [part for part in name.split("/") if part]
    found = [file for path, file in files.items() if _has_parts(path.split("/"), wanted)]
    whole = [file for file in found if file.path == name]
    if len(whole) == 1 or len(found) == 1:
        return (whole or found)[0]
    if found:
        raise UsageError(f"{name!r} may be {' or '.join(file.path for file in found)}")
    names = {path.rpartition("/")[2] for path in files}
    near = nearest(name.rpartition("/")[2], names)
    raise UsageError(
        f"{name!r} is no file of this site" + (f"; did you mean {near}?" if near else f" ({', '.join(sorted(names))})")
    )


def _has_parts(path: list[str], wanted: list[str]) -> bool:
    """The last part is the same, and the others come in this order."""
    if not wanted or path[-1] != wanted[-1]:
        return False
    rest = iter(path[:-1])
    return all(part in rest for part in wanted[:-1])


def _statement(site: Site, file: SourceFile, line: int) -> tuple[int, int]:
    """The smallest statement that has this line, else the line itself."""
    start = file.line_starts[line - 1]
    text = file.line(line)
    first, last = start + len(text) - len(text.lstrip()), start + len(text.rstrip())
    around = [span for span in _spans(site) if span.file is file and span.start <= first and last <= span.end + 1]
    smallest = min(around, key=lambda span: span.end - span.start, default=None)
    return (first, last) if smallest is None else (smallest.start, smallest.end)


def _spans(site: Site) -> Iterator[Span]:
    """Every statement of which half would be an error."""
    for host in site.hosts:
        yield from (policy.origin for policy in host.spd.policies)
        yield from (association.origin for association in host.sad.associations)
