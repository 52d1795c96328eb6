"""``table <name>``: addresses written in the rule and in files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.formats.automaton import Slot
from spdcheck.formats.pf.hosts import MAX_TABLE, hosts, named_or_literal
from spdcheck.formats.pf.lexer import Refused
from spdcheck.formats.pf.parse import Node, text
from spdcheck.formats.pf.slips import nearest
from spdcheck.model.pf import Table, TableEntry
from spdcheck.model.pf_conditions import Anywhere, Literal, Named, NoRoute, TableName, UrpfFailed

if TYPE_CHECKING:
    from spdcheck.formats.pf.lexer import Statement
    from spdcheck.formats.pf.ruleset import Builder
    from spdcheck.model.pf_conditions import PfAddress

FLAGS = ("const", "persist", "counters")

_FILE_ENTRY = re.compile(r"#[^\n]*|[^\s#]+")


def table(builder: Builder, statement: Statement, node: Node) -> None:
    """Reads a definition."""
    name_slot = node.items[0]
    assert isinstance(name_slot, Slot)
    name = text(statement, name_slot)
    if len(name) > MAX_TABLE:
        raise Refused(f"table name too long, max {MAX_TABLE} chars", name_slot.at)
    flags: set[str] = set()
    entries: list[TableEntry] = []
    files: list[str] = []
    given, unknown = False, ""
    for item in node.items[1:]:
        assert isinstance(item, Node)
        if item.rule == "table_flag":
            slot = item.items[0]
            assert isinstance(slot, Slot)
            word = text(statement, slot)
            if word not in FLAGS:
                raise Refused(f"invalid table option '{word}'", slot.at, nearest(word, FLAGS))
            flags.add(word)
            continue
        given = True
        if item.rule == "table_file":
            path = text(statement, item.items[0])
            files.append(path)
            found, reason = _from_file(builder, statement, path)
            entries += found
            unknown = unknown or reason
        else:
            entries += [_entry(host.address, host.negated) for host in hosts(statement, _plain(item))]
    if not given and "persist" in flags:
        unknown = f"the addresses of <{name}> are added at run time"
    builder.tables[name] = Table(
        name=name,
        origin=statement.span(),
        flags=tuple(flag for flag in FLAGS if flag in flags),
        entries=tuple(entries),
        given=given,
        files=tuple(files),
        unknown=unknown,
    )


def _plain(node: Node) -> list[Node]:
    """The addresses of the list; weights mean something only where a pool chooses from the table."""
    plain = []
    for item in node.items:
        assert isinstance(item, Node)
        if item.rule == "weighted":
            inner = item.items[0]
            assert isinstance(inner, Node)
            item = inner
        plain.append(item)
    return plain


def _entry(address: PfAddress, negated: bool) -> TableEntry:
    if isinstance(address, Named) and address.dynamic:
        raise Refused("dynamic addresses are not permitted inside tables")
    if isinstance(address, TableName):
        raise Refused("tables cannot contain tables")
    if isinstance(address, NoRoute):
        raise Refused('"no-route" is not permitted inside tables')
    if isinstance(address, UrpfFailed):
        raise Refused('"urpf-failed" is not permitted inside tables')
    if isinstance(address, Literal) and address.addresses.prefix_length is None:
        raise Refused("address ranges are not permitted inside tables")
    if not isinstance(address, (Literal, Named)) or isinstance(address, Anywhere):
        raise Refused("unknown address type")
    return TableEntry(address, negated)


def _from_file(builder: Builder, statement: Statement, path: str) -> tuple[list[TableEntry], str]:
    """The addresses of a file (blanks between them, ``#`` starts a comment, ``!`` negates), or why they are unknown."""
    if path == "/dev/null":
        return [], ""
    files, reason = builder.context.includes.find(path, statement.file)
    if not files:
        return [], f"{path} can't be read: {reason}"
    entries: list[TableEntry] = []
    for file in files:
        builder.included.append(file)
        for match in _FILE_ENTRY.finditer(file.text):
            word = match[0]
            if word.startswith("#"):
                continue
            negated = len(word) - len(word.lstrip("!"))
            try:
                host = named_or_literal(word[negated:])
                entries.append(_entry(host.address, negated % 2 == 1))
            except Refused:
                place = file.span(match.start(), match.end())
                builder.refuse(
                    statement, Refused(f'file "{path}" contains bad data', mend=f"{place.where} has {word!r}")
                )
                return entries, f"{place.where} is no address"
    return entries, ""
