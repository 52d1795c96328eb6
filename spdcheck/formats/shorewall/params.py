"""params: a script of the shell, of which assignments, ``export`` and includes are understood.

What a program computes (``$(…)``, backquotes, what stands inside ``if`` or ``case``) makes its variables unknown; every
line that uses one is then not modelled.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from spdcheck.formats.shapes import Unexpected
from spdcheck.formats.shorewall.language import command_parser
from spdcheck.formats.shorewall.settings import KNOWN
from spdcheck.model.shorewall import Setting
from spdcheck.source import Span

if TYPE_CHECKING:
    from spdcheck.formats.lexicon import Tokens
    from spdcheck.formats.shorewall.desk import Desk
    from spdcheck.source import SourceFile

_OPENS = re.compile(r"(?:if|case|for|while|until|\{|\w+\s*\(\s*\))(?=[\s;(]|$)")
_OPENERS = re.compile(r"(?<![\w$-])(?:if|case|for|while|until)(?=\s)|(?<![\w$])\{(?=\s|$)")
_CLOSERS = re.compile(r"(?<![\w$-])(?:fi|esac|done)(?![\w=-])|(?<![\w$])\}(?=\s|;|$)")
_ASSIGNED = re.compile(r"(?:^|[\s;])([A-Za-z_]\w*)=")
_REFERENCE = re.compile(r"\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)\})")
_COMMENT = re.compile(r"(?:^|\s)#")
_HARMLESS = frozenset({"echo", "true", ":", "printf", "umask", "set", "logger"})
_DEPTH = 20
_RESERVED = frozenset({"COMMAND", "CONFDIR", "SHAREDIR", "VARDIR"})
_SHELL = frozenset({"PATH", "IP", "TC", "PERL", "PAGER"})


def read_params(desk: Desk, file: SourceFile, depth: int = 0) -> None:
    """All variables that the script sets."""
    text = file.text
    position = 0
    while position < len(text):
        start, end, position = _command(text, position)
        if start == end:
            continue
        reading = desk.reading(file)
        reading.statements += 1
        if _OPENS.match(text, start):
            end = position = _block_end(text, start)
            _unknown(desk, file, start, end, "a program of the shell decides here")
            continue
        tokens: Tokens
        syntax, tokens = command_parser().read(text, start, end)
        if isinstance(syntax, Unexpected):
            _unknown(desk, file, start, end, "this is more of the shell than is modelled here")
            continue
        _run(desk, file, syntax[1], tokens, Span(file, start, end), depth)


def _command(text: str, position: int) -> tuple[int, int, int]:
    """Where the next command begins and ends, and where to go on."""
    while position < len(text) and text[position] in " \t\r\n;":
        position += 1
    start = position
    quote = ""
    while position < len(text):
        sign = text[position]
        if quote:
            if sign == "\\" and quote == '"':
                position += 1
            elif sign == quote:
                quote = ""
        elif sign == "\\":
            position += 1
        elif sign in "'\"`":
            quote = sign
        elif sign in "\n;":
            break
        elif sign == "#" and (position == start or text[position - 1] in " \t"):
            stop = text.find("\n", position)
            stop = len(text) if stop < 0 else stop
            return start, _stripped(text, start, position), stop
        position += 1
    position = min(position, len(text))
    return start, _stripped(text, start, position), position


def _stripped(text: str, start: int, end: int) -> int:
    while end > start and text[end - 1] in " \t\r":
        end -= 1
    return end


def _block_end(text: str, start: int) -> int:
    """Behind what closes the ``if``, ``case`` … that begins here; the end of the text where nothing does."""
    depth, position = 0, start
    while position < len(text):
        stop = text.find("\n", position)
        stop = len(text) if stop < 0 else stop
        line = _COMMENT.split(text[position:stop], maxsplit=1)[0]
        depth += len(_OPENERS.findall(line)) - len(_CLOSERS.findall(line))
        position = stop + 1
        if depth <= 0 and (position > start + 1 or depth < 0) and not line.rstrip().endswith(")"):
            return stop
    return len(text)


def _unknown(desk: Desk, file: SourceFile, start: int, end: int, why: str) -> None:
    span = Span(file, start, end)
    names = dict.fromkeys(_ASSIGNED.findall(file.text[start:end]))
    for name in names:
        desk.unknown[name] = span
        desk.variables[name] = ""
    reading = desk.reading(file)
    listed = f" ({', '.join(names)})" if names else ""
    reading.unmodelled += 1
    message = f"{why}: what it sets is not known{listed}" if names else f"{why}; it is taken to set nothing"
    reading.say("CFG002", span, message, mend="write plain assignments", warning=True)


def _run(desk: Desk, file: SourceFile, node: Any, tokens: Tokens, span: Span, depth: int) -> None:
    kind, *parts = node
    if kind == "assignments":
        for part in parts:
            _assign(desk, file, part, tokens)
    elif kind == "export":
        for part in parts:
            if isinstance(part, tuple) and part[0] == "assignment":
                _assign(desk, file, part, tokens)
    elif kind == "include":
        word, unknown = _text(desk, parts[0][1:], tokens)
        found, why = (None, "its name is computed") if unknown else desk.find(word, file)
        if found is None or depth >= _DEPTH:
            desk.unmodelled(span, f"the included file can't be read: {why or 'includes are too deep'}")
        else:
            desk.reading(file).inert += 1
            read_params(desk, found, depth + 1)
    else:
        _other(desk, file, tokens, span)


def _other(desk: Desk, file: SourceFile, tokens: Tokens, span: Span) -> None:
    if tokens.texts[0] in _HARMLESS:
        desk.reading(file).inert += 1
        return
    _unknown(desk, file, span.start, span.end, f"`{tokens.texts[0]}` is a program")


def _reserved(name: str) -> bool:
    """Names that Shorewall keeps for itself."""
    return name.startswith(("SW_", "SHOREWALL_")) or name in _RESERVED or (name in KNOWN and name not in _SHELL)


def _assign(desk: Desk, file: SourceFile, node: Any, tokens: Tokens) -> None:
    first = node[1]
    name = tokens.texts[first.at][:-1]
    value, unknown = _text(desk, node[2:], tokens)
    last = node[-1]
    span = Span(file, tokens.start(first.at), tokens.end(last.at))
    if desk.dialect == 5 and _reserved(name):
        message = f"params can't set {name}: Shorewall keeps the name for itself"
        desk.refused_since((5, 0), span, message, "use another name")
    desk.variables[name] = value
    desk.params[name] = Setting(name, value, span)
    if unknown:
        desk.unknown[name] = span
    else:
        desk.unknown.pop(name, None)


def _text(desk: Desk, parts: Any, tokens: Tokens) -> tuple[str, bool]:
    """The text of a word, and whether something in it is not known."""
    words, unknown = [], False
    for slot in parts:
        text = tokens.texts[slot.at]
        if slot.name == "SINGLE":
            words.append(text[1:-1])
        elif slot.name == "ESCAPE":
            words.append(text[1:])
        elif slot.name == "OUTPUT":
            unknown = True
        elif slot.name in ("VARIABLE", "DOUBLE"):
            inside = text[1:-1] if slot.name == "DOUBLE" else text
            unknown = unknown or any((m[1] or m[2]) in desk.unknown for m in _REFERENCE.finditer(inside))
            unknown = unknown or re.search(r"\$[({](?![A-Za-z_]\w*\})|`", inside) is not None
            made = _REFERENCE.sub(lambda m: desk.variables.get(m[1] or m[2], ""), inside)
            words.append(re.sub(r'\\([$"`\\])', r"\1", made) if slot.name == "DOUBLE" else made)
        else:
            words.append(text)
    return "".join(words), unknown
