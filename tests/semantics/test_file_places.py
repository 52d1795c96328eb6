"""Where a named file lies."""

from __future__ import annotations

import pytest

from spdcheck.semantics.file_places import Place, below, is_placed, locate
from tests.semantics.hosts import host

KEYS = "198.51.100.2 k7Bq-Zt31_pWm9xEoRf2vYc8\n"


@pytest.mark.parametrize(
    ("lies", "named", "place"),
    [
        ("etc/racoon/psk.txt", "/etc/racoon/psk.txt", Place.THERE),
        ("private/etc/racoon/psk.txt", "/etc/racoon/psk.txt", Place.THERE),
        ("usr/local/etc/racoon/psk.txt", "/etc/racoon/psk.txt", Place.ELSEWHERE),
        ("etc/racoon/psk.txt", "/etc/psk.txt", Place.ELSEWHERE),
        ("psk.txt", "/etc/racoon/psk.txt", Place.THERE),
        ("racoon/psk.txt", "/etc/racoon/psk.txt", Place.THERE),
        ("psk.txt", "/etc/racoon/keys.txt", Place.ELSEWHERE),
        ("etc/racoon/psk.txt", "psk.txt", Place.THERE),
    ],
)
def test_locate(lies: str, named: str, place: Place) -> None:
    gw = host(f"=== gw/{lies}\n{KEYS}")
    found = locate(gw, named, "psk")
    assert found.place is place
    assert found.file is not None
    assert below(gw, found.file) == lies.removeprefix("private/")


def test_absent() -> None:
    assert locate(host("=== gw/setkey.conf\nspdflush;\n"), "/etc/psk.txt", "psk") == (Place.ABSENT, None)


@pytest.mark.parametrize(
    ("path", "placed"), [("etc/x", True), ("usr/local/etc/x", True), ("x", False), ("etc", False), ("racoon/x", False)]
)
def test_placed(path: str, placed: bool) -> None:
    assert is_placed(path) is placed
