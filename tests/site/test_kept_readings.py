"""Readings kept from run to run: the same site as without, read anew where anything differs, and no secret on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from spdcheck.checks.site_digest import digest
from spdcheck.semantics.alterations import alteration
from spdcheck.site import kept_readings
from spdcheck.site.load import load_site
from tests.bench.star import write

if TYPE_CHECKING:
    from pathlib import Path

    from spdcheck.model.host import Site


@pytest.fixture
def star(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SPDCHECK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(kept_readings, "WORTHWHILE_FILES", 4)
    write(tmp_path / "star", 3)
    return tmp_path / "star"


def _kept(star: Path) -> list[Path]:
    return sorted((star.parent / "cache").glob("*.readings"))


def _alike(one: Site, other: Site) -> bool:
    return all(alteration(a, b) is None for a, b in zip(one.hosts, other.hosts, strict=True))


def test_the_second_reading_is_the_first(star: Path) -> None:
    first, second = load_site(star), load_site(star)
    assert len(_kept(star)) == 1
    assert _alike(first, second)
    assert digest(first) == digest(second)
    assert [h.diagnostics for h in first.hosts] == [h.diagnostics for h in second.hosts]


def test_a_changed_file_is_read_anew_and_the_rest_is_not(star: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load_site(star)
    path = star / "hub/etc/pf.conf"
    path.write_text(path.read_text(encoding="utf-8").replace("block log all", "pass all"), encoding="utf-8")
    read: list[str] = []
    whole = kept_readings.KeptReadings.read

    def watched(self: kept_readings.KeptReadings, language: object, file: object, context: object) -> object:
        before = len(self._used.keys() & self._known.keys())
        found = whole(self, language, file, context)  # type: ignore[arg-type]
        if len(self._used.keys() & self._known.keys()) == before:
            read.append(file.path.rpartition("/")[2])  # type: ignore[attr-defined]
        return found

    monkeypatch.setattr(kept_readings.KeptReadings, "read", watched)
    changed = load_site(star)
    texts = [report.file.text for host in changed.hosts for report in host.files]
    assert any("pass all" in text for text in texts)
    assert sorted(set(read)) == ["pf.conf", "psk.txt"], "keys are never kept"


def test_no_secret_and_no_digest_of_one_is_kept(star: Path) -> None:
    load_site(star)
    keys = [line.split()[1] for path in star.rglob("psk.txt") for line in path.read_text().splitlines()]
    content = _kept(star)[0].read_bytes()
    assert keys
    assert not any(key.encode() in content for key in keys)
    assert b"psk.txt" not in content.replace(b"/usr/local/etc/racoon/psk.txt", b"")


@pytest.mark.parametrize("damage", [b"", b"spdcheck readings", b"\x00" * 400])
def test_a_damaged_entry_costs_only_time(star: Path, damage: bytes) -> None:
    first = load_site(star)
    _kept(star)[0].write_bytes(damage)
    assert _alike(first, load_site(star))
    assert _kept(star)[0].read_bytes() != damage


def test_another_program_reads_for_itself(star: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load_site(star)
    before = _kept(star)[0].read_bytes()
    monkeypatch.setattr("spdcheck.kept_files.program", lambda: "another")
    load_site(star)
    assert _kept(star)[0].read_bytes()[:100] != before[:100]


def test_small_sites_leave_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPDCHECK_CACHE", str(tmp_path / "cache"))
    write(tmp_path / "star", 3)
    load_site(tmp_path / "star")
    assert not list((tmp_path / "cache").glob("*.readings"))


def test_what_an_included_file_says_is_never_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPDCHECK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(kept_readings, "WORTHWHILE_FILES", 1)
    etc = tmp_path / "site/gw/etc"
    etc.mkdir(parents=True)
    (etc / "pf.conf").write_text('include "/etc/more.rules"\nblock all\n', encoding="utf-8")
    (etc / "more.rules").write_text("pass quick proto esp\n", encoding="utf-8")
    first = load_site(tmp_path / "site")
    (etc / "more.rules").write_text("block quick proto esp\n", encoding="utf-8")
    second = load_site(tmp_path / "site")
    assert digest(first) != digest(second)
    assert not _alike(first, second)
