from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from spdcheck.cli import status
from spdcheck.output.json import SCHEMA
from tests.cli.conftest import BROKEN, SITE
from tests.cli.run import spdcheck

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

UNKNOWN = SITE + '=== gw/etc/rc.conf\nifconfig_em0="inet 192.0.2.1/24"\n. /etc/rc.more\n'
"""Somebody else's shell code: nobody knows what it does to the interfaces."""


def test_clean(write: Callable[[str], Path]) -> None:
    write(SITE)
    assert spdcheck("check", "--select", "CFG001") == (
        status.CLEAN,
        "no findings: 1 check, 1 host, 1 file, 4 statements, all read\n",
        "",
    )


def test_findings(write: Callable[[str], Path]) -> None:
    write(BROKEN)
    code, out, err = spdcheck("check", "--select", "CFG001")
    assert (code, err) == (status.FINDINGS, "")
    assert out.startswith("error[CFG001] unparsed-statement: ")
    assert "--> gw/etc/racoon.conf:3:2 (gw)" in out
    assert " 3 │         flooble 3;\n" in out


def test_no_verdict(write: Callable[[str], Path]) -> None:
    write(UNKNOWN)
    code, out, _ = spdcheck("check", "--select", "CFG001,CFG002")
    assert code == status.NO_VERDICT
    assert "no verdict: gw: " in out
    assert spdcheck("check", "--select", "CFG001").code == status.NO_VERDICT
    assert spdcheck("check", "--select", "CFG001", "--exit-zero").code == status.CLEAN


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--fail-on", "error"], status.FINDINGS),
        (["--fail-on", "never"], status.NO_VERDICT),
        (["--exit-zero"], status.CLEAN),
        (["--select", "SPD"], status.NO_VERDICT),
        (["--select", "unparsed-statement"], status.FINDINGS),
        (["--select", "CFG001", "--select", "CFG002", "--ignore", "CFG001"], status.NO_VERDICT),
    ],
)
def test_what_makes_the_status(arguments: list[str], code: int, write: Callable[[str], Path]) -> None:
    write(BROKEN)
    assert spdcheck("check", *arguments).code == code


def test_the_site_file_has_a_say(write: Callable[[str], Path]) -> None:
    site_file = '=== spdcheck.toml\n[host.gw]\n[check]\nselect = ["CFG001"]\nignore = ["CFG002"]\nfail-on = "{}"\n'
    write(BROKEN + site_file.format("never"))
    assert spdcheck("check").code == status.NO_VERDICT
    assert spdcheck("check", "--fail-on", "error").code == status.FINDINGS
    write(BROKEN + site_file.format("error"))
    assert spdcheck("check").code == status.FINDINGS
    assert spdcheck("check", "--ignore", "CFG001").code == status.NO_VERDICT


def test_json(write: Callable[[str], Path]) -> None:
    folder = write(BROKEN)
    code, out, err = spdcheck("check", "--format", "json", "--select", "CFG001", folder)
    document = json.loads(out)
    assert (code, err, document["schema"]) == (status.FINDINGS, "", SCHEMA)
    assert document["summary"]["exit_code"] == status.FINDINGS
    assert [finding["location"]["path"] for finding in document["findings"]] == ["gw/etc/racoon.conf"]
    zero = json.loads(spdcheck("check", "--format", "json", "--exit-zero").out)
    assert (zero["summary"]["exit_code"], zero["summary"]["verdict"]) == (status.CLEAN, "findings")


def test_concise(write: Callable[[str], Path]) -> None:
    write(BROKEN)
    code, out, err = spdcheck("check", "--format", "concise", "--select", "CFG001")
    assert code == status.FINDINGS
    assert out.startswith("gw/etc/racoon.conf:3:2: error CFG001 ")
    assert out.splitlines()[0].endswith(" [gw]")
    assert err.startswith("1 error: ")


def test_a_single_file_is_checked_alone(write: Callable[[str], Path]) -> None:
    write(BROKEN)
    code, out, _ = spdcheck("check", "gw/etc/racoon.conf", "--select", "CFG001")
    assert code == status.FINDINGS
    assert out.endswith("checked alone, without a peer\n")


def test_several_sites(write: Callable[[str], Path]) -> None:
    both = BROKEN.replace("=== ", "=== north/") + SITE.replace("=== ", "=== south/")
    write(both + "=== north/spdcheck.toml\n[host.gw]\n=== south/spdcheck.toml\n[host.gw]\n")
    code, out, _ = spdcheck("check", "--select", "CFG001")
    assert code == status.FINDINGS
    assert "── north ──" in out
    assert "── south ──" in out
    assert "── all 2 sites ──" in out
    assert spdcheck("check", "south", "--select", "CFG001").code == status.CLEAN
    document = json.loads(spdcheck("check", "--format", "json", "south", "north").out)
    assert document["summary"]["sites"] == ["south", "north"]


def test_colours_and_ascii(write: Callable[[str], Path]) -> None:
    write(BROKEN)
    assert "\x1b[" not in spdcheck("check").out
    assert "\x1b[1;31m" in spdcheck("check", "--color", "always").out
    assert spdcheck("check", "--ascii").out.isascii()


def test_a_binary_file_where_a_configuration_is_expected(tmp_path: Path) -> None:
    (tmp_path / "gw").mkdir()
    (tmp_path / "gw" / "racoon.conf").write_bytes(b"\x7fELF\0\0\0")
    code, out, _ = spdcheck("check", "--select", "CFG001")
    assert code == status.FINDINGS
    assert "is a binary file" in out


def test_an_odd_file_name(write: Callable[[str], Path]) -> None:
    write(BROKEN.replace("=== gw", "=== g\x1b[2Jw"))
    assert "\x1b" not in spdcheck("check").out
