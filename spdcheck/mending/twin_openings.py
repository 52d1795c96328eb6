"""Rules that let a tunnel pass through the packet filter of a peer, in the language of that filter.

Each rule stands before all others and decides, so that it works whatever follows; only what is blocked gets one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.engine.carriers import Cargo, arriving, carriers, is_blocked, leaving
from spdcheck.mending.edit import Edit
from spdcheck.model.policy import Action, Direction
from spdcheck.named_tuples import NamedTuple
from spdcheck.semantics.peering import far_address

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from spdcheck.checks.finding import Finding
    from spdcheck.engine.simulate import Simulator
    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.host import Host
    from spdcheck.model.netfilter import NetfilterRuleset
    from spdcheck.model.rulesets import RuleSet

_PORTS = {Cargo.ISAKMP: 500, Cargo.NAT_T: 4500}


class Opening(NamedTuple):
    """What has to pass: between two addresses by an interface, or, with ``inner``, two networks in the tunnel."""

    near: AddressRange
    far: AddressRange
    cargo: Cargo | None
    interface: str
    inner: bool = False


def edits(simulator: Simulator, host: Host, peer: Host, findings: Sequence[Finding]) -> Iterator[Edit | str]:
    """The rules that the peer's filters need for the tunnels with a host; ``findings`` are what is said of the site."""
    wanted = [*_carriers(simulator, host, peer), *_inner(simulator, host, peer, findings)]
    if not wanted:
        return
    for rules in peer.packet_filters:
        write = _LANGUAGES.get(rules.kind)
        if write is not None:
            yield from write(rules, wanted, host)
        elif rules.kind == "shorewall":
            yield f"{peer.name} has Shorewall: add a line for {wanted[0].far} to tunnels, or rules that open it"


_TOO_LONG = {
    "pf": ("pass quick inet proto icmp all icmp-type unreach code needfrag",),
    "ipf": ("pass in quick proto icmp all icmp-type unreach", "pass out quick proto icmp all icmp-type unreach"),
    "netfilter": tuple(
        f"-A {chain} -p icmp --icmp-type fragmentation-needed -j ACCEPT" for chain in ("INPUT", "OUTPUT")
    ),
}


def for_too_long(host: Host, peer: Host) -> Iterator[Edit]:
    """Rules for the messages by which the peer, and those behind it, learn that a packet is too long for the tunnel."""
    for rules in peer.packet_filters:
        lines = _TOO_LONG.get(rules.kind)
        if lines is None:
            continue
        if rules.kind == "netfilter":
            yield from _into_filter_table(rules, lines, host)
        else:
            yield _before_first(rules, lines, host)


def _carriers(simulator: Simulator, host: Host, peer: Host) -> Iterator[Opening]:
    for carrier in carriers(peer):
        if not (host.owns(carrier.far) or host.public_address == carrier.far):
            continue
        if any(is_blocked(way(simulator, carrier), carrier) for way in (leaving, arriving)):
            yield Opening(carrier.near, carrier.far, carrier.cargo, _interface(peer, carrier.near))


def _interface(peer: Host, own: AddressRange) -> str:
    owners = (i.name for i in peer.interfaces if any(address.address == own for address in i.addresses))
    return next(owners, "")


def _inner(simulator: Simulator, host: Host, peer: Host, findings: Sequence[Finding]) -> Iterator[Opening]:
    told = {finding.subject for finding in findings if finding.code == "FWL004" and finding.host == peer.name}
    seen = set()
    for policy in peer.spd.policies:
        far = far_address(policy)
        ours = policy.action is Action.PROTECT and far is not None and host.owns(far)
        pair = (policy.local, policy.remote)
        if ours and str(policy.selector) in told and policy.direction is not Direction.FWD and pair not in seen:
            seen.add(pair)
            inside = simulator.topology.route(peer, policy.local._replace(last=policy.local.first))
            yield Opening(*pair, None, "" if inside is None else inside.interface, inner=True)


