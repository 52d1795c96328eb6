"""The address of a host that only its peer knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.checks.site_of import read

if TYPE_CHECKING:
    from pathlib import Path

A = """=== a/setkey.conf
spdadd 10.1.0.0/24 10.2.0.0/24 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
"""
RACOON = "remote 192.0.2.1 { exchange_mode main; }\n"


def addresses(text: str, folder: Path, name: str) -> list[str]:
    host = next(host for host in read(text, folder).hosts if host.name == name)
    return [str(address) for address in host.addresses]


def test_the_only_end_that_is_left(tmp_path: Path) -> None:
    assert addresses(f"{A}=== b/racoon.conf\n{RACOON}", tmp_path, "b") == ["198.51.100.2"]


def test_two_that_call_the_same_peer(tmp_path: Path) -> None:
    text = f"{A}=== b/racoon.conf\n{RACOON}=== c/racoon.conf\n{RACOON}"
    assert addresses(text, tmp_path, "b") == addresses(text, tmp_path, "c") == []


def test_two_ends_that_nobody_has(tmp_path: Path) -> None:
    other = "spdadd 10.1.0.0/24 10.3.0.0/24 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.3/require;\n"
    assert addresses(f"{A}{other}=== b/racoon.conf\n{RACOON}", tmp_path, "b") == []


def test_who_calls_somebody_else_is_not_meant(tmp_path: Path) -> None:
    assert addresses(f"{A}=== b/racoon.conf\n{RACOON.replace('192.0.2.1', '192.0.2.9')}", tmp_path, "b") == []


def test_behind_a_nat_device_it_has_an_address_already(tmp_path: Path) -> None:
    toml = '=== spdcheck.toml\n[host.a]\n[host.b]\n[host.b.interface.em0]\naddresses = ["10.9.0.2/24"]\n'
    assert addresses(f"{A}=== b/racoon.conf\n{RACOON}{toml}", tmp_path, "b") == ["10.9.0.2"]
