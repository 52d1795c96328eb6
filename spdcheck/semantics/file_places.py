"""Where the file lies that a configuration names, among the files that we have of its host."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from spdcheck.named_tuples import NamedTuple

if TYPE_CHECKING:
    from spdcheck.model.host import FileReport, Host
    from spdcheck.source import SourceFile, Span

_TOP_FOLDERS = frozenset({"etc", "usr", "var", "opt", "private", "root", "home", "export"})
"""Folders at the top of a Unix system: a path that starts with one of them is meant as it stands."""


class Place(Enum):
    """THERE: at the path that is named. ELSEWHERE: the host has such a file, in another place. ABSENT: it has none."""

    THERE = "there"
    ELSEWHERE = "elsewhere"
    ABSENT = "absent"


class Located(NamedTuple):
    """The answer of :func:`locate`; ``file`` is None only where the place is ABSENT."""

    place: Place
    file: SourceFile | None


def below(host: Host, file: SourceFile) -> str:
    """The path of a file below its host's folder, as the host itself sees it (without the first ``/``)."""
    path = file.path
    if host.folder and path.startswith(host.folder + "/"):
        path = path[len(host.folder) + 1 :]
    return path.removeprefix("private/")


def is_placed(path: str) -> bool:
    """The path below the host says where the file lies there; a file that was only copied together does not."""
    return path.partition("/")[0] in _TOP_FOLDERS and "/" in path


def files_of(host: Host, format_name: str) -> tuple[FileReport, ...]:
    """The host's files of one format, in the order in which they were read."""
    return tuple(report for report in host.files if report.format == format_name)


def locate(host: Host, named: str, format_name: str) -> Located:
    """Looks for the file that ``named`` (a path on the host) means, among its files of a format.

    A file that lies in no folder of the system is taken for the one that is meant if its name is the same.
    """
    wanted = named.lstrip("/").removeprefix("private/")
    candidates = files_of(host, format_name)
    for report in candidates:
        if below(host, report.file) == wanted:
            return Located(Place.THERE, report.file)
    name = wanted.rpartition("/")[2]
    for report in candidates:
        path = below(host, report.file)
        loose = not is_placed(path) or not named.startswith("/")
        if loose and path.rpartition("/")[2] == name:
            return Located(Place.THERE, report.file)
    if candidates:
        return Located(Place.ELSEWHERE, candidates[0].file)
    return Located(Place.ABSENT, None)


def first_entry(host: Host, file: SourceFile) -> Span | None:
    """The first statement of a setkey script that is in force: a policy or an association, whichever comes first."""
    places = [policy.origin for policy in host.spd.policies if policy.origin.file.path == file.path]
    places += [association.origin for association in host.sad.associations if association.origin.file.path == file.path]
    return min(places, key=lambda span: span.start) if places else None
