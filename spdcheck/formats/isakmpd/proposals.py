"""Transforms, suites and lifetimes by the names of their sections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.formats.isakmpd.sections import names
from spdcheck.formats.isakmpd.tags import (
    AH_HASHES,
    ESP_CIPHERS,
    GROUPS,
    HASHES,
    INTEGRITY,
    METHODS,
    PHASE1_CIPHERS,
)
from spdcheck.formats.isakmpd.values import number_range
from spdcheck.model.ike import Algorithm, Lifetime, Phase1Proposal
from spdcheck.model.isakmpd import Life, Phase1Transform, Phase2Transform, Suite, SuiteProtocol

if TYPE_CHECKING:
    from spdcheck.formats.isakmpd.sections import Configuration, Name, Value
    from spdcheck.model.isakmpd import NumberRange
    from spdcheck.source import Span

_ANY = "ANY"
_PROTOCOLS = {"IPSEC_ESP": "esp", "IPSEC_AH": "ah", "IPCOMP": "ipcomp"}


class Proposals:
    """Looks sections up in one configuration; names that nothing defines are left out (they have been told of)."""

    def __init__(self, found: Configuration) -> None:
        self._found = found

    def phase1(self, name: Name) -> Phase1Transform | None:
        """A phase 1 transform."""
        tags = self._tags(name)
        if not tags:
            return None
        method = tags.get("authentication_method")
        return Phase1Transform(
            name=name.text,
            encryption=_algorithm(tags.get("encryption_algorithm"), PHASE1_CIPHERS),
            hash=_algorithm(tags.get("hash_algorithm"), HASHES),
            auth=METHODS.get(method.text) if method else None,
            group=_group(tags),
            key_bits=_key_bits(tags),
            lives=self._lives(tags),
            origin=self._origin(name),
            any_of=frozenset(tag for tag, value in tags.items() if value.text == _ANY),
            is_generated=name.text.lower() not in self._found.sections,
        )

    def suite(self, name: Name) -> Suite | None:
        """A suite with its protocols and their transforms."""
        tags = self._tags(name)
        if not tags:
            return None
        protocols = []
        for item in names(tags["protocols"]) if "protocols" in tags else ():
            inner = self._tags(item)
            if not inner:
                continue
            kind = inner.get("protocol_id")
            protocol = _PROTOCOLS.get(kind.text, "") if kind else ""
            listed = names(inner["transforms"]) if "transforms" in inner else ()
            transforms = (self._phase2(transform, protocol) for transform in listed)
            protocols.append(
                SuiteProtocol(item.text, protocol, tuple(t for t in transforms if t is not None), self._origin(item))
            )
        return Suite(name.text, tuple(protocols), self._origin(name))

    def _phase2(self, name: Name, protocol: str) -> Phase2Transform | None:
        tags = self._tags(name)
        if not tags:
            return None
        mode = tags.get("encapsulation_mode")
        cipher = _algorithm(tags.get("transform_id"), ESP_CIPHERS) if protocol == "esp" else None
        integrity = _algorithm(tags.get("authentication_algorithm"), INTEGRITY)
        if protocol == "ah" and integrity is None:
            integrity = _algorithm(tags.get("transform_id"), AH_HASHES)
        bits = _key_bits(tags)
        if cipher is not None and bits is not None:
            cipher = Algorithm(cipher.name, bits.offer, cipher.origin)
        return Phase2Transform(
            name=name.text,
            encryption=cipher,
            integrity=integrity,
            tunnel=None if mode is None else "TUNNEL" in mode.text,
            group=_group(tags),
            key_bits=bits,
            lives=self._lives(tags),
            origin=self._origin(name),
            is_generated=name.text.lower() not in self._found.sections,
        )

    def _lives(self, tags: dict[str, Value]) -> tuple[Life, ...]:
        lives = []
        for name in names(tags["life"]) if "life" in tags else ():
            inner = self._tags(name)
            unit, duration = inner.get("life_type"), inner.get("life_duration")
            if unit is None or duration is None:
                continue
            length = None if duration.text == _ANY else number_range(duration.text)
            if length is not None or duration.text == _ANY:
                lives.append(Life(name.text, unit.text.lower(), length, self._origin(name)))
        return tuple(lives)

    def _tags(self, name: Name) -> dict[str, Value]:
        return self._found.tags(name.text, name.origin)

    def _origin(self, name: Name) -> Span:
        section = self._found.sections.get(name.text.lower())
        return section.heading if section else name.origin


def offered(transform: Phase1Transform) -> Phase1Proposal | None:
    """What an initiator makes of a transform; None where something is missing or open."""
    if None in (transform.encryption, transform.hash, transform.auth, transform.group):
        return None
    assert transform.encryption is not None
    assert transform.hash is not None
    assert transform.auth is not None
    assert transform.group is not None
    cipher = transform.encryption
    if transform.key_bits is not None:
        cipher = Algorithm(cipher.name, transform.key_bits.offer, cipher.origin)
    return Phase1Proposal(
        encryption=cipher,
        hash=transform.hash,
        auth=transform.auth,
        group=transform.group,
        lifetime=lifetime(transform.lives),
        origin=transform.origin,
        group_origin=transform.origin,
        auth_origin=transform.origin,
    )


def lifetime(lives: tuple[Life, ...]) -> Lifetime:
    """What is offered: the first lifetime of each unit."""
    seconds = next((life.range.offer for life in lives if life.unit == "seconds" and life.range), None)
    kilobytes = next((life.range.offer for life in lives if life.unit == "kilobytes" and life.range), None)
    return Lifetime(seconds, kilobytes, lives[0].origin if lives else None)


def _algorithm(value: Value | None, known: dict[str, str]) -> Algorithm | None:
    name = None if value is None else known.get(value.text)
    return None if value is None or name is None else Algorithm(name, None, value.place)


def _group(tags: dict[str, Value]) -> int | None:
    value = tags.get("group_description")
    return None if value is None else GROUPS.get(value.text)


def _key_bits(tags: dict[str, Value]) -> NumberRange | None:
    value = tags.get("key_length")
    return None if value is None else number_range(value.text)
