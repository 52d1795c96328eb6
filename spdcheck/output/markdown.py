"""Text from anywhere inside Markdown, with nothing that Markdown, HTML or a mention would read as its own."""

from __future__ import annotations

_SIGNS = (
    ("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\\", "\\\\"), ("|", "\\|"), ("*", "\\*"), ("_", "\\_"),
    ("`", "\\`"), ("[", "\\["), ("]", "\\]"), ("@", "@\u200b"),
)  # fmt: skip


def escaped(text: str) -> str:
    """The text on one line, safe between other Markdown."""
    for sign, safe in _SIGNS:
        text = text.replace(sign, safe)
    return " ".join(text.split())


def code(text: str) -> str:
    """The text as code within a table."""
    ticks = "``" if "`" in text else "`"
    return f"{ticks}{text}{ticks}".replace("|", "\\|").replace("\n", " ")
