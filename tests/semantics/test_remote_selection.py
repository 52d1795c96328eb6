"""racoon's choice of a remote section."""

from __future__ import annotations

import pytest

from spdcheck.model.addresses import parse_address
from spdcheck.semantics.remote_selection import Remotes, listens_on
from tests.semantics.hosts import host, remote

PEER = parse_address("198.51.100.2")
assert PEER is not None

EXACT, ANY, OTHER = remote("198.51.100.2"), remote("anonymous"), remote("203.0.113.3")
EXACT_PASSIVE, ANY_PASSIVE = remote("198.51.100.2", "passive on;"), remote("anonymous", "passive on;")


@pytest.mark.parametrize(
    ("sections", "chosen", "rivals", "passive"),
    [
        (EXACT, "198.51.100.2", 0, 0),
        (ANY + EXACT, "198.51.100.2", 0, 0),
        (EXACT + ANY, "198.51.100.2", 0, 0),
        (OTHER + ANY, "anonymous", 0, 0),
        (OTHER, None, 0, 0),
        (EXACT + EXACT, None, 2, 0),
        (ANY + ANY, None, 2, 0),
        (ANY + ANY + EXACT, "198.51.100.2", 0, 0),
        (EXACT_PASSIVE, None, 0, 1),
        (EXACT_PASSIVE + ANY, "anonymous", 0, 1),
        (EXACT_PASSIVE + EXACT, "198.51.100.2", 0, 1),
        (ANY_PASSIVE + ANY, "anonymous", 0, 1),
    ],
)
def test_initiator(sections: str, chosen: str | None, rivals: int, passive: int) -> None:
    assert PEER is not None
    (daemon,) = host(f"=== gw/racoon.conf\n{sections}").daemons
    choice = Remotes(daemon).to_initiate(PEER)
    found = None if choice.section is None else str(choice.section.address or "anonymous")
    assert (found, len(choice.rivals), len(choice.passive)) == (chosen, rivals, passive)


def test_responder_prefers_the_address() -> None:
    assert PEER is not None
    (daemon,) = host(f"=== gw/racoon.conf\n{ANY}{OTHER}{EXACT_PASSIVE}").daemons
    assert [section.address for section in Remotes(daemon).to_answer(PEER)] == [PEER, None]


def test_whoever_starts() -> None:
    assert PEER is not None
    (daemon,) = host(f"=== gw/racoon.conf\n{ANY_PASSIVE}").daemons
    section = Remotes(daemon).for_peer(PEER)
    assert section is not None
    assert section.passive


def test_listening() -> None:
    assert PEER is not None
    (all_of_them,) = host(f"=== gw/racoon.conf\n{ANY}").daemons
    (one,) = host(f"=== gw/racoon.conf\nlisten {{ isakmp 192.0.2.1; }}\n{ANY}").daemons
    assert listens_on(all_of_them, PEER)
    assert not listens_on(one, PEER)
