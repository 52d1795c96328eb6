"""A site as a picture: its hosts with what lies behind them, the untrusted network that connects them, and the tunnels.

Plain SVG, drawn with classes of the page that holds it. A tunnel about which an error is told is broken, one with a
warning is doubtful; both lead to the first finding about them. Where nothing is said against a tunnel but a question
about one of its ends is open, it is not called sound.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from spdcheck.checks.finding import Severity
from spdcheck.named_tuples import NamedTuple
from spdcheck.output.columns import plain, width_of
from spdcheck.output.summary import counted
from spdcheck.semantics.peering import Peering
from spdcheck.semantics.topology import Topology

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from spdcheck.checks.finding import Finding, Report
    from spdcheck.model.host import Host, Site
    from spdcheck.source import Span

_BOX, _GAP, _MARGIN = 240, 56, 24
_LINE, _HEAD = 18, 52
_MOST_LINES = 8
_MOST_A_ROW = 5
_TRUNK = 28
"""How far above a row the common line of its tunnels runs."""
_HUB = 4
"""A host with so many tunnels stands above all others."""
_TUNNELS = ("SPD", "SAD", "IKE", "NAT", "FWL")
_OWN = ("FWL006", "FWL007")
"""What is said of a host's own rules, whatever its tunnels are."""


_SIGNS = {
    "broken": ("✗", "broken"),
    "doubtful": ("!", "with warnings"),
    "open": ("?", "no verdict"),
    "sound": ("✓", "nothing is said against it"),
}


class Pair(NamedTuple):
    """A tunnel between two hosts, how it is (a key of the signs), and where the page says why."""

    one: str
    other: str
    state: str
    anchor: str


def pairs(site: Site, report: Report, anchors: Mapping[Finding, str]) -> list[Pair]:
    """Every two hosts of which one has a policy that leads to the other."""
    findings = report.findings
    peering = Peering(site)
    known = dict.fromkeys(tuple(sorted((one.name, other.name))) for one, other in peering.pairs())
    count = Counter(name for pair in known for name in pair)
    led = _leading(site, peering)
    owners = {report.file.path: host.name for host in site.hosts for report in host.files}
    found = []
    for one, other in known:
        about = [f for f in findings if f.code[:3] in _TUNNELS and {one, other} <= _hosts(f, owners)]
        alone = [
            f for f in findings
            if f.code[:3] in _TUNNELS and f.host in (one, other) and f.code not in _OWN
            and (count[f.host] == 1 or _names(f, site, one, other) or _touches(f, led.get(_turned(f, one, other), ())))
        ]  # fmt: skip
        told = sorted({*about, *alone}, key=lambda finding: (finding.severity.rank, finding.order))
        worst = told[0] if told else None
        unsure = any(item.code[:3] in _TUNNELS and item.host in (one, other, "") for item in report.undecided)
        if worst is not None and worst.severity is not Severity.INFO:
            state = "broken" if worst.severity is Severity.ERROR else "doubtful"
            found.append(Pair(one, other, state, anchors.get(worst, "")))
        elif unsure:
            found.append(Pair(one, other, "open", "open"))
        else:
            found.append(Pair(one, other, "sound", anchors.get(worst, "") if worst else ""))
    return found


def _hosts(finding: Finding, owners: Mapping[str, str]) -> set[str]:
    places = [finding.span.file.path, *(note.span.file.path for note in finding.notes)]
    return {finding.host, *(owners[path] for path in places if path in owners)}


def _leading(site: Site, peering: Peering) -> dict[tuple[str, str], list[Span]]:
    """Where the policies of a host that lead to another stand."""
    found: dict[tuple[str, str], list[Span]] = {}
    for host in site.hosts:
        for policy in host.spd.policies:
            far = peering.far(policy)
            if far is not None and far.host is not None:
                found.setdefault((host.name, far.host.name), []).append(policy.origin)
    return found


def _turned(finding: Finding, one: str, other: str) -> tuple[str, str]:
    return (one, other) if finding.host == one else (other, one)


def _touches(finding: Finding, places: Iterable[Span]) -> bool:
    own = finding.span
    return any(own.file == place.file and own.start < place.end and place.start < own.end for place in places)


