"""``ip xfrm state`` and ``ip xfrm policy`` as values of the model (ip/xfrm_state.c, ip/xfrm_policy.c of iproute2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spdcheck.formats.xfrm_words import AEAD_ICV, CIPHERS, DEFAULT_ICV, INTEGRITY, MODES, PROTOCOLS
from spdcheck.model.addresses import ANY4, ANY6, AddressRange, parse_address, parse_prefix
from spdcheck.model.association import KeyedAlgorithm, SecurityAssociation
from spdcheck.model.diagnostic import Part
from spdcheck.model.policy import Action, Direction, Level, SecurityPolicy, Template
from spdcheck.model.protocols import PORT_PROTOCOLS, protocol_number
from spdcheck.model.selector import ANY_PORT, ANY_PROTOCOL, PortRange, TrafficSelector

if TYPE_CHECKING:
    from lark import Token, Tree

    from spdcheck.formats.base import Reading
    from spdcheck.formats.iproute.words import Words
    from spdcheck.model.secret import Secret


PROTOCOL_NAMES = {"esp": "esp", "50": "esp", "ah": "ah", "51": "ah", "comp": "ipcomp", "108": "ipcomp"}
"""How ``proto`` names a protocol, and how an association does."""


def _nodes(tree: Tree[Any], name: str) -> list[Tree[Any]]:
    return [child for child in tree.children if hasattr(child, "data") and str(child.data) == name]


def _token(tree: Tree[Any], number: int) -> Token:
    token: Any = tree.children[number]
    return token  # type: ignore[no-any-return]


def _word(tree: Tree[Any], name: str) -> Token | None:
    found = _nodes(tree, name)
    return _token(found[-1], -1) if found else None


def _number(token: Token | None, default: int = 0) -> int:
    if token is None:
        return default
    try:
        return int(str(token), 0)
    except ValueError:
        return default


def association(tree: Tree[Any], words: Words, keys: dict[int, Secret], reading: Reading) -> SecurityAssociation | None:
    """The SA of ``ip xfrm state add`` and its like; None with a diagnostic where something is missing."""
    ends = [_word(tree, "source"), _word(tree, "destination")]
    source, destination = (None if token is None else parse_address(str(token)) for token in ends)
    protocol, spi = _word(tree, "protocol"), _word(tree, "spi")
    if destination is None or protocol is None:
        reading.unreadable(words.whole, "expected src ADDRESS dst ADDRESS proto esp|ah|comp spi NUMBER", part=Part.SAD)
        return None
    if source is None:
        source = AddressRange(destination.family, 0, 0)
    mode = MODES.get(str(_word(tree, "mode") or "transport"))
    if mode is None or str(protocol) not in PROTOCOLS:
        reading.not_modelled(
            words.whole, f"an SA of {protocol}, mode {_word(tree, 'mode')}, is not modelled", part=Part.SAD
        )
        return None
    for name in ("mark", "if_id", "selector", "offload"):
        if _nodes(tree, name):
            reading.not_modelled(words.around(_nodes(tree, name)[0]), f"{name} of an SA is not modelled", part=Part.SAD)
    encap = _nodes(tree, "encap")
    if encap and str(_token(encap[0], 1)) not in ("espinudp", "espinudp-nonike"):
        reading.not_modelled(words.around(encap[0]), f"{_token(encap[0], 1)} is not modelled", part=Part.SAD)
    encryption, integrity = _algorithms(tree, words, keys, reading)
    return SecurityAssociation(
        source=source,
        destination=destination,
        protocol={"comp": "ipcomp"}.get(str(protocol), str(PROTOCOLS[str(protocol)].value)),
        spi=_number(spi),
        mode=mode,
        encryption=encryption,
        integrity=integrity,
        compression=None if (comp := _word(tree, "compression")) is None else str(comp),
        origin=words.whole,
        reqid=_number(_word(tree, "reqid")),
        replay_window=_number(_word(tree, "replay")),
        extended_sequence=any("esn" in str(node.children[-1]) for node in _nodes(tree, "flag")),
        encapsulation_port=_number(_token(encap[0], 2)) if encap else None,
    )


def _algorithms(
    tree: Tree[Any], words: Words, keys: dict[int, Secret], reading: Reading
) -> tuple[KeyedAlgorithm | None, KeyedAlgorithm | None]:
    encryption = integrity = None
    for name in ("encryption", "integrity", "integrity_truncated", "aead"):
        for node in _nodes(tree, name):
            algorithm, key = _token(node, 1), _token(node, 2)
            word = str(algorithm).strip("\"'").lower()
            secret = keys.get(words.offset(key))
            bits = _number(_token(node, 3)) if name in ("integrity_truncated", "aead") else 0
            table = INTEGRITY if name.startswith("integrity") else CIPHERS
            known = table.get(word)
            if known is None:
                reading.not_modelled(words.span(algorithm), f"the algorithm `{word}` is not known", part=Part.SAD)
                continue
            if name == "aead" and known == "aes-gcm-16":
                known = AEAD_ICV.get(bits, known)
            icv = bits // 8 if bits else DEFAULT_ICV.get(known)
            made = KeyedAlgorithm(known, secret, words.span(algorithm), icv if name != "aead" else None)
            if name.startswith("integrity"):
                integrity = made
            else:
                encryption = made
    return encryption, integrity


def policy(tree: Tree[Any], words: Words, reading: Reading) -> SecurityPolicy | None:
    """The policy of ``ip xfrm policy add`` and its like; None with a diagnostic where it can't be modelled."""
    direction = _word(tree, "direction")
    if direction is None or str(direction) not in ("in", "out", "fwd"):
        reading.unreadable(words.whole, "expected dir in|out|fwd", part=Part.SPD)
        return None
    selector = _selector(tree, words, reading)
    if selector is None:
        return None
    for name in ("mark", "if_id", "device", "offload", "context"):
        if _nodes(tree, name):
            reading.not_modelled(
                words.around(_nodes(tree, name)[0]), f"{name} of a policy is not modelled", part=Part.SPD
            )
            return None
    kind = _word(tree, "type")
    if kind is not None and str(kind) != "main":
        reading.not_modelled(words.span(kind), f"policies of type {kind} are not modelled", part=Part.SPD)
        return None
    templates = []
    for node in _nodes(tree, "template"):
        made = _template(node, words, reading)
        if made is None:
            return None
        templates.append(made)
    blocked = str(_word(tree, "action") or "allow") == "block"
    action = Action.DISCARD if blocked else Action.PROTECT if templates else Action.BYPASS
    named = [*_nodes(tree, "source"), *_nodes(tree, "destination"), *_nodes(tree, "upper")]
    place = words.whole
    if named:
        place = words.around(named[0]).join(words.around(named[-1]))
    return SecurityPolicy(
        direction=Direction(str(direction)),
        selector=selector,
        action=action,
        templates=tuple(templates),
        origin=words.whole,
        selector_origin=place,
        priority=_number(_word(tree, "priority")),
    )


