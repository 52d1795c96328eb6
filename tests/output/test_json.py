from __future__ import annotations

import json
from typing import TYPE_CHECKING

from spdcheck.output.json import relative, render
from spdcheck.output.summary import Summary
from tests.output.sample import MISMATCH, OPEN, WEAK, checked

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_the_document() -> None:
    text = render(Summary((checked(MISMATCH, WEAK, undecided=(OPEN,)),)), 1)
    assert text.isascii()
    document = json.loads(text)
    assert document["schema"] == 1
    assert document["findings"][0] == {
        "code": "SPD004",
        "name": "selector-mismatch",
        "severity": "error",
        "certainty": "proved",
        "message": "west protects only half of what east sends",
        "host": "east",
        "location": {
            "path": "east/etc/ipsec.conf",
            "start_line": 2,
            "start_column": 8,
            "end_line": 2,
            "end_column": 19,
        },
        "label": "all of 10.1.0.0/16",
        "related": [
            {
                "location": {
                    "path": "west/etc/ipsec.conf",
                    "start_line": 1,
                    "start_column": 8,
                    "end_line": 1,
                    "end_column": 19,
                },
                "message": "only 10.1.0.0/17",
            }
        ],
        "witness": "tcp 10.1.128.1:40000 → 10.2.0.9:443",
        "trace": None,
        "mend": "write 10.1.0.0/16 at west",
        "fingerprint": MISMATCH.fingerprint,
    }
    assert document["files"][2] == {
        "path": "west/etc/racoon.conf",
        "format": "racoon",
        "statements": 1,
        "parsed": 0,
        "inert": 0,
        "unmodelled": 0,
        "unparsed": 1,
        "loaded": True,
    }
    summary = document["summary"]
    assert summary["severity"] == {"error": 1, "warning": 1, "info": 0}
    assert (summary["verdict"], summary["exit_code"]) == ("findings", 1)
    assert summary["undecided"][0]["code"] == "IKE005"
    assert summary["undecided"][0]["location"]["path"] == "west/etc/racoon.conf"
    assert summary["checks"] == ["CFG001", "SPD004", "CRY001"]


def test_paths_are_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert relative(str(tmp_path / "here" / "gw" / "a.conf")) == "gw/a.conf"
    assert relative(str(tmp_path / "b.conf")) == "../b.conf"
    assert relative("gw/a.conf") == "gw/a.conf"
