"""What was made of the files of a large site, kept from one run to the next by their content.

A file that holds a secret, or that opens others, is read anew every time: neither it nor a digest of it is written
anywhere. The rest of a site is one file in the cache folder, with what each text was read as.
"""

from __future__ import annotations

import hashlib
import marshal
from contextlib import suppress
from typing import TYPE_CHECKING

from spdcheck import kept_files
from spdcheck.formats.base import Context, Includes, Reading
from spdcheck.packing import pack, unpack
from spdcheck.records import dataclass, replace

if TYPE_CHECKING:
    from pathlib import Path

    from spdcheck.formats.base import Format
    from spdcheck.source import SourceFile

WORTHWHILE_FILES = 100
"""Smaller sites are read faster than they are looked up."""

_MOST_SITES = 16


@dataclass(slots=True)
class _Watched:
    """Includes that remember whether anybody asked."""

    includes: Includes
    asked: bool = False

    def find(self, pattern: str, beside: SourceFile) -> tuple[tuple[SourceFile, ...], str]:
        """See :class:`spdcheck.formats.base.Includes`."""
        self.asked = True
        return self.includes.find(pattern, beside)


class KeptReadings:
    """The readings of one site's folder; use it as a context manager, which writes down what is new."""

    def __init__(self, folder: Path, files: int) -> None:
        where = kept_files.folder() if files >= WORTHWHILE_FILES else None
        name = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:32]
        self._path = None if where is None else where / f"{name}.readings"
        self._layout = b"" if where is None else f"spdcheck readings 1 {kept_files.program()}\n".encode()
        self._known: dict[bytes, bytes] = {}
        self._used: dict[bytes, bytes] = {}

    def __enter__(self) -> KeptReadings:
        body = None if self._path is None else kept_files.read(self._path, self._layout)
        if body is not None:
            with suppress(ValueError, EOFError, TypeError):
                found = marshal.loads(body)
                self._known = found if isinstance(found, dict) else {}
        return self

    def __exit__(self, *_: object) -> None:
        if self._path is not None and self._used.keys() != self._known.keys():
            kept_files.write(self._path, self._layout, marshal.dumps(self._used))
            kept_files.keep_newest(self._path.parent, "*.readings", _MOST_SITES)

    def read(self, language: Format, file: SourceFile, context: Context) -> Reading:
        """Reads a file, or takes what the same text was read as before."""
        if self._path is None:
            return language.reader().read(file, context)
        key = _key(language, file, context)
        packed = self._known.get(key)
        found = None if packed is None else unpack(packed)
        if isinstance(found, Reading) and packed is not None:
            self._used[key] = packed
            return found
        watched = _Watched(context.includes)
        reading = language.reader().read(file, replace(context, includes=watched))
        if not watched.asked and reading.file.text == file.text:
            fresh = pack(reading)
            if fresh is not None:
                self._used[key] = fresh
        return reading


def _key(language: Format, file: SourceFile, context: Context) -> bytes:
    platform = "" if context.platform is None else context.platform.value
    parts = (language.name, file.path, platform, repr(context.release), repr(sorted(context.tools.items())), file.text)
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.encode("utf-8", "surrogatepass") + b"\0")
    return digest.digest()
