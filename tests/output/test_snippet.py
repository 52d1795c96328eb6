from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from spdcheck.output.snippet import Mark, excerpt, number_width
from spdcheck.output.terminal import Look
from spdcheck.source import SourceFile
from tests.output.sample import EAST, place
from tests.output.test_columns import shown_width


def draw(*marks: Mark, look: Look | None = None) -> str:
    look = look or Look()
    return "\n".join(excerpt(marks, look, number_width(marks, look)))


def test_one_place() -> None:
    assert (
        draw(Mark(place(EAST, "10.1.0.0/16"), "this network", primary=True))
        == """\
   │
 2 │ spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
   │        ━━━━━━━━━━━ this network"""
    )


def test_ascii() -> None:
    mark = Mark(place(EAST, "10.1.0.0/16"), "10.1/16 → 10.2/16", primary=True)
    assert (
        draw(mark, look=Look(ascii_only=True))
        == """\
    |
  2 | spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    |        ^^^^^^^^^^^ 10.1/16 -> 10.2/16"""
    )


def test_several_places_of_a_line_hang_below_each_other() -> None:
    marks = (
        Mark(place(EAST, "10.1.0.0/16"), "local", primary=True),
        Mark(place(EAST, "10.2.0.0/16"), "remote"),
        Mark(place(EAST, "require"), "level"),
    )
    assert (
        draw(*marks)
        == """\
   │
 2 │ spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
   │        ━━━━━━━━━━━ ───────────                                                    ─────── level
   │        │           │
   │        │           remote
   │        local"""
    )


def test_a_part_stays_visible_inside_the_marked_whole() -> None:
    marks = (Mark(place(EAST, "esp/tunnel/192.0.2.1"), "", primary=True), Mark(place(EAST, "tunnel"), "mode"))
    assert draw(*marks).splitlines()[2:] == [
        "   │                                                 ━━━━──────━━━━━━━━━━",
        "   │                                                     mode",
    ]


def test_a_statement_of_several_lines() -> None:
    start = EAST.text.index("spdadd 10.2")
    mark = Mark(EAST.span(start, EAST.text.index("add 192.0.2.1")), "no counterpart", primary=True)
    assert (
        draw(mark)
        == """\
   │
 3 │ ┏ spdadd 10.2.0.0/16 10.1.0.0/16 any
 4 │ ┃         -P in ipsec
 5 │ ┗         esp/tunnel/198.51.100.2-192.0.2.1/require;
   │           ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ no counterpart"""
    )


def test_a_long_section_shows_its_ends() -> None:
    text = "# head\nremote 192.0.2.1 {\n" + "".join(f"\tline {n};\n" for n in range(9)) + "}\n"
    file = SourceFile("gw/racoon.conf", text)
    section = file.span(text.index("remote"), len(text))
    assert (
        draw(Mark(section, "this section", primary=True), Mark(place(file, "line 6"), "and this"))
        == """\
   │
 2 │ ┏ remote 192.0.2.1 {
 3 │ ┃         line 0;
 4 │ ┃         line 1;
 … │ ┃
 9 │ ┃         line 6;
   │ ┃         ────── and this
 … │ ┃
12 │ ┗ }
   │   ━ this section"""
    )


def test_a_gap_of_one_line_is_shown() -> None:
    file = SourceFile("f", "one\ntwo\nthree\nfour\nfive\nsix\n")
    rows = draw(Mark(place(file, "one"), "", primary=True), Mark(place(file, "three")), Mark(place(file, "six")))
    assert [row for row in rows.splitlines() if "━" not in row and "─" not in row] == [
        "   │",
        " 1 │ one",
        " 2 │ two",
        " 3 │ three",
        " … │",
        " 6 │ six",
    ]


def test_wide_characters_and_tabs_move_the_underline() -> None:
    file = SourceFile("f", "日本\tkey;")
    assert draw(Mark(place(file, "key"), "here", primary=True)).splitlines() == [
        "   │",
        " 1 │ 日本    key;",
        "   │         ━━━ here",
    ]


