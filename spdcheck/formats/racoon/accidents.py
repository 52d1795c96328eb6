"""What racoon accepts, but does not read as it looks: characters that its lexer drops or glues to the next token."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from spdcheck.formats.racoon.lexer import value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.formats.racoon.syntax import Statement, Stray, Token

_INVISIBLE = "\r\v\f"
_NAMES = {"\ufeff": "a byte order mark", "\xa0": "a no-break space"}
_LONGEST_SHOWN = 40


class Accident(NamedTuple):
    """A place where racoon reads something else than what stands there."""

    start: int
    end: int
    message: str
    mend: str


def accidents(text: str, statement: Statement) -> Iterator[Accident]:
    """Those of one statement that racoon accepts; its body is not looked at."""
    if statement.mistake is not None:
        return
    seen: set[Stray] = set()
    before: Token | None = None
    for token in statement.node.tokens if statement.node is not None else ():
        if token.strays:
            seen.update(token.strays)
            yield from _around(text, before, token)
        if token.type == "QUOTEDSTRING" and "\n" in token.text:
            line_end = text.index("\n", token.start)
            message = "racoon reads this string on to the next line, line end included"
            yield Accident(token.start, line_end, message, 'close it with `"` on its own line')
        before = token
    yield from _skipped(text, None, [stray for stray in statement.strays if stray not in seen])


def _around(text: str, before: Token | None, token: Token) -> Iterator[Accident]:
    """Strays between two tokens: the last run may be glued to the second and change its meaning."""
    dropped = list(token.strays)
    last = dropped[-1]
    changed = last.glued and token.type != "ADDRSTRING" and token.value != value(token.type, token.text)
    if changed:
        dropped.pop()
    yield from _skipped(text, before, dropped)
    if changed:
        glue = text[last.start : last.end]
        reads = str(token.value) if isinstance(token.value, int) else f'"{token.value}"'
        message = f"racoon reads {reads} here, not {_short(token.text)}: `{glue}` is glued to it"
        yield Accident(last.start, token.end, message, f"take `{glue}` away, or write a blank behind it")


def _skipped(text: str, before: Token | None, strays: list[Stray]) -> Iterator[Accident]:
    visible = [stray for stray in strays if text[stray.start : stray.end].strip(_INVISIBLE)]
    if not visible:
        return
    start, end = visible[0].start, visible[-1].end
    names = [_name(text[stray.start : stray.end].strip(_INVISIBLE)) for stray in visible[:4]]
    message = f"racoon skips {' '.join(names)}{' …' if len(visible) > 4 else ''}"
    if before is not None and before.end == start and text[start].isalnum() and len(visible) == 1:
        message = f"racoon reads `{_short(before.text + text[start:end])}` as `{before.text}` and skips {names[0]}"
    yield Accident(start, end, message, "remove it")


def _name(dropped: str) -> str:
    return _NAMES.get(dropped) or f"`{_short(dropped)}`"


def _short(shown: str) -> str:
    return shown if len(shown) <= _LONGEST_SHOWN else f"{shown[:_LONGEST_SHOWN]}…"
