"""What to look at, and what to change, where the way of a packet ends badly.

For people: a remedy is a hint that names the line, never part of a verdict. Nothing is said where nothing is known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.engine import evidence, near_places, zones
from spdcheck.engine.concrete import matches
from spdcheck.engine.enc import OUTER_HEADER
from spdcheck.engine.near_places import Place
from spdcheck.engine.trace import NO_FLOW, Disposition, Mark, Step
from spdcheck.model.host import Platform
from spdcheck.model.policy import Action, Direction
from spdcheck.model.protocols import AH, ESP, UDP
from spdcheck.records import dataclass
from spdcheck.semantics import negotiation
from spdcheck.semantics.fields import (
    IN_INTERFACE,
    IPSEC_IN,
    IPSEC_OUT,
    OUT_INTERFACE,
    address_range,
    value_text,
)
from spdcheck.semantics.near_miss import nearest as looks_like
from spdcheck.semantics.selectors import predicate_of
from spdcheck.semantics.spd_order import asked_order

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.engine.trace import Trace
    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.host import Host, Site
    from spdcheck.model.policy import SecurityPolicy
    from spdcheck.source import Span


@dataclass(frozen=True, slots=True)
class Remedy:
    """``places`` are what to look at, the deciding one first; ``mend`` is what to do, empty where nobody can tell."""

    places: tuple[Place, ...] = ()
    mend: str = ""


NOTHING = Remedy()

_GOOD = (Disposition.DELIVERED,)


def failed_part(trace: Trace) -> Trace | None:
    """The way there or the way back, whichever did not end well."""
    if trace.disposition not in _GOOD:
        return trace
    return trace.reply if trace.reply is not None and trace.reply.disposition not in _GOOD else None


def remedy(site: Site, trace: Trace) -> Remedy:
    """The remedy of a trace; nothing for one that went well."""
    part = failed_part(trace)
    return NOTHING if part is None else _Search(site, part).found()


class _Search:
    def __init__(self, site: Site, trace: Trace) -> None:
        self.trace = trace
        self.hosts = {host.name: host for host in site.hosts}
        self.steps = [step for step in trace.steps if isinstance(step, Step)]

    def found(self) -> Remedy:
        last = self.steps[-1] if self.steps else None
        stopped = last if last is not None and last.mark in (Mark.FAIL, Mark.UNKNOWN) else None
        absent = self.without_flow()
        if absent is not None and (stopped is None or stopped.stage == "FILTER out"):
            return absent
        if stopped is None:
            return self.unprotected()
        if stopped.mark is Mark.UNKNOWN:
            places = () if stopped.origin is None else (Place(stopped.origin, "not modelled"),)
            return Remedy(places)
        kind = stopped.stage.split()[0]
        if kind in ("FILTER", "NAT"):
            return self.blocked(stopped)
        if kind == "SPD":
            return self.refused(stopped)
        if kind == "SA":
            return self.no_association(stopped)
        if kind == "ROUTE":
            return self.no_way(stopped)
        return Remedy(() if stopped.origin is None else (Place(stopped.origin, stopped.detail),))

    def without_flow(self) -> Remedy | None:
        """The policy that a key daemon would have installed at the last host: the packet was not to leave in clear."""
        for step in reversed(self.steps):
            if step.host != self.steps[-1].host:
                return None
            if step.stage == "SPD out" and step.verdict == NO_FLOW and step.origin is not None:
                why = step.detail.partition("; ")[2]
                return Remedy((Place(step.origin, "is to be installed"),), f"see that phase 2 succeeds: {why}")
        return None

    def blocked(self, step: Step) -> Remedy:
        """A filter: the rule that blocks, and the one that would nearly have let the packet pass."""
        places = [] if step.origin is None else [Place(step.origin, "blocked here")]
        own = self.own_carrier()
        if own is not None:
            places.append(Place(own, "translates the tunnel's own packets"))
            return Remedy(tuple(places), f"keep {own.where} to what comes from the network behind the host")
        close = None if step.asked is None else evidence.nearest(step.asked, near_places.passes)
        if close is None or close.origin is None or near_places.answers_only(step, close):
            mend = f"let {step.host} pass {self.in_rules(step)}{self.of_the_tunnel(step)}" if step.asked else ""
            return self.between_zones(step, places) or Remedy(tuple(places), mend)
        zoned = None if near_places.is_slip(close) else self.between_zones(step, places)
        if zoned is not None:
            return zoned
        places.append(near_places.near(close))
        return Remedy(tuple(places), near_places.change(close))

    def own_carrier(self) -> Span | None:
        """The line by which a gateway translates its own key exchange or ESP."""
        packet = self.trace.packet
        ports = packet.protocol == UDP and packet.destination_port in (500, 4500)
        if not (ports or packet.protocol in (ESP, AH)) or not self.steps:
            return None
        first = self.steps[0].host
        return next((s.origin for s in self.steps if s.host == first and s.verdict == "translated"), None)

    def in_rules(self, step: Step) -> str:
        """The packet as rules speak of it: ``udp A:500 → B:500 in on em0``; those of the BSDs know nothing of IPsec."""
        assert step.asked is not None
        seen = step.asked.packet
        host = self.hosts.get(step.host)
        if host is None or host.platform is None or not host.platform.is_bsd:
            return str(seen)
        words = [(word, seen[field]) for word, field in (("in on", IN_INTERFACE), ("out on", OUT_INTERFACE))]
        crossing = "".join(f" {word} {value_text(IN_INTERFACE, value)}" for word, value in words if value)
        unsaid = dict.fromkeys((IN_INTERFACE, OUT_INTERFACE, IPSEC_IN, IPSEC_OUT), 0)
        return f"{seen.with_values(unsaid)}{crossing}"

    def of_the_tunnel(self, step: Step) -> str:
        """What else can be done where a filter of FreeBSD sees the packet of the tunnel, not the one inside."""
        host = self.hosts.get(step.host)
        if host is None or host.platform is not Platform.FREEBSD or not step.detail.endswith(OUTER_HEADER):
            return ""
        return f", or set net.enc.in.ipsec_filter_mask=2, so that {step.detail.partition(',')[0]} sees what is inside"

    def between_zones(self, step: Step, places: list[Place]) -> Remedy | None:
        """Shorewall: what to write for the two zones. Its policy is asked when no rule fits."""
        host = self.hosts.get(step.host)
        if host is None or step.asked is None or step.origin is None:
            return None
        found = zones.between(host, step.asked.packet)
        if found is None or step.origin.file.path.rsplit("/", 1)[-1] != "policy":
            return None
        told = zones.advice(found, step.origin)
        if told.place is not None and told.place != step.origin:
            places.append(Place(told.place, told.label))
        return Remedy(tuple(places), told.mend)

    def refused(self, step: Step) -> Remedy:
        """The SPD: a policy that discards, demands or does not fit, or none where one is needed."""
        wrapped = self.wrapping()
        if step.origin is not None:
            word = {"clear": "demands protection", "misfit": "does not fit"}.get(step.verdict, "decides here")
            places = [Place(step.origin, word)]
            if step.verdict == "misfit" and wrapped is not None and wrapped.origin is not None:
                places.append(Place(wrapped.origin, f"{wrapped.host} protected it like this"))
            if step.verdict == "clear" and self.steps[0].host != step.host:
                return Remedy((*places, *self.unprotected().places), self.unprotected().mend)
            return Remedy(tuple(places))
        direction = step.stage.split()[-1]
        places = []
        if wrapped is not None and wrapped.origin is not None:
            places.append(Place(wrapped.origin, f"{wrapped.host} sends it into the tunnel"))
        close = None if step.asked is None else evidence.nearest(step.asked, lambda action: action is Action.PROTECT)
        if close is not None and close.origin is not None:
            return Remedy((near_places.near(close), *places), near_places.change(close))
        mirror = f", the mirror image of {wrapped.origin.where}" if wrapped is not None and wrapped.origin else ""
        return Remedy(tuple(places), f"give {step.host} an {direction} policy for this packet{mirror}")

    def wrapping(self) -> Step | None:
        """The step of the policy that protected the packet."""
        return next((step for step in reversed(self.steps) if step.verdict == Action.PROTECT.value.upper()), None)

    def unprotected(self) -> Remedy:
        """The packet left in clear: the policy that was meant for it, and why it was not taken."""
        meant = self.meant()
        translated = self.translated()
        if translated is not None and meant is not None:
            places = [Place(translated, "translates it"), Place(meant.selector_origin, "protects this flow")]
            return Remedy(
                tuple(places),
                f"exempt this flow from {translated.where}{zones.exemption(self.hosts.values(), translated)}",
            )
        asked = next((s for s in self.steps if s.stage == "SPD out" and s.verdict == "no policy" and s.asked), None)
        places = [] if meant is None else [Place(meant.selector_origin, "protects this flow")]
        close = None
        if asked is not None and asked.asked is not None:
            close = evidence.nearest(asked.asked, lambda action: action is Action.PROTECT)
        if close is not None and close.origin is not None:
            places = [place for place in places if place.span.file is not close.origin.file]
            return Remedy((near_places.near(close), *places), near_places.change(close))
        if meant is None or not self.steps:
            return Remedy(tuple(places))
        host, seen = self.steps[0].host, self.trace.packet
        if asked is not None and asked.asked is not None:
            host, seen = asked.host, asked.asked.packet
        mirror = f", the mirror image of {meant.origin.where}" if meant.direction is not Direction.OUT else ""
        return Remedy(tuple(places), f"give {host} an out policy for {seen}{mirror}")

    def translated(self) -> Span | None:
        """The line of the NAT that has changed the packet before the policy was asked the last time."""
        last = next((n for n, s in reversed(list(enumerate(self.steps))) if s.stage == "SPD out"), len(self.steps))
        return next((s.origin for s in self.steps[:last] if s.verdict == "translated" and s.origin is not None), None)

    def meant(self) -> SecurityPolicy | None:
        """A policy of some host that protects the packet as it was at its beginning: an ``out`` one if there is one."""
        for direction in (Direction.OUT, Direction.IN):
            for host in self.hosts.values():
                for policy in asked_order(host, direction):
                    if policy.action is Action.PROTECT and matches(predicate_of(policy.selector), self.trace.packet):
                        return policy
        return None

    def no_association(self, step: Step) -> Remedy:
        """No SA: which daemon has no section for its peer, and the section that looks most like it."""
        places = [] if step.origin is None else [Place(step.origin, "wants an SA")]
        for host, near, far in self.end_points(step):
            daemon = negotiation.speaker(host, near, far)
            if daemon.section is not None:
                continue
            if daemon.daemon is None:
                return Remedy(tuple(places), f"start a key daemon on {host.name}, or give its SAs by hand (setkey add)")
            peers = {peer.address: peer for peer in daemon.daemon.peers if peer.address is not None}
            close = looks_like(far, peers)
            path = daemon.daemon.origin.file.path
            if close is not None:
                span = near_places.inside(peers[close].heading, str(close))
                places.append(Place(span, f"the peer is {far}"))
                return Remedy(tuple(places), f"change {close} to {far} in {span.where}")
            if far in peers:
                return Remedy(tuple(places))
            listening = [listener for listener in daemon.daemon.listeners if listener.address != near]
            if "listen" in daemon.why_not and listening:
                places.append(Place(listening[0].origin, "listens here only"))
                return Remedy(tuple(places), f"let {daemon.daemon.program} of {host.name} listen on {near}")
            return Remedy(tuple(places), f"add a section for the peer {far} to {path}")
        return Remedy(tuple(places))

    def end_points(self, step: Step) -> Iterator[tuple[Host, AddressRange, AddressRange]]:
        """Both sides of the negotiation that a template needs, the one that sends first."""
        host = self.hosts.get(step.host)
        if host is None:
            return
        for policy in host.spd.policies:
            for template in policy.templates:
                if template.origin != step.origin:
                    continue
                near, far = template.source, template.destination
                if near is None or far is None:
                    packet = self.trace.packet
                    near, far = (address_range(end, end) for end in (packet.source, packet.destination))
                yield host, near, far
                for other in self.hosts.values():
                    if other is not host and other.owns(far) and not other.external:
                        yield other, far, near
                return

    def no_way(self, step: Step) -> Remedy:
        """A host that does not forward, or has no route."""
        places = () if step.origin is None else (Place(step.origin, step.detail),)
        host = self.hosts.get(step.host)
        if step.verdict == "not ours" and host is not None:
            switch = _FORWARDING.get(host.platform)
            return Remedy(places, f"switch forwarding on at {host.name}" + (f": {switch}" if switch else ""))
        if step.verdict == "no route":
            return Remedy(places, f"give {step.host} a route {step.detail}")
        return Remedy(places)


_FORWARDING: dict[Platform | None, str] = {
    Platform.FREEBSD: 'gateway_enable="YES" in rc.conf',
    Platform.LINUX: "net.ipv4.ip_forward = 1 in sysctl.conf",
    Platform.NETBSD: "net.inet.ip.forwarding=1 in sysctl.conf",
    Platform.OPENBSD: "net.inet.ip.forwarding=1 in sysctl.conf",
}