def _pf(rules: RuleSet, wanted: Sequence[Opening], host: Host) -> Iterator[Edit]:
    lines = []
    for opening in wanted:
        family = "inet6" if opening.near.family == 6 else "inet"
        ends = ((opening.far, opening.near, "in"), (opening.near, opening.far, "out"))
        for source, destination, direction in ends:
            if opening.inner:
                lines.append(f"pass {direction} quick on enc0 {family} from {source} to {destination}")
                other = "out" if direction == "in" else "in"
                if opening.interface:
                    lines.append(f"pass {other} quick on {opening.interface} {family} from {source} to {destination}")
                continue
            on = f" on {opening.interface}" if opening.interface else ""
            upper, ports = _upper(opening, "port {0} to {1} port {0}")
            text = f"pass {direction} quick{on} {family} proto {upper} from {source} "
            lines.append(
                text + (ports.format(source=source, destination=destination) if ports else f"to {destination}")
            )
    yield _before_first(rules, lines, host)


def _upper(opening: Opening, form: str) -> tuple[str, str]:
    """The protocol and, for UDP, how both ports are written around the destination."""
    port = _PORTS.get(opening.cargo) if opening.cargo is not None else None
    if port is None:
        return ("ah" if opening.cargo is Cargo.AH else "esp"), ""
    return "udp", form.replace("{0}", str(port)).replace("{1}", "{destination}")


def _ipf(rules: RuleSet, wanted: Sequence[Opening], host: Host) -> Iterator[Edit]:
    lines = []
    for opening in wanted:
        for source, destination, direction in (
            (opening.far, opening.near, "in"), (opening.near, opening.far, "out"),
        ):  # fmt: skip
            if opening.inner:
                direction = "out" if direction == "in" else "in"  # the filter sees the bare packet on the inside only
                on = f" on {opening.interface}" if opening.interface else ""
                lines.append(f"pass {direction} quick{on} from {source} to {destination}")
                continue
            on = f" on {opening.interface}" if opening.interface else ""
            upper, ports = _upper(opening, "port = {0} to {1} port = {0}")
            behind = ports.format(destination=destination) if ports else f"to {destination}"
            lines.append(f"pass {direction} quick{on} proto {upper} from {source} {behind}")
    yield _before_first(rules, lines, host)


def _before_first(rules: RuleSet, lines: Sequence[str], host: Host) -> Edit:
    origins = [rule.origin for rule in getattr(rules, "rules", ()) if hasattr(rule, "origin")]
    file = rules.origin.file
    starts = [file.line_starts[span.begin.line - 1] for span in origins if span.file is file]
    text = "".join(f"{line}\n" for line in dict.fromkeys(lines))
    start = min(starts) if starts else None
    return Edit(file.path, text, f"what the tunnel with {host.name} needs", start, start)


def _iptables(rules: RuleSet, wanted: Sequence[Opening], host: Host) -> Iterator[Edit]:
    ruleset: NetfilterRuleset = rules  # type: ignore[assignment]
    table = next((table for table in ruleset.tables if table.name == "filter"), None)
    if table is None or any(opening.near.family != ruleset.family for opening in wanted):
        return
    lines = []
    for opening in wanted:
        for source, destination, inward in ((opening.far, opening.near, True), (opening.near, opening.far, False)):
            ends = f"-s {source} -d {destination}"
            if opening.inner:
                policy = f"-m policy --dir {'in' if inward else 'out'} --pol ipsec"
                chains = ("FORWARD", "INPUT" if inward else "OUTPUT")
                lines += [f"-A {chain} {ends} {policy} -j ACCEPT" for chain in chains]
                continue
            upper, ports = _upper(opening, "--sport {0} --dport {0}")
            chain = "INPUT" if inward else "OUTPUT"
            lines.append(" ".join(filter(None, (f"-A {chain} {ends} -p {upper}", ports, "-j ACCEPT"))))
    yield from _into_filter_table(rules, lines, host)


def _into_filter_table(rules: RuleSet, lines: Sequence[str], host: Host) -> Iterator[Edit]:
    ruleset: NetfilterRuleset = rules  # type: ignore[assignment]
    table = next((table for table in ruleset.tables if table.name == "filter"), None)
    if table is None:
        return
    file = table.origin.file
    starts = [file.line_starts[rule.origin.begin.line - 1] for chain in table.chains for rule in chain.rules]
    text = "".join(f"{line}\n" for line in dict.fromkeys(lines))
    start = min(starts) if starts else file.text.find("COMMIT", table.origin.start)
    yield Edit(file.path, text, f"what the tunnel with {host.name} needs", start, start)


_LANGUAGES = {"pf": _pf, "ipf": _ipf, "netfilter": _iptables}
