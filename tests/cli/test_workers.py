"""One check divided among processes, and reports kept from run to run: the same words as one process says."""

from __future__ import annotations

import multiprocessing
from typing import TYPE_CHECKING

import pytest

from spdcheck.checks import CHECKS, kept_reports
from spdcheck.checks.run import ask, joined, run
from spdcheck.cli import status, workers
from spdcheck.engine.focus import Share
from spdcheck.site.load import load_site
from tests.bench.star import write
from tests.cli.run import spdcheck
from tests.golden import CORPUS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CODES = [code for code, _, _ in CHECKS]
SITES = sorted(path for path in (CORPUS / "sites").iterdir() if path.is_dir())


@pytest.fixture
def star(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write(tmp_path / "star", 4)
    policies = tmp_path / "star/branch-0002/etc/ipsec.conf"
    policies.write_text(
        policies.read_text(encoding="utf-8").replace("/24 any -P in", "/25 any -P in"), encoding="utf-8"
    )
    (tmp_path / "star/hub/etc/pf.conf").write_text("pass all\nflooble\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SPDCHECK_CACHE", str(tmp_path / "cache"))
    return tmp_path / "star"


@pytest.mark.parametrize("site", SITES, ids=lambda path: path.name)
def test_shares_say_together_what_the_whole_says(site: Path) -> None:
    whole = load_site(site)
    report = ask(whole, CODES)
    shares = [Share(frozenset({host.name}), number == 0) for number, host in enumerate(whole.hosts)]
    parts = joined(whole, [ask(whole, CODES, focus=share) for share in shares])
    assert parts.findings == report.findings
    assert parts.undecided == report.undecided


@pytest.mark.parametrize("form", ["full", "concise", "json"])
def test_two_processes_say_what_one_says(star: Path, form: str) -> None:
    one = spdcheck("check", star, "--jobs", "1", "--format", form)
    two = spdcheck("check", star, "--jobs", "2", "--format", form)
    assert one == two
    assert one.code == status.FINDINGS


def test_a_cluster_says_what_one_process_says(star: Path) -> None:
    distributed = pytest.importorskip("distributed")
    one = spdcheck("check", star, "--jobs", "1", "--format", "json")
    settings = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None, "host": "127.0.0.1"}
    with distributed.LocalCluster(processes=True, **settings) as local:
        two = spdcheck("check", star, "--cluster", local.scheduler_address, "--format", "json")
    assert one == two


def test_a_scheduler_that_is_not_there(star: Path) -> None:
    pytest.importorskip("distributed")
    said = spdcheck("check", star, "--cluster", "127.0.0.1:1")
    assert said.code == status.USAGE
    assert "no scheduler answers there" in said.err


@pytest.mark.parametrize("number", ["0", "-1", "many"])
def test_a_wrong_number(star: Path, number: str) -> None:
    said = spdcheck("check", star, f"--jobs={number}")
    assert said.code == status.USAGE
    assert "is no number from 1 on" in said.err


def test_a_worker_that_sees_other_files_is_not_believed(star: Path) -> None:
    site = load_site(star)
    source = workers.Source(str(star.parent), "star")
    assert workers.answer(source, "another digest", ("CRY001",), ("hub",), True) is None

    class Stale:
        def submit(self, function: object, /, *arguments: object) -> Stale:
            return self

        def result(self) -> None:
            return None

    assert workers.divided(site, CODES, source, Stale(), 2).findings == run(site, CODES).findings


@pytest.fixture
def keeping(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(kept_reports, "WORTHWHILE_HOSTS", 2)
    return iter(())


def test_a_kept_report_is_what_was_said(star: Path, keeping: None, monkeypatch: pytest.MonkeyPatch) -> None:
    first = spdcheck("check", star)
    assert len(list((star.parent / "cache").glob("*.report"))) == 1

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("it was asked again")

    monkeypatch.setattr("spdcheck.checks.run.run", refuse)
    monkeypatch.setattr("spdcheck.checks.run.ask", refuse)
    assert spdcheck("check", star) == first


def test_anything_that_changes_is_asked_again(star: Path, keeping: None) -> None:
    spdcheck("check", star)
    for name, old, new in (
        ("branch-0001/usr/local/etc/racoon/psk.txt", "192.0.2.1 ", "192.0.2.1 another"),
        ("branch-0001/etc/ipsec.conf", "require", "use"),
    ):
        path = star / name
        path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
        before = len(list((star.parent / "cache").glob("*.report")))
        said = spdcheck("check", star, "--format", "concise")
        assert len(list((star.parent / "cache").glob("*.report"))) == before + 1
        assert "branch-0001" in said.out


def test_no_secret_is_kept(star: Path, keeping: None) -> None:
    spdcheck("check", star)
    keys = [line.split()[1].encode() for path in star.rglob("psk.txt") for line in path.read_text().splitlines()]
    for path in (star.parent / "cache").iterdir():
        assert not any(key in path.read_bytes() for key in keys)


def _check_in_a_process(star: str) -> int:
    return spdcheck("check", star).code


def test_concurrent_runs_share_the_folder(star: Path, keeping: None) -> None:
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        assert pool.map(_check_in_a_process, [str(star)] * 6) == [status.FINDINGS] * 6
