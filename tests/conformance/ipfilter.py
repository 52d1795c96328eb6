"""IP Filter's own regression suite: rules parsed and compared, packets and their fates; and real files.

``tests.csv`` says what each test is. A parse test passes if spdcheck reads the rules, reads what the real program
printed of them, and proves rule by rule that both mean the same. A packet test passes if every line of ``fates/`` comes
out.
"""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING

from spdcheck.formats import ipfilter, ipnat, ippool
from spdcheck.formats.base import Context
from spdcheck.model.addresses import AddressRange
from spdcheck.semantics.rulesets.ipf_addresses import IpfNames
from spdcheck.source import SourceFile
from tests.conformance.case import Case
from tests.conformance.ipf_equal import difference_of
from tests.conformance.ipf_machine import Machine
from tests.conformance.ipf_wire import read_hex, read_text
from tests.conformance.reading import judge, read, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from spdcheck.formats.base import Reading
    from spdcheck.model.ipfilter import IpfRule
    from spdcheck.model.ipnat import NatRule
    from spdcheck.model.ippool import Pool

    Row = dict[str, str]

OUT_OF_SCOPE = {
    "out": "needs a proxy of the kernel, divert, mssclamp or weighted lists (scope `out` of tests.csv)",
    "no": "the data could not be reproduced with the real program (verified `no` of tests.csv)",
}
"""Why a row of ``tests.csv`` is not asked: by its scope, and by its column ``verified``."""

UNKNOWN_HOST = AddressRange(4, 0xFEDCBA98, 0xFEDCBA98)
"""What every host name stands for in the suite (``-R``)."""

_SEPARATOR = re.compile(r"^-{8,}$")


def cases(root: Path) -> Iterator[Case]:
    """The tests of the table, then the real files."""
    folder = root / "ipfilter"
    table = folder / "tests.csv"
    if not table.exists():
        return
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        if row["scope"] in OUT_OF_SCOPE or row["verified"] in OUT_OF_SCOPE:
            continue
        reason = _reason(folder, row)
        yield Case(f"{row['kind']} {row['name']}", not reason, reason, row["scope"])
    yield from _real_files(folder)


def _reason(folder: Path, row: Row) -> str:
    try:
        if row["mode"] == "parse":
            return _parse(folder, row)
        return _packets(folder, row)
    except Exception as error:
        where = error.__traceback__
        while where is not None and where.tb_next is not None:
            where = where.tb_next
        line = where.tb_lineno if where is not None else 0
        name = where.tb_frame.f_code.co_filename.rpartition("/")[2] if where is not None else "?"
        return f"crashed: {type(error).__name__}: {error} ({name}:{line})"


class _Folder:
    """Opens the files that a table of the suite names."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, pattern: str, beside: SourceFile) -> tuple[tuple[SourceFile, ...], str]:
        del beside
        path = self._folder / pattern
        if not path.is_file():
            return (), f"{pattern} is not there"
        return (SourceFile(pattern, text_of(path)),), ""


def _read(folder: Path, path: str, text: str, kind: str, *, six: bool = False) -> Reading:
    name = path.rsplit("/", 1)[-1]
    file = SourceFile(f"{name}.ipf6.conf" if six else name, text)
    context = Context(includes=_Folder(folder))
    if kind == "ipf":
        return ipfilter.read(file, context)
    return ipnat.read(file, context) if kind == "nat" else ippool.read(file, context)


def _refused(reading: Reading) -> str:
    found = [item for item in reading.facts.diagnostics if item.code == "CFG001"]
    return f"line {found[0].span.begin.line} is refused: {found[0].message}" if found else ""


def _is_six(row: Row) -> bool:
    return bool(re.search(r"-\w*6", f"{row['command']} {row['options']}")) and row["kind"] != "nat6"


def _parse(folder: Path, row: Row) -> str:
    kind = row["kind"].partition("-")[2]
    path = row["pool"] or row["rules_ipf"] or row["rules_nat"]
    text = text_of(folder / path)
    ours = _read(folder, path, text, kind, six=_is_six(row))
    if reason := _refused(ours):
        return reason
    printed = _printed(text_of(folder / row["expected"]), kind, loaded="-D" in row["command"])
    theirs = _read(folder, row["expected"], printed, kind, six=_is_six(row))
    if reason := _refused(theirs):
        return f"what the real program printed: {reason}"
    return difference_of(ours, theirs, kind, loaded="-D" in row["command"], unknown_host=UNKNOWN_HOST)


def _printed(text: str, kind: str, *, loaded: bool) -> str:
    """The rules in what the real program printed, without its marks for interfaces that don't exist here."""
    if kind != "ipf":
        return text
    lines = text.replace("(!)", "").splitlines()
    if loaded:
        lines = [line[1:].lstrip() for line in lines if re.match(r"\d+ (?:\d+ )?(?:pass|block|log|call)\b", line)]
    return "\n".join(lines) + "\n"


