"""What is shipped beside the code is what the code says: completions, manual page, documentation, jobs for CI."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from spdcheck.checks import CHECKS
from spdcheck.cli.dispatch import COMMANDS
from tests import share
from tests.cli.run import spdcheck
from tests.golden import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.golden import Golden

yaml = pytest.importorskip("yaml")


@pytest.mark.parametrize(
    "name", ["bash-completion/completions/spdcheck", "zsh/site-functions/_spdcheck", "man/man1/spdcheck.1"]
)
def test_share_is_up_to_date(name: str, golden: Golden) -> None:
    pytest.importorskip("shtab")
    pytest.importorskip("argparse_manpage")
    golden.check(share.SHARE / name, share.FILES[share.SHARE / name]())


def test_bash_completes_commands_and_options() -> None:
    script = share.SHARE / "bash-completion/completions/spdcheck"
    ask = f"source {script}; COMP_WORDS=(spdcheck di); COMP_CWORD=1; _shtab_spdcheck; echo ${{COMPREPLY[@]}}"
    said = subprocess.run(["bash", "-c", ask], text=True, capture_output=True, check=True)
    assert said.stdout.split() == ["diff"]


def test_the_documentation_is_built(tmp_path: Path) -> None:
    pytest.importorskip("mkdocs")
    from mkdocs.commands.build import build
    from mkdocs.config import load_config

    build(load_config(str(ROOT / "mkdocs.yml"), site_dir=str(tmp_path), strict=False))
    made = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.html")}
    assert {f"checks/{code}.html" for code, _, _ in CHECKS} <= made
    for page in (ROOT / "docs").glob("*.md"):
        assert f"{page.stem}.html" in made
        for link in re.findall(r"\]\(([\w./-]+\.md)(?:#[\w-]+)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / link).resolve().exists(), f"{page.name} links to {link}"


def _commands(text: Any) -> list[str]:
    if isinstance(text, dict):
        return [line for value in text.values() for line in _commands(value)]
    if isinstance(text, list):
        return [line for value in text for line in _commands(value)]
    return re.findall(r"spdcheck (?:check|diff)[^\n]*(?:\n\s*--[^\n]*)*", str(text))


@pytest.mark.parametrize("name", ["action.yml", "ci/gitlab.yml"])
def test_the_jobs_use_options_that_exist(name: str) -> None:
    lines = _commands(yaml.safe_load((ROOT / name).read_text(encoding="utf-8")))
    assert lines
    for line in lines:
        command = line.split()[1]
        assert command in COMMANDS
        known = spdcheck(command, "--help").out
        for option in re.findall(r"--[a-z-]+", line):
            assert option in known, f"{name}: {option}"


def test_the_image_copies_what_the_wheel_needs() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    for name in ("pyproject.toml", "README.md", "LICENSE", "constraints.txt", "spdcheck", "grammars", "share"):
        assert re.search(rf"^COPY .*\b{re.escape(name)}\b", text, re.MULTILINE), name
