"""Macros and actions of the user: the files that rules call, read for each way in which they are called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.formats.shorewall.action import action
from spdcheck.formats.shorewall.columns import Cell, Refused, split
from spdcheck.formats.shorewall.lines import Line, Piece
from spdcheck.formats.shorewall.parsed import top_level
from spdcheck.formats.shorewall.reader import LineReader
from spdcheck.formats.shorewall.rules import check_body, columns, entry
from spdcheck.formats.shorewall.tables import ACTIONS, RULES_2
from spdcheck.formats.shorewall.values import options as read_options
from spdcheck.model.shorewall import ActionBody, Macro

if TYPE_CHECKING:
    from collections.abc import Iterable

    from spdcheck.formats.shorewall.columns import Row
    from spdcheck.formats.shorewall.desk import Desk
    from spdcheck.formats.shorewall.draft import Draft
    from spdcheck.model.shorewall import RuleEntry
    from spdcheck.model.shorewall_columns import Action
    from spdcheck.source import Span

_OPTIONS = frozenset({
    "inline", "noinline", "nolog", "builtin", "mangle", "nat", "raw", "filter", "terminating", "audit", "logjump",
    "section", "proto", "dport", "state",
})  # fmt: skip
_DEEP = 40
_BODY_2 = tuple(name for name in RULES_2 if name != "origdest")


def declaration(desk: Desk, draft: Draft, line: Line) -> None:
    """A line of actions. Raises :class:`Refused`."""
    row = split(line, ACTIONS, title="actions", inline=True, quotes=desk.dialect == 2)
    cell = row.need("action")
    name = cell.text.partition(":")[0]
    if not name[:1].isalpha() or not name.rstrip("!").replace("-", "_").isidentifier():
        raise Refused(cell.span, f"`{name}` is no name of an action")
    given = row.get("options")
    found = read_options(given) if given is not None and desk.dialect == 5 else ()
    for option in found:
        if option.name not in _OPTIONS:
            raise Refused(option.origin, f"`{option.name}` is no option of an action",
                          f"options are {', '.join(sorted(_OPTIONS))}")  # fmt: skip
        if option.name == "state":
            raise Refused(option.origin, "the option state is for Shorewall's own actions")
    names = {option.name for option in found}
    if "inline" in names and ("noinline" in names or "builtin" in names):
        raise Refused(line.whole, "the options exclude each other")
    if f"action.{name}" not in desk.files and "builtin" not in names:
        raise Refused(cell.span, f"the file action.{name} is missing", f"write action.{name}, or remove the line")
    draft.declared.setdefault(name, (found, line.whole))


def called(rules: Iterable[RuleEntry]) -> list[Action]:
    """What the rules call, and what they hand on as a parameter."""
    found: list[Action] = []
    for rule in rules:
        found.append(rule.action)
        found += inside(rule.action)
    return found


def inside(call: Action) -> list[Action]:
    """The parameters of a call that are calls themselves, and theirs."""
    made = []
    for parameter in call.parameters:
        if parameter[:1].isalpha():
            origin = call.origin
            piece = Piece(0, origin.start, origin.end - origin.start)
            line = Line(origin.file, parameter, origin.start, origin.end, (piece,))
            try:
                inner = action(Cell(parameter, line, 0)).action
            except Refused:
                continue
            made += [inner, *inside(inner)]
    return made


def read_bodies(desk: Desk, draft: Draft, calls: Iterable[Action]) -> None:
    """The user's macros and actions that these calls need, and what those need in turn."""
    waiting = list(calls)
    seen: set[tuple[str, tuple[str, ...]]] = set()
    depth = 0
    while waiting and depth < _DEEP:
        depth += 1
        fresh: list[RuleEntry] = []
        for call in waiting:
            name, parameters = call.name, call.parameters
            if name in draft.declared and (name, parameters) not in seen:
                seen.add((name, parameters))
                fresh += _action(desk, draft, call)
            elif name not in draft.declared and f"macro.{name}" in desk.files and (name, ()) not in seen:
                seen.add((name, ()))
                fresh += _macro(desk, draft, name)
        waiting = called(fresh)


