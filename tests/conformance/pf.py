"""pf.conf: what ``pfctl -nv`` makes of a ruleset, and what it refuses.

``pfN.ok`` is pf's own expansion of ``pfN.in``, in pf's language. Both are read; the engine proves that their filter and
translation rules treat every packet the same, and everything that is only kept (queues, labels, state options, pools)
is compared as text. Of a ruleset that pfctl refuses, the lines of its messages are compared.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from spdcheck.engine.answer import Holds
from spdcheck.engine.compare import equivalent
from spdcheck.formats.base import Context
from spdcheck.formats.pf import read_with
from spdcheck.formats.pf.printing import entry_lines
from spdcheck.model.addresses import parse_address, parse_prefix
from spdcheck.model.host import Interface, InterfaceAddress, Platform
from spdcheck.semantics.decision import DecisionList
from spdcheck.semantics.rulesets.pf import pf_list, pf_translations
from spdcheck.semantics.rulesets.pf_names import PfNames
from spdcheck.semantics.rulesets.pf_resolve import resolved
from spdcheck.source import SourceFile
from tests.conformance.case import Case
from tests.conformance.reading import judge, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from spdcheck.formats.base import Reading
    from spdcheck.model.pf import PfRuleset

SETS = {
    "modern": ("openbsd/modern", Platform.OPENBSD, (7, 6)),
    "old44": ("openbsd/old44", Platform.OPENBSD, (4, 4)),
    "old3x": ("openbsd/old3x", Platform.OPENBSD, (3, 2)),
    "pf13": ("freebsd/pf13", Platform.FREEBSD, (13,)),
    "pf15": ("freebsd/pf15", Platform.FREEBSD, (15,)),
}
"""The sub-suites: folder, platform, release."""

OUT = {
    "modern/pf113": "the .ok names an automatic table of the optimizer, whose addresses are nowhere printed",
    "modern/pfsetup1": "a stale .ok: it shows the interface's own netmask, which pfctl no longer does",
    "old44/pfsetup1": "a stale .ok: it shows the interface's own netmask, which pfctl no longer does",
    "old44/pfail26": "not run upstream any more: anchor names may be longer now",
    "old44/pfail32": "refused because the machine had no gif3, which is not a matter of the language",
    "realworld/manpage/obsd44-pf.conf.5-08.pf.conf": "several examples of the manual in one file, not one ruleset",
}
"""What stays out, and why."""

_PRINTED_OTHERWISE = (
    (re.compile(r"(?:<__automatic_\w*>|\{[^}]*\})(?= round-robin| source-hash| random| least)"), "{…}"),
    (re.compile(r"%\w+"), ""),
    (re.compile(r'anchor "[^"]*/'), 'anchor "'),
)
_NUMBERED = re.compile(r"(?m)^@\d+ ")
_MESSAGE = re.compile(r"(?m)^stdin:(\d+):")
_DEFINE = re.compile(r"-D(\w+)=(\S+)")


def cases(root: Path) -> Iterator[Case]:
    """The cases of every set that is there, then the rulesets of real machines."""
    for group, (folder, platform, release) in SETS.items():
        where = root / "pf" / folder
        context = Context(platform=platform, release=release, includes=_Beside(where))
        for path in sorted(where.glob("*.in")) if where.is_dir() else ():
            name = f"{group}/{path.stem}"
            if name not in OUT:
                reason = _reason(path, context)
                yield Case(f"{folder}/{path.name}", not reason, reason, group)
    yield from _real(root / "pf" / "realworld")


class _Beside:
    """Files that a ruleset includes lie in the folder of the tests."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def find(self, pattern: str, beside: SourceFile) -> tuple[tuple[SourceFile, ...], str]:
        for path in (self.folder / pattern.lstrip("./"), self.folder / pattern.rpartition("/")[2]):
            if path.is_file():
                return (SourceFile(pattern, text_of(path)),), ""
        return (), "there is no such file"


def host() -> PfNames:
    """The machine that the expected outputs were made on, as the data's README describes it."""
    return PfNames(
        (
            _interface("lo0", "127.0.0.1/8", "::1/128", "fe80::1/64"),
            _interface("lo1000000"),
            _interface("tun1000000"),
            _interface("tun1000001"),
            _interface("lo1000010", "192.168.0.1/24"),
            _interface("vlan1062", "2001:db8::cb00:7105/64"),
        )
    )


def _interface(name: str, *addresses: str) -> Interface:
    found = []
    for text in addresses:
        address, prefix = parse_address(text.partition("/")[0]), parse_prefix(text)
        assert address is not None
        assert prefix is not None
        found.append(InterfaceAddress(address, prefix, None, None))
    return Interface(name, tuple(found))


def _reason(path: Path, context: Context) -> str:
    """Why a case fails, or nothing."""
    options = path.with_suffix(".opts")
    defines = dict(_DEFINE.findall(text_of(options))) if options.is_file() else {}
    reading = _read(path, context, defines)
    ruleset = _ruleset(reading)
    expected = path.with_suffix(".ok")
    if path.with_suffix(".fail").is_file():
        return "" if ruleset.refusals else "pfctl refuses it"
    lines = {int(line) for line in _MESSAGE.findall(text_of(expected))} if expected.is_file() else set()
    if path.stem.startswith("pfail") and (lines or "pfctl:" in text_of(expected)):
        return _refused(ruleset, lines)
    if ruleset.refusals:
        return f"line {ruleset.refusals[0].line} is refused: {ruleset.refusals[0].message}"
    if judge(reading, None) or not expected.is_file():
        return judge(reading, None)
    wanted = _ruleset(_read(expected, context, {}))
    if wanted.refusals:
        return f"line {wanted.refusals[0].line} of the .ok is refused: {wanted.refusals[0].message}"
    return _different(_shown(ruleset, options, expected), _with_tables(wanted, ruleset))


