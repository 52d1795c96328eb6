"""What a peer that a KeyNote policy licenses may claim as its network (part of CRY005)."""

from __future__ import annotations

from itertools import product
from math import prod
from typing import TYPE_CHECKING

from spdcheck.checks.finding import Severity
from spdcheck.model.diagnostic import Note, Part
from spdcheck.model.keynote import POLICY
from spdcheck.semantics.ike.policy_question import conditions_place
from spdcheck.semantics.keynote import attributes_of, query
from spdcheck.semantics.keynote_action import OPEN_ACTION
from spdcheck.semantics.keynote_values import ANYTHING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Check
    from spdcheck.checks.finding import Finding, Undecided
    from spdcheck.model.host import Host
    from spdcheck.model.ike import KeyDaemon
    from spdcheck.model.keynote import Assertion

_MOST_CHOICES = 2000
_EVERYTHING = {
    "remote_filter_type": "IPv4 subnet",
    "remote_filter": "000.000.000.000-255.255.255.255",
    "remote_filter_addr_lower": "000.000.000.000",
    "remote_filter_addr_upper": "255.255.255.255",
    "remote_filter_proto": "",
    "remote_filter_port": "",
}
"""A peer that claims to have every network behind it (isakmpd policy.c; numbers have three digits)."""


def keynote_claims(check: Check, host: Host) -> Iterator[Finding | Undecided]:
    """The policy of a host whose isakmpd asks it, held against a peer that claims 0.0.0.0/0."""
    daemon = next((d for d in host.daemons if d.isakmpd is not None and d.isakmpd.uses_keynote), None)
    if daemon is None or not host.assertions:
        return
    if host.gap_in(Part.IKE) is not None:
        yield from check.undecided(host, (Part.IKE,))
    if not _allows(host.assertions):
        return
    place = next((item for item in host.assertions if _is_policy(item) and _allows((item,))), None)
    asked = frozenset[str]().union(*(attributes_of(item) for item in host.assertions))
    yield _finding(check, host, daemon, place or host.assertions[0], asked)


def _allows(assertions: tuple[Assertion, ...]) -> bool:
    """Some negotiation of some principal is accepted although it claims everything."""
    action = {**OPEN_ACTION, **_EVERYTHING}
    return any(query(assertions, (ANYTHING,), action | choice).highest == "true" for choice in _choices(assertions))


def _choices(assertions: tuple[Assertion, ...]) -> Iterator[dict[str, str]]:
    """Every way to settle what the conditions ask and isakmpd says in a few words, so that none is two things at once.

    Nothing is settled where there are too many ways: then more may seem to be allowed than is.
    """
    asked = frozenset[str]().union(*(attributes_of(item) for item in assertions))
    words = {name: sorted(value) for name in sorted(asked) if isinstance(value := OPEN_ACTION.get(name), frozenset)}
    names = [name for name in words if name not in _EVERYTHING]
    if prod(len(words[name]) for name in names) > _MOST_CHOICES:
        names = []
    for values in product(*(words[name] for name in names)):
        yield dict(zip(names, values, strict=True))


def _is_policy(assertion: Assertion) -> bool:
    return getattr(assertion.authorizer, "value", None) == POLICY


def _finding(check: Check, host: Host, daemon: KeyDaemon, place: Assertion, asked: frozenset[str]) -> Finding:
    assert daemon.isakmpd is not None
    default = next((line for line in daemon.isakmpd.incoming if line.address is None), None)
    anybody = default is not None
    tested = "does not test remote_filter" if not any("remote_filter" in name for name in asked) else "lets it"
    return check.finding(
        host,
        conditions_place(place),
        f"every peer that this policy licenses may claim any network as its own, 0.0.0.0/0 included: isakmpd installs "
        f"what the peer proposes, and the policy {tested}",
        label="no condition on the peer's network" if tested != "lets it" else "its conditions allow 0.0.0.0/0",
        notes=[Note(default.origin, "answers everybody")] if default is not None else [],
        mend='add conditions on the networks: remote_filter_addr_lower >= "010.002.000.000" && '
        'remote_filter_addr_upper <= "010.002.255.255", and the same for local_filter',
        severity=Severity.ERROR if anybody else Severity.WARNING,
        subject="keynote",
    )
