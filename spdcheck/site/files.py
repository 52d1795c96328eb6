"""The files of a site: reading them as text, finding and recognising them, opening includes inside the folder."""

from __future__ import annotations

import glob
import os
from pathlib import Path
from typing import TYPE_CHECKING

from spdcheck.formats import FORMATS, format_named, recognise
from spdcheck.records import dataclass
from spdcheck.source import SourceFile

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from spdcheck.formats.base import Format

_SNIFFED_BYTES = 65536
_NEVER = frozenset({
    ".md", ".rst", ".html", ".htm", ".json", ".toml", ".yaml", ".yml", ".svg", ".png", ".jpg", ".gif", ".pdf", ".py",
    ".pyc", ".out", ".log", ".pcap", ".gz", ".xz", ".bz2", ".zip", ".tar", ".orig", ".rej", ".pem", ".crt", ".key",
    ".der", ".csr", ".p12", ".js", ".css", ".xml", ".csv",
})  # fmt: skip
SYSTEM_FOLDERS = frozenset({
    "etc", "usr", "local", "private", "racoon", "isakmpd", "shorewall", "shorewall6", "shorewall-lite", "conf",
    "config", "conf.d", "rc.conf.d", "rc.d", "ipsec-tools.d", "remote", "default", "sysctl.d", "network", "iptables",
    "opt", "pkg", "ipf", "firewall", "var", "root", "export", "home",
})  # fmt: skip
"""Folders of an operating system: they never name a host."""


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A recognised file: where it lies, its path below the host's folder, and its format."""

    path: Path
    below: str
    format: Format


def decode(raw: bytes) -> str:
    """The text of a file: UTF-8, else Latin-1 (every byte a character); a byte order mark is dropped."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def edited(path: Path, edit: Mapping[Path, str] | None) -> str | None:
    """The text that stands for a file's own, or None."""
    return edit.get(path.resolve()) if edit else None


def is_binary(raw: bytes) -> bool:
    """There is a NUL byte near the beginning, which no configuration text has."""
    return b"\0" in raw[:_SNIFFED_BYTES]


def walk(folder: Path) -> Iterator[Path]:
    """Every regular file below a folder in a stable order; hidden folders and links that lead outside are left out.

    Folders that can't be opened raise OSError.
    """

    def refuse(error: OSError) -> None:
        raise error

    inside = folder.resolve()
    for base, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name != "node_modules")
        for name in sorted(names):
            path = Path(base) / name
            if name.startswith(".") or (path.is_symlink() and not path.resolve().is_relative_to(inside)):
                continue
            if path.is_file():
                yield path


def in_shorewall(path: Path) -> Format | None:
    """Shorewall's format, where the file has one of its names and lies among its three files that must be there.

    The names (rules, policy, params …) mean nothing by themselves; a folder that is called shorewall needs no such
    proof.
    """
    found = format_named("shorewall")
    if found is None or not found.claims_path(f"shorewall/{path.name}"):
        return None
    return found if all((path.parent / name).is_file() for name in ("zones", "interfaces", "policy")) else None


def recognised(path: Path, below: str) -> Format | None:
    """The format of a file by name or content; None for everything that is none of ours."""
    by_name = recognise(below)
    if by_name is None and (shorewall := in_shorewall(path)) is not None:
        return shorewall
    suffix = path.suffix.lower()
    if by_name is None and (suffix in _NEVER or suffix == ".txt"):
        return None
    if by_name is not None and sum(item.claims_path(below) for item in FORMATS) == 1 and not _shared_name(below):
        return by_name
    try:
        with path.open("rb") as stream:
            head = stream.read(_SNIFFED_BYTES)
    except OSError:
        return by_name
    return by_name if is_binary(head) else recognise(below, decode(head))


def _shared_name(below: str) -> bool:
    """``ipsec.conf`` is a setkey script on FreeBSD, but isakmpd's language on OpenBSD and strongSwan's on Linux."""
    return below.rpartition("/")[2] == "ipsec.conf"


def host_folder(below: str) -> str:
    """The part of a file's path that names its host: everything before the operating system's own folders."""
    parts = below.split("/")[:-1]
    while parts and parts[-1] in SYSTEM_FOLDERS:
        parts.pop()
    return "/".join(parts)


def format_of(name: str) -> Format:
    """The format that a site file names (checked when that file was read)."""
    found = format_named(name)
    if found is None:
        message = f"no format is called {name}"
        raise LookupError(message)
    return found


class SiteIncludes:
    """Includes inside one host's folder: absolute paths below it, relative ones beside the including file."""

    def __init__(
        self, host: Path, shown: str, real_paths: dict[str, Path], edit: Mapping[Path, str] | None = None
    ) -> None:
        self._host = host
        self._shown = shown
        self._real_paths = real_paths
        self._edit = edit
        self._resolved: dict[Path, Path] = {}

    def find(self, pattern: str, beside: SourceFile) -> tuple[tuple[SourceFile, ...], str]:
        """See :class:`spdcheck.formats.base.Includes`."""
        inside = self._resolve(self._host)
        if pattern.startswith("/"):
            base, relative = self._host, pattern.lstrip("/")
        else:
            base, relative = self._real_paths.get(beside.path, self._host / "x").parent, pattern
        nothing = f"{pattern} does not exist in the host's folder {self._shown or '.'}"
        if self._is_absent(base, relative) and self._resolve(base).is_relative_to(inside):
            return (), nothing
        if not (base / relative).resolve().is_relative_to(inside):
            return (), f"{pattern} lies outside the host's folder {self._shown}"
        found = []
        wanted = str(base / (relative if _is_glob(relative) else glob.escape(relative)))
        for path in sorted(glob.glob(wanted)):  # noqa: PTH207 (Path.glob refuses "..")
            real = Path(path)
            if not real.is_file() or not real.resolve().is_relative_to(inside):
                continue
            try:
                raw = real.read_bytes()
            except OSError as error:
                return (), f"{pattern} can't be read: {error.strerror}"
            shown = "/".join(p for p in (self._shown, os.path.relpath(real, self._host).replace(os.sep, "/")) if p)
            self._real_paths[shown] = real
            text = edited(real, self._edit)
            found.append(SourceFile(shown, decode(raw) if text is None else text))
        return (tuple(found), "") if found else ((), nothing)

    def _resolve(self, folder: Path) -> Path:
        """The folder without links; Shorewall asks a hundred times for files beside the same one."""
        if folder not in self._resolved:
            self._resolved[folder] = folder.resolve()
        return self._resolved[folder]

    @staticmethod
    def _is_absent(base: Path, name: str) -> bool:
        """No file has this name, which is a plain one."""
        plain = "/" not in name and name != ".." and not _is_glob(name)
        return plain and not os.path.lexists(os.path.join(base, name))  # noqa: PTH118 (asked most of all)


def _is_glob(pattern: str) -> bool:
    return any(c in pattern for c in "*?[")