def _read(path: Path, context: Context, defines: Mapping[str, str]) -> Reading:
    return read_with(SourceFile(path.name, _NUMBERED.sub("", text_of(path))), context, defines)


def _ruleset(reading: Reading) -> PfRuleset:
    found: PfRuleset = reading.facts.packet_filters[0]  # type: ignore[assignment]
    return found


def _refused(ruleset: PfRuleset, lines: set[int]) -> str:
    """pfctl's lines; some messages of its last check have none."""
    found = {refusal.line for refusal in ruleset.refusals if refusal.line}
    if not ruleset.refusals:
        return "pfctl refuses it"
    return "" if found == lines else f"refused at {sorted(found)}, pfctl at {sorted(lines)}"


def _shown(ruleset: PfRuleset, options: Path, expected: Path) -> PfRuleset:
    """The part that pfctl printed: loaded anchors behind the main rules, or only what an option asks for."""
    shown = text_of(options) if options.is_file() else ""
    if ruleset.loaded and "anchor" not in text_of(expected):
        rules = tuple(rule for _, inner in ruleset.loaded for rule in inner.rules)
        names = {entry.name for entry in ruleset.rules if hasattr(entry, "name")}
        main = tuple(entry for entry in ruleset.rules if getattr(entry, "name", None) not in names)
        return replace(ruleset, rules=main + rules, loaded=())
    if shown and "-D" not in shown:
        ruleset = replace(ruleset, queues=())
    if "-O" in shown or "-N" in shown:
        ruleset = replace(ruleset, rules=(), scrub=())
    if "-O" in shown or "-R" in shown:
        ruleset = replace(ruleset, nat=(), rdr=(), binat=())
    return ruleset


def _with_tables(wanted: PfRuleset, ruleset: PfRuleset) -> PfRuleset:
    """``pfctl -sr`` prints no tables: those that the expected output lacks are the input's."""
    known = {table.name for table in wanted.tables}
    tables = [table for inner in (ruleset, *(r for _, r in ruleset.loaded)) for table in inner.tables]
    return replace(wanted, tables=wanted.tables + tuple(t for t in tables if t.name not in known))


def _different(ruleset: PfRuleset, wanted: PfRuleset) -> str:
    names = host()
    for direction in ("in", "out"):
        for word, compiled in (("filter", pf_list), ("translation", pf_translations)):
            answer = equivalent(_bare(compiled(ruleset, direction, names)), _bare(compiled(wanted, direction, names)))
            if not isinstance(answer, Holds):
                return f"{word} {direction}: {answer}"
    kept = [_texts(resolved(item, names.with_tables(item))) for item in (ruleset, wanted)]
    if not ruleset.loaded and kept[0] != kept[1]:
        unequal = next((pair for pair in zip(*kept, strict=False) if pair[0] != pair[1]), (len(kept[0]), len(kept[1])))
        return f"{unequal[0]!r} is not {unequal[1]!r}"
    if queues := _queues(ruleset) ^ _queues(wanted):
        return f"queues differ: {', '.join(sorted(queues))}"
    return ""


def _queues(ruleset: PfRuleset) -> set[str]:
    """The names of the queues. pfctl adds defaults that depend on the machine's interfaces, and the root queues."""
    words = (queue.text.split() for queue in ruleset.queues)
    return {found[1] for found in words if found[0] == "queue" and not found[1].startswith("root_")}


def _bare(rules: DecisionList) -> DecisionList:
    return DecisionList(tuple(replace(entry, origin=None) for entry in rules.entries), rules.default)


def _texts(ruleset: PfRuleset) -> list[str]:
    """Every rule as text, so that what is only kept is compared too; order and addresses are the engine's matter.

    FreeBSD 13 prints only the last part of an anchor's path; a link-local address has lost its interface.
    """
    lists = (ruleset.scrub, ruleset.binat, ruleset.nat, ruleset.rdr, ruleset.rules)
    texts = [line for part in lists for entry in part for line in entry_lines(entry, modern=ruleset.modern)]
    for pattern, plain in _PRINTED_OTHERWISE:
        texts = [pattern.sub(plain, text) for text in texts]
    return sorted(texts)


def _real(folder: Path) -> Iterator[Case]:
    """Rulesets of real machines are read whole; macros that a fragment lacks are its own affair."""
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if not path.is_file() or path.name == "ORIGIN.md" or ".table." in path.name or "ipsec.conf" in path.suffixes:
            continue
        if path.name.endswith(".ipsec.conf"):
            continue
        name = f"realworld/{path.relative_to(folder).as_posix()}"
        if name in OUT:
            continue
        text = text_of(path)
        reading = read_with(SourceFile(path.name, text), Context(includes=_Beside(path.parent)), _defines(text))
        refusals = _ruleset(reading).refusals
        reason = f"line {refusals[0].line}: {refusals[0].message}" if refusals else judge(reading, None)
        yield Case(name, not reason, reason, "realworld")


def _defines(text: str) -> dict[str, str]:
    """Values for the macros that a fragment uses without defining them."""
    defined = set(re.findall(r"(?m)^\s*(\w+)\s*=", text))
    used = set(re.findall(r"\$(\w+)", re.sub(r"(?m)^\s*#.*$", "", text))) - defined
    values = {}
    for name in used:
        six = name.endswith("6") or "_v6" in name
        values[name] = "em0" if name.endswith("_if") else "2001:db8::1" if six else "192.0.2.1"
    return values
