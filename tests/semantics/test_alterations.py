"""How far a host differs from what it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from spdcheck.semantics.alterations import alteration
from spdcheck.site.load import load_site
from tests.golden import unpack

if TYPE_CHECKING:
    from pathlib import Path

    from spdcheck.model.host import Host

SITE = """\
=== gw/etc/rc.conf
ifconfig_em0="inet 192.0.2.1 netmask 255.255.255.0"
pf_enable="YES"
=== gw/etc/pf.conf
block all
pass proto esp
=== gw/etc/ipsec.conf
spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
spdadd 10.1.0.0/16 10.3.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.3/require;
spdadd 10.1.0.0/16 10.4.0.0/16 any -P out discard;
"""


def _host(text: str, folder: Path) -> Host:
    folder.mkdir()
    unpack(text, folder)
    return load_site(folder, shown="").hosts[0]


def _altered(tmp_path: Path, old: str, new: str) -> list[str] | str | None:
    assert old in SITE
    found = alteration(_host(SITE, tmp_path / "old"), _host(SITE.replace(old, new), tmp_path / "new"))
    if found is None:
        return "nothing"
    return None if found.selectors is None else sorted(str(selector) for selector in found.selectors)


@pytest.mark.parametrize(
    ("old", "new", "selectors"),
    [
        ("10.2.0.0/16 any", "10.2.0.0/17 any", ["10.1.0.0/16 → 10.2.0.0/16 any", "10.1.0.0/16 → 10.2.0.0/17 any"]),
        ("10.4.0.0/16 any -P out discard", "10.4.0.0/16 any -P out none", ["10.1.0.0/16 → 10.4.0.0/16 any"]),
        ("spdadd 10.1.0.0/16 10.2", "# a remark\n\nspdadd 10.1.0.0/16 10.2", []),
        ("block all\npass proto esp", "# a remark\nblock all\npass proto esp", []),
        ("block all\npass proto esp", "pass proto esp\nblock all", None),
        ("192.0.2.1 netmask", "192.0.2.9 netmask", None),
        ("block all", "block all", "nothing"),
    ],
)
def test_what_is_altered(tmp_path: Path, old: str, new: str, selectors: list[str] | str | None) -> None:
    assert _altered(tmp_path, old, new) == selectors


def test_a_moved_policy_is_altered_and_those_that_stay_are_not(tmp_path: Path) -> None:
    lines = SITE.splitlines(keepends=True)
    moved = "".join([*lines[:-3], lines[-1], *lines[-3:-1]])
    found = alteration(_host(SITE, tmp_path / "old"), _host(moved, tmp_path / "new"))
    assert found is not None
    assert found.selectors is not None
    assert len(found.selectors) < 3


def test_a_host_that_is_new_or_gone_is_altered_anyhow(tmp_path: Path) -> None:
    host = _host(SITE, tmp_path / "one")
    for pair in ((None, host), (host, None)):
        found = alteration(*pair)
        assert found is not None
        assert found.selectors is None
    assert alteration(None, None) is None
