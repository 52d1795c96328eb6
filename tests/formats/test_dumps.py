"""Listings of running state: the corpus of every format, no input that raises, no key that shows, linear time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spdcheck.formats import format_named, recognise
from spdcheck.formats.base import Context
from spdcheck.source import SourceFile
from tests.formats.rendering import model_json, said
from tests.golden import CORPUS

if TYPE_CHECKING:
    from pathlib import Path

    from spdcheck.formats.base import Reading
    from spdcheck.model.running import Dump, RunningAlgorithm
    from tests.golden import Golden

FORMATS = ("setkeydump", "encap", "ipsecctl", "xfrmdump")
OK = [path for name in FORMATS for path in sorted((CORPUS / name / "ok").glob("*.txt"))]
ERR = [path for name in FORMATS for path in sorted((CORPUS / name / "err").glob("*.txt"))]


def read(name: str, text: str, file: str = "x.txt") -> Reading:
    found = format_named(name)
    assert found is not None
    return found.reader().read(SourceFile(file, text), Context())


def dump_of(name: str, text: str) -> Dump:
    (dump,) = read(name, text).facts.dumps
    return dump


def read_file(path: Path) -> Reading:
    return read(path.parent.parent.name, path.read_text(encoding="utf-8"), path.name)


def named(path: Path) -> str:
    return f"{path.parent.parent.name}/{path.stem}"


@pytest.mark.parametrize("path", OK, ids=named)
def test_good_file(path: Path, golden: Golden) -> None:
    reading = read_file(path)
    assert reading.facts.diagnostics == []
    assert reading.facts.gaps == []
    golden.check(path.with_suffix(".json"), model_json(reading))


@pytest.mark.parametrize("path", ERR, ids=named)
def test_bad_file(path: Path, golden: Golden) -> None:
    reading = read_file(path)
    assert reading.facts.gaps
    golden.check(path.with_suffix(".out"), said(reading))


@pytest.mark.parametrize("path", OK, ids=named)
def test_content_tells_the_format(path: Path) -> None:
    found = recognise("listing", path.read_text(encoding="utf-8"))
    assert found is not None
    assert found.name == path.parent.parent.name


ODD = {
    "setkeydump": [
        "10.1.0.0/-5[any] 10.2.0.0/16[any] any\n\tout ipsec\n\tspid=-1 seq=0\n",
        "10.1.0.0/16[any] 10.2.0.0/16[any] any\n\tout ipsec\n\tesp/transport//unique:%s\n",
        "10.1.0.0/16[%s] 10.2.0.0/16[70000] tcp\n\tout prio high + %s ipsec\n\tesp/transport//unique#1\n",
        "192.0.2.1 192.0.2.2\n\tesp mode=any spi=%s(0x1) reqid=%s(0x1)\n\tdiff: 1(s) hard: %s(s) soft: -1(s)\n",
        "192.0.2.1 192.0.2.2\n\tesp mode=any spi=1_0(0x1) reqid=\u0661(0x1)\n\tsadb_seq=%s pid=1\n",
    ],
    "encap": ["10.1.0.0/16 %s 10.2.0.0/16 -1 6 192.0.2.2/50/use/in\n", "10/8 0 10/8 0 %s 192.0.2.2/50/use/in\n"],
    "ipsecctl": ["flow esp in proto tcp from 10.1.0.0/16 port %s to any port -1 peer 192.0.2.2 type use\n",
                 "esp tunnel from 192.0.2.1 to 192.0.2.2 spi 0x%s auth x\n\tlifetime_hard: alloc 0 bytes %s add 1\n"],
    "xfrmdump": ["src 10.1.0.0/16 dst 10.2.0.0/16 proto tcp sport %s\n\tdir out priority %s\n",
                 "src 192.0.2.1 dst 192.0.2.2\n\tproto esp spi 0x1 reqid %s\n\tlimit: soft %s(bytes), hard 1(bytes)\n"],
}  # fmt: skip


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in ODD.items() for text in texts])
def test_odd_numbers_are_no_numbers(name: str, text: str) -> None:
    for number in ("9" * 5000, "-1", "0x", "\u0663", "1_0"):
        check_counts(read(name, text.replace("%s", number)))


LINES = sorted({line for path in (*OK, *ERR) for line in path.read_text(encoding="utf-8").splitlines()})


@pytest.mark.parametrize("name", FORMATS)
@given(st.text(max_size=200))
def test_no_text_raises(name: str, text: str) -> None:
    check_counts(read(name, text))


@pytest.mark.parametrize("name", FORMATS)
@given(st.lists(st.sampled_from(LINES), max_size=12), st.integers(0, 400), st.text(max_size=3))
def test_no_order_of_lines_raises(name: str, lines: list[str], at: int, scrap: str) -> None:
    text = "\n".join(lines)
    check_counts(read(name, text[:at] + scrap + text[at:]))
    check_counts(read(name, text[:at]))


def check_counts(reading: Reading) -> None:
    assert reading.inert + reading.unmodelled <= reading.statements
    for item in reading.facts.diagnostics:
        assert 0 <= item.span.start <= item.span.end <= len(reading.file.text)


KEY = "deadbeef0badcafe1234567890abcdef"
GROUPS = " ".join(KEY[i : i + 8] for i in range(0, len(KEY), 8))


@pytest.mark.parametrize(
    "line",
    [
        f"\tE: aes-cbc  {GROUPS}",
        f"E: aes-cbc {GROUPS} A: hmac-md5 {GROUPS} seq=0x0 replay=4",
        f"\tE: {GROUPS}",
        f"\tE: frob  {GROUPS}",
        f"\tA: hmac-md5 {KEY}",
        f"\tE:\n\t{GROUPS}",
        "\tE: aes-cbc  " + GROUPS.replace(" ", "\n\t", 2),
        f"\tA:hmac-md5 {GROUPS}",
        f"\tkey {GROUPS}",
        f"\tE: blowfish-cbc  {GROUPS} ab",
    ],
)
def test_no_key_of_setkey_shows(line: str) -> None:
    text = f"192.0.2.1 198.51.100.2\n\tesp mode=any spi=256(0x100) reqid=0(0x0)\n{line}\n"
    reading = read("setkeydump", text)
    for part in (KEY, *GROUPS.split()):
        assert part not in reading.file.text + said(reading) + model_json(reading)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ipsecctl", f"esp tunnel from 192.0.2.1 to 198.51.100.2 spi 0x100 auth hmac-md5 enc aes\n\tauthkey 0x{KEY}\n"),
        ("ipsecctl", f"esp tunnel from 192.0.2.1 to 198.51.100.2 spi 0x100 authkey 0x{KEY[:8]}:0x{KEY} enckey {KEY}\n"),
        ("ipsecctl", f"\tkey_auth: bits 128: {KEY}\n\tkey_encrypt:{KEY}\n frob {KEY}\n"),
        ("xfrmdump", f"src 192.0.2.1 dst 192.0.2.2\n\tproto esp spi 0x100\n\tenc cbc(aes) 0x{KEY}\n\tauth x {KEY}\n"),
        ("xfrmdump", f"src 192.0.2.1 dst 192.0.2.2\n\tproto esp spi 0x100\n\taead rfc4106(gcm(aes))\n0x{KEY}\n128\n"),
        ("xfrmdump", f"\tenc 0x{KEY}\n\tfrob 0x{KEY}\n\tauth-trunc hmac(md5) 0x{KEY[:12]} 96\n"),
    ],
)
def test_no_key_of_other_tools_shows(name: str, text: str) -> None:
    reading = read(name, text)
    assert KEY[:12] not in reading.file.text + said(reading) + model_json(reading)


def test_keys_are_fingerprints_that_can_be_compared() -> None:
    entry = "192.0.2.1 198.51.100.2\n\tesp mode=any spi=256(0x100) reqid=0(0x0)\n\tE: aes-cbc  {}\n"

    def printed(key: str) -> RunningAlgorithm:
        found = dump_of("setkeydump", entry.format(key)).associations[0].encryption
        assert found is not None
        return found

    same, again, other = printed(GROUPS), printed(GROUPS), printed(GROUPS.replace("d", "e"))
    hidden = printed("XXXXXXXX " * 4)
    assert same.key == again.key != other.key
    assert (hidden.key, hidden.bits) == (None, 128)


def test_cookies_are_no_keys() -> None:
    row = "198.51.100.2.500       b518a208c0cdef51:18dd3d67744682b2 2011-10-16 17:09:35\n"
    assert read("setkeydump", row).file.text == row


def test_a_row_that_is_wrong_twice_is_refused_once() -> None:
    reading = read("encap", "west/16 0 east/16 0 0 192.0.2.2/50/use/in\n")
    assert (reading.statements, reading.unparsed) == (1, 1)
    assert [item.code for item in reading.facts.diagnostics] == ["CFG001"]
