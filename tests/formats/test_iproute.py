"""``ip`` scripts: the corpus, no input that raises, no key that shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spdcheck.formats.base import Context
from spdcheck.formats.iproute import mask, read
from spdcheck.model.host import Platform
from spdcheck.model.policy import Action, Direction, Level
from spdcheck.source import SourceFile
from tests.formats.rendering import model_json, said
from tests.golden import CORPUS

if TYPE_CHECKING:
    from pathlib import Path

    from spdcheck.formats.base import Reading
    from tests.golden import Golden

OK = sorted((CORPUS / "iproute" / "ok").glob("*.sh"))
ERR = sorted((CORPUS / "iproute" / "err").glob("*.sh"))
CONTEXT = Context(platform=Platform.LINUX)


def reading_of(text: str) -> Reading:
    return read(SourceFile("gw.sh", text), CONTEXT)


@pytest.mark.parametrize("path", OK, ids=lambda path: path.stem)
def test_good_file(path: Path, golden: Golden) -> None:
    reading = read(SourceFile(path.name, path.read_text(encoding="utf-8")), CONTEXT)
    assert reading.facts.diagnostics == []
    golden.check(path.with_suffix(".json"), model_json(reading))


@pytest.mark.parametrize("path", ERR, ids=lambda path: path.stem)
def test_bad_file(path: Path, golden: Golden) -> None:
    reading = read(SourceFile(path.name, path.read_text(encoding="utf-8")), CONTEXT)
    golden.check(path.with_suffix(".out"), said(reading))


def test_policies_say_what_the_lines_say() -> None:
    reading = reading_of(
        "ip xfrm policy add src 10.1.0.0/16 dst 10.2.0.0/16 proto udp dport 53 dir out priority 7 "
        "tmpl src 192.0.2.1 dst 192.0.2.2 proto esp reqid 4 mode tunnel level use\n"
        "ip x pol add dst 10.3.0.0/16 dir in action block\n"
    )
    first, second = reading.facts.policies
    assert (first.direction, first.action, first.priority) == (Direction.OUT, Action.PROTECT, 7)
    assert str(first.selector) == "10.1.0.0/16 → 10.2.0.0/16[53] udp"
    assert (first.templates[0].level, first.templates[0].reqid) == (Level.USE, 4)
    assert (second.direction, second.action) == (Direction.IN, Action.DISCARD)


def test_update_keeps_the_place_and_delete_takes_away() -> None:
    lines = [
        "ip xfrm policy add src 10.1.0.0/16 dst 10.2.0.0/16 dir out action block",
        "ip xfrm policy add src 10.1.0.0/16 dst 10.3.0.0/16 dir out action block",
        "ip xfrm policy update src 10.1.0.0/16 dst 10.2.0.0/16 dir out action allow",
        "ip xfrm policy delete src 10.1.0.0/16 dst 10.3.0.0/16 dir out",
    ]
    policies = reading_of("\n".join(lines)).facts.policies
    assert [(str(p.selector.destination), p.action) for p in policies] == [("10.2.0.0/16", Action.BYPASS)]


@given(st.text(max_size=300))
def test_no_text_raises(text: str) -> None:
    read(SourceFile("x", text), CONTEXT)


WORDS = [
    "ip", "xfrm", "state", "policy", "add", "src", "dst", "10.0.0.1", "10.0.0.0/8", "proto", "esp", "spi", "0x100",
    "dir", "out", "in", "tmpl", "mode", "tunnel", "reqid", "1", "\n", "'", '"', "\\", "#", ";", "enc", "auth",
]  # fmt: skip


@given(st.lists(st.sampled_from(WORDS), max_size=40))
def test_no_command_raises(words: list[str]) -> None:
    reading = read(SourceFile("x", " ".join(words)), CONTEXT)
    for diagnostic in reading.facts.diagnostics:
        assert 0 <= diagnostic.span.start <= diagnostic.span.end <= len(reading.file.text)


@given(
    st.text("0123456789abcdef", min_size=16, max_size=64),
    st.sampled_from(["enc 'cbc(aes)'", "auth hmac(sha1)", "aead x"]),
)
def test_no_key_shows(digits: str, before: str) -> None:
    for text in (
        f"ip xfrm state add src 10.0.0.1 dst 10.0.0.2 proto esp spi 9 {before} 0x{digits} 128\n",
        f"ip xfrm state add {before} \\\n 0x{digits} frob\n",
        f"ip xfrm stat add 0x{digits}\n",
    ):
        reading = reading_of(text)
        assert digits not in repr([d.message for d in reading.facts.diagnostics]) + reading.file.text
        assert digits not in mask(SourceFile("x", text)).text


def test_newer_kernels_refuse_optional_tunnels_that_leave() -> None:
    text = (
        "ip xfrm policy add src 10.1.0.0/16 dst 10.2.0.0/16 dir out "
        "tmpl src 192.0.2.1 dst 192.0.2.2 proto esp mode tunnel level use\n"
    )
    found = {
        release: read(SourceFile("gw.sh", text), Context(platform=Platform.LINUX, release=release)).facts
        for release in ((), (5, 10), (6, 4))
    }
    assert [len(facts.policies) for facts in found.values()] == [1, 1, 0]
    assert [[item.code for item in facts.diagnostics] for facts in found.values()] == [
        ["CFG010"],
        ["CFG010"],
        ["CFG001"],
    ]


def test_what_is_flushed_by_protocol_is_gone_and_the_rest_stays() -> None:
    lines = [f"ip xfrm state add src 192.0.2.1 dst 192.0.2.2 proto {name} spi 7" for name in ("esp", "ah")]
    kept = reading_of("\n".join([*lines, "ip xfrm state flush proto esp", ""])).facts.associations
    assert [association.protocol for association in kept] == ["ah"]


def test_values_of_variables_lie_where_they_are_named() -> None:
    text = "#!/bin/sh\nPEER='192.0.2.9'\nip xfrm policy add src 10.1.0.0/16 dst \"$PEER\" dir out action block\n"
    (policy,) = reading_of(text).facts.policies
    assert str(policy.selector.destination) == "192.0.2.9"
    assert policy.selector_origin.text == 'src 10.1.0.0/16 dst "$PEER'
    assert policy.selector_origin.begin == (3, 20)


@pytest.mark.parametrize("word", ['"$KEY"', "$KEY", "${KEY}", '"0x$DIGITS"', "0x${DIGITS}"])
def test_a_key_in_a_variable_is_the_key_that_it_holds(word: str) -> None:
    key = "9f1c7b20e4d853a6017f2c9be8d46035"
    line = f"ip xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x1001 mode tunnel enc 'cbc(aes)' {word}\n"
    reading = reading_of(f"KEY=0x{key}\nDIGITS={key}\n{line}")
    plain = reading_of(line.replace(word, f"0x{key}"))
    assert key not in reading.file.text
    (found,), (expected,) = reading.facts.associations, plain.facts.associations
    assert found.encryption is not None
    assert expected.encryption is not None
    assert found.encryption.key == expected.encryption.key
    assert found.encryption.key is not None


def test_what_stop_does_is_not_what_a_script_leaves() -> None:
    text = (
        "up() { ip xfrm policy add src 10.1.0.0/16 dst 10.2.0.0/16 dir out action block; }\n"
        "down() { ip xfrm policy flush; }\n"
        'case "$1" in\n  stop) down;;\n  start) up;;\n  restart) down; up;;\nesac\n'
    )
    reading = reading_of(text)
    assert len(reading.facts.policies) == 1
    assert reading.facts.gaps == []


def test_a_function_that_calls_itself_ends() -> None:
    assert reading_of("f() { f; for i in 1 2 3; do f; done; }\nf\n").facts.policies == []


def test_algorithms_without_quotes_are_words() -> None:
    (sa,) = reading_of(
        "ip xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x1001 mode tunnel aead rfc4106(gcm(aes)) "
        "0x70d2a84f6be31c95e80d5a17c4f3b926aabbccdd 128\n"
    ).facts.associations
    assert sa.encryption is not None
    assert sa.encryption.name == "aes-gcm-16"
