from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spdcheck.output.columns import plain, table, width_of, wrap


def shown_width(text: str) -> int:
    """The columns of a text, by a rule of its own: what a terminal does."""
    columns = 0
    for char in text:
        if unicodedata.category(char) in ("Mn", "Me"):
            continue
        columns += 2 if unicodedata.east_asian_width(char) in ("W", "F") else 1
    return columns


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\tb\nc", "a b c"),
        ("\x1b[31mred", "␛[31mred"),
        ("\u202eleft", "\ufffdleft"),
        ("zero\u200bwidth", "zero\ufffdwidth"),
        ("日本", "日本"),
        ("\udcff", "\ufffd"),
        ("\x7f\x9b", "\ufffd\ufffd"),
    ],
)
def test_nothing_that_a_terminal_obeys_is_left(text: str, expected: str) -> None:
    assert plain(text) == expected


def test_ascii_only() -> None:
    assert plain("10.1 → 10.2 … • ✓ é", ascii_only=True) == "10.1 -> 10.2 ... * ok ?"


@given(st.text())
def test_plain_text_has_no_control_characters(text: str) -> None:
    assert all(unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in plain(text))
    assert plain(text, ascii_only=True).isascii()
    assert width_of(plain(text)) == shown_width(plain(text))


@given(st.text(st.sampled_from("ab 日x")), st.integers(2, 30))
def test_wrapped_lines_fit_and_lose_nothing(text: str, width: int) -> None:
    lines = wrap(text, width)
    assert all(shown_width(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


@given(st.text(st.sampled_from("ab 日x")), st.integers(2, 30), st.integers(0, 30))
def test_the_first_line_may_be_shorter(text: str, width: int, first: int) -> None:
    lines = wrap(text, width, first=min(first, width))
    assert shown_width(lines[0]) <= max(min(first, width), 0) or len(lines[0]) == 1
    assert all(shown_width(line) <= width for line in lines[1:])


def test_words_stay_whole() -> None:
    assert wrap("the peer has no policy", 9) == ["the peer", "has no", "policy"]
    assert wrap("abcdefghij", 4) == ["abcd", "efgh", "ij"]
    assert wrap("", 10) == [""]


def test_tables_align() -> None:
    assert table([("a", "b", "c"), ("long", "日", "x"), ("only",)]) == ["a     b   c", "long  日  x", "only"]