def test_long_lines_are_cut_around_the_place() -> None:
    file = SourceFile("f", "x" * 300 + " needle " + "y" * 300)
    assert draw(Mark(place(file, "needle"), "here", primary=True), look=Look(width=40)).splitlines() == [
        "   │",
        " 1 │ …xxxxxxxxxxxx needle yyyyyyyyyyyyy…",
        "   │               ━━━━━━ here",
    ]


def test_places_far_apart_on_one_line_are_shown_one_after_the_other() -> None:
    file = SourceFile("f", "first " + "x" * 300 + " second")
    rows = draw(Mark(place(file, "first"), "a", primary=True), Mark(place(file, "second"), "b"), look=Look(width=40))
    assert [row.split(" │ ")[-1].strip() for row in rows.splitlines()[1:]] == [
        "first " + "x" * 28 + "…",
        "━━━━━ a",
        "…" + "x" * 25 + " second",
        "────── b",
    ]


def test_a_label_that_does_not_fit_is_broken() -> None:
    mark = Mark(place(EAST, "spdadd 10.1.0.0/16 10.2.0.0/16 any -P out"), "word " * 20, primary=True)
    assert all(shown_width(row) <= 60 for row in draw(mark, look=Look(width=60)).splitlines())


def test_an_empty_place_has_a_caret() -> None:
    file = SourceFile("f", "abc\n")
    assert draw(Mark(file.span(3, 3), "expected ;", primary=True)).splitlines()[1:] == [
        " 1 │ abc",
        "   │    ━ expected ;",
    ]


def test_control_sequences_are_shown_not_sent() -> None:
    file = SourceFile("f", "a\x1b[2Jb\u202ec\r\n")
    assert "\x1b" not in draw(Mark(file.span(0, 1), "\x1b]0;title\x07", primary=True))


def test_a_line_of_many_megabytes() -> None:
    text = "x" * 5_000_000 + " needle " + "y" * 5_000_000
    file = SourceFile("f", text)
    assert "needle" in draw(Mark(place(file, "needle"), "here", primary=True))


CHARS = st.sampled_from("abc ;\t\n日\u0301\x1b\u200b•é\r")


@st.composite
def marked(draw_from: st.DrawFn) -> tuple[str, list[tuple[int, int, str, bool]]]:
    text = draw_from(st.text(CHARS, max_size=300))
    spans = []
    for _ in range(draw_from(st.integers(1, 5))):
        start = draw_from(st.integers(0, len(text)))
        end = draw_from(st.integers(start, len(text)))
        spans.append((start, end, draw_from(st.text(CHARS, max_size=80)), draw_from(st.booleans())))
    return text, spans


@given(marked(), st.integers(40, 100), st.booleans())
def test_every_row_fits(case: tuple[str, list[tuple[int, int, str, bool]]], width: int, ascii_only: bool) -> None:
    text, spans = case
    file = SourceFile("f", text)
    marks = [Mark(file.span(start, end), label, primary) for start, end, label, primary in spans]
    for row in draw(*marks, look=Look(width=width, ascii_only=ascii_only)).splitlines():
        assert shown_width(row) <= width, row


@given(
    st.text(st.sampled_from("ab\t日\u0301\x1b•é "), max_size=200),
    st.text(st.sampled_from("b\t日\u0301 "), max_size=200),
)
def test_the_caret_is_under_its_character(before: str, behind: str) -> None:
    file = SourceFile("f", f"{before}Q{behind}")
    start = len(before)
    source, carets = draw(Mark(file.span(start, start + 1), "", primary=True), look=Look(width=60)).splitlines()[1:3]
    assert shown_width(source[: source.index("Q")]) == shown_width(carets[: carets.index("━")])
    assert carets.count("━") == 1