def _macro(desk: Desk, draft: Draft, name: str) -> tuple[RuleEntry, ...]:
    file = desk.files[f"macro.{name}"]
    default, rules = "", []
    reader = LineReader(desk, file, most_format=2, comments=True, default_format=2)
    for line in reader:
        try:
            _check_format(desk, reader, line)
            row = columns(desk, line)
            word = row.words[0].text if row.words else ""
            if word in ("DEFAULT", "DEFAULTS"):
                default = default or _default(row)
                continue
            rules.append(entry(desk, draft, row, "", zoned=False))
        except Refused as refused:
            desk.refuse(refused.span, refused.message, refused.mend)
    draft.macros[name] = Macro(name=name, rules=tuple(rules), default=default, origin=file.span())
    return draft.macros[name].rules


def _check_format(desk: Desk, reader: LineReader, line: Line) -> None:
    if reader.format == 1:
        desk.refused_since(
            (5, 0), line.whole, "bodies in format 1 are gone", "remove `?FORMAT 1`, and look at the columns"
        )


def _default(row: Row) -> str:
    cell = row.get("source")
    if cell is None:
        raise Refused(row.line.whole, "the parameter is missing behind DEFAULT")
    return cell.text


def _action(desk: Desk, draft: Draft, call: Action) -> tuple[RuleEntry, ...]:
    name = call.name
    file = desk.files.get(f"action.{name}")
    if file is None:
        return ()
    reading = desk.reading(file)
    before = (reading.statements, reading.inert, reading.unmodelled, reading.unparsed)
    first = not any(known == name for known, _ in draft.actions)
    given = {str(n): "" if p == "-" else "-" if p == "--" else p for n, p in enumerate(call.parameters, 1)}
    parameters = given | {"0": name, "chain": name, "action": name, "loglevel": "", "logtag": "", "disposition": ""}
    rules = []
    reader = LineReader(desk, file, most_format=2, comments=True, default_format=2, parameters=parameters)
    for line in reader:
        try:
            _check_format(desk, reader, line)
            row = split(line, _BODY_2, title="an action", quotes=True) if desk.dialect == 2 else columns(desk, line)
            word = row.words[0].text if row.words else ""
            if word == "DEFAULTS":
                _defaults(row, parameters, call)
                continue
            rules.append(entry(desk, draft, row, "", zoned=False, known=frozenset()))
            if desk.dialect == 5:
                check_body(rules[-1], draft)
        except Refused as refused:
            desk.refuse(refused.span, refused.message, refused.mend)
    if not first:
        reading.statements, reading.inert, reading.unmodelled, reading.unparsed = before
    options = draft.declared[name][0]
    body = ActionBody(name=name, parameters=call.parameters, rules=tuple(rules), options=options, origin=file.span())
    draft.actions[name, call.parameters] = body
    return body.rules


def _defaults(row: Row, parameters: dict[str, str], call: Action) -> None:
    """``DEFAULTS a,b``: what counts for parameters that are not given."""
    cell = row.get("source")
    if len(row.words) != 2 or (cell is None and row.words[1].text != "-"):
        raise Refused(row.line.whole, "DEFAULTS takes one list")
    listed = [row.words[1].text[start:end] for start, end in top_level(row.words[1].text, ",")]
    for number, value in enumerate(listed, 1):
        if parameters.get(str(number), "") == "":
            parameters[str(number)] = value
    if len(call.parameters) > len(listed):
        given = f"{len(call.parameters)} are given at {call.origin.where}"
        raise Refused(row.line.whole, f"{call.name} has {len(listed)} parameters, and {given}")


def calls_of(text: str, span: Span) -> list[Action]:
    """The actions that a setting such as DROP_DEFAULT names."""
    made = []
    for first, last in top_level(text, ","):
        word = text[first:last].strip().lstrip("+")
        if not word or word.lower() == "none":
            continue
        line = Line(span.file, word, span.start, span.end, (Piece(0, span.start, span.end - span.start),))
        try:
            made.append(action(Cell(word, line, 0)).action)
        except Refused:
            continue
    return made
