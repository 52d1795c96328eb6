"""setkey: files that are no scripts, or far too long."""

from __future__ import annotations

import time

import pytest

from spdcheck.formats.base import Context, Reading
from spdcheck.formats.lexicon import MAX_TOKENS
from spdcheck.formats.setkey import read
from spdcheck.formats.setkey.script import MAX_UNREADABLE
from spdcheck.model.host import Platform
from spdcheck.source import SourceFile


def run(text: str) -> Reading:
    return read(SourceFile("setkey.conf", text), Context(platform=Platform.LINUX))


def test_a_binary_file_is_one_mistake() -> None:
    reading = run("".join(map(chr, range(256))) * 100)
    assert [item.code for item in reading.facts.diagnostics] == ["CFG001"]
    assert (reading.statements, reading.unparsed) == (1, 1)


def test_a_file_of_another_kind_is_given_up() -> None:
    reading = run("nothing that setkey knows;\n" * 10_000)
    assert len(reading.facts.diagnostics) == MAX_UNREADABLE + 2
    last = reading.facts.diagnostics[-1]
    assert "the rest of the file was not looked at" in last.message
    assert last.span.end == len(reading.file.text) - 1


def test_prose_is_one_mistake() -> None:
    assert len(run("This is a letter, and no script at all.\nIt has no statement.\n" * 50).facts.diagnostics) == 1


def test_a_statement_without_end_names_its_length() -> None:
    reading = run("spdadd " + "10.0.0.1 " * (MAX_TOKENS * 2))
    (only,) = reading.facts.diagnostics
    assert only.code == "CFG001"


def test_a_policy_with_very_many_rules_is_read() -> None:
    reading = run("spdadd 10.0.0.1 10.0.0.2 any -P out ipsec" + " esp/transport//use" * 600 + ";")
    assert len(reading.facts.policies[0].templates) == 600
    longer = run("spdadd 10.0.0.1 10.0.0.2 any -P out ipsec" + " esp/transport//use" * 6000 + ";")
    assert f"more than {MAX_TOKENS} words" in longer.facts.diagnostics[0].message


def test_long_comments_are_no_matter() -> None:
    comment = "#" + " x" * 50_000 + "\n"
    reading = run(f"{comment}spdadd {comment} 10.0.0.1 10.0.0.2 any {comment} -P out none;{comment}flush;")
    assert (reading.statements, reading.facts.diagnostics) == (2, [])


@pytest.mark.parametrize(
    "text",
    [
        "spdadd 10.0.0.1 10.0.0.2 any -P out none;\n" * 4000,
        "add\n" * 40_000,
        '"' * 80_001,
        '"\n' * 40_000,
        ";\n" * 40_000,
        "-E aes-cbc x " * 8000,
        "0x" + "f" * 150_000 + ";",
        "spdadd " + "1" * 150_000 + ";",
        " " * 150_000,
        "#\n" * 75_000,
        "spdadd 10.0.0.1" + " " * 150_000 + "10.0.0.2 any -P out none;",
        "spdadd 10.0.0.1 10.0.0.2 any -P out ipsec" + "/" * 150_000 + ";",
        "spdadd 10.0.0.1 10.0.0.2 any -P out none" + "]" * 100_000 + ";",
        "\r\n" * 75_000,
        "exit;" + "x;" * 75_000,
        'add 10.0.0.1 10.0.0.2 esp 256 -E aes-cbc "' + "\n" * 150_000,
    ],
    ids=lambda text: repr(text[:20]),
)
def test_the_time_is_in_proportion(text: str) -> None:
    started = time.process_time()
    run(text)
    assert time.process_time() - started < 4


def test_frequent_shapes_change_nothing() -> None:
    block = (
        "spdadd 10.{0}.0.0/16 10.{1}.0.1 tcp -P out ipsec esp/tunnel/192.0.2.1-192.0.2.{0}/require;\n"
        "  # between\nspdadd 10.{1}.0.1 10.{0}.0.0/16 tcp -P in\n\tnone ;"
        "spdadd any 10.{0}.0.0/16 tcp -P out none;"
    )
    blocks = [block.format(number, number // 7) for number in range(99)]
    together = run("".join(blocks))
    apart = [run(text) for text in blocks]
    assert len(together.facts.diagnostics) == sum(len(reading.facts.diagnostics) for reading in apart) == 99
    assert [str(p.selector) for p in together.facts.policies] == [
        str(p.selector) for reading in apart for p in reading.facts.policies
    ]
    assert [p.origin.text for p in together.facts.policies] == [
        p.origin.text for reading in apart for p in reading.facts.policies
    ]
