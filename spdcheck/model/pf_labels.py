"""``$srcaddr`` and its relatives in labels and tags: replaced by what the expanded rule says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.pf_conditions import Anywhere, Literal, Named, NoRoute, TableName, UrpfFailed
from spdcheck.model.protocols import PROTOCOL_NUMBERS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from spdcheck.model.pf_conditions import Condition, NumberTest, Peer

_PROTOCOL_NAMES: dict[int, str] = {0: "ip"}
for _name, _number in PROTOCOL_NUMBERS.items():
    _PROTOCOL_NAMES.setdefault(_number, _name)
_PROTOCOL_NAMES[58] = "ipv6-icmp"


def protocol_text(number: int) -> str:
    """The first name of a protocol in ``/etc/protocols``, or its number."""
    return _PROTOCOL_NAMES.get(number, str(number))


def expanded(template: str, condition: Condition) -> str:
    """The label of the rule with this condition.

    An address that is only known by the name of an interface stays a macro; so does ``$nr``, the number of the rule,
    because an interface may have several addresses and make several rules of one.
    """
    if "$" not in template:
        return template
    values = {
        "$if": condition.interface.name if condition.interface and condition.interface.name else "any",
        "$srcaddr": _address(condition.source, condition.family),
        "$dstaddr": _address(condition.destination, condition.family),
        "$srcport": _port(condition.source.port),
        "$dstport": _port(condition.destination.port),
        "$proto": protocol_text(condition.protocol or 0),
    }
    for name, value in values.items():
        if value is not None:
            template = template.replace(name, value)
    return template


def labels(templates: Iterable[str], condition: Condition) -> tuple[str, ...]:
    """The labels of a rule; one that comes out empty is none."""
    found = (expanded(template, condition) for template in templates)
    return tuple(label for label in found if label)


def _address(peer: Peer, family: int | None) -> str | None:
    address = peer.address
    if isinstance(address, Named):
        if not address.dynamic:
            return None
        text = f"({address.name})"
    elif isinstance(address, TableName):
        text = f"<{address.name}>"
    elif isinstance(address, NoRoute):
        text = "no-route"
    elif isinstance(address, UrpfFailed):
        text = "urpf-failed"
    elif isinstance(address, Anywhere) or (isinstance(address, Literal) and address.addresses.is_everything):
        text = "any"
    elif isinstance(address, Literal) and family and address.addresses.prefix_length is not None:
        text = str(address.addresses)
    else:
        text = "?"
    return f"! {text}" if peer.negated else text


def _port(port: NumberTest | None) -> str:
    if port is None or port.operator == ":":
        return ""
    if port.operator in ("><", "<>"):
        return f"{port.first}{port.operator}{port.last}"
    return f"{port.first}" if port.operator == "=" else f"{port.operator}{port.first}"
