"""What Lark computed from a grammar, kept in the user's cache folder from one run to the next.

An entry holds plain values (numbers, texts, tuples, dictionaries) and what they were computed from, and is used only
for exactly that: the text of the grammar, the options, the releases of spdcheck and Lark, the interpreter. Nothing of
any configuration file is in it, and reading it can't run code. A missing, damaged or foreign entry, or a folder that
can't be written, costs the time of computing it again and nothing else.

The folder is ``spdcheck`` in ``$XDG_CACHE_HOME``, ``~/.cache``, ``~/Library/Caches`` (macOS) or ``%LOCALAPPDATA%``
(Windows). ``SPDCHECK_CACHE`` names another one, or is ``off``. It may be deleted at any time.
"""

from __future__ import annotations

import marshal
import os
import stat
import sys
from binascii import crc32
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

OFF = ("off", "0", "no")
_LAYOUT = b"spdcheck grammar 1 " + (sys.implementation.cache_tag or "").encode() + b"\n"
_MOST_BYTES = 1 << 26


def kept(name: str, made_of: tuple[Any, ...], compute: Callable[[], Any]) -> Any:
    """The plain value that ``compute`` makes from ``made_of`` (plain as well), from the folder if it is there.

    ``name`` is that of the entry; one that was made of something else is replaced.
    """
    folder = _folder()
    if folder is None:
        return compute()
    path = folder / f"{name}.tables"
    try:
        entry = _read(path)
    except (OSError, ValueError, EOFError, TypeError):
        entry = None
    if isinstance(entry, tuple) and len(entry) == 2 and entry[0] == made_of:
        return entry[1]
    value = compute()
    with suppress(OSError, ValueError):  # a folder that can't be written is no cache
        _write(path, marshal.dumps((made_of, value)))
    return value


def _folder() -> Path | None:
    """Where entries lie; None where there shall be none or nobody says where."""
    chosen = os.environ.get("SPDCHECK_CACHE", "")
    if chosen:
        return None if chosen.lower() in OFF else Path(chosen)
    base = Path(os.environ.get("LOCALAPPDATA" if sys.platform == "win32" else "XDG_CACHE_HOME", ""))
    if not base.is_absolute():
        base = Path(os.path.expanduser("~"), "Library/Caches" if sys.platform == "darwin" else ".cache")  # noqa: PTH111 (Path.home raises where nobody is at home)
    return base / "spdcheck" if base.is_absolute() else None


def _read(path: Path) -> Any:
    """The entry, or None if it is damaged or somebody else could have written it."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(descriptor, "rb") as stream:
        status = os.fstat(descriptor)
        if not _ours(status) or not stat.S_ISREG(status.st_mode) or status.st_size > _MOST_BYTES:
            return None
        content = stream.read(_MOST_BYTES)
    head, body = content[: len(_LAYOUT) + 4], content[len(_LAYOUT) + 4 :]
    return marshal.loads(body) if head == _head(body) else None


def _write(path: Path, body: bytes) -> None:
    """Puts the whole entry in its place at once, so that nobody ever reads a half one."""
    folder = path.parent
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        if not _ours(folder.stat()):
            return
    draft = path.with_name(f"{path.name}.{os.getpid()}.{os.urandom(6).hex()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(_head(body) + body)
        draft.replace(path)
    except OSError:
        draft.unlink()
        raise


def _head(body: bytes) -> bytes:
    """The first line of an entry, which no damaged one has."""
    return _LAYOUT + crc32(body).to_bytes(4, "big")


def _ours(status: os.stat_result) -> bool:
    """This user owns it and nobody else may write it; systems without user numbers keep users apart themselves."""
    return not hasattr(os, "geteuid") or (status.st_uid == os.geteuid() and not status.st_mode & 0o022)
