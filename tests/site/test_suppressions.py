"""Remarks that hide findings, and the baseline."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from spdcheck.cli import status
from spdcheck.formats import FORMATS
from spdcheck.site.baseline import FILE_NAME
from spdcheck.site.suppressions import suppressions
from spdcheck.source import SourceFile
from tests.cli.run import spdcheck
from tests.golden import unpack

if TYPE_CHECKING:
    from pathlib import Path

TEXT = """\
first # spdcheck: ignore[SPD001] why
# spdcheck: ignore[CRY001, fwl006]
#
second

 third {
   fourth

   fifth
 }
"spdcheck: ignore[SPD004] no comment"
last
# SPDCHECK: IGNORE [SPD002]"""


def test_where_remarks_are_about() -> None:
    found = list(suppressions(SourceFile("a", TEXT), "#"))
    assert [(r.codes, r.reason, r.first_line, r.last_line) for r in found] == [
        (("SPD001",), "why", 1, 1),
        (("CRY001", "FWL006"), "", 4, 10),
        (("SPD002",), "", 13, 13),
    ]
    assert found[0].origin.text == "spdcheck: ignore[SPD001] why"


def test_a_section_ends_with_its_indentation() -> None:
    text = TEXT.replace("second\n\n", "")
    assert [(r.first_line, r.last_line) for r in suppressions(SourceFile("a", text), "#")][1] == (4, 7)


@pytest.mark.parametrize("language", FORMATS, ids=lambda language: language.name)
def test_a_remark_is_a_comment_in_every_language(language: object, tmp_path: Path) -> None:
    sign = language.comment[0]  # type: ignore[attr-defined]
    file = SourceFile("x", f"{sign} spdcheck: ignore[CRY001] why\n")
    context = __import__("spdcheck.formats.base", fromlist=["Context"]).Context()
    reading = language.reader().read(file, context)  # type: ignore[attr-defined]
    assert reading.unparsed == 0, "the remark itself must not be an error"
    assert [r.codes for r in suppressions(reading.file, sign)] == [("CRY001",)]


SITE = """\
=== gw/etc/ipsec.conf
flush;
spdflush;
spdadd 10.2.0.0/16 10.1.0.0/16 any -P in ipsec esp/tunnel/198.51.100.2-192.0.2.1/use;
spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
add 192.0.2.1 198.51.100.2 esp 0x1001 -E des-cbc 0x1f3a5b7c9d0e2f4a -A hmac-sha1
\t0x8f14e45fceea167a5a36dedd4bea2543a1b2c3d4;
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    unpack(SITE, tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _codes(*options: str) -> list[str]:
    document = json.loads(spdcheck("check", "--format", "json", *options).out)
    return [finding["code"] for finding in document["findings"]]


def _edit(path: Path, old: str, new: str) -> None:
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


def test_a_remark_hides_and_is_told_of(site: Path) -> None:
    before = _codes()
    assert "SPD008" in before
    _edit(site / "gw/etc/ipsec.conf", "spdadd 10.2", "# spdcheck: ignore[SPD008] until spring\nspdadd 10.2")
    assert _codes() == [code for code in before if code != "SPD008"]
    assert _codes("--no-ignores") == before
    document = json.loads(spdcheck("check", "--format", "json").out)
    (hidden,) = document["suppressed"]
    assert (hidden["code"], hidden["suppressed_by"], hidden["reason"]) == ("SPD008", "remark", "until spring")
    assert "1 suppressed" in spdcheck("check").out


def test_the_selection_does_not_make_a_remark_idle(site: Path) -> None:
    _edit(site / "gw/etc/ipsec.conf", "spdadd 10.2", "# spdcheck: ignore[SPD008]\nspdadd 10.2")
    assert _codes("--select", "CFG") == _codes("--select", "CFG", "--no-ignores")


def test_a_gap_stays_a_gap(site: Path) -> None:
    _edit(
        site / "gw/etc/ipsec.conf",
        "spdadd 10.2",
        "# spdcheck: ignore[CFG001]\nspdadd $NET 10.2.0.0/16 any;\nspdadd 10.2",
    )
    said = spdcheck("check", "--select", "CFG001")
    assert said.code == status.NO_VERDICT, "what can't be read is not OK because nobody wants to hear of it"


def test_a_baseline_hides_what_was_there_and_nothing_new(site: Path) -> None:
    before = _codes()
    noted = spdcheck("baseline", "write")
    assert noted.code == status.CLEAN
    assert f"{len(before)} findings noted" in noted.err
    assert _codes() == []
    assert _codes("--no-ignores") == before
    _edit(site / "gw/etc/ipsec.conf", "flush;\nspdflush;", "\n\n# lines move\nflush;\nspdflush;")
    assert _codes() == [], "rows hold no line numbers"
    _edit(site / "gw/etc/ipsec.conf", "des-cbc 0x1f3a5b7c9d0e2f4a", 'null ""')
    assert _codes()


def test_prune_takes_out_what_is_gone(site: Path) -> None:
    spdcheck("baseline", "write")
    rows = json.loads((site / FILE_NAME).read_text(encoding="utf-8"))["findings"]
    _edit(site / "gw/etc/ipsec.conf", "/use;", "/require;")
    assert "CFG009" in _codes()
    said = spdcheck("baseline", "prune")
    assert "removed" in said.err
    left = json.loads((site / FILE_NAME).read_text(encoding="utf-8"))["findings"]
    assert 0 < len(left) < len(rows)
    assert "CFG009" not in _codes()
    assert spdcheck("baseline", "write", "--stdout").out == (site / FILE_NAME).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "spdcheck-baseline.json:1:2: not valid JSON"),
        ("[]", 'no baseline of this spdcheck ("schema": 1)'),
        ('{"schema": 2, "findings": []}', 'no baseline of this spdcheck ("schema": 1)'),
        ('{"schema": 1, "findings": [{}]}', "row 1 has no fingerprint and code"),
        ("[" * 100000, "not valid JSON"),
    ],
)
def test_a_damaged_baseline_is_told(site: Path, text: str, said: str) -> None:
    (site / FILE_NAME).write_text(text, encoding="utf-8")
    found = spdcheck("check")
    assert found.code == status.USAGE
    assert said in found.err


def test_no_secret_in_a_baseline(site: Path) -> None:
    spdcheck("baseline", "write")
    text = (site / FILE_NAME).read_text(encoding="utf-8")
    assert "1f3a5b7c9d0e2f4a" not in text
    assert "8f14e45fceea" not in text
