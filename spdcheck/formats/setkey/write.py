"""The model back to setkey's language: what the other peer needs, or what was read, written plainly."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from spdcheck.formats.setkey.dialect import DEFAULT_PRIORITY
from spdcheck.model.addresses import address_text
from spdcheck.model.policy import Action, Direction, Level, Mode
from spdcheck.model.protocols import GRE, ICMP, ICMP6, PROTOCOL_NUMBERS, protocol_name
from spdcheck.model.selector import ANY_PROTOCOL

if TYPE_CHECKING:
    from spdcheck.formats.setkey.dialect import Dialect
    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.association import KeyedAlgorithm, SecurityAssociation
    from spdcheck.model.policy import SecurityPolicy, Template
    from spdcheck.model.selector import PortRange, TrafficSelector

_ACTIONS = {Action.PROTECT: "ipsec", Action.BYPASS: "none", Action.DISCARD: "discard"}


class NotExpressible(ValueError):  # noqa: N818 (it says what the language can't say, nothing went wrong)
    """setkey has no words for this; the message says for what."""


def write_policy(policy: SecurityPolicy, dialect: Dialect) -> str:
    """A policy as ``spdadd`` statements: one line for each pair of prefixes (ranges that are no prefix need several).

    An implied policy needs no statement and gives ``""``. Raises :class:`NotExpressible` for what this setkey can't
    say: ranges of ports, ``fwd`` on a BSD, priorities where there are none.
    """
    if policy.implied:
        return ""
    if policy.direction is Direction.FWD and not dialect.forward:
        message = f"{dialect.name} has no policies for forwarded packets"
        raise NotExpressible(message)
    selector = policy.selector
    source_port, destination_port = _port(selector.source_port), _port(selector.destination_port)
    upper, priority = _upper(selector, dialect), _priority(policy, dialect)
    behind = f"{upper} -P {policy.direction.value}{priority} {_ACTIONS[policy.action]}"
    rules = "".join("\n\t" + _template(template) for template in policy.templates)
    return "\n".join(
        f"spdadd {source}{source_port} {destination}{destination_port} {behind}{rules};"
        for source, destination in product(selector.source.prefixes(), selector.destination.prefixes())
    )


def write_association(association: SecurityAssociation) -> str:
    """An association as a commented-out ``add`` statement: its keys are not known, and have to be filled in."""
    parts = [
        f"# add {association.source} {association.destination} {association.protocol} 0x{association.spi:x}",
        f"-m {association.mode.value}",
    ]
    if association.reqid:
        parts.append(f"-u {association.reqid}")
    if association.replay_window is not None:
        parts.append(f"-r {association.replay_window}")
    for option, amount in (
        ("-lh", association.hard_seconds),
        ("-ls", association.soft_seconds),
        ("-bh", association.hard_bytes),
        ("-bs", association.soft_bytes),
    ):
        if amount:
            parts.append(f"{option} {amount}")
    if association.encryption is not None:
        parts.append(f"-E {_keyed(association.encryption)}")
    if association.integrity is not None:
        parts.append(f"-A {_keyed(association.integrity)}")
    if association.compression is not None:
        parts.append(f"-C {association.compression}")
    return " ".join(parts) + ";"


def _keyed(algorithm: KeyedAlgorithm) -> str:
    return algorithm.name if algorithm.key is None else f"{algorithm.name} KEY-OF-{algorithm.key.bits}-BITS"


def _port(ports: PortRange) -> str:
    if ports.is_any:
        return ""
    if ports.first != ports.last:
        message = f"setkey has no ranges of ports ({ports})"
        raise NotExpressible(message)
    return f"[{ports.first}]"


def _upper(selector: TrafficSelector, dialect: Dialect) -> str:
    protocol = selector.protocol
    if protocol == ANY_PROTOCOL:
        return "any"
    name = protocol_name(protocol)
    if protocol == 0 and dialect.forward:
        message = "0 is a wildcard where the protocol stands"
        raise NotExpressible(message)
    if PROTOCOL_NUMBERS.get(name) != protocol or name in ("esp", "ah", "ipcomp", "ip"):
        name = str(protocol)
    if protocol in (ICMP, ICMP6) and (selector.icmp_type or selector.icmp_code):
        if dialect.platform is not None and not dialect.forward and protocol == ICMP:
            message = f"{dialect.name} has no types of {name}"
            raise NotExpressible(message)
        return f"{name} {selector.icmp_type or 0},{selector.icmp_code or 0}"
    if protocol == GRE and selector.gre_key is not None:
        if not selector.gre_key >> 16 or not selector.gre_key & 0xFFFF:
            message = f"the GRE key {selector.gre_key} has a half that is 0, a wildcard to the kernel"
            raise NotExpressible(message)
        return f"{name} {address_text(4, selector.gre_key)}"
    return name


def _priority(policy: SecurityPolicy, dialect: Dialect) -> str:
    if not dialect.priorities and (not dialect.unknown or not policy.priority):
        return ""
    offset = DEFAULT_PRIORITY - policy.priority
    return f" prio {offset}" if offset else ""


def _template(template: Template) -> str:
    ends = _ends(template.source, template.destination)
    if template.mode is Mode.TUNNEL and not ends:
        message = "setkey has no tunnels without end points"
        raise NotExpressible(message)
    level = template.level.value
    if template.level is Level.UNIQUE and template.reqid:
        level += f":{template.reqid}"
    return f"{template.protocol.value}/{template.mode.value}/{ends}/{level}"


def _ends(source: AddressRange | None, destination: AddressRange | None) -> str:
    return "" if source is None or destination is None else f"{source}-{destination}"
