"""What a racoon.conf means: defaults, inheritance, duplicates."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.formats.test_racoon import ALGORITHMS, PROPOSAL, codes, daemon, read_text

PARENT = f'remote "a" {{ passive on; exchange_mode main; {PROPOSAL} }}'


def test_heir_takes_its_own_lifetime_and_appends_proposals() -> None:
    text = f'{PARENT} remote "b" inherit "a" {{ lifetime time 1 hour; {PROPOSAL} }}'
    a, b = daemon(text).peers
    assert [proposal.lifetime.seconds for proposal in a.proposals] == [28800]
    assert [proposal.lifetime.seconds for proposal in b.proposals] == [3600, 3600]


def test_identifier_of_an_heir_goes_to_its_parent_too() -> None:
    text = f'{PARENT} remote "b" inherit "a" {{ peers_identifier fqdn "x"; }}'
    reading = read_text(text)
    a, b = reading.facts.daemons[0].peers
    assert [len(a.peer_identities), len(b.peer_identities)] == [1, 1]
    assert codes(reading) == ["CFG010"]


def test_peer_with_an_unreadable_address_is_nobody() -> None:
    assert daemon(f"remote gateway.example {{ exchange_mode main; {PROPOSAL} }}").peers == ()
    assert daemon(f"remote a.b.c.d {{ exchange_mode main; {PROPOSAL} }}").peers == ()
    assert daemon(f'remote "x" {{ remote_address a.b.c.d; exchange_mode main; {PROPOSAL} }}').peers == ()
    assert daemon(f'remote "x" {{ remote_addres 10.0.0.1; exchange_mode main; {PROPOSAL} }}').peers == ()


def test_default_key_lengths() -> None:
    text = "sainfo anonymous { encryption_algorithm aes, blowfish, cast128, twofish, camellia, 3des, des, null_enc; }"
    bits = {a.name: a.bits for a in daemon(text + "").phase2[0].encryption}
    assert bits == {
        "aes-cbc": 128, "blowfish-cbc": 128, "cast128-cbc": 128, "twofish-cbc": 128, "camellia-cbc": 128,
        "3des-cbc": None, "des-cbc": None, "null": None,
    }  # fmt: skip


def test_defaults_of_a_remote() -> None:
    (peer,) = daemon(f"remote 192.0.2.1 {{ exchange_mode main; {PROPOSAL} }}").peers
    assert (peer.port, peer.dpd_seconds, peer.nat_traversal, peer.generate_policy) == (500, 0, "off", "off")
    assert (peer.proposal_check.value, peer.verify_identifier, peer.verify_certificate) == ("strict", False, True)
    assert peer.my_identity is not None
    assert (peer.my_identity.type.value, peer.my_identity.value) == ("address", None)


def test_switched_off_dpd_has_no_delay() -> None:
    (peer,) = daemon(f"remote 192.0.2.1 {{ exchange_mode main; dpd off; dpd_delay 20; {PROPOSAL} }}").peers
    assert peer.dpd_seconds == 0


def test_two_passive_blocks_for_one_peer_are_fine() -> None:
    block = f"remote 192.0.2.1 {{ exchange_mode main; passive on; {PROPOSAL} }}"
    assert codes(read_text(block + block)) == []
    assert codes(read_text((block + block).replace("passive on;", ""))) == ["CFG004"]
    assert codes(read_text(block + block.replace("passive on;", ""))) == []


NET = ("address 10.0.0.0/24 any", "address 10.1.0.0/24 any", "anonymous", "clientaddr", "address 10.0.0.0/24 tcp")
FROM = ("", ' from fqdn "x"', ' from fqdn "y"')
HEADS = st.tuples(st.sampled_from(NET), st.sampled_from(NET), st.sampled_from(FROM), st.integers(0, 1))


@given(st.lists(HEADS, max_size=7))
def test_duplicates_as_a_walk_over_racoons_list_finds_them(heads: list[tuple[str, str, str, int]]) -> None:
    heads = [(left, right, peer, remote) for left, right, peer, remote in heads if left != "clientaddr"]
    text = "".join(
        f"sainfo {left} {'' if left == right == 'anonymous' else right}{peer} {{ remoteid {remote}; {ALGORITHMS} }}\n"
        for left, right, peer, remote in heads
    )
    refused = {
        item.span.begin.line for item in read_text(text).facts.diagnostics if item.message.startswith("duplicated")
    }
    assert refused == _walked(heads)


def _walked(heads: list[tuple[str, str, str, int]]) -> set[int]:
    """``getsainfo`` over a list kept in order by ``inssainfo``, as the C code does it."""
    listed: list[tuple[int, int, tuple[str, str, str, int]]] = []
    refused = set()
    for line, head in enumerate(heads, 1):
        left, right, peer, remote = head
        found = None
        for _, _, other in sorted(listed):
            if other[3] != remote or (other[2] and peer and other[2] != peer) or other[1] == "clientaddr":
                continue
            if _open(left, other[0]) and _open(right, other[1]):
                found = other
                break
        if found is not None and found[0] != "anonymous" and left != "anonymous":
            refused.add(line)
            continue
        given_ = (3 if remote else 0) + (3 if peer else 0) + (left != "anonymous") + (right != "anonymous")
        listed.append((-given_, line, head))
    return refused


def _open(one: str, other: str) -> bool:
    return one == other or "anonymous" in (one, other)
