from __future__ import annotations

import json
from typing import TYPE_CHECKING

from spdcheck.cli import status
from tests.cli.conftest import BROKEN
from tests.cli.run import spdcheck

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_files_are_read_one_by_one(write: Callable[[str], Path]) -> None:
    write(BROKEN)
    assert spdcheck("syntax", "gw/etc/rc.conf").code == status.CLEAN
    code, out, _ = spdcheck("syntax", "gw/etc/rc.conf", "gw/etc/racoon.conf")
    assert code == status.FINDINGS
    assert "--> gw/etc/racoon.conf:3:2" in out
    assert "no verdict" not in out
    assert "2 files" in out


def test_the_language_can_be_given(write: Callable[[str], Path]) -> None:
    write(BROKEN.replace("racoon.conf", "odd.name"))
    code, out, _ = spdcheck(
        "syntax", "--format", "racoon", "--platform", "netbsd", "--output", "concise", "gw/etc/odd.name"
    )
    assert code == status.FINDINGS
    assert out.startswith("gw/etc/odd.name:3:2: error CFG001 ")


def test_json(write: Callable[[str], Path]) -> None:
    write(BROKEN)
    code, out, _ = spdcheck("syntax", "--output", "json", "gw/etc/racoon.conf")
    assert code == json.loads(out)["summary"]["exit_code"] == status.FINDINGS


def test_a_missing_file_in_a_given_language() -> None:
    assert spdcheck("syntax", "--format", "racoon", "nowhere.conf").code == status.USAGE
