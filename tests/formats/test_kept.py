"""The folder of computed grammars: it may be damaged, foreign, shared or absent, and nobody notices but the clock."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from spdcheck.formats.kept import kept

if TYPE_CHECKING:
    from pathlib import Path

MADE_OF = ("grammar", "start: A", 1)
VALUE = ({"A": 1}, [("x", None)], "text")


class Computed:
    """Counts how often the value had to be computed."""

    def __init__(self, value: object = VALUE) -> None:
        self.times = 0
        self.value = value

    def __call__(self) -> object:
        self.times += 1
        return self.value


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SPDCHECK_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def times(name: str = "x", made_of: tuple[object, ...] = MADE_OF) -> int:
    compute = Computed()
    assert kept(name, made_of, compute) == VALUE
    return compute.times


def test_computed_once(folder: Path) -> None:
    assert [times(), times(), times()] == [1, 0, 0]
    assert [path.name for path in folder.iterdir()] == ["x.tables"]


@pytest.mark.skipif(os.name != "posix", reason="rights of POSIX")
def test_only_the_user_reads_and_writes(folder: Path) -> None:
    times()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "x.tables").stat().st_mode) == 0o600


def test_another_grammar_is_computed_anew(folder: Path) -> None:
    assert times() == 1
    assert times(made_of=("grammar", "start: B", 1)) == 1
    assert times(made_of=("grammar", "start: B", 1)) == 0
    assert times() == 1


@pytest.mark.parametrize("damage", [b"", b"x", b"spdcheck", b"\x80\x04garbage" * 99])
def test_foreign_content_is_replaced(folder: Path, damage: bytes) -> None:
    times()
    (folder / "x.tables").write_bytes(damage)
    assert [times(), times()] == [1, 0]


def test_every_damaged_byte_is_noticed(folder: Path) -> None:
    times()
    whole = (folder / "x.tables").read_bytes()
    for at in range(len(whole)):
        (folder / "x.tables").write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert times() == 1
        (folder / "x.tables").write_bytes(whole[:at])
        assert times() == 1


@pytest.mark.skipif(os.name != "posix", reason="rights of POSIX")
def test_an_entry_that_others_may_write_is_not_believed(folder: Path) -> None:
    times()
    (folder / "x.tables").chmod(0o666)
    assert [times(), times()] == [1, 0]


@pytest.mark.skipif(os.name != "posix", reason="owners of POSIX")
def test_an_entry_of_somebody_else_is_not_believed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    times()
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    assert [times(), times()] == [1, 1]


@pytest.mark.skipif(os.name != "posix", reason="links of POSIX")
def test_a_link_is_not_followed(folder: Path, tmp_path: Path) -> None:
    times()
    (folder / "x.tables").rename(tmp_path / "elsewhere")
    (folder / "x.tables").symlink_to(tmp_path / "elsewhere")
    assert times() == 1
    assert not (folder / "x.tables").is_symlink()


def test_a_folder_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("SPDCHECK_CACHE", str(tmp_path / "file" / "cache"))
    assert [times(), times()] == [1, 1]


def test_an_entry_whose_place_is_taken(folder: Path) -> None:
    (folder / "x.tables").mkdir(parents=True)
    assert [times(), times()] == [1, 1]
    assert [path.name for path in folder.iterdir()] == ["x.tables"], "no draft is left behind"


@pytest.mark.parametrize("word", ["off", "OFF", "0", "no"])
def test_turned_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("SPDCHECK_CACHE", word)
    assert [times(), times()] == [1, 1]
    assert not list(tmp_path.iterdir())


def test_nobody_at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SPDCHECK_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda _: "~")
    assert [times(), times()] == [1, 1]


def test_values_that_are_not_plain_are_not_kept(folder: Path) -> None:
    compute = Computed(value=object())
    assert kept("x", MADE_OF, compute) is compute.value
    assert not (folder / "x.tables").exists()


def test_many_at_once(folder: Path) -> None:
    long = {str(number): number for number in range(20_000)}
    with ThreadPoolExecutor(8) as pool:
        values = list(pool.map(lambda number: kept("x", (number % 2,), lambda: long), range(60)))
    assert all(value == long for value in values)
    assert [path.name for path in folder.iterdir()] == ["x.tables"]


CHECK = [sys.executable, "-m", "spdcheck", "check", "corpus/sites/sensor-gif", "--format", "json", "--exit-zero"]


def test_processes_that_start_together_agree(folder: Path) -> None:
    plain = subprocess.run(CHECK, capture_output=True, check=True, env={**os.environ, "SPDCHECK_CACHE": "off"}).stdout
    started = [subprocess.Popen(CHECK, stdout=subprocess.PIPE) for _ in range(3)]
    assert [process.communicate()[0] for process in started] == [plain] * 3
    assert all(path.suffix == ".tables" for path in folder.iterdir())
