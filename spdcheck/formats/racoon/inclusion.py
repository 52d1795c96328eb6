"""``include``: which files it means, how deep it may go, and that it never runs in circles."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

from spdcheck.formats.racoon.masking import mask

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.formats.base import Includes, Reading
    from spdcheck.formats.racoon.desk import Desk
    from spdcheck.formats.racoon.paths import Paths
    from spdcheck.formats.racoon.syntax import Node
    from spdcheck.source import SourceFile

MAX_DEPTH = 10
"""racoon's MAX_INCLUDE_DEPTH; the first file counts."""
_MAX_TIMES = 16


class Inclusion:
    """Opens included files, masked, and keeps account of where we are."""

    def __init__(self, includes: Includes, reading: Reading, paths: Paths) -> None:
        self._includes = includes
        self._reading = reading
        self._paths = paths
        self._open: list[str] = [reading.file.path]
        self._times: Counter[str] = Counter()

    @contextmanager
    def inside(self, file: SourceFile) -> Iterator[None]:
        """While an included file is being read."""
        self._open.append(file.path)
        yield
        self._open.pop()

    def open(self, desk: Desk, node: Node) -> Iterator[SourceFile]:
        """The files that one ``include`` brings in, in order."""
        token = node.find("QUOTEDSTRING")
        if token is None:
            return
        name = token.string
        if len(self._open) >= MAX_DEPTH:
            desk.refuse(token, f"Includes nested too deeply: racoon opens {MAX_DEPTH} files inside each other at most")
            return
        if not name.startswith("/") and self._paths.folder("include") is None:
            desk.refuse(
                token, f"racoon looks for {name} below `path include`, which nothing sets",
                mend='write `path include "FOLDER";` above, or the full path',
            )  # fmt: skip
        files, reason = self._includes.find(self._paths.joined("include", name), desk.file)
        if not files and not name.startswith("/"):
            files, _ = self._includes.find(name, desk.file)
        if not files and not desk.refused:
            desk.refuse(token, f"glob found no matches for path: {reason}", mend="add the file, or remove the line")
        for file in files:
            if file.path in self._open:
                desk.refuse(token, f"{file.path} includes itself: racoon runs in circles until it gives up")
            elif self._times[file.path] >= _MAX_TIMES:
                desk.refuse(token, f"{file.path} is included more than {_MAX_TIMES} times")
            else:
                self._times[file.path] += 1
                masked = mask(file)
                self._reading.included.append(masked)
                yield masked
