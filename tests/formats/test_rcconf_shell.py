"""Boot configurations as shell text: compared with a real sh where there is one, and with everything else thrown in."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spdcheck.formats.base import Context, Reading
from spdcheck.formats.rcconf.commands import Shape, commands, effects
from spdcheck.formats.rcconf.script import Script
from spdcheck.formats.rcconf.syntax import Output, Reference, parse, parse_by_grammar
from spdcheck.formats.rcconf.variables import Variables
from spdcheck.source import SourceFile

SH = shutil.which("dash") or shutil.which("sh")
NAMES = ("a", "b", "long_name", "x1")


def run(text: str) -> Variables:
    file = SourceFile("rc.conf", text)
    variables = Variables(Reading(file=file, format="rcconf"))
    Script(variables, Context()).run(file)
    return variables


def values(text: str) -> dict[str, str | None]:
    """The variables that a text leaves; None for one whose value is not known."""
    found = run(text)
    taken = {name: found.get(name) for name in NAMES}
    return {n: None if v.value is None else v.value.text for n, v in taken.items() if v is not None}


LITERALS = st.text(alphabet="aB7 \t\n.:/=#'\"\\$-_,;|&<>()éx", max_size=6)
WORD_PARTS = st.one_of(
    st.sampled_from(("plain", "10.0.0.1/24", "\\ ", "\\'", "\\\n", "a#b", "\\$", "=", "x=y", "•")),
    LITERALS.filter(lambda text: "'" not in text).map(lambda text: f"'{text}'"),
    LITERALS.map(lambda text: '"' + "".join(f"\\{c}" if c in '"\\$`' else c for c in text) + '"'),
    st.sampled_from(NAMES).map(lambda name: f"${{{name}}}"),
    st.sampled_from(NAMES).map(lambda name: f'"<${name}>"'),
    st.tuples(st.sampled_from(NAMES), st.sampled_from(("-", ":-", "+", ":+")), st.sampled_from(("", "d", "'q r'"))).map(
        lambda parts: f"${{{parts[0]}{parts[1]}{parts[2]}}}"
    ),
)
ASSIGNMENTS = st.tuples(st.sampled_from(NAMES), st.lists(WORD_PARTS, max_size=4)).map(
    lambda pair: f"{pair[0]}={''.join(pair[1])}"
)
LINES = st.tuples(
    st.sampled_from(("", "  ", "\t", "export ")),
    st.lists(ASSIGNMENTS, min_size=1, max_size=3),
    st.sampled_from((" ", "; ", " \\\n ", "\n")),
    st.sampled_from(("", " # it's a comment", " ;", "\t")),
).map(lambda parts: parts[0] + parts[2].join(parts[1]) + parts[3])
SCRIPTS = st.lists(LINES, min_size=1, max_size=8).map("\n".join)


@pytest.mark.skipif(SH is None, reason="no sh to compare with")
@given(SCRIPTS)
@settings(max_examples=80)
def test_values_are_those_of_sh(script: str) -> None:
    assert SH is not None
    text = "".join(f"{name}={name}0\n" for name in NAMES) + script + "\n"
    ask = "".join(f"printf '%s\\0' \"${name}\"\n" for name in NAMES)
    outcome = subprocess.run([SH], input=text + ask, capture_output=True, text=True, check=False, env={"LC_ALL": "C"})
    assert outcome.returncode == 0, outcome.stderr
    assert outcome.stderr == ""
    assert values(text) == dict(zip(NAMES, outcome.stdout.split("\0")[:-1], strict=True))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a=1 b=2; x1=3", {"a": "1", "b": "2", "x1": "3"}),
        ("a='it'\\''s'", {"a": "it's"}),
        ('a="one\ntwo"', {"a": "one\ntwo"}),
        ("a=1 # b=2", {"a": "1"}),
        ("a=1#b", {"a": "1#b"}),
        ("a=1 b", {}),
        ("a=$(date) b=2", {"a": None, "b": "2"}),
        ("a=`date`\nb=$a", {"a": None, "b": None}),
        ("a=$1", {"a": None}),
        ("a=1; if x; then a=2; fi", {"a": None}),
        ("for a in 1 2; do :; done", {"a": None}),
        ("f() { a=1; }", {}),
        ("a=1\nunset a", {}),
        (": ${a:=7}\n: ${a:=8}", {"a": "7"}),
        ("a=${b-${x1-deep}}", {"a": "deep"}),
        ("a=${undefined}", {"a": None}),
        ("a=${b#prefix}", {"a": None}),
        ("cat <<X\na=1\nX\nb=2", {"b": "2"}),
        ("a=1 && b=2", {"a": None, "b": None}),
        ("[ -r /nowhere ] && . /nowhere\na=1", {"a": "1"}),
    ],
)
def test_what_a_script_leaves(text: str, expected: dict[str, str | None]) -> None:
    assert values(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        'a="x',
        "a='x",
        "a=`x",
        "a=$(x",
        "a=${x",
        "if x; then a=1",
        "f() {",
        "a=1; fi",
        "(a=1",
        "a=1)",
        "; a=1",
        "a=(1 2)",
    ],
)
def test_broken_shell_is_found(text: str) -> None:
    shapes = [command.shape for command in commands(text + "\n")[0]]
    assert Shape.BROKEN in shapes


def test_a_forgotten_quote_costs_one_line() -> None:
    found = run('a="1\nb="2"\nx1=3\n')
    assert [diagnostic.code for diagnostic in found.reading.facts.diagnostics] == ["CFG001"]
    assert found.reading.facts.diagnostics[0].span.text == 'a="1'
    assert values('a="1\nb="2"\nx1=3\n') == {"a": None, "b": "2", "x1": "3"}


def test_a_long_text_may_hold_lines_that_look_like_assignments() -> None:
    assert values('a="1\nb=2\n"\nx1=3') == {"a": "1\nb=2\n", "x1": "3"}


def test_a_command_between_assignments_may_do_anything() -> None:
    command = commands("if [ -f x ]; then a=1; else setup; fi")[0][0]
    found = effects(command)
    assert (list(found.names), found.other and found.other.text) == (["a"], "setup")


def test_words_of_a_value_know_their_places() -> None:
    text = "x1=10.1; a=\"inet ${x1}.0.1 \\\n\tnetmask\"' 0x'ff"
    variable = run(text).get("a")
    assert variable is not None
    assert variable.value is not None
    assert [(w.text, w.span.text) for w in variable.value.words()] == [
        ("inet", "inet"), ("10.1.0.1", "${x1}.0.1"), ("netmask", "netmask"), ("0xff", "0x'ff"),
    ]  # fmt: skip


@given(st.one_of(ASSIGNMENTS, LITERALS.map(lambda text: f'a="{text}"'), LITERALS.map(lambda text: f"b={text}")))
def test_the_plain_shape_is_read_as_the_grammar_reads_it(text: str) -> None:
    assert parse(text, 7) == parse_by_grammar(text, 7)


def test_nested_expansion_is_one_reference() -> None:
    command = parse('a="${b:-x $(c ")") `d`}"', 0)
    assert command is not None
    (part,) = command.assigned[0].parts
    assert isinstance(part, Reference)
    assert [isinstance(inner, Output) for inner in part.default] == [False, True, False, True]


def test_values_that_double_are_given_up() -> None:
    assert values("a=x\n" + 'a="$a$a"\n' * 60) == {"a": None}
