"""Text from anywhere inside Markdown, with nothing that Markdown, HTML or a forge would read as its own.

Forges read more than Markdown says: `@name` calls somebody, `$` begins a formula, and `:100:` is a picture, which is
also what stands within ``2001:db8:100:1``. An element that such a sign stands in alone keeps it a sign.
"""

from __future__ import annotations

import re

_SIGNS = str.maketrans({
    "&": "&amp;", "<": "&lt;", ">": "&gt;", "\\": "\\\\", "|": "\\|", "*": "\\*", "_": "\\_", "`": "\\`", "[": "\\[",
    "]": "\\]", "~": "\\~", "@": "@\u200b", "$": "<span>$</span>",
})  # fmt: skip
_HTML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": "@\u200b", "$": "<span>$</span>"})
_PICTURE = re.compile(r":(?=[A-Za-z0-9_+\\-]+:)")


def escaped(text: str) -> str:
    """The text on one line, safe between other Markdown."""
    return _PICTURE.sub("<span>:</span>", " ".join(text.translate(_SIGNS).split()))


def within_html(text: str) -> str:
    """The text on one line, safe inside an element such as ``<summary>``, where Markdown's escapes would be seen."""
    return _PICTURE.sub("<span>:</span>", " ".join(text.translate(_HTML).split()))


def code(text: str) -> str:
    """The text as code within a table."""
    ticks = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    blank = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{blank}{text}{blank}{ticks}".replace("|", "\\|").replace("\n", " ")
