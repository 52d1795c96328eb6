"""What is written as racoon.conf is read back as the same model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spdcheck.formats.base import Context
from spdcheck.formats.racoon import read
from spdcheck.formats.racoon.algorithms import HASHES, INTEGRITY, METHODS, PHASE1_CIPHERS, PHASE2_CIPHERS
from spdcheck.formats.racoon.write import configuration, remote, sainfo
from spdcheck.model.addresses import AddressRange, parse_prefix
from spdcheck.model.ike import (
    Algorithm,
    ExchangeMode,
    Identity,
    IdentityType,
    IkePeer,
    KeyDaemon,
    Lifetime,
    Phase1Proposal,
    Phase2Id,
    Phase2Proposal,
    ProposalCheck,
)
from spdcheck.model.selector import PortRange
from spdcheck.source import SourceFile
from tests.formats.rendering import model_json
from tests.formats.test_racoon_corpus import BAD, GOOD

if TYPE_CHECKING:
    from pathlib import Path

NOWHERE = SourceFile("model", "").span()


def read_daemon(text: str) -> KeyDaemon:
    return read(SourceFile("racoon.conf", text), Context()).facts.daemons[0]


@pytest.mark.parametrize("path", [*GOOD, *BAD], ids=lambda path: path.stem)
def test_printing_is_stable(path: Path) -> None:
    first = configuration(read_daemon(path.read_bytes().decode()))
    reading = read(SourceFile("racoon.conf", first), Context())
    assert configuration(reading.facts.daemons[0]) == first


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_written_file_says_the_same(path: Path) -> None:
    before = read_daemon(path.read_bytes().decode())
    text = configuration(before)
    reading = read(SourceFile("racoon.conf", text), Context())
    assert [item.code for item in reading.facts.diagnostics] == []
    after = reading.facts.daemons[0]
    assert [without_places(peer) for peer in after.peers] == [without_places(peer) for peer in before.peers]
    assert [without_places(p) for p in after.phase2] == [without_places(p) for p in before.phase2]


def without_places(value: Any) -> Any:
    """A value of the model without its spans (and without the name of what it was copied from)."""
    if hasattr(value, "begin"):
        return None
    if isinstance(value, tuple):
        return tuple(without_places(item) for item in value)
    if hasattr(value, "__dataclass_fields__"):
        names = (name for name in value.__dataclass_fields__ if not name.endswith(("origin", "heading", "parent")))
        return type(value).__name__, {name: without_places(getattr(value, name)) for name in names}
    return value


names = st.from_regex(r"[a-z][a-z0-9.@-]{0,12}", fullmatch=True)
hosts = st.sampled_from(["192.0.2.1", "198.51.100.2", "2001:db8::1"]).map(parse_prefix)
lifetimes = st.integers(1, 200_000).map(lambda seconds: Lifetime(seconds, None, NOWHERE))
groups = st.sampled_from([1, 2, 5, 14, 15, 16, 17, 18])


def algorithms(table: dict[str, str]) -> st.SearchStrategy[Algorithm]:
    variable = {"aes-cbc": 256, "aes-gcm-16": 128, "camellia-cbc": 192, "blowfish-cbc": 448, "rc5-cbc": 128,
                "cast128-cbc": 40, "twofish-cbc": 256}  # fmt: skip
    return st.sampled_from(sorted(set(table.values()))).map(lambda n: Algorithm(n, variable.get(n), NOWHERE))


@st.composite
def identities(draw: st.DrawFn) -> Identity:
    kind = draw(st.sampled_from(list(IdentityType)[:-1]))
    if kind in (IdentityType.ADDRESS, IdentityType.SUBNET, IdentityType.RANGE):
        return Identity(IdentityType.ADDRESS, None, NOWHERE)
    return Identity(kind, draw(names), NOWHERE)


@st.composite
def proposals(draw: st.DrawFn, group: int) -> Phase1Proposal:
    method = draw(st.sampled_from(sorted(METHODS)))
    return Phase1Proposal(
        encryption=draw(algorithms(PHASE1_CIPHERS)), hash=draw(algorithms(HASHES)), auth=METHODS[method],
        auth_name=method, group=group, lifetime=draw(lifetimes), origin=NOWHERE, group_origin=NOWHERE,
        auth_origin=NOWHERE,
    )  # fmt: skip


@st.composite
def peers(draw: st.DrawFn) -> IkePeer:
    group = draw(groups)
    names_of_switches = ("verify_identifier", "passive", "ike_fragmentation", "mode_cfg", "initial_contact")
    switches: dict[str, Any] = {name: draw(st.booleans()) for name in names_of_switches}
    return IkePeer(
        address=draw(st.none() | hosts), port=draw(st.sampled_from([500, 4500])), name=draw(st.none() | names),
        modes=tuple(draw(st.lists(st.sampled_from(list(ExchangeMode)), min_size=1, max_size=3))),
        proposals=tuple(draw(st.lists(proposals(group), min_size=1, max_size=2))), origin=NOWHERE, heading=NOWHERE,
        my_identity=draw(identities()), peer_identities=tuple(draw(st.lists(identities(), max_size=2))),
        proposal_check=draw(st.sampled_from(list(ProposalCheck))),
        generate_policy=draw(st.sampled_from(["off", "on", "require", "unique"])),
        nat_traversal=draw(st.sampled_from(["off", "on", "force"])),
        rekey=draw(st.sampled_from(["on", "off", "force"])),
        dpd_seconds=draw(st.integers(0, 99)), ph1id=draw(st.integers(0, 9)),
        esp_fragment_bytes=draw(st.none() | st.integers(0, 1500)), xauth_login=draw(st.none() | names),
        **switches,
    )  # fmt: skip


@given(peers())
def test_any_peer_survives(peer: IkePeer) -> None:
    if peer.name is not None and peer.address is None:
        peer = _replaced(peer, port=500)
    (back,) = read_daemon(remote(peer)).peers
    assert without_places(back) == without_places(peer)


def _replaced(peer: IkePeer, **changes: Any) -> IkePeer:
    from dataclasses import replace

    return replace(peer, **changes)


@st.composite
def ends(draw: st.DrawFn) -> Phase2Id | None:
    shape = draw(st.sampled_from(["anonymous", "client", "prefix", "range", "name"]))
    if shape == "anonymous":
        return None
    if shape == "client":
        return Phase2Id(None, None, None, NOWHERE, is_client_address=True)
    if shape == "name":
        identity = Identity(draw(st.sampled_from([IdentityType.FQDN, IdentityType.USER_FQDN])), draw(names), NOWHERE)
        return Phase2Id(None, None, None, NOWHERE, name=identity)
    protocol = draw(st.sampled_from([None, 6, 17, 47, 132]))
    port = draw(st.sampled_from([None, 80])) if protocol in (6, 17) else None
    addresses = parse_prefix(draw(st.sampled_from(["10.0.0.0/24", "0.0.0.0/0", "10.0.0.1", "2001:db8::/32", "::1"])))
    if shape == "range":
        addresses = AddressRange(4, 0x0A000009, 0x0A000013)
    return Phase2Id(addresses, protocol, None if port is None else PortRange(port, port), NOWHERE)


@st.composite
def sainfos(draw: st.DrawFn) -> Phase2Proposal:
    local = draw(ends().filter(lambda end: end is None or not end.is_client_address))
    restricted = draw(st.sampled_from(["", "from", "group"]))
    peer = Identity(IdentityType.FQDN, draw(names), NOWHERE) if restricted == "from" else None
    return Phase2Proposal(
        local=local, remote=draw(ends()), peer=peer, group_name=draw(names) if restricted == "group" else None,
        encryption=tuple(draw(st.lists(algorithms(PHASE2_CIPHERS), min_size=1, max_size=3))),
        integrity=tuple(draw(st.lists(algorithms(INTEGRITY), min_size=1, max_size=3))), compression=("deflate",),
        pfs_group=draw(st.none() | groups), lifetime=draw(lifetimes), origin=NOWHERE, heading=NOWHERE,
        remote_ph1id=draw(st.integers(0, 3)),
    )  # fmt: skip


@given(sainfos())
def test_any_sainfo_survives(proposal: Phase2Proposal) -> None:
    (back,) = read_daemon(sainfo(proposal)).phase2
    assert without_places(back) == without_places(proposal)


def test_what_racoon_lacks_becomes_a_comment() -> None:
    curve = Phase2Proposal(
        local=None, remote=None, encryption=(Algorithm("aes-ctr", 128, NOWHERE), Algorithm("aes-cbc", 128, NOWHERE)),
        integrity=(), compression=(), pfs_group=19, lifetime=Lifetime(None, None, None), origin=NOWHERE,
        heading=NOWHERE,
    )  # fmt: skip
    assert sainfo(curve).splitlines()[1:-1] == [
        "\t# pfs_group: racoon has no group 19",
        "\tencryption_algorithm aes 128; # racoon has no aes-ctr-128",
        "\t# authentication_algorithm: racoon has no default",
        "\tcompression_algorithm deflate;",
    ]


def test_golden_models_have_no_secret() -> None:
    for path in GOOD:
        reading = read(SourceFile(path.name, path.read_bytes().decode()), Context())
        assert "not-a-real" not in model_json(reading)
