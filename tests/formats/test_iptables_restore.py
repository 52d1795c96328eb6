"""Every option of every module: what we read and refuse, and what iptables-restore does where it is installed."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache

import pytest

from spdcheck.formats.base import Context
from spdcheck.formats.iptables import read
from spdcheck.source import SourceFile
from tests.golden import CORPUS

PROGRAM = shutil.which("iptables-restore", path="/usr/sbin:/sbin:/usr/bin:/bin")
FOLDER = CORPUS / "iptables" / "options"


def lines(name: str) -> list[str]:
    return [line for line in (FOLDER / name).read_text(encoding="utf-8").splitlines() if not line.startswith("#")]


ACCEPTED, REFUSED = lines("accepted.txt"), lines("refused.txt")


def whole(line: str) -> str:
    """The file that holds one rule and nothing else."""
    table, _, rule = line.partition(" ")
    return f"*{table}\n:one - [0:0]\n{rule}\nCOMMIT\n"


@cache
def works() -> bool:
    """The program is there and may ask its kernel."""
    return PROGRAM is not None and accepts(whole("filter -A INPUT -m policy --dir in --pol none -j ACCEPT"))


def accepts(text: str) -> bool:
    assert PROGRAM is not None
    return subprocess.run([PROGRAM, "--test"], input=text, text=True, capture_output=True, check=False).returncode == 0


def problems(text: str) -> list[str]:
    found = read(SourceFile("rules.v4", text), Context()).facts.diagnostics
    return [item.message for item in found if item.code in ("CFG001", "CFG003")]


@pytest.mark.parametrize("line", ACCEPTED)
def test_accepted(line: str) -> None:
    assert problems(whole(line)) == []


@pytest.mark.parametrize("line", REFUSED)
def test_refused(line: str) -> None:
    (problem,) = problems(whole(line))
    assert problem


def test_iptables_restore_says_the_same() -> None:
    if not works():
        pytest.skip("iptables-restore is not installed, or may not ask the kernel")
    together: dict[str, list[str]] = {}
    for line in ACCEPTED:
        table, _, rule = line.partition(" ")
        together.setdefault(table, []).append(rule)
    for table, rules in together.items():
        # Commands about chains would take the rules of others away.
        plain = [rule for rule in rules if rule.startswith(("-A", "["))]
        assert accepts("\n".join([f"*{table}", ":one - [0:0]", *plain, "COMMIT", ""])), table
    wrong = [line for line in REFUSED if accepts(whole(line))]
    assert wrong == []
