"""What racoon accepts, but does not read as it looks: characters that its lexer drops or glues to the next token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.formats.racoon.lexer import value
from spdcheck.formats.racoon.values import written_word
from spdcheck.model.addresses import parse_address
from spdcheck.named_tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.formats.racoon.syntax import Statement, Stray, Token

_INVISIBLE = "\r\v\f"
_NAMES = {"\ufeff": "a byte order mark", "\xa0": "a no-break space"}
_LONGEST_SHOWN = 40
_NAMING = ("MY_IDENTIFIER", "PEERS_IDENTIFIER", "XAUTH_LOGIN")


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
    tokens = list(statement.node.tokens) if statement.node is not None else []
    told: set[Stray] = set()
    for index, token in enumerate(tokens):
        behind = tokens[index + 1].strays[:1] if index + 1 < len(tokens) else ()
        if token.type == "ADDRSTRING" and _is_cut(token, behind):
            told.update([*token.strays[-1:], *(stray for stray in behind if stray.start == token.end)])
            yield from _cut_word(text, tokens, index)
        yield from _around(text, tokens[index - 1] if index else None, token, told)
        told.update(token.strays)
        if token.type == "QUOTEDSTRING" and "\n" in token.text:
            line_end = text.index("\n", token.start)
            message = "racoon reads this string on to the next line, line end included"
            yield Accident(token.start, line_end, message, 'close it with `"` on its own line')
    yield from _skipped(text, None, [stray for stray in statement.strays if stray not in told])


def _is_cut(token: Token, behind: tuple[Stray, ...]) -> bool:
    """An address that is none, torn out of a longer word."""
    glued = bool(token.strays) and token.strays[-1].glued
    return parse_address(token.string) is None and (glued or any(stray.start == token.end for stray in behind))


def _cut_word(text: str, tokens: list[Token], index: int) -> Iterator[Accident]:
    """A name without quotes: racoon takes the piece of it that looks like an address (elsewhere it refuses it)."""
    is_name = tokens[0].type in _NAMING or (index > 1 and tokens[index - 2].type == "FROM")
    if is_name:
        place = written_word(text, tokens[index])
        word = text[place.start : place.end]
        message = f"racoon reads `{_short(tokens[index].string)}` here, not `{_short(word)}`"
        yield Accident(place.start, place.end, message, f'write "{_short(word)}" in quotes')


def _around(text: str, before: Token | None, token: Token, told: set[Stray]) -> Iterator[Accident]:
    """Strays between two tokens: the last run may be glued to the second and change its meaning."""
    dropped = [stray for stray in token.strays if stray not in told]
    last = dropped[-1] if dropped else None
    changed = last is not None and last.glued and token.type != "ADDRSTRING"
    if changed and token.value != value(token.type, token.text):
        yield from _skipped(text, before, dropped[:-1])
        assert last is not None
        glue = text[last.start : last.end]
        reads = str(token.value) if isinstance(token.value, int) else f'"{token.value}"'
        message = f"racoon reads {reads} here, not {_short(token.text)}: `{glue}` is glued to it"
        yield Accident(last.start, token.end, message, f"take `{glue}` away, or write a blank behind it")
    else:
        yield from _skipped(text, before, dropped)


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
    printable = "".join(c if c.isprintable() else "·" for c in shown[:_LONGEST_SHOWN])
    return printable if len(shown) <= _LONGEST_SHOWN else f"{printable}…"
