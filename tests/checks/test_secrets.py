"""No check shows a key, whatever it says about it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from spdcheck.checks import CHECKS
from spdcheck.checks.run import run
from tests.checks.rendering import findings_text
from tests.checks.site_of import read
from tests.checks.test_corpus import CASES

if TYPE_CHECKING:
    from pathlib import Path

_BY_HAND = re.compile(r"-[EA]\s+[\w-]+\s+(0x[0-9a-fA-F]+|\"[^\"]+\")")
_LISTED = re.compile(r"^\s*(?:[EA]:|enc|auth\S*|aead|authkey|enckey)\s+(.*)$", re.MULTILINE)
_DIGITS = re.compile(r"(?<![\w-])(?:0x)?([0-9a-f]{8,})(?![\w-])")
_KEY_LINE = re.compile(r"^[\w.:*]+\s+(\S.{7,})$", re.MULTILINE)


def keys_of(text: str) -> set[str]:
    """Every key that a site's files hold."""
    keys = {key.strip('"').removeprefix("0x") for key in _BY_HAND.findall(text)}
    keys |= {digits for line in _LISTED.findall(text) for digits in _DIGITS.findall(line)}
    for part in re.split(r"^=== ", text, flags=re.MULTILINE):
        path, _, body = part.partition("\n")
        if "psk" in path:
            keys |= {key.strip() for key in _KEY_LINE.findall(body)}
    return {key for key in keys if len(key) >= 8}


@pytest.mark.parametrize(
    "path", [path for path in CASES if keys_of(path.read_text())], ids=lambda path: f"{path.parent.name}/{path.stem}"
)
def test_no_key_is_shown(path: Path, tmp_path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    report = run(read(text, tmp_path), [code for code, _, _ in CHECKS])
    said = findings_text(report.findings, report.undecided)
    excerpts = " ".join(
        span.text for finding in report.findings for span in (finding.span, *(note.span for note in finding.notes))
    )
    for key in keys_of(text):
        assert key not in said
        assert key not in excerpts
        assert key not in repr(report)
