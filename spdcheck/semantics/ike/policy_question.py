"""What isakmpd asks its KeyNote policy about a phase 2 proposal, as initiator and as responder (``policy.c``)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.model.addresses import address_text
from spdcheck.model.ike import Algorithm, ExchangeMode, IdentityType
from spdcheck.model.isakmpd import NumberRange, Phase2Transform
from spdcheck.model.keynote import POLICY, Attribute, Licensee, Literal, Threshold
from spdcheck.model.policy import Mode, Protocol
from spdcheck.named_tuples import NamedTuple
from spdcheck.semantics.keynote import attributes_of, query
from spdcheck.semantics.keynote_action import OPEN_ACTION, AttributeValue, offered
from spdcheck.semantics.keynote_values import ANYTHING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.ike import Credential
    from spdcheck.model.keynote import Assertion, Licensees
    from spdcheck.semantics.ike.identities import Named
    from spdcheck.semantics.ike.outcome import Phase1
    from spdcheck.semantics.ike.quick_offers import Choice, OfferedSuite
    from spdcheck.semantics.ike.sides import Side
    from spdcheck.semantics.keynote_values import Word
    from spdcheck.semantics.quick_mode import Ids
    from spdcheck.source import Span

_CONDITIONS = re.compile(r"^conditions[ \t]*:", re.IGNORECASE | re.MULTILINE)
_NAMES = {Protocol.ESP: "esp", Protocol.AH: "ah", Protocol.IPCOMP: "comp"}
_ID_TYPES = {
    IdentityType.FQDN: "FQDN", IdentityType.USER_FQDN: "User FQDN", IdentityType.ASN1_DN: "ASN1 DN",
    IdentityType.KEY_ID: "Key ID",
}  # fmt: skip
_PROTOCOL_WORDS = {6: "tcp", 17: "udp", 97: "etherip"}


class Answer(NamedTuple):
    """``accepted`` is None where nobody can tell. ``assumed``: accepted if the certificate is one that is licensed.

    ``blamed`` are the attributes that, with other values, would make the policy accept; ``place`` are the conditions.
    """

    accepted: bool | None
    assumed: bool
    blamed: tuple[str, ...]
    place: Span | None


def ask(
    side: Side,
    suite: OfferedSuite,
    choices: tuple[Choice, ...],
    phase1: Phase1,
    ids: Ids,
    named: Named,
    key: Credential | None,
    *,
    initiator: bool,
    udp: bool,
) -> Answer:
    """The policy's answer; ``ids`` as this side sees them, ``named`` the other side's phase 1 identity.

    ``key`` is the pre-shared key by which the other has proved itself, None where it was a certificate.
    """
    action = _action(suite, choices, phase1, udp=udp)
    action |= {"initiator": "yes" if initiator else "no"}
    action |= _negotiators(side) | _remote_id(named)
    action |= _filter("remote_filter", ids.remote, ids.protocol, ids.remote_port)
    action |= _filter("local_filter", ids.local, ids.protocol, ids.local_port)
    assertions = side.host.assertions
    place = next((conditions_place(item) for item in assertions if _is_policy(item)), None)
    principals: tuple[Word, ...] = tuple(key.principals) if key is not None else (ANYTHING,)
    found = query(assertions, principals, action)
    if found.lowest == "true":
        return Answer(True, False, (), place)
    if found.highest == "false":
        return Answer(False, False, tuple(_blamed(assertions, action)), place)
    if key is None and query(assertions, tuple(_licensed(assertions)), action).lowest == "true":
        return Answer(True, True, (), place)
    return Answer(None, False, (), place)


def _blamed(assertions: tuple[Assertion, ...], action: dict[str, AttributeValue]) -> Iterator[str]:
    """The attributes that decide, with their values: as few as, with others, would let the policy accept.

    The licensees instead, where it is they.
    """
    if query(assertions, (ANYTHING,), action).highest == "true":
        yield "it does not license this peer"
        return
    asked = frozenset[str]().union(*(attributes_of(item) for item in assertions))
    names = [name for name in sorted(asked) if action.get(name) is not ANYTHING]
    blamed = dict.fromkeys(names)
    for name in names:
        fewer = [other for other in blamed if other != name]
        if query(assertions, (ANYTHING,), action | dict.fromkeys(fewer, ANYTHING)).highest == "true":
            blamed.pop(name)
    for name in blamed:
        value = action.get(name, "")
        yield f'{name} is "{value}"' if isinstance(value, str) else f"{name} is none that it allows"


def _action(
    suite: OfferedSuite, choices: tuple[Choice, ...], phase1: Phase1, *, udp: bool
) -> dict[str, AttributeValue]:
    transforms, modes = [], {}
    for protocol, choice in zip(suite.protocols, choices, strict=True):
        name = _NAMES[protocol.protocol]
        transforms.append((name, _transform(choice, protocol.mode, suite.pfs)))
        if protocol.mode is not None:
            mode = "tunnel" if protocol.mode is Mode.TUNNEL else "transport"
            modes[f"{name}_encapsulation"] = f"udp-encap-{mode}" if udp else mode
    action = offered(transforms)
    action |= modes
    for name, _ in transforms:
        if suite.seconds is not None:
            action[f"{name}_life_seconds"] = str(suite.seconds)
        if suite.kilobytes is not None:
            action[f"{name}_life_kbytes"] = str(suite.kilobytes)
    action["phase_1"] = "aggressive" if phase1.mode is ExchangeMode.AGGRESSIVE else "main"
    action["phase1_group_desc"] = str(phase1.group)
    return action


def _transform(choice: Choice, mode: Mode | None, group: int | None) -> Phase2Transform:
    def algorithm(name: str | None) -> Algorithm | None:
        return None if name is None else Algorithm(name, None, choice.place)

    integrity = None if choice.integrity == "null" else choice.integrity
    return Phase2Transform(
        name="",
        encryption=algorithm(choice.encryption),
        integrity=algorithm(integrity),
        tunnel=None if mode is None else mode is Mode.TUNNEL,
        group=group,
        key_bits=None if choice.bits is None else NumberRange(choice.bits, choice.bits, choice.bits),
        lives=(),
        origin=choice.place,
    )


def _negotiators(side: Side) -> dict[str, AttributeValue]:
    return {
        "remote_negotiation_address": _padded(side.peer.family, side.peer.first),
        "local_negotiation_address": _padded(side.own.family, side.own.first),
    }


def _padded(family: int, value: int) -> str:
    """An address as policies compare it: every number with three digits."""
    if family == 6:
        return address_text(6, value)
    return ".".join(f"{value >> shift & 255:03}" for shift in (24, 16, 8, 0))


def _remote_id(named: Named) -> dict[str, AttributeValue]:
    unset: dict[str, AttributeValue] = {f"remote_id{part}": "" for part in ("_addr_lower", "_addr_upper")}
    if named.addresses is not None:
        return _filter("remote_id", named.addresses, None, None)
    kind = _ID_TYPES.get(named.type)
    if kind is None or named.value is None:
        return {"remote_id": ANYTHING, "remote_id_type": kind or OPEN_ACTION["remote_id_type"]}
    return unset | {"remote_id_type": kind, "remote_id": named.value}


def _filter(prefix: str, addresses: AddressRange, protocol: int | None, port: int | None) -> dict[str, AttributeValue]:
    lower, upper = (_padded(addresses.family, end) for end in (addresses.first, addresses.last))
    kind = "address" if addresses.is_host else "subnet"
    found: dict[str, AttributeValue] = {
        f"{prefix}_type": f"IPv{addresses.family} {kind}",
        prefix: lower if addresses.is_host else f"{lower}-{upper}",
        f"{prefix}_addr_lower": lower,
        f"{prefix}_addr_upper": upper,
        f"{prefix}_proto": frozenset({"", "0"}) if protocol is None else _PROTOCOL_WORDS.get(protocol, str(protocol)),
        f"{prefix}_port": frozenset({"", "0"}) if port is None else str(port),
    }
    if addresses.family == 6:
        # how isakmpd writes them is not modelled
        found |= dict.fromkeys((prefix, f"{prefix}_addr_lower", f"{prefix}_addr_upper"), ANYTHING)
    return found


def _licensed(assertions: Iterable[Assertion]) -> Iterator[str]:
    """The principals that the licensees name."""
    for assertion in assertions:
        constants = dict(assertion.constants)
        todo: list[Licensees | str] = [assertion.licensees]
        while todo:
            item = todo.pop()
            if isinstance(item, Threshold):
                todo.extend(item.of)
            elif isinstance(item, Licensee):
                key = item.key
                literal = constants.get(key.name) if isinstance(key, Attribute) else key
                if isinstance(literal, Literal) and isinstance(literal.value, str):
                    yield literal.value


def _is_policy(assertion: Assertion) -> bool:
    return getattr(assertion.authorizer, "value", None) == POLICY


def conditions_place(assertion: Assertion) -> Span:
    """The line with the conditions of an assertion, or its first one."""
    span = assertion.origin
    text = span.file.text
    found = _CONDITIONS.search(text, span.start, span.end)
    start = found.start() if found is not None else span.start
    end = text.find("\n", start, span.end)
    return span.file.span(start, span.end if end < 0 else end)
