"""Small sites on disk; every test stands in a folder of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.golden import unpack

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SITE = """\
=== gw/etc/rc.conf
gateway_enable="YES"
ifconfig_em0="inet 192.0.2.1 netmask 255.255.255.0"
ifconfig_em1="inet 10.1.0.1/16 mtu 1400"
defaultrouter="192.0.2.254"
"""
"""A host whose files hold nothing that CFG001 could complain of."""

PEER = """\
=== gw/etc/racoon.conf
remote 198.51.100.2 {
\texchange_mode main;
\tproposal_check obey;
\tproposal {
\t\tencryption_algorithm aes 256;
\t\thash_algorithm sha256;
\t\tauthentication_method pre_shared_key;
\t\tdh_group 14;
\t}
}
"""
BROKEN = SITE + PEER.replace("proposal_check obey;", "flooble 3;")
"""The same with a statement that racoon refuses."""

MENDED = SITE + PEER


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "PRE_COMMIT", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    """Writes a site that is given as one text; answers with the folder."""

    def write(text: str) -> Path:
        unpack(text, tmp_path)
        return tmp_path

    return write
