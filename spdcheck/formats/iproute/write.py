"""The model back to ip(8): policies as ``ip xfrm policy add`` lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.policy import Action, Level, Mode
from spdcheck.model.protocols import GRE, ICMP, ICMP6, PORT_PROTOCOLS, protocol_name
from spdcheck.model.selector import ANY_PROTOCOL

if TYPE_CHECKING:
    from spdcheck.model.policy import SecurityPolicy, Template
    from spdcheck.model.selector import PortRange, TrafficSelector


class NotExpressible(ValueError):  # noqa: N818 (it says what the language can't say, nothing went wrong)
    """ip has no words for this; the message says for what."""


def write_policy(policy: SecurityPolicy) -> str:
    """A policy as one line for each pair of prefixes. Raises :class:`NotExpressible` for ranges of ports."""
    lines = []
    for source in policy.selector.source.prefixes():
        for destination in policy.selector.destination.prefixes():
            words = ["ip xfrm policy add", f"src {source} dst {destination}", *_upper(policy.selector)]
            words.append(f"dir {policy.direction.value}")
            if policy.priority:
                words.append(f"priority {policy.priority}")
            if policy.action is Action.DISCARD:
                words.append("action block")
            words += [_template(template) for template in policy.templates]
            lines.append(" ".join(words))
    return "\n".join(lines)


def _upper(selector: TrafficSelector) -> list[str]:
    if selector.protocol == ANY_PROTOCOL:
        return []
    words = [f"proto {protocol_name(selector.protocol)}"]
    if selector.protocol in PORT_PROTOCOLS:
        words += _port("sport", selector.source_port) + _port("dport", selector.destination_port)
    if selector.protocol in (ICMP, ICMP6) and selector.icmp_type is not None:
        words.append(f"type {selector.icmp_type}")
        words += [] if selector.icmp_code is None else [f"code {selector.icmp_code}"]
    if selector.protocol == GRE and selector.gre_key is not None:
        words.append(f"key {selector.gre_key}")
    return words


def _port(word: str, ports: PortRange) -> list[str]:
    if ports.is_any:
        return []
    if ports.first != ports.last:
        message = f"ip has no ranges of ports ({ports})"
        raise NotExpressible(message)
    return [f"{word} {ports.first}"]


def _template(template: Template) -> str:
    words = ["tmpl"]
    if template.mode is Mode.TUNNEL and template.source is not None and template.destination is not None:
        words.append(f"src {template.source} dst {template.destination}")
    words += [f"proto {template.protocol.value}", f"mode {template.mode.value}"]
    if template.reqid:
        words.append(f"reqid {template.reqid}")
    if template.level is Level.USE:
        words.append("level use")
    return " ".join(words)
