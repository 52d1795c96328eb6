"""Phase 2 identities and what racoon finds for them."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spdcheck.model.policy import Direction
from spdcheck.semantics.quick_mode import Fit, Ids, InPolicies, Sainfos, differences, fit, ids_of, score
from tests.semantics.hosts import host, sainfo

ENDS = "esp/tunnel/192.0.2.1-198.51.100.2/require"
BACK = "esp/tunnel/198.51.100.2-192.0.2.1/require"


def offered(selector: str, script: str = "") -> Ids:
    """The identities for an out policy."""
    gw = host(f"=== gw/setkey.conf\nspdadd {selector} -P out ipsec {ENDS};\n{script}")
    return ids_of(gw.spd.of(Direction.OUT)[0])


def sections(text: str) -> Sainfos:
    """The sections of a racoon.conf."""
    return Sainfos(host(f"=== gw/racoon.conf\n{text}").daemons[0])


NETS = offered("10.1.0.0/16 10.2.0.0/16 any")
GRE = offered("192.0.2.1 198.51.100.2 gre")
WEB = offered("10.1.0.0/16[any] 10.2.0.0/16[80] tcp")


@pytest.mark.parametrize(
    ("ids", "heading", "how"),
    [
        (NETS, "address 10.1.0.0/16 any address 10.2.0.0/16 any", Fit.WHOLE),
        (NETS, "subnet 10.1.0.0/16 any subnet 10.2.0.0/16 any", Fit.WHOLE),
        (NETS, "anonymous", Fit.WHOLE),
        (NETS, "address 10.1.0.0/16 any anonymous", Fit.WHOLE),
        (NETS, "anonymous address 10.2.0.0/16 any", Fit.WHOLE),
        (NETS, "address 10.1.0.0/16 any address 10.2.0.0/15 any", Fit.NOT),
        (NETS, "address 10.2.0.0/16 any address 10.1.0.0/16 any", Fit.NOT),
        (NETS, "address 10.1.0.0/16 tcp address 10.2.0.0/16 tcp", Fit.ADDRESSES),
        (NETS, 'fqdn "east.example.net" address 10.2.0.0/16 any', Fit.NOT),
        (NETS, "address 10.1.0.9/16 any address 10.2.0.0/16 any", Fit.NOT),
        (GRE, "address 192.0.2.1 gre address 198.51.100.2 gre", Fit.WHOLE),
        (GRE, "address 192.0.2.1/32 any address 198.51.100.2/32 any", Fit.ADDRESSES),
        (WEB, "address 10.1.0.0/16 tcp address 10.2.0.0/16 [80] tcp", Fit.WHOLE),
        (WEB, "address 10.1.0.0/16 tcp address 10.2.0.0/16 [443] tcp", Fit.ADDRESSES),
    ],
)
def test_fit(ids: Ids, heading: str, how: Fit) -> None:
    (proposal,) = host(f"=== gw/racoon.conf\n{sainfo(heading)}").daemons[0].phase2
    assert fit(proposal, ids) is how
    assert (differences(proposal, ids) == ()) == (how is Fit.WHOLE)


def test_more_words_first_then_the_order_of_the_file() -> None:
    exact = sainfo("address 10.1.0.0/16 any address 10.2.0.0/16 any", "lifetime time 1 hour;")
    local, remote = sainfo("address 10.1.0.0/16 any anonymous"), sainfo("anonymous address 10.2.0.0/16 any")
    found = sections(sainfo("anonymous") + remote + local + exact).select(NETS)
    assert found.proposal is not None
    assert found.proposal.lifetime.seconds == 3600
    half = sections(sainfo("anonymous") + remote + local).select(NETS)
    assert half.proposal is not None
    assert half.proposal.local is None


def test_releases_that_compare_the_protocol() -> None:
    both = sections(sainfo("address 192.0.2.1 any address 198.51.100.2 any"))
    assert both.select(GRE).by_addresses
    assert both.select(GRE, strict=True).proposal is None
    behind = sections(sainfo("address 192.0.2.1 any address 198.51.100.2 any") + sainfo("anonymous"))
    strict = behind.select(GRE, strict=True).proposal
    assert strict is not None
    assert strict.local is None


def test_numbered_sections() -> None:
    table = sections(sainfo("anonymous", "remoteid 7;"))
    assert table.select(NETS).proposal is None
    assert table.select(NETS, ph1id=7).proposal is not None


def test_client_addresses_are_for_responders() -> None:
    table = sections(sainfo("subnet 10.1.0.0/16 any clientaddr"))
    assert table.select(NETS).proposal is None
    assert table.select(NETS, answering=True).proposal is not None


def test_nearest_says_what_differs() -> None:
    table = sections(
        sainfo("address 10.9.0.0/16 any address 10.8.0.0/16 any")
        + sainfo("address 10.1.0.0/16 any address 10.2.0.0/24 any")
    )
    near = table.nearest(NETS)
    assert near is not None
    assert near[1] == ("its remote side is 10.2.0.0/24, not 10.2.0.0/16",)
    swapped = sections(sainfo("address 10.2.0.0/16 any address 10.1.0.0/16 any")).nearest(NETS)
    assert swapped is not None
    assert swapped[1] == ("its local and remote sides are swapped",)


@pytest.mark.parametrize(
    ("policy", "found", "exact"),
    [
        ("10.2.0.0/16 10.1.0.0/16 any -P in ipsec", True, True),
        ("10.2.0.0/15 10.1.0.0/16 any -P in ipsec", True, False),
        ("10.2.0.0/24 10.1.0.0/16 any -P in ipsec", True, False),
        ("10.3.0.0/16 10.1.0.0/16 any -P in ipsec", False, False),
        ("10.2.0.0/16 10.1.0.0/16 tcp -P in ipsec", True, False),
        ("10.1.0.0/16 10.2.0.0/16 any -P out ipsec", False, False),
    ],
)
def test_policy_of_the_responder(policy: str, found: bool, exact: bool) -> None:
    west = host(f"=== west/setkey.conf\nspdadd {policy} {BACK};\n")
    taken = InPolicies(west).answering(NETS)
    assert (taken.policy is not None, taken.exact) == (found, exact)


def test_an_equal_policy_beats_an_earlier_one() -> None:
    west = host(
        "=== west/setkey.conf\n"
        "spdadd 10.0.0.0/8 10.0.0.0/8 any -P in none;\n"
        f"spdadd 10.2.0.0/16 10.1.0.0/16 any -P in ipsec {BACK};\n"
    )
    assert InPolicies(west).answering(NETS).exact


ADDRESSES = st.sampled_from(["10.1.0.0/16", "10.2.0.0/16", "10.2.0.0/24", "192.0.2.1", "198.51.100.2"])
HEADINGS = st.one_of(
    st.just("anonymous"),
    ADDRESSES.map(lambda a: f"address {a} any anonymous"),
    ADDRESSES.map(lambda a: f"anonymous address {a} any"),
    st.tuples(ADDRESSES, ADDRESSES).map(lambda pair: f"address {pair[0]} any address {pair[1]} any"),
)


@given(st.lists(HEADINGS, min_size=1, max_size=6, unique=True), st.sampled_from([NETS, GRE, WEB, NETS.reversed()]))
def test_the_index_finds_what_a_walk_finds(headings: list[str], ids: Ids) -> None:
    daemon = host("=== gw/racoon.conf\n" + "".join(sainfo(heading) for heading in headings)).daemons[0]
    walked = sorted(daemon.phase2, key=score, reverse=True)
    assert all(score(a) >= score(b) for a, b in pairwise(walked))
    whole = [proposal for proposal in walked if fit(proposal, ids) is Fit.WHOLE]
    loose = [proposal for proposal in walked if fit(proposal, ids) is Fit.ADDRESSES]
    found = Sainfos(daemon).select(ids)
    assert found.proposal == next(iter(whole + loose), None)
    assert found.by_addresses == (not whole and bool(loose))


@given(st.sampled_from([NETS, GRE, WEB]))
def test_turning_round_twice(ids: Ids) -> None:
    assert ids.reversed().reversed() == ids
