"""The negotiations of a site as the IKE checks see them: each failure once, by the check that its cause belongs to.

Packets count as passing here: what a firewall stops is told by the FWL checks, and what is wrong besides stays wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.finding import Finding, Severity, Undecided
from spdcheck.model.diagnostic import Note
from spdcheck.named_tuples import NamedTuple
from spdcheck.semantics.ike.outcome import Agreed, Cause, Refused, Step, Transport, Unknown
from spdcheck.semantics.ike.quick_ids import look_up

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from spdcheck.checks.base import Check, Context
    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.host import Host, Site
    from spdcheck.semantics.ike.outcome import Outcome, Refusal
    from spdcheck.semantics.ike.wants import Daemons, Started


class Tried(NamedTuple):
    """Something that a host starts with another, and what comes of it."""

    started: Started
    responder: Host
    outcome: Outcome

    @property
    def initiator(self) -> Host:
        """The host that starts."""
        return self.started.daemon.host


class Failure(NamedTuple):
    """A refusal; ``other_way`` if the same comes up when the other side starts."""

    tried: Tried
    refusal: Refusal
    other_way: bool


def try_all(daemons: Daemons, site: Site) -> tuple[Tried, ...]:
    """Every negotiation between two hosts of the site whose files are ours; of those that are alike, the first."""
    found = []
    for host in site.hosts:
        if host.external:
            continue
        seen: set[tuple[object, ...]] = set()
        for started in daemons.started_by(host):
            if started.responder is None or started.responder.external:
                continue
            key = _kind(daemons, started)
            if key in seen:
                continue
            seen.add(key)
            outcome = daemons.outcome(started, Transport(seen=_seen(host, started)))
            if outcome is not None:
                found.append(Tried(started, started.responder, outcome))
    return tuple(found)


def _seen(host: Host, started: Started) -> AddressRange | None:
    return host.public_address if host.public_address != started.want.near else None


def _kind(daemons: Daemons, started: Started) -> tuple[object, ...]:
    """Two policies of a racoon for which the same lines decide come to the same."""
    want, responder = started.want, started.responder
    assert responder is not None
    answering = next(iter(daemons.of(responder)), None)
    if not started.daemon.is_racoon or want.policy is None or want.ids is None or want.far is None:
        return (want,)
    own = started.daemon.sainfos.select(want.ids, strict=started.daemon.is_strict).proposal
    key: list[object] = [responder.name, want.near, want.far, None if own is None else own.heading]
    key += [(template.protocol, template.mode) for template in want.policy.templates]
    if answering is None or not answering.is_racoon or want.near is None:
        return (*key, want.ids)
    found = look_up(answering, want.ids.reversed(), answering.answering_sections(host_seen(started)))
    key += [found.answer, None if found.sainfo is None else found.sainfo.heading]
    templates = () if found.policy is None else found.policy.templates
    return (*key, tuple((template.protocol, template.mode) for template in templates))


def host_seen(started: Started) -> AddressRange:
    """The initiator's address as its peer sees it."""
    host, near = started.daemon.host, started.want.near
    assert near is not None
    return host.public_address or near


def failures(context: Context, *causes: Cause) -> Iterator[Failure]:
    """The refusals of some causes; what fails both ways for one reason between the same hosts comes once."""
    told: list[tuple[Tried, Refusal]] = []
    for tried in context.negotiated:
        if not isinstance(tried.outcome, Refused) or tried.outcome.refusal.cause not in causes:
            continue
        refusal = tried.outcome.refusal
        if any(_is_the_same(tried, refusal, *other) for other in told):
            continue
        told.append((tried, refusal))
        yield Failure(tried, refusal, _comes_up_the_other_way(context, tried))


def _is_the_same(tried: Tried, refusal: Refusal, other: Tried, told: Refusal) -> bool:
    """Two refusals between the same hosts for one reason: they share a line, or one is the other way of the other."""
    pair, other_pair = ({item.initiator.name, item.responder.name} for item in (tried, other))
    if pair != other_pair or refusal.cause is not told.cause:
        return False
    if {place.span for place in refusal.places} & {place.span for place in told.places}:
        return True
    ids, others = tried.started.want.ids, other.started.want.ids
    turned = ids is not None and others == ids.reversed()
    return turned and tried.initiator is other.responder and refusal.differing == told.differing


def _comes_up_the_other_way(context: Context, tried: Tried) -> bool:
    ids = tried.started.want.ids
    wanted = None if ids is None else ids.reversed()
    back = [
        other
        for other in context.negotiated
        if other.initiator is tried.responder and other.responder is tried.initiator
    ]
    same = [other for other in back if other.started.want.ids == wanted] or back
    return any(isinstance(other.outcome, Agreed) for other in same)


def findings(
    check: Check, context: Context, *causes: Cause, only: Callable[[Failure], bool] = lambda _: True
) -> Iterator[Finding | Undecided]:
    """The findings of a check that answers for some causes."""
    judged = {host.name: host for host in context.hosts}
    for failure in failures(context, *causes):
        if only(failure):
            found = finding(check, failure)
            if found.host in judged:
                yield found
    yield from unread(check, context)


def unread(check: Check, context: Context) -> Iterator[Undecided]:
    """The hosts whose key exchange could not be read as a whole."""
    judged = {host.name for host in context.hosts}
    for tried in context.negotiated:
        if isinstance(tried.outcome, Unknown) and tried.outcome.agreed is None:
            for doubt in tried.outcome.doubts:
                if doubt.host in judged:
                    yield Undecided(check.code, doubt.host, doubt.reason, doubt.span)


def finding(check: Check, failure: Failure) -> Finding:
    """A refusal as a finding: the line of the side that refuses, that of the other, and what is written to the log."""
    refusal, tried = failure.refusal, failure.tried
    first, *others = refusal.places or (None,)
    host = refusal.by if first is None else first.host
    log = next((log for log in refusal.logs if log.host == refusal.by), None) or next(iter(refusal.logs), None)
    said = "" if log is None else f"; {log.host} logs: {log.line.removesuffix('.')}"
    when = ""
    if failure.other_way:
        when = f"; it comes up only if {tried.responder.name} starts"
    return check.finding(
        host,
        tried.started.want.origin if first is None else first.span,
        f"{refusal.reason}{said}{when}",
        label="" if first is None else first.text,
        notes=[Note(place.span, f"{place.host}: {place.text}") for place in others if place is not None],
        mend=refusal.mend,
        severity=Severity.WARNING if failure.other_way else Severity.ERROR,
        subject=f"{tried.initiator.name} {tried.responder.name} {refusal.differing}",
    )


def concerns_isakmpd(failure: Failure) -> bool:
    """An isakmpd takes part, and the failure is none that older checks find in a racoon's own files.

    What two racoons fail in is worked out for all policies at once in IKE004, IKE005 and IKE006.
    """
    tried, refusal = failure.tried, failure.refusal
    refusing = tried.initiator if refusal.by == tried.initiator.name else tried.responder
    own_files = refusal.step is Step.START or (refusal.cause is Cause.CREDENTIAL and len(refusal.places) == 1)
    if own_files and all(daemon.program == "racoon" for daemon in refusing.daemons):
        return False
    hosts = (tried.initiator, tried.responder)
    return any(daemon.program == "isakmpd" for host in hosts for daemon in host.daemons)
