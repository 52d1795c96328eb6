"""The pre-commit hooks, really run by pre-commit in a repository of their own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from spdcheck.formats import FORMATS
from tests.cli.conftest import BROKEN, MENDED, SITE
from tests.golden import ROOT, unpack

HOOKS: list[dict[str, Any]] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: str(hook["id"]))
@pytest.mark.parametrize("language", FORMATS, ids=lambda language: language.name)
def test_the_hooks_know_the_names_of_every_format(hook: dict[str, Any], language: Any) -> None:
    for path in language.paths:
        known = [line.strip().removesuffix("|") for line in hook["files"].splitlines()]
        assert path in known, f"{language.name} claims {path}: add it to `files` in .pre-commit-hooks.yaml"


@pytest.mark.parametrize(
    ("path", "known"),
    [
        ("gw/etc/ipsec.conf", True),
        ("rc.conf", True),
        ("a/usr/local/etc/racoon/racoon.conf", True),
        ("a/usr/local/etc/racoon/psk.txt", True),
        ("spdcheck.toml", True),
        ("docs/ipsec.conf.md", False),
        ("src/main.py", False),
    ],
)
def test_what_triggers_the_hook(path: str, known: bool) -> None:
    assert bool(re.search(HOOKS[0]["files"], path)) is known


def run(*command: str | Path, folder: Path, check: bool = True, **environ: str) -> subprocess.CompletedProcess[str]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("GIT_", "PRE_COMMIT", "COV_"))}
    return subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env=clean | environ,
        capture_output=True,
        text=True,
        check=check,
    )


def commit(folder: Path) -> str:
    """Puts everything in a folder into a git repository; answers with the commit."""
    git = ("git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    run("git", "init", "-q", folder=folder)
    run("git", "add", "-A", folder=folder)
    run(*git, "commit", "-q", "--no-verify", "-m", "state", folder=folder)
    return run("git", "rev-parse", "HEAD", folder=folder).stdout.strip()


def pre_commit(folder: Path, hook: str, home: Path) -> subprocess.CompletedProcess[str]:
    run("git", "add", "-A", folder=folder)
    return run(
        sys.executable, "-m", "pre_commit", "run", hook, "--all-files", "--verbose",
        folder=folder, check=False, PRE_COMMIT_HOME=str(home), PATH=_path(),
    )  # fmt: skip


def _path() -> str:
    return os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))


def both_hooks_work(folder: Path, home: Path) -> None:
    """The hooks object to a broken site, name the place, and are content once it is mended."""
    unpack(BROKEN, folder)
    for hook in ("spdcheck", "spdcheck-syntax"):
        done = pre_commit(folder, hook, home)
        assert done.returncode == 1, done.stdout + done.stderr
        assert "Failed" in done.stdout
        assert "gw/etc/racoon.conf:3:2" in done.stdout, done.stdout
        assert "\x1b[1;31m" not in done.stdout
    unpack(MENDED, folder)
    done = pre_commit(folder, "spdcheck-syntax", home)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Passed" in done.stdout
    unpack(SITE + '=== spdcheck.toml\n[host.gw]\n[check]\nselect = ["CFG001"]\n=== notes.txt\nx\n', folder)
    (folder / "gw" / "etc" / "racoon.conf").unlink()
    done = pre_commit(folder, "spdcheck", home)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no findings: 1 check, 1 host, 1 file" in done.stdout


def test_hooks_of_this_installation(tmp_path: Path) -> None:
    """Without an environment of their own: the entries as a local hook, with the spdcheck of these tests."""
    folder = tmp_path / "site"
    folder.mkdir()
    local = [hook | {"language": "system"} for hook in HOOKS]
    (folder / ".pre-commit-config.yaml").write_text(yaml.safe_dump({"repos": [{"repo": "local", "hooks": local}]}))
    unpack(SITE, folder)
    commit(folder)
    both_hooks_work(folder, tmp_path / "home")


def test_hooks_as_users_install_them(tmp_path: Path) -> None:
    """pre-commit clones the project and installs it into an environment of its own."""
    project, folder, home = tmp_path / "project", tmp_path / "site", tmp_path / "home"
    project.mkdir()
    folder.mkdir()
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("these tests do not run in a git checkout")
    for name in listed.stdout.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (project / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, project / name)
    config = {"repo": str(project), "rev": commit(project), "hooks": [{"id": hook["id"]} for hook in HOOKS]}
    (folder / ".pre-commit-config.yaml").write_text(yaml.safe_dump({"repos": [config]}))
    unpack(SITE, folder)
    commit(folder)
    made = run(
        sys.executable, "-m", "pre_commit", "install-hooks", folder=folder, check=False, PRE_COMMIT_HOME=str(home)
    )
    if made.returncode and _no_network(made.stdout + made.stderr):
        pytest.skip("the environment of the hook can't be made: no package registry is reachable")
    assert made.returncode == 0, made.stdout + made.stderr
    both_hooks_work(folder, home)


def _no_network(said: str) -> bool:
    return any(
        words in said
        for words in ("No matching distribution", "Could not find a version", "ConnectionError", "NewConnectionError",
                      "Connection to", "Temporary failure in name resolution", "Max retries exceeded")
    )  # fmt: skip
