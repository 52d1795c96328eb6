"""What no kernel prints: entries of a listing that contradict themselves or each other, whatever the files say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.finding import Severity
from spdcheck.checks.running_difference import Difference
from spdcheck.model.running import Database
from spdcheck.semantics.manual_keys import family_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.host import Host
    from spdcheck.model.running import Dump, RunningAssociation, RunningPhase1, RunningPolicy

_COPIED = "take the listing again; do not put it together by hand"
_COOKIE_DIGITS = 16
_RESERVED_SPIS = 256


def oddities(host: Host, dump: Dump) -> Iterator[Difference]:
    """Everything that is odd about one listing by itself; what the files write one way only is told there (SAD003)."""
    yield from _numbers(dump)
    for association in dump.associations:
        yield from _spi(association)
        yield from _ages(association)
    yield from _same_spi(dump)
    yield from _unfinished(dump)
    yield from _unpaired(host, dump)
    for phase1 in dump.phase1:
        yield from _cookies(phase1)


def _numbers(dump: Dump) -> Iterator[Difference]:
    """A kernel gives each policy a number of its own."""
    seen: dict[int, RunningPolicy] = {}
    for policy in dump.policies:
        if policy.number is None or policy.number_origin is None:
            continue
        first = seen.setdefault(policy.number, policy)
        if first is policy:
            continue
        same_place = policy.sequence is not None and policy.sequence == first.sequence
        too = f", and both claim the place seq={policy.sequence} of the listing" if same_place else ""
        yield Difference(
            "number",
            policy.number_origin,
            who_policy(policy),
            "{who} has the number " + f"{policy.number} of another entry{too}: no kernel numbers two policies alike",
            label="the same number",
            against=first.number_origin,
            says="used here first",
            mend=_COPIED,
        )


def _spi(association: RunningAssociation) -> Iterator[Difference]:
    place = association.place("spi")
    if association.spi_text is not None:
        decimal, hexadecimal = association.spi_text
        if decimal.isdigit() and int(decimal) > 0xFFFF_FFFF:
            what = f"the SPI {decimal}, which does not fit into 32 bits"
        else:
            what = f"the SPI as {decimal} and as {hexadecimal}, which is {int(hexadecimal, 16)}"
        yield Difference(
            "spi", place, who_sa(association), "the listing gives {who} " + f"{what}: no kernel prints that",
            label="not what was printed", mend=_COPIED,
        )  # fmt: skip
    elif (
        association.spi is not None
        and association.spi < _RESERVED_SPIS
        and family_of(association.protocol) in ("esp", "ah")
        and association.state not in ("larval", "")
    ):
        yield Difference(
            "spi", place, who_sa(association), "{who} has the SPI " + f"{association.spi}, which is reserved "
            "(RFC 4303, section 2.1): no daemon chooses it", label="reserved", mend=_COPIED,
        )  # fmt: skip


def _ages(association: RunningAssociation) -> Iterator[Difference]:
    hard, soft, age = association.hard_seconds, association.soft_seconds, association.age
    place = association.place("lifetime")
    if hard and soft and soft > hard:
        yield Difference(
            "lifetime", place, who_sa(association), "{who} is renewed " + f"after {soft} s but ends after {hard} s",
            label="soft above hard", mend=_COPIED,
        )  # fmt: skip
    if hard and age is not None and age > hard:
        yield Difference(
            "age", place, who_sa(association), "{who} is " + f"{age} s old and should have ended after {hard} s",
            label="past its end", severity=Severity.WARNING,
            mend="see whether the clock was set; flush the SAD (setkey -F) and let it be negotiated again",
        )  # fmt: skip


def _same_spi(dump: Dump) -> Iterator[Difference]:
    """What arrives finds its SA by destination, protocol and SPI, so that no kernel holds two."""
    seen: dict[tuple[object, ...], RunningAssociation] = {}
    for association in dump.associations:
        if not association.spi:
            continue
        key = (association.destination, family_of(association.protocol), association.spi)
        first = seen.setdefault(key, association)
        if first is not association:
            yield Difference(
                "same-spi", association.place("spi"), who_sa(association),
                "{who} has destination, protocol and SPI of another one: no kernel holds both",
                label="the same SPI", against=first.place("spi"), says="used here first", mend=_COPIED,
            )  # fmt: skip


def _unfinished(dump: Dump) -> Iterator[Difference]:
    """States other than mature matter where nothing else serves the same way."""
    usable = {_way(sa) for sa in dump.associations if sa.state in ("mature", "")}
    words = {
        "larval": "is larval: the key exchange for it has not come to an end",
        "dead": "is dead: it is not used any more",
        "dying": "is dying: its renewal is due and nothing has replaced it",
    }
    for association in dump.associations:
        if association.state in words and _way(association) not in usable:
            yield Difference(
                "state", association.place("state"), who_sa(association),
                "{who} " + words[association.state] + ", and no other SA goes that way",
                label=association.state, severity=Severity.WARNING,
                mend="read the log of the key daemon; IKE001 to IKE012 say what would stop it",
            )  # fmt: skip


def _unpaired(host: Host, dump: Dump) -> Iterator[Difference]:
    """SAs come in pairs, whoever makes them. An excerpt may lack the other half."""
    if Database.SAD in dump.excerpts:
        return
    ways = {_way(sa) for sa in dump.associations}
    written = {(sa.destination, family_of(sa.protocol), sa.spi) for sa in host.sad.associations}
    told = set()
    for association in dump.associations:
        source, destination, protocol = way = _way(association)
        if (destination, source, protocol) in ways or way in told or association.state in ("larval", "dead"):
            continue
        if protocol not in ("esp", "ah") or destination.first >> 28 == 0xE:
            continue
        if (destination, protocol, association.spi or 0) in written:
            continue
        told.add(way)
        yield Difference(
            "unpaired", association.origin, who_sa(association), "{who} has no partner: the kernel holds no SA for the "
            "way back", label="one way only", severity=Severity.WARNING,
            mend="take the listing whole; if it is, flush the SAD and let both be negotiated again",
        )  # fmt: skip


def _cookies(phase1: RunningPhase1) -> Iterator[Difference]:
    for cookie in phase1.cookies:
        if cookie and len(cookie) != _COOKIE_DIGITS and phase1.cookies_origin is not None:
            yield Difference(
                "cookie", phase1.cookies_origin, f"the phase 1 SA with {phase1.remote}",
                "{who} " + f"has a cookie of {len(cookie)} hexadecimal digits; a cookie has 8 bytes, which are "
                f"{_COOKIE_DIGITS}", label="not what was printed", mend=_COPIED, severity=Severity.WARNING,
            )  # fmt: skip
            return


def _way(association: RunningAssociation) -> tuple[AddressRange, AddressRange, str]:
    return association.source, association.destination, family_of(association.protocol)


def who_sa(association: RunningAssociation) -> str:
    """``the ESP SA 192.0.2.1→198.51.100.2``."""
    protocol = family_of(association.protocol).upper()
    return f"the {protocol} SA {association.source}→{association.destination}"


def who_policy(policy: RunningPolicy) -> str:
    """``the running out policy 10.1.0.0/16 → 10.2.0.0/16 any``."""
    return f"the running {policy.direction.value} policy {policy.selector}"
