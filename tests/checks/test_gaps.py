"""What is not known stays open: no verdict where a part of a host is unread, no alarm either."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from spdcheck.checks.run import run
from spdcheck.site.load import single_file
from tests.checks.site_of import asked, read

if TYPE_CHECKING:
    from pathlib import Path

POLICIES = """flush;
spdflush;
spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
spdadd 10.2.0.0/16 10.1.0.0/16 any -P in ipsec esp/tunnel/198.51.100.2-192.0.2.1/require;
"""
MIRRORED = POLICIES.replace("-P out", "-P OUT").replace("-P in ", "-P out ").replace("-P OUT", "-P in")
SECTION = """remote %s {
    exchange_mode main;
    proposal {
        encryption_algorithm aes 256;
        hash_algorithm sha256;
        authentication_method pre_shared_key;
        dh_group 14;
    }
}
sainfo anonymous { encryption_algorithm aes 256; authentication_algorithm hmac_sha256; compression_algorithm deflate; }
"""
KEY = "0x71f20d5bb1a64ce9a8f3620c19be4d5770aa1c83d94e2fb6650f8de2379b14c5"
BROKEN = "remote 198.51.100.2 { exchange_mode sideways; }\n"


@pytest.mark.parametrize(
    ("code", "files"),
    [
        ("IKE004", {"gw/setkey.conf": POLICIES, "gw/racoon.conf": BROKEN}),
        ("IKE005", {"gw/setkey.conf": POLICIES, "gw/racoon.conf": BROKEN}),
        ("IKE006", {"gw/setkey.conf": POLICIES + "spdadd nonsense;\n", "gw/racoon.conf": SECTION % "198.51.100.2"}),
        (
            "IKE006",
            {
                "east/setkey.conf": POLICIES,
                "east/racoon.conf": SECTION % "198.51.100.2",
                "west/setkey.conf": MIRRORED.replace("10.2.0.0", "10.22.0.0") + "spdadd nonsense;\n",
                "west/racoon.conf": SECTION % "192.0.2.1",
            },
        ),
        ("SAD003", {"gw/setkey.conf": f"add 192.0.2.1 198.51.100.2 ah 0x1001 -A hmac-sha2-256 {KEY};\nadd x;\n"}),
        (
            "SAD003",
            {
                "east/setkey.conf": f"{POLICIES}add 192.0.2.1 198.51.100.2 esp 0x1001 -E null -A hmac-sha2-256 {KEY};\n"
                f"add 198.51.100.2 192.0.2.1 esp 0x1002 -E null -A hmac-sha2-256 {KEY};\n",
                "west/setkey.conf": f"{MIRRORED}add x;\n",
            },
        ),
        ("SAD005", {"gw/setkey.conf": f"{POLICIES.replace('require', 'unique:7')}add x;\n"}),
    ],
)
def test_open(code: str, files: dict[str, str], tmp_path: Path) -> None:
    text = "".join(f"=== {path}\n{body}" for path, body in files.items())
    findings, undecided = asked(read(text, tmp_path), code)
    assert not findings
    assert undecided


def test_a_broken_script_in_rc_conf_leaves_services_open(tmp_path: Path) -> None:
    text = f"=== gw/etc/rc.conf\nif true; then\nipsec_enable=YES\n=== gw/etc/ipsec.conf\n{POLICIES}"
    findings, undecided = asked(read(text, tmp_path), "CFG006")
    assert not findings
    assert undecided


def test_a_file_alone_is_not_missing_its_peer(tmp_path: Path) -> None:
    script = tmp_path / "setkey.conf"
    script.write_text(
        f"{POLICIES}add 192.0.2.1 198.51.100.2 esp 0x1001 -E null -A hmac-sha2-256 {KEY};\n", encoding="utf-8"
    )
    report = run(single_file(script), ["IKE004", "IKE005", "IKE006", "SAD003", "SAD004"])
    assert not [finding for finding in report.findings if finding.code.startswith("IKE")]
    assert not report.undecided


def test_a_peer_is_missed_once(tmp_path: Path) -> None:
    both = POLICIES + POLICIES.replace("10.1.", "10.9.").replace("flush;\nspdflush;\n", "")
    text = (
        f"=== gw/etc/ipsec.conf\n{both}=== gw/etc/racoon/racoon.conf\n"
        f'path pre_shared_key "/etc/racoon/psk.txt";\n{SECTION % "198.51.100.2"}'
        "=== gw/etc/racoon/psk.txt\n198.51.100.2 k7Bq-Zt31_pWm9xEoRf2vYc8\n"
    )
    site = read(text, tmp_path)
    for code in ("IKE004", "IKE006"):
        findings, undecided = asked(site, code)
        assert not findings
        assert [item.code for item in undecided] == [code]
