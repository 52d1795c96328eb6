"""The corpora of ipf.conf, ipnat.conf and ippool.conf: ``ok`` is read without a word and printed, ``err`` is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from spdcheck.formats import ipfilter, ipnat, ippool
from spdcheck.formats.base import Context, Reading
from spdcheck.formats.ipfilter.text import rule_text
from spdcheck.formats.ipnat.text import nat_text
from spdcheck.formats.ippool.text import pool_text
from spdcheck.model.ipfilter import IpfRuleset
from spdcheck.model.ipnat import NatRuleset
from spdcheck.model.ippool import PoolSet
from spdcheck.source import SourceFile
from tests.formats.rendering import said
from tests.golden import CORPUS, Golden

if TYPE_CHECKING:
    from pathlib import Path

FORMATS = ("ipfilter", "ipnat", "ippool")
GOOD = sorted(path for name in FORMATS for path in (CORPUS / name / "ok").glob("*.conf"))
BAD = sorted(path for name in FORMATS for path in (CORPUS / name / "err").glob("*.conf"))


def read(path: Path) -> Reading:
    file = SourceFile(path.name, path.read_text(encoding="utf-8"))
    reader = {"ipfilter": ipfilter.read, "ipnat": ipnat.read, "ippool": ippool.read}[path.parent.parent.name]
    return reader(file, Context())


def printed(reading: Reading) -> list[str]:
    """Every rule or table as its program would take it again, with the line that it came from."""
    (found,) = reading.facts.packet_filters
    if isinstance(found, IpfRuleset):
        return [f"{rule.origin.begin.line}: {rule_text(rule)}" for rule in found.rules]
    if isinstance(found, NatRuleset):
        return [f"{rule.origin.begin.line}: {nat_text(rule)}" for rule in found.rules]
    assert isinstance(found, PoolSet)
    return [f"{pool.origin.begin.line}: {pool_text(pool)}" for pool in found.pools]


def identifier(path: Path) -> str:
    return f"{path.parent.parent.name}/{path.name}"


@pytest.mark.parametrize("path", GOOD, ids=identifier)
def test_good_file(path: Path, golden: Golden) -> None:
    reading = read(path)
    assert reading.facts.diagnostics == []
    assert (reading.unparsed, reading.unmodelled) == (0, 0)
    golden.check(path.with_name(path.name + ".rules"), "\n".join(printed(reading)) + "\n")


@pytest.mark.parametrize("path", BAD, ids=identifier)
def test_bad_file(path: Path, golden: Golden) -> None:
    golden.check(path.with_name(path.name + ".out"), said(read(path)))


@pytest.mark.parametrize("path", GOOD, ids=identifier)
def test_printed_rules_say_the_same(path: Path) -> None:
    once = printed(read(path))
    text = "".join(f"{line.partition(': ')[2]}\n" for line in once)
    file = SourceFile(path.name, text)
    reader = {"ipfilter": ipfilter.read, "ipnat": ipnat.read, "ippool": ippool.read}[path.parent.parent.name]
    again = [line.partition(": ")[2] for line in printed(reader(file, Context()))]
    assert again == [line.partition(": ")[2] for line in once]