def _packets(folder: Path, row: Row) -> str:
    expected = _blocks(text_of(folder / row["fates"]))
    text = text_of(folder / row["input"])
    names = IpfNames(pools=_pools(folder, row))
    six = _is_six(row)
    variants = list(_variants(folder, row, six))
    if isinstance(variants[0], str):
        return variants[0]
    if len(variants) != len(expected):
        return f"{len(variants)} rounds, but {len(expected)} are expected"
    for number, (variant, wanted) in enumerate(zip(variants, expected, strict=True), 1):
        if isinstance(variant, str):
            return variant
        rules, nat = variant
        got = _run(row, text, rules, nat, names)
        for line, (mine, theirs) in enumerate(zip(got, wanted, strict=False), 1):
            if mine.strip() != theirs.strip():
                return f"round {number}, line {line}: `{mine[:90].strip()}` instead of `{theirs[:90].strip()}`"
        if len(got) != len(wanted):
            return f"round {number}: {len(got)} lines instead of {len(wanted)}"
    return ""


def _run(row: Row, text: str, rules: list[IpfRule], nat: list[NatRule], names: IpfNames) -> list[str]:
    options = dict(re.findall(r"(\w+)=(\d+)", row["options"]))
    machine = Machine(
        rules,
        nat,
        names,
        state_max=int(options.get("state_max", 4013)),
        new_ids=options.get("update_ipid", "0") == "1",
    )
    lines: list[str] = []
    packets = read_hex(text) if row["input_format"] == "hex" else read_text(text)
    for packet in packets:
        if row["output"] == "fate":
            lines += machine.fate(packet)
        else:
            lines += machine.translate(packet, as_hex=row["output"] == "packet-hex")
    return lines


def _variants(folder: Path, row: Row, six: bool) -> Iterator[tuple[list[IpfRule], list[NatRule]] | str]:
    """The rounds of a test: the whole files once, or every line of one of them by itself."""
    ipf = text_of(folder / row["rules_ipf"]) if row["rules_ipf"] else ""
    nat = text_of(folder / row["rules_nat"]) if row["rules_nat"] else ""
    if row["mode"] == "all-rules":
        yield _loaded(folder, row, ipf, nat, six)
        return
    main = nat or ipf
    for line in re.findall(r"(?:[^\\\n]|\\.|\\\n)+", main):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        yield _loaded(folder, row, ipf, line, six) if nat else _loaded(folder, row, line, "", six)


def _loaded(folder: Path, row: Row, ipf: str, nat: str, six: bool) -> tuple[list[IpfRule], list[NatRule]] | str:
    rules = _read(folder, row["rules_ipf"], ipf + "\n", "ipf", six=six)
    translations = _read(folder, row["rules_nat"], nat + "\n", "nat")
    for reading in (rules, translations):
        if reason := _refused(reading):
            return reason
    return list(rules.facts.packet_filters[0].rules), list(translations.facts.packet_filters[0].rules)  # type: ignore[attr-defined]


def _pools(folder: Path, row: Row) -> tuple[Pool, ...]:
    if not row["pool"]:
        return ()
    reading = _read(folder, row["pool"], text_of(folder / row["pool"]), "pool")
    found: tuple[Pool, ...] = reading.facts.packet_filters[0].pools  # type: ignore[attr-defined]
    return found


def _blocks(text: str) -> list[list[str]]:
    """The lines of each round; the separator ends it. Empty lines part packets in hex and say nothing."""
    blocks: list[list[str]] = [[]]
    for line in text.splitlines():
        if _SEPARATOR.match(line):
            blocks.append([])
        elif line.strip():
            blocks[-1].append(line)
    return blocks if blocks[-1] else blocks[:-1]


def _real_files(folder: Path) -> Iterator[Case]:
    """Files written for real machines: all statements are read, and a name that nothing resolves is named."""
    index = folder / "realworld" / "index.csv"
    if not index.exists():
        return
    with index.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    formats = {"ipf": "ipfilter", "ipf6": "ipfilter", "ipnat": "ipnat"}
    for row in rows:
        path = folder / row["file"]
        reading = read(formats[row["dialect"]], path, None)
        reason = judge(reading, accepts=True)
        if not reason and not isinstance(reading, str):
            count = len(reading.facts.packet_filters[0].rules)  # type: ignore[attr-defined]
            names = any(item.code == "CFG003" for item in reading.facts.diagnostics)
            if row["rules"] and count != int(row["rules"]):
                reason = f"{count} rules instead of {row['rules']}"
            elif "host name" in row["note"] and not names:
                reason = "the host name that nothing resolves is not named"
        yield Case(row["file"], not reason, reason, "realworld")