def _names(finding: Finding, site: Site, one: str, other: str) -> bool:
    """The message of a finding about one of the two has an address of the other."""
    far = next((host for host in site.hosts if host.name == (other if finding.host == one else one)), None)
    return far is not None and any(str(address) in finding.message.split() for address in far.addresses)


def render(site: Site, report: Report, anchors: Mapping[Finding, str]) -> str:
    """The picture of a site."""
    return "\n".join(_Picture(site, pairs(site, report, anchors), _worst(report, anchors)).rows()) + "\n"


def _worst(report: Report, anchors: Mapping[Finding, str]) -> dict[str, tuple[str, str, str]]:
    """What is said of each host in a few signs, in which state that leaves it, and where the first of it stands."""
    said: dict[str, tuple[str, str, str]] = {}
    for severity, state in ((Severity.ERROR, "broken"), (Severity.WARNING, "doubtful")):
        sign = _SIGNS[state][0]
        for finding in report.findings:
            if finding.severity is severity and finding.host not in said:
                number = sum(f.host == finding.host and f.severity is severity for f in report.findings)
                said[finding.host] = (f"{sign} {counted(number, severity.value)}", state, anchors.get(finding, ""))
    return said


class _Picture:
    def __init__(self, site: Site, tunnels: list[Pair], said: Mapping[str, tuple[str, str, str]]) -> None:
        self.site = site
        self.said = said
        self.tunnels = tunnels
        self.topology = Topology(site)
        degree = {host.name: sum(host.name in pair[:2] for pair in tunnels) for host in site.hosts}
        self.hub = max(site.hosts, key=lambda host: degree[host.name], default=None)
        if self.hub is not None and degree[self.hub.name] < _HUB:
            self.hub = None
        self.hosts = [host for host in site.hosts if host is not self.hub]
        self.columns = min(len(self.hosts), _MOST_A_ROW) or 1
        self.lines = {host.name: list(self._inside(host)) for host in site.hosts}
        self.height = _HEAD + _LINE * max((len(lines) for lines in self.lines.values()), default=0) + 12
        arcs = 20 + 18 * min(len(tunnels), 8)
        self.row = self.height + (70 if self.hub is not None else arcs + 40)
        self.top = _MARGIN + (self.height + 110 if self.hub is not None else arcs)

    def _inside(self, host: Host) -> Iterator[str]:
        """What the box of a host says: outer addresses, then the networks behind it."""
        lines = []
        for interface in host.interfaces:
            outside = self.topology.is_outside(host, interface.name)
            for address in interface.addresses:
                text = str(address.address) if outside or interface.tunnel else str(address.prefix)
                sign = "↑" if outside else "⇄" if interface.tunnel else "↓"
                lines.append(f"{sign} {interface.name} {text}")
        yield from lines[:_MOST_LINES]
        if len(lines) > _MOST_LINES:
            yield f"… {len(lines) - _MOST_LINES} more"

    def corner(self, number: int) -> tuple[int, int]:
        """The upper left corner of a host's box."""
        row, column = divmod(number, self.columns)
        return _MARGIN + column * (_BOX + _GAP), self.top + row * self.row

    def rows(self) -> Iterator[str]:
        """The whole SVG."""
        width = 2 * _MARGIN + self.columns * _BOX + (self.columns - 1) * _GAP
        count = -(-len(self.hosts) // self.columns)
        height = self.top + (count - 1) * self.row + self.height + _MARGIN
        size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        name = f"{self.site.name}: {len(self.site.hosts)} hosts, {len(self.tunnels)} tunnels"
        yield f'<svg class="site" xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label={_attribute(name)}>'
        yield f"<title>{_text(name)}</title>"
        places = {host.name: self.corner(number) for number, host in enumerate(self.hosts)}
        if self.hub is not None:
            places[self.hub.name] = ((width - _BOX) // 2, _MARGIN)
        if self._has_trunk():
            yield from self._trunk(places)
        for number, pair in enumerate(self.tunnels):
            yield from self._tunnel(pair, places[pair.one], places[pair.other], number)
        for host in self.site.hosts:
            yield from self._host(host, *places[host.name])
        yield "</svg>"

    def _has_trunk(self) -> bool:
        """Several rows below a hub: curves of their own would run behind the boxes of the rows above."""
        return self.hub is not None and len(self.hosts) > self.columns

    def _trunk(self, places: Mapping[str, tuple[int, int]]) -> Iterator[str]:
        """What the tunnels of a hub have in common: down the margin, and along above every row."""
        assert self.hub is not None
        ends = [pair.one if pair.other == self.hub.name else pair.other for pair in self.tunnels
                if self.hub.name in (pair.one, pair.other)]  # fmt: skip
        rows: dict[int, int] = {}
        for x, y in (places[end] for end in ends):
            rows[y] = max(rows.get(y, 0), x + _BOX // 2)
        x, y = places[self.hub.name]
        bend = y + self.height + _TRUNK
        side = _MARGIN // 2
        lines = f"M{x + _BOX // 2},{y + self.height} V{bend} H{side} V{max(rows) - _TRUNK}"
        lines += "".join(f" M{side},{top - _TRUNK} H{right}" for top, right in rows.items())
        yield f'<path class="trunk" d="{lines}"/>'

    def _host(self, host: Host, x: int, y: int) -> Iterator[str]:
        kind = "outer" if host.external else "own"
        system = "external" if host.external else host.platform.value if host.platform else "unknown system"
        release = ".".join(map(str, host.release))
        yield f'<g class="host {kind}"><title>{_text(host.name)}</title>'
        yield f'<rect x="{x}" y="{y}" width="{_BOX}" height="{self.height}" rx="10"/>'
        yield f'<text class="name" x="{x + 14}" y="{y + 24}">{_text(_cut(host.name, 26))}</text>'
        yield f'<text class="small" x="{x + 14}" y="{y + 41}">{_text(f"{system} {release}".strip())}</text>'
        if host.name in self.said:
            text, state, anchor = self.said[host.name]
            badge = f'<text class="badge {state}" x="{x + _BOX - 14}" y="{y + 41}">{_text(text)}</text>'
            yield f'<a href="#{anchor}">{badge}</a>' if anchor else badge
        for number, line in enumerate(self.lines[host.name]):
            at = y + _HEAD + 10 + number * _LINE
            yield f'<text class="line" x="{x + 14}" y="{at}">{_text(_cut(line, 32))}</text>'
        yield "</g>"

    def _tunnel(self, pair: Pair, one: tuple[int, int], other: tuple[int, int], number: int) -> Iterator[str]:
        kind = pair.state
        sign, words = _SIGNS[kind]
        (x1, y1), (x2, y2) = sorted(((x + _BOX // 2, y) for x, y in (one, other)), key=lambda point: point[1])
        if self._has_trunk() and self.hub is not None and self.hub.name in (pair.one, pair.other):
            path = f'<path d="M{x2},{y2 - _TRUNK} V{y2}"/>'
            at = (x2, y2 - 12)
        elif y1 != y2:
            y1 += self.height
            bend = (y1 + y2) // 2
            path = f'<path d="M{x1},{y1} C{x1},{bend} {x2},{y2 - 60} {x2},{y2}"/>'
            at = (x2, y2 - 14)
        else:
            bend = y1 - 30 - 18 * (number % 8)
            path = f'<path d="M{x1},{y1} C{x1},{bend} {x2},{bend} {x2},{y2}"/>'
            at = ((x1 + x2) // 2, (y1 + 3 * bend) // 4 + 6)
        middle = f'<text class="sign" x="{at[0]}" y="{at[1]}">{sign}</text>'
        title = f"<title>{_text(f'tunnel {pair.one} – {pair.other}: {words}')}</title>"
        inner = f'<g class="tunnel {kind}">{title}{path}{middle}</g>'
        yield f'<a href="#{pair.anchor}">{inner}</a>' if pair.anchor else inner


def _cut(text: str, room: int) -> str:
    text = plain(text)
    while width_of(text) > room:
        text = text[:-2] + "…"
    return text


def _text(text: str) -> str:
    return escape(plain(text))


def _attribute(text: str) -> str:
    return quoteattr(plain(text))
