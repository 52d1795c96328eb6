"""IP Filter's own suite, where its data is beside the project."""

from __future__ import annotations

import pytest

from tests.conformance.__main__ import DEFAULT_ROOT
from tests.conformance.ipfilter import cases

pytestmark = pytest.mark.skipif(not (DEFAULT_ROOT / "ipfilter").is_dir(), reason="no conformance data")


def test_all_tests_of_the_suite_pass() -> None:
    failed = [f"{case.name}: {case.reason}" for case in cases(DEFAULT_ROOT) if not case.passed]
    assert failed == []
