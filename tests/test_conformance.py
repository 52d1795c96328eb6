"""The conformance suites, where their data lies beside the checkout."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.conformance.__main__ import DEFAULT_ROOT, main, run
from tests.conformance.readme_table import Row, Verdict, patterns, row_of, rows, verdicts
from tests.conformance.suites import SUITES

ROOT = Path(os.environ.get("SPDCHECK_CONFORMANCE") or DEFAULT_ROOT)

README = """# data

| file | origin | note |
|---|---|---|
| a.conf, b-*.conf | x | accept; with a blank |
| dump-x-D/DP.txt | x | as printed |
| tool-sample*.conf | x | sample, gssapi: accept; natt: syntax fine, fails only on a key |
| c.conf | x \\| y | accept on BSD (gcm), reject on Linux builds |
| d.conf | x | which setkey accepts |
| e.conf | y | same |

text
"""


@pytest.mark.parametrize("name", SUITES)
def test_suite(name: str) -> None:
    cases = [case for part in run(ROOT, [name]).values() for case in part] if ROOT.is_dir() else []
    if not cases:
        pytest.skip(f"no data for {name}")
    failures = [f"{case.name}: {case.reason}" for case in cases if not case.passed]
    assert not failures, f"{len(failures)} of {len(cases)} failed:\n" + "\n".join(failures)


def test_tables_are_read(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text(README)
    table = rows(tmp_path / "README.md")
    assert [row.patterns for row in table[:2]] == [("a.conf", "b-*.conf"), ("dump-x-D.txt", "dump-x-DP.txt")]

    def said(name: str) -> tuple[Verdict, ...]:
        return verdicts(name, row_of(name, table))

    assert said("b-1.conf") == (Verdict(True),)
    assert said("dump-x-DP.txt") == said("stranger.conf") == ()
    assert said("tool-sample.conf") == said("tool-sample-gssapi.conf") == (Verdict(True),)
    assert said("c.conf") == (Verdict(True, "bsd"), Verdict(False, "linux"))
    assert said("d.conf") == said("e.conf") == (Verdict(True),)


def test_names_of_a_cell() -> None:
    assert patterns("`a{0,1}-*.cf`, b.cf") == ("a0-*.cf", "a1-*.cf", "b.cf")
    assert Row(patterns("seed-*"), {}).matches("seed-1.conf")


def test_another_folder_of_the_same_layout(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "setkey"
    folder.mkdir()
    (folder / "README.md").write_text("| file | note |\n|---|---|\n| bad-rc.conf | reject: a quote is missing |\n")
    (folder / "bad-rc.conf").write_text('ipsec_enable="YES\n')
    (folder / "new-rc.conf").write_text('ipsec_enable="YES"\n')
    assert main(["--root", str(tmp_path), "rcconf"]) == 0
    assert capsys.readouterr().out == "rcconf 2/2\n"
    (folder / "new-rc.conf").write_text('ipsec_enable="YES\n')
    assert main(["--root", str(tmp_path), "rcconf"]) == 1
    assert capsys.readouterr().out.startswith("rcconf 1/2\nFAILED rcconf: setkey/new-rc.conf: line 1 is refused: ")
