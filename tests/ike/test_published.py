"""Published initiators and responders of racoon: what becomes of them together, read in place where they are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from spdcheck.semantics.ike.outcome import Agreed, Cause, Outcome, Refused, Unknown
from spdcheck.semantics.ike.wants import Daemons, between
from tests.conformance.__main__ import DEFAULT_ROOT
from tests.semantics.hosts import site

FOLDER = Path(os.environ.get("SPDCHECK_CONFORMANCE") or DEFAULT_ROOT) / "racoon"

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the published files are not here")


def published(name: str, *changes: tuple[str, str]) -> str:
    """A file, with what a placeholder stands for."""
    text = (FOLDER / name).read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text


def started(initiator: str, responder: str, near: str, far: str, keys: str = "") -> Outcome:
    """What becomes of a tunnel that the first starts; ``keys`` is the key file of both."""
    psk = f"=== one/etc/racoon/psk.txt\n{keys}=== two/etc/racoon/psk.txt\n{keys}" if keys else ""
    found = site(
        f'=== spdcheck.toml\n[host.one.interface.em0]\naddresses = ["{near}/24"]\n'
        f'[host.two.interface.em0]\naddresses = ["{far}/24"]\n'
        f"=== one/etc/ipsec.conf\nspdadd 10.1.0.0/24 10.2.0.0/24 any -P out ipsec esp/tunnel/{near}-{far}/require;\n"
        f"=== two/etc/ipsec.conf\nspdadd 10.1.0.0/24 10.2.0.0/24 any -P in ipsec esp/tunnel/{near}-{far}/require;\n"
        f"=== one/etc/racoon/racoon.conf\n{initiator}\n=== two/etc/racoon/racoon.conf\n{responder}\n{psk}"
    )
    one, two = (next(host for host in found.hosts if host.name == name) for name in ("one", "two"))
    daemons = Daemons(found)
    (item,) = between(daemons, one, two)
    outcome = daemons.outcome(item)
    assert outcome is not None
    return outcome


def test_road_warrior_comes_up() -> None:
    outcome = started(
        published("ipsec-tools-roadwarrior-client.racoon.conf"),
        published("ipsec-tools-roadwarrior-server.racoon.conf"),
        "203.0.113.5",
        "192.0.2.50",
    )
    assert isinstance(outcome, Agreed)
    assert outcome.phase1.authentication == "hybrid_rsa_client"
    assert outcome.assumptions, "certificates are supposed to be right"


def test_equal_sides_come_up_as_far_as_their_keys_are_known() -> None:
    first = published("seed004-A.racoon.conf", ("B1.B1.B1.B1", "198.51.100.2"))
    second = published("seed004-B.racoon.conf", ("A1.A1.A1.A1", "192.0.2.1"))
    for outcome in (
        started(first, second, "192.0.2.1", "198.51.100.2"),
        started(second, first, "198.51.100.2", "192.0.2.1"),
    ):
        assert isinstance(outcome, Unknown)
        assert outcome.agreed is not None
        assert outcome.agreed.phase2 is not None
        assert outcome.agreed.phase2.pfs_group == 2


WEST, EAST = "libreswan-aggr-initiator-west.racoon.conf", "libreswan-aggr-responder-east.racoon.conf"
ENDS = ("192.1.2.45", "192.1.2.23")


def test_names_that_are_not_expected_are_refused() -> None:
    """The two are for other peers: one names itself by its address, the other expects a name."""
    outcome = started(published(WEST), published(EAST), *ENDS, published("libreswan-west.psk.txt"))
    assert isinstance(outcome, Refused)
    assert outcome.refusal.cause is Cause.IDENTITY


def test_the_same_with_names_comes_up() -> None:
    changes = (("address 192.1.2.45", 'fqdn "west"'), ("address 192.1.2.23", 'fqdn "east"'))
    outcome = started(published(WEST, *changes), published(EAST), *ENDS, published("libreswan-west.psk.txt"))
    assert isinstance(outcome, Agreed), outcome


def test_aggressive_against_main() -> None:
    responder = published("libreswan-xauth-responder-east.racoon.conf")
    outcome = started(published(WEST), responder, *ENDS, published("libreswan-west.psk.txt"))
    assert isinstance(outcome, Refused)
    assert outcome.refusal.cause is Cause.EXCHANGE_MODE
