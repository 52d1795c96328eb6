"""isakmpd.conf as ``conf.c`` reads it, the names that it makes by itself, and that no key is ever seen."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spdcheck.formats.base import Context, Reading
from spdcheck.formats.isakmpd import mask, read
from spdcheck.formats.isakmpd.generated import generated
from spdcheck.formats.isakmpd.lines import lines
from spdcheck.formats.isakmpd.values import number_range
from spdcheck.model.isakmpd import Isakmpd, NumberRange
from spdcheck.model.keynote import passphrase_principals
from spdcheck.source import SourceFile
from tests.formats.rendering import model_json, said
from tests.golden import CORPUS, Golden

if TYPE_CHECKING:
    from pathlib import Path

    from spdcheck.model.ike import KeyDaemon

GOOD = sorted((CORPUS / "isakmpd" / "ok").glob("*.conf"))
BAD = sorted((CORPUS / "isakmpd" / "err").glob("*.conf"))
SECRET = "not-a-real-key"


def read_text(text: str) -> Reading:
    return read(SourceFile("isakmpd.conf", text), Context())


def daemon(text: str) -> KeyDaemon:
    return read_text(text).facts.daemons[0]


def settings(text: str) -> Isakmpd:
    found = daemon(text).isakmpd
    assert found is not None
    return found


def codes(text: str) -> list[str]:
    return [item.code for item in read_text(text).facts.diagnostics]


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_good_file(path: Path, golden: Golden) -> None:
    reading = read_text(path.read_text(encoding="utf-8"))
    assert (reading.facts.diagnostics, reading.facts.gaps, reading.unparsed) == ([], [], 0)
    golden.check(path.with_suffix(".json"), model_json(reading))


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_bad_file(path: Path, golden: Golden) -> None:
    golden.check(path.with_suffix(".out"), said(read_text(path.read_text(encoding="utf-8"))))


@pytest.mark.parametrize("path", [*GOOD, *BAD], ids=lambda path: path.stem)
def test_no_key_is_kept(path: Path) -> None:
    reading = read_text(path.read_text(encoding="utf-8"))
    assert SECRET not in reading.file.text + repr(reading.facts) + said(reading)


def test_first_duplicate_wins_over_merged_sections() -> None:
    text = "[General]\nPolicy-file=/a\n[Phase 1]\n[GENERAL]\npolicy-FILE=/b\nCheck-interval=7\n"
    assert (settings(text).policy_file, settings(text).check_interval) == ("/a", 7)
    assert codes(text) == ["CFG004", "CFG004"]


def test_a_comment_swallows_the_next_line_behind_a_backslash() -> None:
    assert settings("[General]\n# a \\\nCheck-interval= 7\n").check_interval == 60
    assert settings("[General]\n# a \\ \nCheck-interval= 7\n").check_interval == 7
    assert settings("[General]\n# a \\\r\nCheck-interval= 7\n").check_interval == 7


def test_comments_begin_in_the_first_column_only() -> None:
    assert settings("[General]\nPolicy-file= /a # b\n").policy_file == "/a # b"
    assert codes("[General]\nPolicy-file= /a # b\n; fine\n# fine\n") == ["CFG010"]


def test_last_line_without_an_end_is_ignored() -> None:
    assert settings("[General]\nCheck-interval= 7").check_interval == 60
    assert codes("[General]\nCheck-interval= 7") == ["CFG001"]
    assert codes("[General]\n# fine") == []


@pytest.mark.parametrize(
    ("value", "is_on"), [("yes", True), ("yesterday", True), ("Yes", False), ("no", False), ("", False)]
)
def test_use_keynote(value: str, is_on: bool) -> None:
    assert settings(f"[General]\nUse-Keynote= {value}\n").uses_keynote is is_on


def test_wrapped_lines_are_named() -> None:
    said_of = read_text("[General]\nPolicy-file=\n/etc/x\n").facts.diagnostics[0]
    assert said_of.code == "CFG001"
    assert "wrapped" in said_of.mend


@pytest.mark.parametrize(
    ("name", "tags"),
    [
        ("3DES-SHA", {"encryption_algorithm": "3DES_CBC", "authentication_method": "PRE_SHARED",
                      "group_description": "MODP_1024", "hash_algorithm": "SHA", "life": "LIFE_MAIN_MODE"}),
        ("aes-192-sha2-512-grp21-rsa_sig", {"key_length": "192,192:192", "group_description": "ECP_521",
                                            "authentication_method": "RSA_SIG"}),
        ("BLF-MD5-GRP5-DSS", {"key_length": "128,96:192", "group_description": "MODP_1536"}),
        ("QM-ESP-AES-SHA-PFS-SUITE", {"protocols": "QM-ESP-AES-SHA-PFS"}),
        ("QM-ESP-AES-SHA-PFS", {"protocol_id": "IPSEC_ESP", "transforms": "QM-ESP-AES-SHA-PFS-XF"}),
        ("QM-ESP-AES-SHA-PFS-XF", {"group_description": "MODP_1024", "encapsulation_mode": "TUNNEL"}),
        ("QM-ESP-TRP-AESCTR-128-SHA-XF", {"encapsulation_mode": "TRANSPORT", "key_length": "128,128:128"}),
        ("QM-AH-SHA2-256-PFS-GRP14-XF", {"transform_id": "SHA2_256", "group_description": "MODP_2048"}),
        ("LIFE_QUICK_MODE", {"life_duration": "1200,60:86400"}),
    ],
)  # fmt: skip
def test_generated_names(name: str, tags: dict[str, str]) -> None:
    found = generated(name)
    assert found is not None
    assert tags.items() <= found.items()


@pytest.mark.parametrize(
    "name",
    ["DES-SHA", "3DES-SHA-RSA", "3DES-SHA-GRP3", "3DES-SHA-GRP02", "BLF-SHA-M1024", "QM-ESP-DES-SUITE",
     "QM-AH-3DES-SHA-SUITE", "QM-ESP-SHA-SUITE", "QM-AH-SUITE", "QM-ESP-AESGCM-128-SHA-SUITE",
     "LIFE_600_SECS", "Default-main-mode", "", "QM-"],
)  # fmt: skip
def test_names_that_nobody_generates(name: str) -> None:
    assert generated(name) is None


def test_group_is_forgotten_without_a_hash() -> None:
    found = generated("QM-ESP-AESGCM-256-PFS-XF")
    assert found is not None
    assert "group_description" not in found


@pytest.mark.parametrize(
    ("text", "expected"),
    [("5", (5, 5, 5)), ("600,450:720", (600, 450, 720)), ("-1", (-1, -1, -1)), ("5 # x", (5, 5, 5)), ("5,6", None),
     ("x", None), ("", None)],
)  # fmt: skip
def test_ranges(text: str, expected: tuple[int, int, int] | None) -> None:
    assert number_range(text) == (None if expected is None else NumberRange(*expected))


def test_keys_are_text_or_digits() -> None:
    text = "[Phase 1]\n10.0.0.1=a\n10.0.0.2=b\n[a]\nAuthentication= key\n[b]\nAuthentication= 0X6B6579\n"
    first, second = read_text(text).facts.credentials
    assert first.secret == second.secret
    assert first.principals == passphrase_principals(b"key")
    assert str(first.addresses) == "10.0.0.1"


@pytest.mark.parametrize(
    "text",
    [
        "[a]\nAuthentication= XQZ\n",
        "#Authentication=\tXQZ\n",
        "[a]\n\tauthentication =XQZ a=b\n",
        "[a]\nAuthentication XQZ\n",
        "[a]\nAuthentication= a\\\nXQZ\n",
        "[a]\nAuthentication=\nXQZ\n",
        "[a]\nAuthentication= b\nAuthentication= XQZ\n",
        "[PRE_SHARED]\nKEY= XQZ",
        "\0\nAuthentication= XQZ\n",
    ],
)
def test_keys_are_masked_wherever_they_are(text: str) -> None:
    assert "XQZ" not in mask(SourceFile("p", text)).text
    reading = read_text(text)
    assert "XQZ" not in reading.file.text + repr(reading.facts) + said(reading)


def test_only_passive_peers_take_anybody() -> None:
    text = "[Phase 1]\nDefault= a\n10.0.0.2= b\n[a]\nPhase=1\n[b]\nPhase=1\n[c]\nPhase=1\nAddress=10.0.0.3\n"
    assert [(str(peer.address), peer.passive) for peer in daemon(text).peers] == [
        ("None", True), ("10.0.0.2", True), ("10.0.0.3", False),
    ]  # fmt: skip


def test_ah_protects_the_esp_of_its_suite() -> None:
    text = "[c]\nISAKMP-peer=p\nConfiguration=q\n[q]\nSuites=s\n[s]\nProtocols=QM-AH-MD5,QM-ESP-3DES\n"
    assert [[item.name for item in offer.integrity] for offer in daemon(text).phase2] == [["hmac-md5"], ["hmac-md5"]]


def test_a_line_counts_once() -> None:
    reading = read_text("[General]\nListen-on= em0, em1\n")
    assert (reading.statements, reading.unmodelled, len(reading.facts.gaps)) == (2, 1, 2)


def test_binary_file_is_one_mistake() -> None:
    assert codes("\0\1\2") == ["CFG001"]


@pytest.mark.parametrize(
    "text",
    [
        "[a]\n" + "x= 1\n" * 20_000,
        "".join(f"[s{n}]\nLife= LIFE_MAIN_MODE\n" for n in range(10_000)),
        "".join(f"[s{n}]\nLife= t{n}\nEXCHANGE_TYPE= X{n}\n" for n in range(5_000)),
        "[Phase 2]\nConnections= " + ",".join(["QM-ESP-AES-SHA"] * 20_000) + "\n",
        "x" * 500_000,
        "[" * 200_000,
        "Authentication=\n" * 20_000,
        "\\\n" * 100_000,
        "[a]\nb=" + " " * 200_000 + "\n",
    ],
    ids=["tags", "sections", "undefined", "list", "word", "brackets", "keys", "joined", "blanks"],
)
def test_large_files_take_no_long_time(text: str) -> None:
    begin = time.perf_counter()
    read_text(text)
    assert time.perf_counter() - begin < 8


NAMES = ["General", "Phase 1", "Phase 2", "a", "b", "3DES-SHA", "QM-ESP-AES-SHA-SUITE", "@@X@@", "10.0.0.1", "ANY", ""]
TAGS = ["Default", "Connections", "ISAKMP-peer", "Configuration", "Transforms", "Suites", "Protocols", "Life",
        "Address", "Phase", "Local-ID", "ID-type", "Network", "Netmask", "Authentication", "Port", "LIFE_DURATION",
        "Use-Keynote", "Check-interval", "Listen-on", "10.0.0.1", "EXCHANGE_TYPE", ""]  # fmt: skip
LINES = st.one_of(
    st.sampled_from(NAMES).map(lambda name: f"[{name}]"),
    st.tuples(st.sampled_from(TAGS), st.lists(st.sampled_from(NAMES), max_size=3)).map(
        lambda pair: f"{pair[0]}= {'XQZ' if pair[0] == 'Authentication' else ','.join(pair[1])}"
    ),
    st.sampled_from(["# x", " ", "\\", "[", "]", "=", "stray", "\tAuthentication XQZ", "Authentication="]),
)


@given(st.lists(LINES, max_size=20).map("\n".join) | st.text(max_size=100), st.booleans())
def test_any_text_is_read(text: str, ended: bool) -> None:
    text += "\n" * ended
    reading = read_text(text)
    assert reading.inert + reading.unparsed + reading.unmodelled <= reading.statements
    assert len(reading.file.text) == len(text)
    assert "XQZ" not in repr(reading.facts) + said(reading) + reading.file.text
    for item in reading.facts.diagnostics:
        assert 0 <= item.span.start <= item.span.end <= len(text)


@given(st.lists(LINES, max_size=10).map("\n".join))
def test_lines_do_not_overlap(text: str) -> None:
    end = -1
    for line in lines(text):
        assert end < line.start < line.end <= len(text)
        end = line.end
