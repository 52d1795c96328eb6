"""Everything of a racoon.conf that is neither ``remote`` nor ``sainfo``."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from spdcheck.formats.racoon.values import address, port, seconds
from spdcheck.formats.racoon.words import Section
from spdcheck.model.addresses import parse_address
from spdcheck.model.diagnostic import Note
from spdcheck.model.ike import IkeListener
from spdcheck.records import dataclass

if TYPE_CHECKING:
    from spdcheck.formats.racoon.desk import Desk
    from spdcheck.formats.racoon.paths import Paths
    from spdcheck.formats.racoon.syntax import Node
    from spdcheck.source import Span


@dataclass(slots=True)
class Settings:
    """What holds for the whole daemon, with racoon's defaults."""

    listeners: list[IkeListener] = field(default_factory=list)
    strict_address: bool = False
    log_level: str = ""
    log_origin: Span | None = None
    complex_bundle: bool = True
    nat_keepalive_seconds: int = 20


def simple(desk: Desk, settings: Settings, paths: Paths, node: Node) -> None:
    """A statement of one line at the top of the file."""
    if node.rule == "path":
        _path(desk, paths, node)
    elif node.rule == "log":
        level = node.find("LOGLEV")
        settings.log_level, settings.log_origin = level.text if level else "", desk.span(node)
    elif node.rule == "complex_bundle":
        settings.complex_bundle = _is_on(node)


def _path(desk: Desk, paths: Paths, node: Node) -> None:
    kind, token = node.find("PATHTYPE"), node.find("QUOTEDSTRING")
    if kind is None or token is None:
        return
    before = paths.declare(desk, kind.text, token)
    if before is not None and kind.text == "pre_shared_key" and before.path != token.string:
        desk.reading.say(
            "CFG004", desk.span(node), f"a second `path {kind.text}`: racoon looks into this file only",
            mend="keep one of the two", notes=(Note(before.origin, "no longer used"),), warning=True,
        )  # fmt: skip


def inside(desk: Desk, settings: Settings, section: Section, node: Node) -> None:
    """A line of a block."""
    kind = node.first.type
    if section is Section.LISTEN:
        _listen(desk, settings, node)
    elif section is Section.TIMER and kind == "RETRY_NATT_KEEPALIVE":
        settings.nat_keepalive_seconds = seconds(node)
    elif section is Section.LDAP and kind == "LDAP_VERSION":
        number = node.find("NUMBER")
        if number is not None and number.number not in (2, 3):
            desk.refuse(number, f"invalid ldap protocol version (2|3): found {number.text}")
    elif section is Section.MODE_CFG:
        _only_ipv4(desk, node)


def _listen(desk: Desk, settings: Settings, node: Node) -> None:
    kind = node.first
    if kind.type == "STRICT_ADDRESS":
        settings.strict_address = True
    if kind.type not in ("ISAKMP", "ISAKMP_NATT"):
        return
    token, number = node.find("ADDRSTRING"), node.find("PORT")
    found = address(desk, token) if token else None
    if found is None:
        return
    natt = kind.type == "ISAKMP_NATT"
    if natt and number is None:
        desk.accident(
            node, "racoon takes port 500 for `isakmp_natt` too, where nobody sends ESP in UDP", mend="add `[4500]`"
        )
    settings.listeners.append(IkeListener(found, port(desk, number), natt, desk.span(node)))


_PLACES = {
    "CFG_NETWORK4": "network", "CFG_NETMASK4": "netmask", "CFG_DNS4": "DNS", "CFG_WINS4": "WINS",
    "CFG_SPLIT_NETWORK": "SPLIT",
}  # fmt: skip


def _only_ipv4(desk: Desk, node: Node) -> None:
    for token in node.all("ADDRSTRING"):
        found = parse_address(token.string)
        if found is None or found.family != 4:
            desk.refuse(token, f"bad IPv4 {_PLACES[node.first.type]} address: found `{token.string}`")


def _is_on(node: Node) -> bool:
    switch = node.find("SWITCH")
    return switch is not None and switch.text == "on"
