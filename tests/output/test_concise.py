from __future__ import annotations

from dataclasses import replace

from spdcheck.output.concise import render
from spdcheck.output.terminal import Look
from tests.output.sample import MISMATCH, OPEN, WEAK, checked


def test_one_line_each() -> None:
    assert (
        "".join(render([checked(MISMATCH, WEAK, undecided=(OPEN,))], Look()))
        == """\
east/etc/ipsec.conf:2:8: error SPD004 west protects only half of what east sends [east]
east/etc/ipsec.conf:6:50: warning CRY001 this key is used by hand [east]
west/etc/racoon.conf:1:1: no verdict IKE005 west/etc/racoon.conf can't be opened [west]
"""
    )


def test_a_message_can_not_make_a_second_line() -> None:
    text = "".join(render([checked(replace(MISMATCH, message="found `\n`\x1b[2J"))], Look()))
    assert text.count("\n") == 1
    assert "\x1b" not in text
