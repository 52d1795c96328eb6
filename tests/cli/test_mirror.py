"""``spdcheck mirror``, ``check --diff`` and ``check --fix``: what is written makes the findings go."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from spdcheck.cli import status
from tests.bench.star import write
from tests.cli.run import spdcheck
from tests.golden import unpack

if TYPE_CHECKING:
    from pathlib import Path

PF = "block all\npass quick on lo0\n"
IPTABLES = """\
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -i lo -j ACCEPT
-A OUTPUT -o lo -j ACCEPT
COMMIT
"""
NO_SCRIPT = """=== a/etc/ipsec-tools.conf
flush;
spdflush;
spdadd 10.2.0.0/24 10.1.0.0/24 any -P in prio 100 ipsec esp/tunnel/198.51.100.2-192.0.2.1/require;
spdadd 10.1.0.0/24 10.2.0.0/24 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
=== b/etc/racoon.conf
remote 192.0.2.1 {
    exchange_mode main;
    proposal {
        encryption_algorithm aes 256; hash_algorithm sha256; authentication_method pre_shared_key; dh_group modp2048;
    }
}
=== spdcheck.toml
[host.a]
platform = "linux"
[host.b]
platform = "linux"
"""
IPF = "pass in quick on lo0 all\npass out quick on lo0 all\nblock in quick all\nblock out quick all\n"


@pytest.fixture
def star(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write(tmp_path, 1)
    peer = tmp_path / "branch-0000"
    (peer / "etc/ipsec.conf").write_text("flush;\nspdflush;\n", encoding="utf-8")
    racoon = peer / "usr/local/etc/racoon/racoon.conf"
    racoon.write_text('path pre_shared_key "/usr/local/etc/racoon/psk.txt";\n', encoding="utf-8")
    (peer / "etc/pf.conf").write_text(PF, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return peer


def _filter(peer: Path, language: str) -> None:
    if language == "pf":
        return
    (peer / "etc/pf.conf").unlink()
    rc = peer / "etc/rc.conf"
    if language == "ipf":
        (peer / "etc/ipf.rules").write_text(IPF, encoding="utf-8")
        rc.write_text(rc.read_text(encoding="utf-8").replace("pf_enable", "ipfilter_enable"), encoding="utf-8")
    else:
        (peer / "usr/local/etc/racoon").rename(peer / "etc/racoon")
        racoon = peer / "etc/racoon/racoon.conf"
        racoon.write_text(racoon.read_text(encoding="utf-8").replace("/usr/local", ""), encoding="utf-8")
        (peer / "etc/rules.v4").write_text(IPTABLES, encoding="utf-8")
        rc.unlink()
        (peer / "etc/ipsec-tools.conf").write_text("flush;\nspdflush;\n", encoding="utf-8")
        (peer / "etc/ipsec.conf").unlink()
        site = peer.parent / "spdcheck.toml"
        site.write_text(
            '[host.hub]\n[host.branch-0000]\nplatform = "linux"\nrelease = "6.1"\nforwarding = true\n'
            '[host.branch-0000.interface.em0]\naddresses = ["198.18.0.1/16"]\n'
            '[host.branch-0000.interface.em1]\naddresses = ["10.1.0.1/24"]\n'
            '[[host.branch-0000.route]]\nto = "default"\nvia = "198.18.0.254"\n',
            encoding="utf-8",
        )


@pytest.mark.parametrize("language", ["pf", "ipf", "iptables"])
def test_with_it_the_findings_are_gone(star: Path, language: str) -> None:
    _filter(star, language)
    before = spdcheck("check", "--format", "concise")
    assert before.code == status.FINDINGS
    said = spdcheck("mirror", "hub", "branch-0000")
    assert said.code == status.CLEAN, said.err
    assert "left:" not in said.err
    assert spdcheck("mirror", "hub", "branch-0000", "--write").code == status.CLEAN
    after = spdcheck("check", "--format", "concise")
    assert after.code == status.CLEAN, after.out
    trace = spdcheck("trace", "tcp", "172.16.0.5", "10.1.0.5:443", "--expect", "delivered,protected,replied")
    assert trace.code == status.CLEAN, trace.out
    again = spdcheck("mirror", "hub", "branch-0000")
    assert again.out == ""
    assert "lacks nothing" in again.err


def test_a_peer_without_script_gets_a_whole_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unpack(NO_SCRIPT, tmp_path)
    monkeypatch.chdir(tmp_path)
    _, out, err = spdcheck("mirror", "a", "b")
    assert "# b/etc/ipsec-tools.conf, a new file: the other half of what a protects\nflush;\nspdflush;\n" in out
    assert "spdadd 10.1.0.0/24 10.2.0.0/24 any -P in ipsec\n" in out
    assert "spdadd 10.2.0.0/24 10.1.0.0/24 any -P out prio 100 ipsec\n" in out
    assert "CFG011" not in err


def test_the_patch_can_be_applied(star: Path) -> None:
    said = spdcheck("mirror", "hub", "branch-0000", "--diff")
    done = subprocess.run(["patch", "-p0"], input=said.out, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout
    assert spdcheck("check", "--format", "concise").code == status.CLEAN


def test_a_key_that_is_missing_is_pointed_at_and_never_shown(star: Path) -> None:
    path = star / "usr/local/etc/racoon/psk.txt"
    key = path.read_text(encoding="utf-8").split()[1]
    path.write_text("# nothing yet\n", encoding="utf-8")
    said = spdcheck("mirror", "hub", "branch-0000", "--diff")
    assert said.code == status.FINDINGS
    assert "the key file of branch-0000 needs a line for 192.0.2.1" in said.err
    assert "IKE004" in said.err
    assert key not in said.out + said.err


def test_wrong_hosts(star: Path) -> None:
    assert spdcheck("mirror", "hub", "hub").code == status.USAGE
    assert "did you mean" in spdcheck("mirror", "hub", "branch-0001").err


HALF = """\
=== gw/etc/ipsec.conf
# the tunnel to the branch
spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec
	esp/tunnel/192.0.2.1-198.51.100.2/require;
