"""Whole sites and their broken variants: what the user sees, as golden files.

``corpus/sites/NAME/expected.txt`` is the output of ``check``. A variant names its base site and edits of its
files, one defect each; ``NAME.out`` beside it is the output of ``check``, and behind it that of every ``trace FLOW``
line of the variant; ``NAME.trace`` is that of one ``trace`` alone.
"""

from __future__ import annotations

import io
import shlex
import shutil
from typing import TYPE_CHECKING

import pytest

from spdcheck.checks import CHECKS
from spdcheck.cli import main
from tests.golden import CORPUS, Golden

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SITES = sorted(path for path in (CORPUS / "sites").iterdir() if path.is_dir())
VARIANTS = sorted((CORPUS / "variants").glob("*.variant"))
VARIANT_TRACES = sorted((CORPUS / "variants").glob("*.trace"))
PROMPT = "$ spdcheck "


def run_check(folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The output of ``spdcheck check NAME`` from the folder above, with the exit status as the last line."""
    return run(["check", "--format", "full", folder.name], folder, monkeypatch)


def run(arguments: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The output of a command in the folder above a site."""
    monkeypatch.chdir(folder.parent)
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    out, err = io.StringIO(), io.StringIO()
    status = main(arguments, io.StringIO(), out, err)
    text = out.getvalue().replace(f"{len(CHECKS)} checks", "all checks")  # a new check is no news for the other sites
    return f"{text}{err.getvalue()}exit status {status}\n"


def traces(variant: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """What ``trace`` says about the flows that the variant names."""
    for line in variant.read_text(encoding="utf-8").splitlines():
        if line.startswith("trace "):
            arguments = ["trace", "--site", folder.name, *shlex.split(line)[1:]]
            yield f"\n{PROMPT}{shlex.join(arguments)}\n{run(arguments, folder, monkeypatch)}"


def apply(variant: Path, folder: Path) -> Path:
    """Makes the site of a variant below ``folder`` and returns its path."""
    lines = variant.read_text(encoding="utf-8").splitlines(keepends=True)
    base = lines[0].split()[1]
    target = folder / base
    shutil.copytree(
        CORPUS / "sites" / base, target, ignore=shutil.ignore_patterns("expected.txt", "README.md", "traces")
    )
    edited: Path | None = None
    old: list[str] = []
    new: list[str] = []

    def flush() -> None:
        if edited is not None and new and not edited.exists():
            edited.parent.mkdir(parents=True, exist_ok=True)
            edited.write_text("".join(new), encoding="utf-8")
        elif edited is not None and old:
            text = edited.read_text(encoding="utf-8")
            assert "".join(old) in text, f"{variant.name}: {edited.name} does not hold {old}"
            edited.write_text(text.replace("".join(old), "".join(new)), encoding="utf-8")
        old.clear()
        new.clear()

    for line in lines[1:]:
        if line.startswith(("edit ", "add ")):
            flush()
            edited = target / line.split()[1]
        elif line.startswith("-"):
            if new:
                flush()
            old.append(line[1:])
        elif line.startswith("+"):
            new.append(line[1:])
        else:
            flush()
    flush()
    return target


@pytest.mark.parametrize("site", SITES, ids=lambda path: path.name)
def test_site(site: Path, golden: Golden, monkeypatch: pytest.MonkeyPatch) -> None:
    golden.check(site / "expected.txt", run_check(site, monkeypatch))


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda path: path.stem)
def test_variant(variant: Path, golden: Golden, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = apply(variant, tmp_path)
    text = run_check(folder, monkeypatch)
    assert "exit status 0" not in text, "a variant has a defect, and a defect is told"
    golden.check(variant.with_suffix(".out"), text + "".join(traces(variant, folder, monkeypatch)))


@pytest.mark.parametrize("path", VARIANT_TRACES, ids=lambda path: path.stem)
def test_trace_of_a_variant(path: Path, golden: Golden, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``NAME.trace`` beside a variant: a command line, and what it prints in the broken site."""
    folder = apply(path.with_suffix(".variant"), tmp_path)
    line = path.read_text(encoding="utf-8").splitlines()[0].removeprefix(PROMPT)
    assert line.startswith(f"trace --site {folder.name} "), "the first line is the command"
    golden.check(path, f"{PROMPT}{line}\n{run(shlex.split(line), folder, monkeypatch)}")


def test_the_mended_site_is_clean(monkeypatch: pytest.MonkeyPatch) -> None:
    """A correct set-up is silent: a false alarm is as bad as a miss."""
    assert run_check(CORPUS / "sites" / "sensor-mended", monkeypatch).endswith("exit status 0\n")


def test_no_site_shows_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = {"thisisabadsecret", "SUPERPASSWORD", "vX3!pQ9-zL27_uR5kNw8(sD4"}
    for site in SITES:
        for style in ("full", "concise", "json"):
            monkeypatch.chdir(site.parent)
            out, err = io.StringIO(), io.StringIO()
            main(["check", "--format", style, site.name], io.StringIO(), out, err)
            shown = out.getvalue() + err.getvalue()
            assert not any(key in shown for key in keys), f"{site.name} in {style}"
