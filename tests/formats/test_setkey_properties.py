"""What holds for every setkey script, good or broken."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import assume, given
from hypothesis import strategies as st

from spdcheck.formats.base import Context, Reading
from spdcheck.formats.setkey import read
from spdcheck.formats.setkey.dialect import dialect_of
from spdcheck.formats.setkey.write import write_policy
from spdcheck.model.host import Platform
from spdcheck.source import SourceFile
from tests.strategies_setkey import broken_additions, scripts, statements

if TYPE_CHECKING:
    from spdcheck.model.policy import SecurityPolicy

CONTEXTS = st.sampled_from(
    [
        Context(),
        Context(platform=Platform.LINUX),
        Context(platform=Platform.NETBSD),
        Context(platform=Platform.FREEBSD),
        Context(platform=Platform.FREEBSD, release=(5, 3)),
        Context(platform=Platform.FREEBSD, release=(14, 1)),
    ]
)
FOREIGN = st.sampled_from((*";\"'#\\/[]-+_,.%•\r\n\t\0 aA0xé\ufeff", "spdadd", "add", "-P", "-E", "0x", " esp "))
NOWHERE = SourceFile("", "").span()


def run(text: str, context: Context | None = None) -> Reading:
    return read(SourceFile("setkey.conf", text), context or Context(platform=Platform.LINUX))


def consistent(reading: Reading) -> None:
    """What no reading may break, whatever the text."""
    assert 0 <= reading.inert <= reading.statements
    assert reading.unparsed + reading.unmodelled <= reading.statements + 1
    assert bool(reading.unparsed) == any(d.code == "CFG001" for d in reading.facts.diagnostics)
    assert bool(reading.unparsed or reading.unmodelled) == bool(reading.facts.gaps)
    size = len(reading.file.text)
    for item in reading.facts.diagnostics:
        assert item.message
        assert 0 <= item.span.start <= item.span.end <= size
        assert not item.message.endswith(".")
        repr(item)
    for policy in reading.facts.policies:
        assert policy.origin.start <= policy.selector_origin.start <= policy.selector_origin.end <= policy.origin.end
        assert all(policy.origin.start < t.origin.start < t.origin.end < policy.origin.end for t in policy.templates)


def bare(policy: SecurityPolicy) -> SecurityPolicy:
    """A policy without its places."""
    templates = tuple(replace(template, origin=NOWHERE) for template in policy.templates)
    return replace(policy, templates=templates, origin=NOWHERE, selector_origin=NOWHERE)


@given(st.text(max_size=200), CONTEXTS)
def test_no_text_raises(text: str, context: Context) -> None:
    consistent(run(text, context))


@given(st.binary(max_size=200).map(lambda raw: raw.decode("latin-1")), CONTEXTS)
def test_no_bytes_raise(text: str, context: Context) -> None:
    consistent(run(text, context))


@given(scripts(), st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 4), FOREIGN), max_size=5), CONTEXTS)
def test_no_mutation_raises(script: str, changes: list[tuple[int, int, str]], context: Context) -> None:
    for place, removed, added in changes:
        at = place % (len(script) + 1)
        script = script[:at] + added + script[at + removed :]
    consistent(run(script, context))


@given(st.lists(broken_additions().map(lambda pair: pair[0]), max_size=4).map("".join), CONTEXTS)
def test_no_broken_key_raises(script: str, context: Context) -> None:
    consistent(run(script, context))


@given(statements())
def test_good_statements_are_read_without_a_word(statement: str) -> None:
    reading = run(statement)
    assert [d.message for d in reading.facts.diagnostics] == []
    assert len(reading.facts.policies) - sum(bool(p.implied) for p in reading.facts.policies) == 1


@given(statements(linux=False), CONTEXTS)
def test_common_statements_are_read_everywhere(statement: str, context: Context) -> None:
    reading = run(statement, context)
    assert [d.message for d in reading.facts.diagnostics if d.code != "CFG010"] == []


@given(scripts())
def test_a_statement_read_alone_gives_the_same_policy(script: str) -> None:
    for policy in run(script).facts.policies:
        alone = run(policy.origin.text).facts.policies
        assert bare(policy) in [bare(found) for found in alone]


@given(statements())
def test_what_is_written_is_read_back(statement: str) -> None:
    dialect = dialect_of(Context(platform=Platform.LINUX))
    policies = run(statement).facts.policies
    assume(all(p.selector.gre_key is None for p in policies))
    text = "\n".join(filter(None, (write_policy(policy, dialect) for policy in policies)))
    again = run(text)
    assert again.facts.diagnostics == []
    assert [bare(policy) for policy in again.facts.policies] == [bare(policy) for policy in policies]
    assert text == "\n".join(filter(None, (write_policy(policy, dialect) for policy in again.facts.policies)))


@given(
    scripts(), st.sampled_from(("spdadd nothing;", "add ;", "frob 1 2;", "spdadd 10.0.0.1 10.0.0.2 any -P up none;"))
)
def test_a_bad_statement_spoils_only_itself(script: str, bad: str) -> None:
    good = run(script)
    reading = run(f"{bad}\n{script}")
    assert reading.unparsed == 1
    assert [bare(p) for p in reading.facts.policies] == [bare(p) for p in good.facts.policies]


def everything_said(reading: Reading) -> str:
    """All that could be printed of a reading."""
    said = [repr(reading), reading.file.text]
    for item in reading.facts.diagnostics:
        said += [repr(item), item.span.text, *(note.span.text for note in item.notes)]
    said += [repr(gap) for gap in reading.facts.gaps]
    for association in reading.facts.associations:
        for algorithm in (association.encryption, association.integrity):
            if algorithm is not None:
                said += [repr(algorithm), algorithm.origin.text]
    return "\n".join(said)


@given(st.lists(broken_additions(), min_size=1, max_size=3))
def test_no_key_is_ever_seen(parts: list[tuple[str, str]]) -> None:
    text = everything_said(run("".join(statement for statement, _ in parts)))
    for _, secret in parts:
        assert secret not in text
