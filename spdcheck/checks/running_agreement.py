"""Associations in the kernel against what the key daemons of both sides would agree on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.finding import Severity
from spdcheck.checks.running_difference import Difference
from spdcheck.checks.running_oddities import who_sa
from spdcheck.semantics.policy_of_isakmpd import refuses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.model.host import Host
    from spdcheck.model.running import RunningAlgorithm, RunningAssociation
    from spdcheck.semantics.agreed_terms import Choice, Terms

RENEW = "have it negotiated anew (flush the SAD) and see whether it comes back like this"


def disagreements(running: RunningAssociation, agreed: list[Terms]) -> Iterator[Difference]:
    """Algorithms, key lengths and lifetimes that none of the possible terms gives."""
    yield from _algorithms(running, agreed)
    yield from _lifetimes(running, agreed)


def _algorithms(running: RunningAssociation, agreed: list[Terms]) -> Iterator[Difference]:
    pairs = ((running.encryption, "encryption"), (running.integrity, "integrity"))
    for algorithm, part in pairs:
        if algorithm is None:
            continue
        choices = [choice for terms in agreed for choice in getattr(terms, part)]
        if not choices or any(_fits(algorithm, choice) for choice in choices):
            continue
        names = " or ".join(dict.fromkeys(str(choice) for choice in choices))
        why = " and ".join(dict.fromkeys(terms.why for terms in agreed))
        bits = f" with a key of {algorithm.bits} bits" if algorithm.name in {c.name for c in choices} else ""
        yield Difference(
            part, algorithm.origin, who_sa(running), "{who} uses " + f"{algorithm.name}{bits}, but {names} {why}",
            label=algorithm.name, against=choices[0].origin, says=f"{names} here", mend=RENEW,
        )  # fmt: skip


def _lifetimes(running: RunningAssociation, agreed: list[Terms]) -> Iterator[Difference]:
    hard, soft = running.hard_seconds, running.soft_seconds
    place = running.place("lifetime")
    if hard and not any(_allows(terms, hard) for terms in agreed):
        wanted = " or ".join(f"{n} s" for n in sorted({n for t in agreed for n in t.seconds or ()}))
        yield Difference(
            "hard", place, who_sa(running), "{who} lives " + f"{hard} s, but the daemons would agree on {wanted}",
            label=f"hard: {hard}(s)", against=agreed[0].set_here or agreed[0].ours,
            says="the lifetime is set here", mend=RENEW,
        )  # fmt: skip
    percent = agreed[0].soft_percent
    if hard and soft and percent and soft != hard * percent // 100:
        yield Difference(
            "soft", place, who_sa(running), "{who} is renewed after " + f"{soft} s of {hard} s, but racoon renews "
            f"after {percent} %, which is {hard * percent // 100} s: racoon did not make it",
            label=f"soft: {soft}(s)", mend=RENEW, severity=Severity.WARNING,
        )  # fmt: skip
    if running.hard_bytes == 0 and all(terms.has_bytes for terms in agreed):
        yield Difference(
            "no-bytes", running.place("bytes"), who_sa(running), "{who} may carry any number of bytes, but the "
            "daemons would agree on a limit: the peers renew it at different times", label="no limit of bytes",
            against=agreed[0].ours, says="its suites limit the bytes", mend=RENEW, severity=Severity.WARNING,
        )  # fmt: skip
    if running.hard_bytes and all(terms.has_bytes is False for terms in agreed):
        yield Difference(
            "bytes", running.place("bytes"), who_sa(running), "{who} ends after " + f"{running.hard_bytes} bytes, "
            "but neither side sets a limit of bytes", label="a limit of bytes", against=agreed[0].ours,
            says="no limit of bytes here", mend=RENEW, severity=Severity.WARNING,
        )  # fmt: skip


def refused_by_keynote(host: Host, running: RunningAssociation) -> Iterator[Difference]:
    """isakmpd asks its policy about every SA, whoever has started."""
    refused = refuses(host, running)
    if refused is not None:
        names = " and ".join(a.name for a in (running.encryption, running.integrity) if a is not None)
        yield Difference(
            "keynote", running.origin, who_sa(running), "{who} uses " + f"{names}, which isakmpd's policy refuses: "
            "this policy was not in use when it was made", label="refused by the policy", against=refused,
            says="no assertion takes these algorithms", mend="file the policy that is in use",
        )  # fmt: skip


def _fits(algorithm: RunningAlgorithm, choice: Choice) -> bool:
    if algorithm.name != choice.name:
        return False
    return algorithm.bits is None or choice.bits is None or algorithm.bits in choice.bits


def _allows(terms: Terms, seconds: int) -> bool:
    if terms.seconds is None or seconds in terms.seconds:
        return True
    return terms.shorter_too and seconds <= max(terms.seconds)