# spdcheck: ignore[SPD008] nothing of the kind
spdadd 10.1.0.0/16 10.3.0.0/16 any -P out discard; # spdcheck: ignore[SPD006] nor here
"""


@pytest.fixture
def half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    unpack(HALF, tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "gw/etc/ipsec.conf"


def test_fix_writes_what_proves_itself(half: Path) -> None:
    before = half.read_text(encoding="utf-8")
    shown = spdcheck("check", "--diff")
    assert half.read_text(encoding="utf-8") == before
    assert "+spdadd 10.2.0.0/16 10.1.0.0/16 any -P in ipsec" in shown.out
    assert "+spdflush;" in shown.out
    said = spdcheck("check", "--fix", "--format", "concise")
    for code in ("SPD002", "CFG009", "CFG011"):
        assert f"mended {code}" in said.err
        assert code not in said.out
    text = half.read_text(encoding="utf-8")
    assert "spdcheck:" not in text
    assert text.index("flush;") < text.index("spdadd")
    assert spdcheck("check", "--fix").err.count("mended") == 0


def test_no_secret_in_a_patch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = "0x8f14e45fceea167a5a36dedd4bea2543a1b2c3d4"
    add = f"add 192.0.2.1 198.51.100.2 esp 0x1001 -E aes-cbc 0x00112233445566778899aabbccddeeff -A hmac-sha1 {key};\n"
    unpack("=== gw/etc/ipsec.conf\n" + add, tmp_path)
    monkeypatch.chdir(tmp_path)
    said = spdcheck("check", "--diff")
    assert "+flush;" in said.out
    assert key not in said.out
    assert "•" not in said.out, "a patch with bullets in it could not be applied"
    done = subprocess.run(["patch", "-p0"], input=said.out, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout
    assert (tmp_path / "gw/etc/ipsec.conf").read_text(encoding="utf-8").endswith(add)
