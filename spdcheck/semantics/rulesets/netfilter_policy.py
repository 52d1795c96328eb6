"""The policy match of netfilter (xt_policy): the IPsec that a packet came by, or will leave by.

Mode, reqid and the end points of what arrived are fields of the packet; the rest is told by the host's own policies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.netfilter import Network
from spdcheck.model.policy import Direction, Mode
from spdcheck.semantics.fields import IPSEC_IN, IPSEC_OUT, REQID_IN, REQID_OUT, TUNNEL_DESTINATION, TUNNEL_SOURCE
from spdcheck.semantics.packet import CLEAR, TRANSPORT, TUNNEL
from spdcheck.semantics.predicate import FALSE, TRUE, any_of, is_value
from spdcheck.semantics.rulesets.netfilter_words import network, unknown

if TYPE_CHECKING:
    from spdcheck.model.host import Host
    from spdcheck.model.netfilter import Match, Option
    from spdcheck.model.policy import SecurityPolicy, Template
    from spdcheck.semantics.predicate import Predicate


def policy(host: Host, match: Match) -> Predicate:
    """xt_policy: which IPsec the packet came by (``in``), or will leave by (``out``)."""
    said = {option.name: option for option in match.options}
    way = said["dir"].value if "dir" in said else None
    wanted = said["pol"].value if "pol" in said else "ipsec"
    if way not in ("in", "out") or wanted not in ("ipsec", "none"):
        return unknown(match)
    field = IPSEC_IN if way == "in" else IPSEC_OUT
    # A negated `--pol` is not in the manual; what is asked is whether there is any policy at all.
    if wanted == "none":
        found = is_value(field, CLEAR)
        return ~found if said["pol"].negated else found
    found = is_value(field, TRANSPORT, TUNNEL)
    if "next" in said or ("strict" in said and _bundles(host, str(way))):
        return found & unknown(match)
    for option in match.options:
        if option.name in ("dir", "pol", "strict"):
            continue
        own = _detail(host, str(way), option, match)
        found &= ~own if option.negated else own
    return found


def _bundles(host: Host, way: str) -> bool:
    """Some policy of this direction asks for more than one transform."""
    return any(len(asking.templates) > 1 for asking in _policies(host, way))


def _policies(host: Host, way: str) -> list[SecurityPolicy]:
    directions = (Direction.OUT,) if way == "out" else (Direction.IN, Direction.FWD)
    return [found for direction in directions for found in host.spd.of(direction)]


def _detail(host: Host, way: str, option: Option, match: Match) -> Predicate:
    value = option.value
    if option.name == "reqid" and isinstance(value, int):
        return is_value(REQID_IN if way == "in" else REQID_OUT, value)
    if option.name == "mode":
        modes = {"tunnel": TUNNEL, "transport": TRANSPORT}
        if value in modes:
            return is_value(IPSEC_IN if way == "in" else IPSEC_OUT, modes[str(value)])
    if way == "in" and option.name in ("tunnel-src", "tunnel-dst") and isinstance(value, tuple):
        field = TUNNEL_SOURCE if option.name == "tunnel-src" else TUNNEL_DESTINATION
        return is_value(IPSEC_IN, TUNNEL) & any_of(network(field, item, option) for item in value)
    return _by_templates(host, way, option, match)


def _by_templates(host: Host, way: str, option: Option, match: Match) -> Predicate:
    """What the fields don't say, the policies do, if all of one mode and reqid agree."""
    by_key: dict[tuple[int, int], set[bool]] = {}
    for asking in _policies(host, way):
        for template in asking.templates:
            fits = _template_fits(template, option)
            if fits is None:
                return unknown(match, option)
            mode = TUNNEL if template.mode is Mode.TUNNEL else TRANSPORT
            by_key.setdefault((mode, template.reqid), set()).add(fits)
    if not by_key or (way == "in" and len({fit for fits in by_key.values() for fit in fits}) > 1):
        return unknown(match, option)
    if len({fit for fits in by_key.values() for fit in fits}) == 1:
        return TRUE if next(iter(by_key.values())) == {True} else FALSE
    if any(len(fits) > 1 for fits in by_key.values()):
        return unknown(match, option)
    return any_of(
        is_value(IPSEC_OUT, mode) & is_value(REQID_OUT, reqid)
        for (mode, reqid), fits in by_key.items()
        if fits == {True}
    )


def _template_fits(template: Template, option: Option) -> bool | None:
    value = option.value
    if option.name == "proto" and isinstance(value, int):
        return {50: "esp", 51: "ah", 108: "ipcomp"}.get(value) == template.protocol.value
    if option.name in ("tunnel-src", "tunnel-dst") and isinstance(value, tuple):
        end = template.source if option.name == "tunnel-src" else template.destination
        if template.mode is not Mode.TUNNEL:
            return False
        networks = [item for item in value if isinstance(item, Network)]
        if end is None or not end.is_host or len(networks) != len(value):
            return None
        return any(item.family == end.family and end.first & item.mask == item.value for item in networks)
    return None
