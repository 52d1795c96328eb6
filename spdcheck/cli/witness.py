"""Looking for a packet that ends in a given way, and saying it as a flow that can be typed again."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from spdcheck.cli.dispatch import nearest
from spdcheck.engine.trace import Disposition
from spdcheck.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from spdcheck.engine.exploration import Ending
    from spdcheck.semantics.packet import Packet


def wanted(word: str) -> Callable[[Ending], bool]:
    """Which ends of a flow somebody is looking for."""
    arrived = (Disposition.DELIVERED, Disposition.LEAKED)
    kinds: dict[str, Callable[[Ending], bool]] = {
        "clear": lambda ending: ending.disposition in arrived and ending.in_clear,
        "denied": lambda ending: ending.disposition not in (*arrived, Disposition.UNKNOWN),
    }
    for disposition in Disposition:
        kinds.setdefault(disposition.value.lower(), partial(_ends_as, disposition))
    found = kinds.get(word.lower())
    if found is None:
        near = nearest(word.lower(), kinds)
        raise UsageError(f"find {word!r}: " + (f"did you mean {near}?" if near else f"expected {', '.join(kinds)}"))
    return found


def _ends_as(disposition: Disposition, ending: Ending) -> bool:
    return ending.disposition is disposition


def flow_text(packet: Packet) -> str:
    """A packet as a flow that can be typed again."""
    from spdcheck.model.protocols import ICMP, ICMP6, PORT_PROTOCOLS, protocol_name
    from spdcheck.semantics.fields import SOURCE, value_text

    ends = [value_text(SOURCE, packet.source), value_text(SOURCE, packet.destination)]
    words = [protocol_name(packet.protocol)]
    for text, port in zip(ends, (packet.source_port, packet.destination_port), strict=True):
        shown = f"[{text}]" if ":" in text and packet.protocol in PORT_PROTOCOLS else text
        words.append(f"{shown}:{port}" if packet.protocol in PORT_PROTOCOLS else text)
    if packet.protocol in (ICMP, ICMP6):
        words.append(f"{packet.icmp_type}/{packet.icmp_code}")
    return " ".join([*words, f"size {packet.length}", *(["df"] if packet.df else [])])
