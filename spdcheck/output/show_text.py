"""The model for people: what spdcheck believes about every host, with the place that says it.

What no file says but we concluded is marked with ``~``. Security policies stand in the order in which the host's
kernel asks them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.model.policy import Action, Direction
from spdcheck.output import show_ike, show_running, show_shorewall
from spdcheck.output.columns import table
from spdcheck.output.full import heading
from spdcheck.output.summary import counted
from spdcheck.semantics.spd_order import asked_order

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from spdcheck.model.association import SecurityAssociation
    from spdcheck.model.host import Host, Interface, Site
    from spdcheck.output.terminal import Look
    from spdcheck.source import Span

INFERRED = "~"


def render(sites: Iterable[Site], look: Look) -> Iterator[str]:
    """Every host of every site."""
    for site in sites:
        files = sum(len(host.files) for host in site.hosts)
        extent = f"{counted(len(site.hosts), 'host')}, {counted(files, 'file')}"
        yield f"{look.paint(look.text(f'site {site.name}'), 'strong')}: {extent}\n\n"
        for host in site.hosts:
            yield "\n".join(_host(host, look)) + "\n\n"
        for intent in site.intents:
            yield look.text(f"intent: {intent.flow}: {', '.join(intent.expect)}  {where(intent.origin)}") + "\n"


def where(span: Span | None) -> str:
    """The place that says so, or nothing."""
    return "" if span is None else span.where


def _host(host: Host, look: Look) -> Iterator[str]:
    yield heading(" · ".join(part for part in (host.name, _system(host), host.folder) if part), look)
    for line in host.inferences:
        yield "  " + look.paint(look.text(f"{INFERRED} {line}"), "dim")
    sections = (
        ("files", _files(host)),
        ("interfaces", _interfaces(host)),
        ("routes", _routes(host)),
        ("forwarding", _forwarding(host)),
        *((f"SPD {direction.value}, as the kernel asks it", _spd(host, direction)) for direction in Direction),
        ("SAD", _sad(host)),
        *show_ike.sections(host),
        *show_shorewall.sections(host),
        *show_running.sections(host),
        ("services", _services(host)),
        ("settings", ((name, text, where(span)) for name, (text, span) in sorted(host.settings.items()))),
        ("not known", ((f"{gap.part.value}:", gap.reason) for gap in host.gaps)),
    )
    for title, rows in sections:
        listed = [tuple(look.text(_below(host, text)) for text in row) for row in rows]
        if listed:
            yield f"  {look.paint(title, 'strong')}"
            yield from (f"    {row}" for row in table(dict.fromkeys(listed)))


def _below(host: Host, text: str) -> str:
    """A text in which the host's own files are named below its folder, which stands in the heading."""
    return re.sub(rf"(?<![\w./-]){re.escape(host.folder)}/", "", text) if host.folder else text


def _system(host: Host) -> str:
    words = ["platform unknown" if host.platform is None else host.platform.value, _release(host.release)]
    words += [f"{tool} {_release(release)}" for tool, release in sorted(host.tools.items())]
    if host.public_address is not None:
        words.append(f"behind NAT as {host.public_address}")
    if host.external:
        words.append("external: its files are not ours")
    return " ".join(word for word in words if word)


def _release(numbers: tuple[int, ...]) -> str:
    return ".".join(map(str, numbers))


def _files(host: Host) -> Iterator[tuple[str, ...]]:
    for report in host.files:
        words = [counted(report.statements, "statement")]
        words += [f"{report.unparsed} not understood"] if report.unparsed else []
        words += [f"{report.unmodelled} not modelled"] if report.unmodelled else []
        words += [f"{report.inert} without effect here"] if report.inert else []
        words += [] if report.loaded else ["not loaded"]
        dialect = report.dialect if report.dialect.startswith(report.format) else f"{report.format} {report.dialect}"
        yield report.file.path, dialect.rstrip(), ", ".join(words)


def _interfaces(host: Host) -> Iterator[tuple[str, ...]]:
    for interface in host.interfaces:
        mark = INFERRED if interface.inferred else " "
        source = f"{INFERRED} {interface.inferred}" if interface.inferred else where(interface.origin)
        facts = ", ".join(_interface_facts(interface))
        addresses = [str(a.address) + _link(a.address, a.prefix, a.peer) for a in interface.addresses] or ["-"]
        yield f"{mark} {interface.name}", addresses[0], facts, source
        for address, entry in zip(addresses[1:], interface.addresses[1:], strict=False):
            place = "" if entry.origin == interface.origin else where(entry.origin)
            yield "", address, "", place


def _link(address: object, prefix: object, peer: object) -> str:
    if peer is not None:
        return f" → {peer}"
    return "" if prefix == address else f" in {prefix}"


def _interface_facts(interface: Interface) -> Iterator[str]:
    if interface.mtu is not None:
        yield f"mtu {interface.mtu}"
    if interface.dynamic:
        yield "address given by the network"
    if interface.tunnel is not None:
        tunnel = interface.tunnel
        yield f"{tunnel.kind} {tunnel.source} → {tunnel.destination}"


def _routes(host: Host) -> Iterator[tuple[str, ...]]:
    for route in host.routes:
        ways = [f"via {route.gateway}"] if route.gateway is not None else []
        ways += [f"on {route.interface}"] if route.interface else []
        ways += ["dropped"] if route.blackhole else []
        name = "default" if route.destination.is_everything else str(route.destination)
        yield name, " ".join(ways), where(route.origin)


def _forwarding(host: Host) -> Iterator[tuple[str, ...]]:
    for family, flag in sorted(host.forwarding.items()):
        source = f"{INFERRED} {flag.inferred}" if flag.inferred else where(flag.origin)
        yield f"IPv{family}", "yes" if flag.value else "no", source


def _spd(host: Host, direction: Direction) -> Iterator[tuple[str, ...]]:
    for number, policy in enumerate(asked_order(host, direction), start=1):
        demand = policy.action.value
        if policy.action is Action.PROTECT:
            demand = " + ".join(str(template) for template in policy.templates)
        if policy.priority:
            demand += f" (priority {policy.priority})"
        why = policy.implied
        if policy.by_ike is not None:
            why = f"installed by {policy.by_ike.daemon} once phase 2 has succeeded, begun by {policy.by_ike.initiator}"
        mark = INFERRED if why else " "
        source = f"{where(policy.origin)} {INFERRED} {why}" if why else where(policy.origin)
        yield f"{mark} {number}", str(policy.selector), demand, source


def _sad(host: Host) -> Iterator[tuple[str, ...]]:
    for sa in host.sad.associations:
        yield (
            f"{sa.protocol} {sa.source} → {sa.destination}",
            f"spi {sa.spi:#x}",
            ", ".join(_sa_facts(sa)),
            where(sa.origin),
        )


def _sa_facts(sa: SecurityAssociation) -> Iterator[str]:
    yield f"{sa.mode.value} mode"
    for algorithm in (sa.encryption, sa.integrity):
        if algorithm is not None:
            key = f" with a key of {algorithm.key.bits} bits" if algorithm.key is not None else ""
            yield f"{algorithm.name}{key}"
    if sa.compression:
        yield sa.compression
    if sa.reqid:
        yield f"reqid {sa.reqid}"
    if sa.replay_window:
        yield f"replay window {sa.replay_window}"


def _services(host: Host) -> Iterator[tuple[str, ...]]:
    words = {True: "started", False: "not started", None: "not said"}
    for service in host.services:
        yield service.name, words[service.enabled], service.file or "", where(service.origin)
