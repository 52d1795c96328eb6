"""FWL004: a packet filter stops what a tunnel is there for."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Finding, Severity, Undecided
from spdcheck.checks.unanswered import tcp_in_words, unanswered
from spdcheck.checks.wording import flow_in_words, several
from spdcheck.engine.boxes import disjoint, subtract_all, volume
from spdcheck.engine.exploration import explore, witness
from spdcheck.engine.remedy import remedy
from spdcheck.engine.trace import Disposition
from spdcheck.engine.tracing import trace as one_trace
from spdcheck.engine.ways import inward, passes, stops_bare
from spdcheck.model.diagnostic import Note
from spdcheck.model.policy import Direction
from spdcheck.model.protocols import ICMP, ICMP6, TCP
from spdcheck.named_tuples import NamedTuple
from spdcheck.semantics.beginning import flow_of
from spdcheck.semantics.fields import DESTINATION, DESTINATION_PORT, PROTOCOL, SOURCE, address_range
from spdcheck.semantics.intervals import has, size

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from spdcheck.checks.base import Context
    from spdcheck.engine.boxes import Box
    from spdcheck.engine.exploration import Ending
    from spdcheck.model.host import Host
    from spdcheck.model.policy import SecurityPolicy
    from spdcheck.source import Span


class Way(NamedTuple):
    """What the filters of a host make of the packets of one policy: those that they stop, and the others.

    ``own`` is what the host itself sends or gets; few filters stop that. The network behind the host, if there is one,
    is what the policy is there for.
    """

    policy: SecurityPolicy
    stopped: list[Ending]
    passed: list[Ending]
    own: list[Ending]


class Closed(NamedTuple):
    """A policy nothing of which passes in its direction, and what stops it.

    ``answered`` says that answers pass, ``ping`` that ICMP does.
    """

    policy: SecurityPolicy
    stopped: list[Ending]
    place: Span
    answered: bool
    ping: bool


class ProtectedTrafficBlocked(Check):
    """A packet filter drops the packets of a policy: after they were decrypted, or before they would be encrypted.

    ## What it does

    Supposes that the tunnel is up, sends the packets of every protecting `out` policy out of their host, lets those of
    every `in` policy arrive in ESP, and looks at what the host's filters make of the packets inside. If they stop
    everything both ways, that is an error; if they stop everything one way and only answers pass, it is a warning. ICMP
    does not count: it says that the tunnel is up, and opens no connection. A filter that lets TCP in and stops the
    answers to it is an error. One that picks services is nobody's mistake; one that passes half of the addresses or
    more, but not all, is mentioned.

    ## Why it matters

    Phase 1 and phase 2 come up, ESP flows, counters grow, and no connection opens: the filter sees the packets twice,
    once wrapped and once bare, and the rule for the second time is missing.

    ## Example

    ```
    === gw/etc/rc.conf
    ifconfig_em0="inet 192.0.2.1 netmask 255.255.255.0"
    ifconfig_em1="inet 10.1.0.1 netmask 255.255.0.0"
    gateway_enable="YES"
    firewall_enable="YES"
    firewall_type="closed"
    ipsec_enable="YES"
    === gw/etc/ipsec.conf
    spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    spdadd 10.2.0.0/16 10.1.0.0/16 any -P in ipsec esp/tunnel/198.51.100.2-192.0.2.1/require;
    ```

    ## Correction

    ```
    === gw/etc/rc.conf
    ifconfig_em0="inet 192.0.2.1 netmask 255.255.255.0"
    ifconfig_em1="inet 10.1.0.1 netmask 255.255.0.0"
    gateway_enable="YES"
    firewall_enable="YES"
    firewall_type="open"
    ipsec_enable="YES"
    === gw/etc/ipsec.conf
    spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    spdadd 10.2.0.0/16 10.1.0.0/16 any -P in ipsec esp/tunnel/198.51.100.2-192.0.2.1/require;
    ```

    ## References

    The order of hooks of each platform in `spdcheck/semantics/datapath`; pf.conf(5) and enc(4); iptables-extensions(8),
    "policy".
    """

    code = "FWL004"
    name = "protected-traffic-blocked"
    severity = Severity.ERROR

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """Every pair of policies of every host that has filters."""
        told: set[str] = set()
        for host in context.hosts:
            if not context.ways.is_filtered(host):
                continue
            inside = {p.selector: p for p in context.protecting(host, Direction.IN)}
            pairs = [(policy, inside.pop(policy.selector.reversed(), None)) for policy in context.protecting(host)]
            found: list[Finding | Undecided] = []
            closed: dict[tuple[Span, Direction, bool, bool], list[Closed]] = {}
            for out, into in (*pairs, *((None, other) for other in inside.values())):
                for item in self._pair(context, host, out, into):
                    if isinstance(item, Closed):
                        closed.setdefault((item.place, item.policy.direction, item.answered, item.ping), []).append(
                            item
                        )
                    else:
                        found.append(item)
            for ways in closed.values():
                found += self._blocked(context, host, ways)
            yield from found
            if any(isinstance(item, Finding) for item in found):
                told.add(host.name)
        if any(context.ways.is_filtered(host) for host in context.hosts):
            yield from self._answers(context, told)

    def _answers(self, context: Context, closed: set[str]) -> Iterator[Finding | Undecided]:
        """TCP that arrives through a tunnel and whose answers a filter stops: no connection ever opens.

        Of hosts that are closed it was told already that nothing passes.
        """
        told: set[object] = set()
        for host in context.hosts:
            for policy in context.protecting(host):
                for flow, found in unanswered(context, host, policy):
                    stopper = found.situation.host
                    if stopper.name in closed or (stopper.name, found.place) in told:
                        continue
                    told.add((stopper.name, found.place))
                    trace = one_trace(context.ways.simulator, flow.example())
                    if trace.reply is None or trace.reply.disposition is not found.disposition:
                        yield self.not_replayed(stopper, f"that {stopper.name} blocks answers", found.place)
                        continue
                    advice = remedy(context.site, trace)
                    place = found.place or policy.origin
                    yield self.finding(
                        stopper,
                        place,
                        f"the answers to {tcp_in_words(flow)} are blocked at {stopper.name}: "
                        "connections get in, and none ever opens",
                        label="blocked here",
                        notes=[
                            *(Note(note.span, note.label) for note in advice.places if note.span != place),
                            Note(policy.selector_origin, "protected by this policy"),
                        ],
                        mend="keep state where the connection begins, or let the answers pass",
                        trace=trace,
                        subject=f"answers {policy.selector}",
                    )

    def _pair(
        self, context: Context, host: Host, out: SecurityPolicy | None, into: SecurityPolicy | None
    ) -> Iterator[Finding | Undecided | Closed]:
        ways = []
        for policy in (out, into):
            if policy is None:
                continue
            if policy is out:
                endings = context.ways.of(host, policy, tunnels_up=True)
            else:
                endings = tuple(inward(context.ways.supposing, host, policy))
            doubts = [e for e in endings if e.disposition is Disposition.UNKNOWN and e.situation.host is host]
            for ending in doubts[:1]:
                yield Undecided(self.code, host.name, ending.sentence, ending.place)
            if doubts:
                return
            ways.append(_way(host, policy, endings))
        closed = [way for way in ways if way.stopped and all(_is_icmp(ending) for ending in way.passed)]
        open_ways = [way for way in ways if way.passed and way not in closed]
        if closed:
            for way in closed:
                stopped = [ending for ending in way.stopped if not _is_icmp(ending)] or way.stopped
                stopped = sorted(stopped, key=_breadth, reverse=True)
                place = next((e.place for e in stopped if e.place is not None), way.policy.origin)
                answered = any(_is_answered(context, host, other, way.policy) for other in open_ways)
                yield Closed(way.policy, stopped, place, answered=answered, ping=bool(way.passed))
            return
        for way in open_ways:
            yield from self._partly(context, host, way)

    def _blocked(self, context: Context, host: Host, ways: list[Closed]) -> Iterator[Finding | Undecided]:
        """What one line stops in one direction, of one policy or of several."""
        ways = sorted(ways, key=lambda way: way.policy.origin.start)
        first = ways[0]
        direction = "leave" if first.policy.direction is Direction.OUT else "come in"
        text = f"nothing of {several([str(way.policy.selector) for way in ways])} can {direction} at {host.name}"
        if first.answered:
            text += f" but answers{' and ICMP' if first.ping else ''}: only the other side can open connections"
        elif first.ping:
            text += " but ICMP: ping tells that the tunnel works, and no connection opens"
        severity = Severity.WARNING if first.answered else Severity.ERROR
        policies = [way.policy for way in ways]
        yield from self._told(context, host, policies, [e for way in ways for e in way.stopped], text, severity)

    def _partly(self, context: Context, host: Host, way: Way) -> Iterator[Finding | Undecided]:
        """Some addresses get nothing through, and they are not the greater part."""
        passed = _pairs(way.passed + way.own)
        left = subtract_all(_pairs(way.stopped), passed)
        if not left or sum(map(volume, left)) > sum(map(volume, passed)):
            return
        stopped = [ending for ending in way.stopped if subtract_all(_pairs([ending]), passed)]
        text = f"{flow_in_words(stopped)} is blocked at {host.name}, the rest of {way.policy.selector} is not"
        yield from self._told(context, host, [way.policy], stopped, text, Severity.INFO)

    def _told(
        self,
        context: Context,
        host: Host,
        policies: list[SecurityPolicy],
        stopped: list[Ending],
        text: str,
        severity: Severity,
    ) -> Iterator[Finding | Undecided]:
        place: Span = next((e.place for e in stopped if e.place is not None), policies[0].origin)
        trace = witness(stopped)
        if trace is None:
            yield self.not_replayed(host, f"that {text}", place)
            return
        found = remedy(context.site, trace)
        notes = [Note(note.span, note.label) for note in found.places if note.span != place]
        if place != policies[0].origin:
            words = ("protected by this policy", *("and by this one" for _ in policies[1:]))
            notes += [Note(policy.selector_origin, word) for policy, word in zip(policies, words, strict=True)]
        yield self.finding(
            host, place, text, label="blocked here", notes=notes, mend=found.mend, trace=trace, severity=severity,
            subject=str(policies[0].selector),
        )  # fmt: skip


def _is_own(ending: Ending, host: Host, policy: SecurityPolicy) -> bool:
    """The packets come from, or are for, the host itself."""
    side = ending.began.side(SOURCE if policy.direction is Direction.OUT else DESTINATION)
    return host.owns(address_range(side[0][0], side[-1][1]))


def _is_icmp(ending: Ending) -> bool:
    """Nothing but ICMP: firewalls pass it for its own sake, and IPv6 needs it."""
    return all(first == last and first in (ICMP, ICMP6) for first, last in ending.began.side(PROTOCOL))


def _way(host: Host, policy: SecurityPolicy, endings: Sequence[Ending]) -> Way:
    own = [ending for ending in endings if _is_own(ending, host, policy)]
    others = [ending for ending in endings if not _is_own(ending, host, policy)]
    if not others:
        own, others = [], own
    stopped = [ending for ending in others if stops_bare(ending, host)]
    return Way(policy, stopped, [ending for ending in others if not stops_bare(ending, host)], own)


def _is_answered(context: Context, host: Host, way: Way, policy: SecurityPolicy) -> bool:
    """The answer to some packet of a way, which is one of the policy's packets, gets through the host's filters."""
    simulator = context.ways.supposing
    for ending in way.passed:
        states = ending.situation.states
        if not any(state.host == host.name for state in states):
            continue
        if policy.direction is Direction.OUT:
            back = explore(simulator, flow_of(policy.selector), strangers=False, states=states)
        else:
            back = inward(simulator, host, policy, states)
        if any(passes(answer, host) and not stops_bare(answer, host) for answer in back):
            return True
    return False


def _breadth(ending: Ending) -> tuple[bool, int]:
    """How much of what people send ends here: TCP to the most addresses and ports is the best example."""
    sizes = (size(ending.began.side(field)) for field in (DESTINATION, DESTINATION_PORT))
    return has(ending.began.side(PROTOCOL), TCP), prod(sizes)


def _pairs(endings: Iterable[Ending]) -> list[Box]:
    """The source and destination addresses of some packets."""
    return disjoint((ending.began.side(SOURCE), ending.began.side(DESTINATION)) for ending in endings)
