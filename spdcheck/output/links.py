"""Links from a place to where it can be read: a page of the forge, an editor. The user writes the address.

``https://forge.example/repo/blob/3f2a9c1/{path}#L{line}`` is such a template; ``{path}``, ``{line}`` and ``{column}``
are filled in, and nothing of a file's name ever becomes another part of the address.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from spdcheck.output.json import relative

if TYPE_CHECKING:
    from spdcheck.source import Span

GAP = re.compile(r"\{([^{}]*)\}")
"""A part of a template that is filled in."""


def link(form: str, span: Span) -> str:
    """The address of a place; empty where there is no template."""
    if not form:
        return ""
    begin = span.begin
    path = quote(relative(span.file.path), safe="/", errors="surrogateescape")
    values = {"path": path, "line": str(begin.line), "column": str(begin.column)}
    return GAP.sub(lambda gap: values[gap[1]], form)
