"""Mirrored configurations always agree; one change of a proposal is either still agreed or named at its step."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spdcheck.semantics.ike.outcome import Agreed, Cause, Outcome, Refused
from spdcheck.semantics.ike.wants import Daemons, between
from tests.ike.hosts import CHECKS, CIPHERS, DIGESTS, GROUPS, INTEGRITY, LIVES, Settings, pair
from tests.semantics.hosts import site

PAIRINGS = [("racoon", "racoon"), ("isakmpd", "isakmpd"), ("racoon", "isakmpd"), ("isakmpd", "racoon")]

SETTINGS = st.builds(
    Settings,
    cipher=st.sampled_from(CIPHERS),
    digest=st.sampled_from(DIGESTS),
    group=st.sampled_from(GROUPS),
    life=st.sampled_from(LIVES),
    esp=st.sampled_from(CIPHERS),
    integrity=st.sampled_from(INTEGRITY),
    pfs=st.sampled_from((0, *GROUPS)),
    sa_life=st.sampled_from(LIVES),
    check=st.sampled_from(CHECKS),
    fqdn=st.booleans(),
)
CHANGES = {
    "cipher": (CIPHERS, {Cause.PROPOSAL}),
    "digest": (DIGESTS, {Cause.PROPOSAL}),
    "group": (GROUPS, {Cause.PROPOSAL}),
    "life": (LIVES, {Cause.LIFETIME}),
    "esp": (CIPHERS, {Cause.PHASE2_PROPOSAL}),
    "integrity": (INTEGRITY, {Cause.PHASE2_PROPOSAL}),
    "pfs": ((0, *GROUPS), {Cause.PFS, Cause.KEYNOTE}),
    "sa_life": (LIVES, {Cause.LIFETIME}),
}


def outcomes(text: str) -> tuple[Outcome, Outcome]:
    """What becomes of it when east starts, and when west does."""
    found = site(text)
    east, west = (next(host for host in found.hosts if host.name == name) for name in ("east", "west"))
    daemons = Daemons(found)
    results = []
    for here, there in ((east, west), (west, east)):
        (started,) = between(daemons, here, there)
        outcome = daemons.outcome(started)
        assert outcome is not None
        results.append(outcome)
    return results[0], results[1]


def same_lives(pairing: tuple[str, str], settings: Settings) -> Settings:
    """isakmpd's generated sections last an hour and twenty minutes; an exact racoon beside it can't be mirrored."""
    if len(set(pairing)) == 1:
        return settings
    return replace(settings, check="strict" if settings.check == "exact" else settings.check)


@pytest.mark.parametrize("pairing", PAIRINGS, ids="-".join)
@given(settings=SETTINGS)
def test_mirrored_configurations_agree(pairing: tuple[str, str], settings: Settings) -> None:
    settings = same_lives(pairing, settings)
    for outcome in outcomes(pair(*pairing, settings, settings)):
        assert isinstance(outcome, Agreed), outcome
        assert outcome.phase2 is not None
        assert outcome.phase1.group == settings.group
        assert (outcome.phase2.pfs_group or 0) == settings.pfs
        assert len(outcome.phase2.sas) == 1


@pytest.mark.parametrize("pairing", PAIRINGS, ids="-".join)
@given(settings=SETTINGS, data=st.data())
def test_one_change_is_agreed_or_named(pairing: tuple[str, str], settings: Settings, data: st.DataObject) -> None:
    settings = same_lives(pairing, settings)
    attribute = data.draw(st.sampled_from(sorted(CHANGES)))
    values, causes = CHANGES[attribute]
    changed = replace(settings, **{attribute: data.draw(st.sampled_from(values))})  # type: ignore[arg-type]
    for outcome in outcomes(pair(*pairing, settings, changed)):
        assert isinstance(outcome, Agreed | Refused), outcome
        if isinstance(outcome, Refused):
            assert changed != settings
            assert outcome.refusal.cause in causes, outcome.refusal
            assert outcome.refusal.logs
            assert len({place.host for place in outcome.refusal.places}) == 2, "both sides' lines are named"


@pytest.mark.parametrize("pairing", PAIRINGS, ids="-".join)
def test_an_algorithm_of_phase_1_that_differs_is_never_agreed(pairing: tuple[str, str]) -> None:
    for attribute, values in (("digest", DIGESTS), ("group", GROUPS)):
        first, second, *_ = values
        texts = [replace(Settings(), **{attribute: value}) for value in (first, second)]  # type: ignore[arg-type]
        for outcome in outcomes(pair(*pairing, *texts)):
            assert isinstance(outcome, Refused)
            assert outcome.refusal.cause is Cause.PROPOSAL
