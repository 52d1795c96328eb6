"""tunnels: what lets the packets of tunnels themselves in and out, before every other rule of their zones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.semantics.shorewall import matches as m
from spdcheck.semantics.shorewall.chains import jump_to

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.model.shorewall import TunnelEntry
    from spdcheck.model.shorewall_columns import Address
    from spdcheck.semantics.shorewall.chains import Chain, Matches
    from spdcheck.semantics.shorewall.making import Making
    from spdcheck.source import Span

ESP, AH, GRE, IPIP, IPV6 = 50, 51, 47, 4, 41
IKE, NAT_T = 500, 4500
PLAIN = {"ipip": IPIP, "gre": GRE, "6to4": IPV6, "6in4": IPV6}


def tunnels(making: Making) -> None:
    """Every line, for every gateway."""
    for entry in making.source.tunnels:
        gateways = entry.gateways.included if entry.gateways is not None else ()
        for gateway in gateways or (None,):
            _one(making, entry, gateway)


def _one(making: Making, entry: TunnelEntry, gateway: Address | None) -> None:
    source = m.address(gateway, source=True) if gateway is not None else ()
    dest = m.address(gateway, source=False) if gateway is not None else ()
    inward = making.ensure_rules(entry.zone, making.firewall)
    outward = making.ensure_rules(making.firewall, entry.zone)
    for way, asked in openings(entry):
        _accept(inward if way == "in" else outward, (*asked, *(source if way == "in" else dest)), entry.origin)
    if entry.type not in ("ipsec", "ipsecnat"):
        return
    for zone in entry.gateway_zones:
        inward = making.ensure_rules(zone, making.firewall)
        outward = making.ensure_rules(making.firewall, zone)
        for way, asked in openings(entry, with_esp=not making.layout.ipsec):
            _accept(inward if way == "in" else outward, (*asked, *(source if way == "in" else dest)), entry.origin)


def _accept(chain: Chain, asked: Matches, origin: Span) -> None:
    place = min(chain.new, len(chain.rules))
    chain.insert(place, asked, jump_to("ACCEPT", origin), origin)
    chain.new += 1


def openings(entry: TunnelEntry, *, with_esp: bool = True) -> Iterator[tuple[str, Matches]]:
    """What a type lets through: the way (``in``, ``out``) and the question without the gateway's address."""
    origin, kind = entry.origin, entry.type
    if kind in ("ipsec", "ipsecnat"):
        new = m.state(origin, "NEW", "UNTRACKED")
        if with_esp:
            yield from _both(m.protocol(ESP, origin))
            if entry.ah and kind == "ipsec":
                yield from _both(m.protocol(AH, origin))
        ports = m.port(IKE) if kind == "ipsec" else (m.port(IKE), m.port(NAT_T))
        yield from _both((*m.ported(m.UDP, origin, ports), *new))
    elif kind in PLAIN:
        yield from _both(m.protocol(PLAIN[kind], origin))
    elif kind in ("pptpclient", "pptpserver"):
        yield from _both(m.protocol(GRE, origin))
        yield ("out" if kind == "pptpclient" else "in"), m.ported(m.TCP, origin, m.port(1723))
    elif kind == "tinc":
        for number in (m.UDP, m.TCP):
            yield from _both(m.ported(number, origin, m.port(655)))
    elif kind == "l2tp":
        yield from _both(m.ported(m.UDP, origin, m.port(1701), m.port(1701)))
    elif kind.startswith("openvpn"):
        number = entry.protocol if entry.protocol is not None else m.UDP
        port = entry.port if entry.port is not None else m.port(1194)
        served, asking = m.ported(number, origin, port), m.ported(number, origin, None, port)
        yield "in", asking if kind == "openvpnclient" else served
        yield "out", asking if kind == "openvpnserver" else served
    elif kind == "generic":
        number = entry.protocol if entry.protocol is not None else m.UDP
        asked = m.ported(number, origin, entry.port) if number in m.PORTED else m.protocol(number, origin)
        yield from _both(asked)


def _both(asked: Matches) -> Iterator[tuple[str, Matches]]:
    yield "in", asked
    yield "out", asked
