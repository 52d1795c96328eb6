"""Files that spdcheck keeps in the user's cache folder: whole or not at all, safe to delete at any time.

The folder is ``spdcheck`` in ``$XDG_CACHE_HOME``, ``~/.cache``, ``~/Library/Caches`` (macOS) or ``%LOCALAPPDATA%``
(Windows). ``SPDCHECK_CACHE`` names another one, or is ``off``. A missing, damaged or foreign file, or a folder that
can't be written, costs the time of computing things again and nothing else; any number of runs may share the folder.
"""

from __future__ import annotations

import os
import stat
import sys
from binascii import crc32
from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path

from spdcheck import __version__

OFF = ("off", "0", "no")
_MOST_BYTES = 1 << 28


def folder() -> Path | None:
    """Where entries lie; None where there shall be none or nobody says where."""
    chosen = os.environ.get("SPDCHECK_CACHE", "")
    if chosen:
        return None if chosen.lower() in OFF else Path(chosen)
    base = Path(os.environ.get("LOCALAPPDATA" if sys.platform == "win32" else "XDG_CACHE_HOME", ""))
    if not base.is_absolute():
        base = Path(os.path.expanduser("~"), "Library/Caches" if sys.platform == "darwin" else ".cache")  # noqa: PTH111 (Path.home raises where nobody is at home)
    return base / "spdcheck" if base.is_absolute() else None


@cache
def program() -> str:
    """A digest of what spdcheck itself is: its release, the interpreter, and the state of every file of the package.

    What one program kept, another must not believe, not even between two edits of a work tree.
    """
    root = Path(__file__).parent
    known = sha256(f"{__version__} {sys.implementation.cache_tag}".encode())
    for path in sorted((*root.rglob("*.py"), *root.rglob("*.lark"), *(root.parent / "grammars").glob("*.lark"))):
        status = path.stat()
        known.update(f"{path.name} {status.st_mtime_ns} {status.st_size}\n".encode())
    return known.hexdigest()


def read(path: Path, layout: bytes) -> bytes | None:
    """What :func:`write` wrote with this layout; None if nothing did, it is damaged, or somebody else could have."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb") as stream:
            status = os.fstat(descriptor)
            if not _ours(status) or not stat.S_ISREG(status.st_mode) or status.st_size > _MOST_BYTES:
                return None
            content = stream.read(_MOST_BYTES)
    except (OSError, ValueError):
        return None
    place = len(layout) + 4
    return content[place:] if content[:place] == _head(layout, content[place:]) else None


def write(path: Path, layout: bytes, body: bytes) -> None:
    """Puts a whole file in its place at once, so that nobody ever reads a half one; does nothing where it can't."""
    with suppress(OSError, ValueError):
        _write(path, _head(layout, body) + body)


def keep_newest(where: Path, pattern: str, most: int) -> None:
    """Removes all but the newest files of a pattern."""
    with suppress(OSError):
        aged = sorted(where.glob(pattern), key=lambda path: path.stat().st_mtime, reverse=True)
        for path in aged[most:]:
            path.unlink(missing_ok=True)


def _write(path: Path, content: bytes) -> None:
    where = path.parent
    where.parent.mkdir(parents=True, exist_ok=True)
    try:
        where.mkdir(mode=0o700)
    except FileExistsError:
        if not _ours(where.stat()):
            return
    draft = path.with_name(f"{path.name}.{os.getpid()}.{os.urandom(6).hex()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
        draft.replace(path)
    except OSError:
        draft.unlink()
        raise


def _head(layout: bytes, body: bytes) -> bytes:
    """The first bytes of a file, which no damaged one has."""
    return layout + crc32(body).to_bytes(4, "big")


def _ours(status: os.stat_result) -> bool:
    """This user owns it and nobody else may write it; systems without user numbers keep users apart themselves."""
    return not hasattr(os, "geteuid") or (status.st_uid == os.geteuid() and not status.st_mode & 0o022)
