"""``trace`` as a command: one flow, many flows, expectations, and what a new user would get wrong."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import pytest

from spdcheck.cli import main, status
from tests.cli.run import spdcheck
from tests.cli.test_trace_capture import PACKET, pcap
from tests.golden import CORPUS

if TYPE_CHECKING:
    from pathlib import Path

SITE = CORPUS / "sites" / "sensor-mended"
PING = ("icmp", "10.4.12.10", "192.168.1.10")


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_flow_in_every_form() -> None:
    assert spdcheck("trace", "--site", SITE, *PING).out.startswith("✓ DELIVERED")
    assert len(spdcheck("trace", "--site", SITE, "--brief", *PING).out.splitlines()) == 1
    document = json.loads(spdcheck("trace", "--site", SITE, "--format", "json", *PING).out)
    assert (document["schema"], document["disposition"], document["protected"]) == (1, "DELIVERED", True)
    assert document["reply"]["disposition"] == "DELIVERED"
    assert ElementTree.fromstring(spdcheck("trace", "--site", SITE, "--format", "svg", *PING).out) is not None
    assert spdcheck("trace", "--site", SITE, "--format", "mermaid", *PING).out.startswith("sequenceDiagram")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--expect", "delivered,protected", "--expect", "replied"], 0),
        (["--expect", "denied"], 1),
        (["--expect", "clear"], 1),
        (["--expect", "nonsense"], 2),
    ],
)
def test_expectations(words: list[str], code: int) -> None:
    assert spdcheck("trace", "--site", SITE, *words, *PING).code == code


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "give a flow"),
        (["icmp"], "is no flow"),
        (["tcp", "fedorow", "forsberg:443"], "hosts: fedorov, forsberg"),
        (["tcp", "10.4.12.10", "192.168.1.10:nosuchservice"], "no service"),
        (["tcp", "10.4.12.10", "192.168.1.10:70000"], "70000"),
        (["quic", "10.4.12.10", "192.168.1.10"], "no protocol"),
        (["tcp", "10.4.12.10", "2001:db8::1"], "different families"),
        (["tcp", "198.51.100.1", "198.51.100.2"], "is known here"),
        (["--from", "fedorow", *PING], "did you mean fedorov"),
        (["--size", "10", *PING], "--size takes 20"),
        (["--proto", "udp", *PING], "begins with icmp"),
        (["--flows", "-", *PING], "one of FLOW"),
        (["--flows", "no/such/file"], "can't be read"),
        (["--pcap", "no/such/file"], "can't be read"),
        (["--brief", "--flows", "-"], "one line of JSON"),
    ],
)
def test_mistakes_are_explained(words: list[str], said: str) -> None:
    result = spdcheck("trace", "--site", SITE, *words)
    assert (result.code, result.out) == (2, "")
    assert said in result.err


def test_a_protocol_and_options_in_any_order() -> None:
    for words in (
        ["--proto", "tcp", "10.4.12.10", "192.168.1.10:443"],
        ["tcp", "--df", "10.4.12.10", "--size", "900", "192.168.1.10:443"],
        ["10.4.12.10", "192.168.1.10:443"],
    ):
        assert spdcheck("trace", "--site", SITE, *words).out.startswith("✓ DELIVERED"), words


def test_icmp_types() -> None:
    shown = spdcheck("trace", "--site", SITE, *PING, "3/4").out
    assert "icmp 10.4.12.10 → 192.168.1.10 unreachable code 4" in shown
    assert "Reply" not in shown
    assert "Reply" not in spdcheck("trace", "--site", SITE, "--no-reply", *PING).out


def test_many_flows_give_one_line_each_and_bad_ones_do_not_stop_the_others() -> None:
    text = "icmp 10.4.12.10 192.168.1.10   # the sensor\n\n# nothing\nnonsense\ntcp 10.4.12.10 192.168.1.10:22\n"
    out, err = io.StringIO(), io.StringIO()
    code = main(["trace", "--site", str(SITE), "--flows", "-"], io.StringIO(text), out, err)
    found = lines(out.getvalue())
    assert [row["flow"] for row in found] == [
        "icmp 10.4.12.10 192.168.1.10", "nonsense", "tcp 10.4.12.10 192.168.1.10:22",
    ]  # fmt: skip
    assert [row.get("disposition") for row in found] == ["DELIVERED", None, "DELIVERED"]
    assert "no flow" in found[1]["error"]
    assert code == 2


def test_the_worst_of_many_is_the_status(tmp_path: Path) -> None:
    (tmp_path / "flows").write_text("nonsense\nicmp 10.4.12.10 192.168.1.10\n", encoding="utf-8")
    assert spdcheck("trace", "--site", SITE, "--flows", "flows", "--expect", "denied").code == 1
    (tmp_path / "fine").write_text("icmp 10.4.12.10 192.168.1.10\n", encoding="utf-8")
    assert spdcheck("trace", "--site", SITE, "--flows", "fine", "--expect", "protected").code == 0


def test_flows_of_a_capture_are_counted(tmp_path: Path) -> None:
    ours = PACKET[:12] + bytes([10, 4, 12, 10, 192, 168, 1, 10]) + PACKET[20:]
    (tmp_path / "x.pcap").write_bytes(pcap([ours, ours, PACKET], 101)[:-3])
    result = spdcheck("trace", "--site", SITE, "--pcap", "x.pcap")
    assert [(row["flow"], row["count"]) for row in lines(result.out)] == [
        ("tcp 10.4.12.10:40000 192.168.1.10:443", 2),
    ]  # fmt: skip
    assert "x.pcap: the file ends in the middle of packet 3" in result.err
    assert result.code == 3


def test_a_site_of_one_host_answers_too(tmp_path: Path) -> None:
    folder = tmp_path / "gw" / "etc"
    folder.mkdir(parents=True)
    (folder / "rc.conf").write_text('ifconfig_em0="inet 192.0.2.1/24"\ndefaultrouter="192.0.2.254"\n')
    shown = spdcheck("trace", "tcp", "gw", "198.51.100.9:443").out
    assert shown.startswith("✓ DELIVERED  leaves for 198.51.100.9")


def test_ipv6_without_a_route_is_an_answer() -> None:
    shown = spdcheck("trace", "--site", SITE, "--from", "fedorov", "tcp", "2001:db8::1", "[2001:db8:1::1]:443").out
    assert shown.startswith("✗ NO_ROUTE")


def test_a_cold_trace_never_loads_the_solver() -> None:
    code = (
        "import sys, io\n"
        "from spdcheck.cli import main\n"
        f"code = main(['trace', '--site', {str(SITE)!r}, *{PING!r}], io.StringIO(), io.StringIO(), io.StringIO())\n"
        "print(code, [m for m in ('z3', 'numpy', 'prompt_toolkit', 'hypothesis') if m in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "0 []"


def test_save_writes_an_intent_that_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = tmp_path / "site"
    shutil.copytree(CORPUS / "sites/sensor-mended", site)
    monkeypatch.chdir(site)
    said = spdcheck("trace", "--save", "the sensor's console", "tcp", "10.4.12.10", "192.168.1.10:22")
    assert said.code == status.CLEAN
    assert "written to" in said.err
    text = (site / "spdcheck.toml").read_text(encoding="utf-8")
    assert "# the sensor's console\n[[intent]]" in text
    assert 'expect = ["delivered", "protected", "replied"]' in text
    assert spdcheck("check", "--select", "INT001").code == status.CLEAN
    many = spdcheck("trace", "--save", "x", "--flows", "spdcheck.toml")
    assert many.code == status.USAGE