def _selector(tree: Tree[Any], words: Words, reading: Reading) -> TrafficSelector | None:
    ends: dict[str, AddressRange | None] = {}
    for name in ("source", "destination"):
        token = _word(tree, name)
        if token is None or str(token) in ("any", "all", "default"):
            ends[name] = None
            continue
        found = parse_prefix(str(token))
        if found is None:
            reading.unreadable(words.span(token), f"found `{token}`, expected an address or a prefix", part=Part.SPD)
            return None
        ends[name] = found
    family = next((end.family for end in ends.values() if end is not None), 4)
    everything = ANY6 if family == 6 else ANY4
    source, destination = ends["source"] or everything, ends["destination"] or everything
    if source.family != destination.family:
        reading.unreadable(words.whole, "source and destination are of different families", part=Part.SPD)
        return None
    values: dict[str, Any] = {}
    for node in _nodes(tree, "upper"):
        key, named = str(node.children[0]), _token(node, 1)
        by_name = key == "proto" and str(named) != "any"
        values[key] = protocol_number(str(named)) if by_name else _number(named, -1)
        if values[key] is None or (values[key] == -1 and key != "proto"):
            what = f"found `{named}`, expected a number or a name for {key}"
            reading.unreadable(words.span(named), what, part=Part.SPD)
            return None
    protocol = values.get("proto", ANY_PROTOCOL)
    ports = protocol in PORT_PROTOCOLS
    return TrafficSelector(
        source,
        destination,
        protocol,
        _port(values.get("sport")) if ports else ANY_PORT,
        _port(values.get("dport")) if ports else ANY_PORT,
        values.get("type"),
        values.get("code"),
        values.get("key"),
    )


def _port(number: int | None) -> PortRange:
    return ANY_PORT if not number else PortRange(number, number)


def _template(node: Tree[Any], words: Words, reading: Reading) -> Template | None:
    ends: dict[str, AddressRange | None] = {"src": None, "dst": None}
    for end in _nodes(node, "template_end"):
        found = parse_address(str(_token(end, 1)))
        if found is None:
            reading.unreadable(words.span(_token(end, 1)), "expected an address", part=Part.SPD)
            return None
        ends[str(end.children[0])] = found if found.first else None
    protocol = PROTOCOLS.get(str(_word(node, "protocol_") or ""))
    mode = MODES.get(str(_word(node, "mode") or "transport"))
    if protocol is None or mode is None:
        text = f"a template of {_word(node, 'protocol_')}, mode {_word(node, 'mode')}, is not modelled"
        reading.not_modelled(words.around(node), text, part=Part.SPD)
        return None
    level = Level.USE if str(_word(node, "level") or "required") == "use" else Level.REQUIRE
    return Template(protocol, mode, ends["src"], ends["dst"], level, _number(_word(node, "reqid")), words.around(node))
