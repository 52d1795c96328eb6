"""docs/cli.md says what the command line does."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from spdcheck.cli import status
from spdcheck.cli.dispatch import COMMANDS
from spdcheck.output.full import render
from spdcheck.output.json import render as as_json
from spdcheck.output.summary import Summary
from spdcheck.output.terminal import Look
from tests.cli.run import spdcheck
from tests.golden import ROOT
from tests.output.sample import MISMATCH, OPEN, checked

PAGE = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_is_described(name: str) -> None:
    assert f"| `{name}" in PAGE
    for option in re.findall(r"(?<![\w-])--[a-z-]+", spdcheck(name, "--help").out):
        assert option in PAGE, f"{name} {option}"


def test_every_status_is_described() -> None:
    for name, value in vars(status).items():
        if name.isupper():
            assert re.search(rf"^\|.*\b{value}\b.*\|", PAGE, re.MULTILINE), name


def test_the_example_is_what_is_printed() -> None:
    assert "".join(render([checked(MISMATCH)], Look())) in PAGE


def test_every_key_of_the_document_is_described() -> None:
    def keys(value: Any) -> set[str]:
        if isinstance(value, dict):
            return set(value) | {key for inner in value.values() for key in keys(inner)}
        return {key for inner in value for key in keys(inner)} if isinstance(value, list) else set()

    document = json.loads(as_json(Summary((checked(MISMATCH, undecided=(OPEN,)),)), 1))
    for key in keys(document):
        assert f"`{key}`" in PAGE or f"`{key}[]`" in PAGE or key in ("schema", "error", "warning", "info"), key


def test_the_page_on_changes_knows_every_kind() -> None:
    from spdcheck.engine.differences import Kind

    page = (ROOT / "docs" / "diff.md").read_text(encoding="utf-8")
    for kind in Kind:
        assert f"`{kind.value}`" in page
