"""No output of any command shows a key of the corpus: text, concise, JSON, traces, negotiations, the model."""

from __future__ import annotations

import re
from itertools import permutations
from typing import TYPE_CHECKING

import pytest

from spdcheck.site.load import load_site
from tests.cli.run import spdcheck
from tests.golden import CORPUS, unpack

if TYPE_CHECKING:
    from pathlib import Path

_KEYS = re.compile(
    r"^Authentication=[ \t]*(?P<section>\S.*)$"
    r"|-[EA]\s+[\w-]+\s+(?P<manual>0x[0-9a-fA-F]+|\"[^\"]+\")"
    r"|\"passphrase(?:-\w+)*:(?P<policy>[^\"]+)\"",
    re.MULTILINE,
)
_KEY_LINE = re.compile(r"^[\w.:*@-]+[ \t]+(\S.*?)[ \t]*$", re.MULTILINE)
_SHORTEST = 8
PAIRS = sorted((CORPUS / "ike").glob("*.site"))
SITES = [CORPUS / "sites" / name for name in ("roaming-isakmpd", "sensor-negotiated", "partner-vps", "manual-keys")]


def secrets_of(folder: Path) -> set[str]:
    """Every key that the files of a folder hold."""
    found: set[str] = set()
    for path in folder.rglob("*"):
        if not path.is_file() or path.suffix in (".out", ".md"):
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        if path.name.endswith("psk.txt"):
            found |= set(_KEY_LINE.findall(text))
        else:
            found |= {next(filter(None, match)).strip('"').removeprefix("0x") for match in _KEYS.findall(text)}
    return {key for key in found if len(key) >= _SHORTEST}


def shown(folder: Path) -> str:
    """Everything that the commands print about a site."""
    hosts = [host.name for host in load_site(folder).hosts]
    lines: list[tuple[object, ...]] = [
        *(("check", "--format", style, folder) for style in ("full", "concise", "json")),
        *(("show", "--format", style, folder) for style in ("text", "json")),
        *(
            ("trace", "--site", folder, "--format", style, "tcp", first, f"{second}:80")
            for first, second in permutations(hosts[:2])
            for style in ("text", "json")
        ),
        *(
            ("ike", "--site", folder, "--format", style, first, second)
            for first, second in permutations(hosts[:2])
            for style in ("text", "json")
        ),
    ]
    results = [spdcheck(*line) for line in lines]
    assert all(result.code in (0, 1, 2, 3) for result in results)
    return "".join(result.out + result.err for result in results)


@pytest.mark.parametrize("path", PAIRS[::3], ids=lambda path: path.stem)
def test_no_pair_shows_a_key(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unpack(path.read_text(encoding="utf-8"), tmp_path)
    monkeypatch.chdir(tmp_path)
    keys = secrets_of(tmp_path)
    assert keys, "the pairs have keys"
    said = shown(tmp_path)
    assert not [key for key in keys if key in said]


@pytest.mark.parametrize("folder", SITES, ids=lambda path: path.name)
def test_no_site_shows_a_key(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder.parent)
    said = shown(folder)
    assert not [key for key in secrets_of(folder) if key in said]


@pytest.mark.parametrize("path", PAIRS, ids=lambda path: path.stem)
def test_no_golden_file_shows_a_key(path: Path, tmp_path: Path) -> None:
    unpack(path.read_text(encoding="utf-8"), tmp_path)
    said = path.with_suffix(".out").read_text(encoding="utf-8")
    assert not [key for key in secrets_of(tmp_path) if key in said]
