"""racoon's search for a pre-shared key."""

from __future__ import annotations

import pytest

from spdcheck.model.addresses import parse_address
from spdcheck.semantics.file_places import Place
from spdcheck.semantics.psk_lookup import for_peer, key_file
from tests.semantics.hosts import host, remote

KEYS = "198.51.100.2 one\nwest.example.net two\n"
NAMED = 'peers_identifier fqdn "west.example.net";'


@pytest.mark.parametrize(
    ("section", "keys", "peer", "by", "refused"),
    [
        (remote("198.51.100.2"), KEYS, "198.51.100.2", "address", False),
        (remote("198.51.100.2", NAMED), KEYS, "198.51.100.2", "address", False),
        (remote("198.51.100.2", NAMED, "aggressive"), KEYS, "west.example.net", "identity", False),
        (remote("198.51.100.2", NAMED, "aggressive,main"), KEYS, "198.51.100.2", "address", False),
        (remote("198.51.100.2", "", "aggressive"), KEYS, "198.51.100.2", "address", False),
        (remote("198.51.100.2", "verify_identifier on;", "aggressive"), KEYS, None, "", True),
        (remote("198.51.100.2", NAMED, "aggressive"), "198.51.100.2 one\n", "198.51.100.2", "address", False),
        (remote("198.51.100.2"), "203.0.113.3 one\n", None, "", False),
        (remote("198.51.100.2"), "* one\n", "*", "wildcard", False),
        (remote("198.51.100.2"), "* one\n198.51.100.2 two\n", "198.51.100.2", "address", False),
    ],
)
def test_lookup(section: str, keys: str, peer: str | None, by: str, refused: bool) -> None:
    gw = host(f'=== gw/racoon.conf\npath pre_shared_key "/etc/psk.txt";\n{section}=== gw/psk.txt\n{keys}')
    (daemon,) = gw.daemons
    address = parse_address("198.51.100.2")
    assert address is not None
    remote_section = daemon.peers[0]
    identity = remote_section.peer_identities[0] if remote_section.peer_identities else None
    lookup = for_peer(key_file(gw, daemon).credentials, remote_section, address, identity)
    found = None if lookup.credential is None else lookup.credential.peer
    assert (found, lookup.by, lookup.refused) == (peer, by, refused)


@pytest.mark.parametrize(
    ("files", "place", "lines"),
    [
        ('=== gw/etc/racoon.conf\npath pre_shared_key "/etc/psk.txt";\n=== gw/etc/psk.txt\na b\n', Place.THERE, 1),
        ('=== gw/racoon.conf\npath pre_shared_key "/etc/psk.txt";\n=== gw/psk.txt\na b\n', Place.THERE, 1),
        ('=== gw/etc/racoon.conf\npath pre_shared_key "/etc/psk.txt";\n=== gw/usr/psk.txt\na b\n', Place.ELSEWHERE, 1),
        ('=== gw/etc/racoon.conf\npath pre_shared_key "/etc/psk.txt";\n', Place.ABSENT, 0),
        ("=== gw/etc/racoon.conf\nlog notify;\n=== gw/etc/psk.txt\na b\n", Place.ELSEWHERE, 1),
    ],
)
def test_key_file(files: str, place: Place, lines: int) -> None:
    gw = host(files)
    keys = key_file(gw, gw.daemons[0])
    assert (keys.located.place, len(keys.credentials)) == (place, lines)
