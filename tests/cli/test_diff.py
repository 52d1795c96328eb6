"""``spdcheck diff``: folders and git revisions, what is said, and the exit status for a gate."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from spdcheck.cli import status
from tests.cli.run import spdcheck
from tests.golden import CORPUS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.golden import Golden

EDIT = ("192.168.1.0/24 any -P out", "192.168.1.0/25 any -P out")
POLICIES = "fedorov/etc/ipsec.conf"


@pytest.fixture
def states(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("old", "new"):
        shutil.copytree(CORPUS / "sites/sensor-mended", tmp_path / name, ignore=shutil.ignore_patterns("traces"))
    _edit(tmp_path / "new" / POLICIES)
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def _edit(path: Path, old: str = EDIT[0], new: str = EDIT[1]) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.parametrize("form", ["text", "markdown"])
@pytest.mark.parametrize("way", ["narrower", "wider"])
def test_what_is_said(states: Path, golden: Golden, form: str, way: str) -> None:
    names = ("old", "new") if way == "narrower" else ("new", "old")
    said = spdcheck("diff", *names, "--format", form)
    golden.check(CORPUS / "diffs" / f"{way}.{form}", f"{said.out}{said.err}exit status {said.code}\n")


def test_the_gate(states: Path) -> None:
    assert spdcheck("diff", "old", "new").code == status.FINDINGS
    assert spdcheck("diff", "new", "old").code == status.CLEAN
    assert spdcheck("diff", "new", "old", "--fail-on", "change").code == status.FINDINGS
    assert spdcheck("diff", "old", "new", "--fail-on", "never").code == status.CLEAN
    assert spdcheck("diff", "old", "old").code == status.CLEAN


def test_a_question_that_loses_its_answer(states: Path) -> None:
    _edit(states / "new" / POLICIES, EDIT[1], EDIT[0])
    _edit(states / "new" / POLICIES, "flush;\n", "flush;\nspdadd $NET 10.0.0.0/8 any -P out none;\n")
    said = spdcheck("diff", "old", "new", "--ignore", "CFG001")
    assert said.code == status.NO_VERDICT, said.out
    assert "doubt" in said.out or "undecided" in said.out or "no verdict any more" in said.out


def test_json(states: Path) -> None:
    document = json.loads(spdcheck("diff", "old", "new", "--format", "json").out)
    assert document["changed_hosts"] == ["fedorov"]
    kinds = {item["kind"]: item for item in document["traffic"]}
    assert kinds["exposed"]["packets"] == ["10.4.12.10 → 192.168.1.128/25 any"] or len(kinds["exposed"]["packets"]) > 1
    assert kinds["exposed"]["traces"]["now"]["disposition"] == "LEAKED"
    assert [finding["code"] for finding in document["findings"]["appeared"]]
    assert document["exit_code"] == status.FINDINGS


def _git(folder: Path, *words: str) -> None:
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", "-C", folder, *who, *words], check=True, capture_output=True)


def test_revisions(states: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = states / "repository" / "vpn"
    shutil.copytree(states / "old", site)
    _git(states / "repository", "init", "-b", "main")
    _git(states / "repository", "add", ".")
    _git(states / "repository", "commit", "-m", "as it was")
    _edit(site / POLICIES)
    monkeypatch.chdir(site)
    on_disk = spdcheck("diff", "main")
    assert on_disk.code == status.FINDINGS
    assert "from main to the files on disk" in " ".join(on_disk.out.split())
    _git(states / "repository", "commit", "-am", "narrower")
    between = spdcheck("diff", "HEAD~1", "HEAD")
    assert between.code == status.FINDINGS
    assert "exposed: 10.4.12.10" in between.out
    assert spdcheck("diff", "HEAD").code == status.CLEAN
    assert not subprocess.run(["git", "status", "--porcelain"], check=True, capture_output=True).stdout


def test_what_can_not_be_compared(states: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    neither = spdcheck("diff", "main", "new")
    assert neither.code == status.USAGE
    assert "main: no such folder" in neither.err
    (states / "empty").mkdir()
    assert spdcheck("diff", "old", "empty").code == status.USAGE
    _git(states, "init", "-b", "main")
    assert "neither a folder nor a revision" in spdcheck("diff", "nowhere", "new").err
    _git(states, "commit", "--allow-empty", "-m", "nothing")
    assert "does not exist in this revision" in spdcheck("diff", "main", "new", "--site", "new").err


def test_no_key_is_shown(states: Path) -> None:
    keys = "vX3!pQ9-zL27_uR5kNw8(sD4"
    for path in (states / "new").rglob("psk.txt"):
        path.write_text(path.read_text(encoding="utf-8").replace(keys, "another-Secret(77)xyz!"), encoding="utf-8")
    for form in ("text", "json", "markdown"):
        said = spdcheck("diff", "old", "new", "--format", form, "-v")
        assert keys not in said.out
        assert "another-Secret" not in said.out
