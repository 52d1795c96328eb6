"""From sections to the model: peers, connections, keys, and what the daemon does besides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.formats.isakmpd.proposals import Proposals, lifetime, offered
from spdcheck.formats.isakmpd.sections import Name, names
from spdcheck.formats.isakmpd.tags import KINDS, Kind
from spdcheck.formats.isakmpd.values import key_bytes, number_range, subnet
from spdcheck.model.addresses import parse_address
from spdcheck.model.host import Platform
from spdcheck.model.ike import (
    Credential,
    ExchangeMode,
    Identity,
    IdentityType,
    IkeListener,
    IkePeer,
    KeyDaemon,
    PathReference,
    Phase2Id,
    Phase2Proposal,
)
from spdcheck.model.isakmpd import Connection, Incoming, Isakmpd
from spdcheck.model.keynote import passphrase_principals
from spdcheck.model.protocols import protocol_number
from spdcheck.model.secret import Secret
from spdcheck.model.selector import PortRange
from spdcheck.model.services import service_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.formats.base import Context, Reading
    from spdcheck.formats.isakmpd.sections import Configuration, Section, Value
    from spdcheck.model.isakmpd import Suite

_ISAKMP_PORT = 500
_MODES = {"ID_PROT": ExchangeMode.MAIN, "AGGRESSIVE": ExchangeMode.AGGRESSIVE, "BASE": ExchangeMode.BASE}
_NAMED = {"FQDN": IdentityType.FQDN, "USER_FQDN": IdentityType.USER_FQDN, "KEY_ID": IdentityType.KEY_ID}
_SUBNETS = ("IPV4_ADDR_SUBNET", "IPV6_ADDR_SUBNET")
_PATHS = {
    "policy-file": "policy", "private-key": "private_key", "pubkey-directory": "public_keys",
    "ca-directory": "ca_certificates", "cert-directory": "certificates", "crl-directory": "revocation_lists",
    "private-key-directory": "private_keys", "credential-directory": "credentials",
}  # fmt: skip


class Converter:
    """Makes the daemon of one file; ``text`` is what the file really holds, of which keys become fingerprints."""

    def __init__(self, reading: Reading, found: Configuration, text: str, context: Context) -> None:
        self._reading = reading
        self._knows_nat_traversal = _knows_nat_traversal(context.platform, context.release)
        self._found = found
        self._text = text
        self._proposals = Proposals(found)
        self._start = reading.file.span(0, 0)

    def daemon(self) -> KeyDaemon:
        """Everything that the file says."""
        incoming = tuple(
            Incoming(None if tag == "default" else value.tag, value.text, value.origin)
            for tag, value in self._own("Phase 1").items()
        )
        answering: dict[str, list[str | None]] = {}
        for line in incoming:
            answering.setdefault(line.section.lower(), []).append(line.address)
        connections = tuple(self._connections())
        peers = []
        for section in self._peer_sections(answering, connections):
            peers.append(self._peer(section, answering.get(section.name.lower(), [])))
            self._credential(section, peers[-1])
        general = self._found.tags("General", self._start)
        keynote = general["use-keynote"].text.startswith("yes")
        interval = number_range(general["check-interval"].text)
        return KeyDaemon(
            program="isakmpd",
            origin=self._start,
            peers=tuple(peers),
            phase2=tuple(proposal for connection in connections for proposal in _phase2(connection)),
            listeners=tuple(self._listeners(general)),
            paths=tuple(self._paths()),
            isakmpd=Isakmpd(
                incoming=incoming,
                connections=connections,
                policy_file=general["policy-file"].text,
                uses_keynote=keynote,
                acquire_only="acquire-only" in general,
                shared_sadb="shared-sadb" in general,
                check_interval=interval.offer if interval else 0,
            ),
        )

    def _own(self, name: str) -> dict[str, Value]:
        section = self._found.sections.get(name.lower())
        return section.tags if section else {}

    def _listeners(self, general: dict[str, Value]) -> Iterator[IkeListener]:
        for item in names(general["listen-on"]) if "listen-on" in general else ():
            address = parse_address(item.text)
            if address is not None:
                yield IkeListener(address, _ISAKMP_PORT, False, item.origin)

    def _paths(self) -> Iterator[PathReference]:
        for section in ("General", "X509-certificates", "KeyNote"):
            for tag, value in self._own(section).items():
                if KINDS.get(tag) is Kind.FILE and (value.text or tag == "policy-file"):
                    yield PathReference(_PATHS[tag], value.text, value.place)

    # ---- phase 1

    def _peer_sections(
        self, answering: dict[str, list[str | None]], connections: tuple[Connection, ...]
    ) -> list[Section]:
        """The sections that some line takes for a peer, in the order of the file."""
        named = set(answering) | {connection.peer.lower() for connection in connections}
        return [
            section
            for key, section in self._found.sections.items()
            if key in named or (section.tags.get("phase") is not None and section.tags["phase"].text == "1")
        ]

    def _peer(self, section: Section, answered: list[str | None]) -> IkePeer:
        tags = section.tags
        written = tags.get("address")
        address = parse_address(written.text) if written else None
        if written is None:
            # it can only answer: those whose address leads here
            named = [parse_address(item) for item in answered if item is not None]
            address = named[0] if len(named) == 1 and None not in answered else None
        configuration = tags.get("configuration")
        name = Name("Default-phase-1-configuration", section.heading)
        if configuration is not None:
            name = Name(configuration.text, configuration.place)
        inner = self._found.tags(name.text, name.origin)
        mode = inner.get("exchange_type")
        listed = names(inner["transforms"]) if "transforms" in inner else ()
        transforms = tuple(t for t in map(self._proposals.phase1, listed) if t is not None)
        proposals = (offered(transform) for transform in transforms)
        port = number_range(tags["port"].text) if "port" in tags else None
        local = tags.get("local-address")
        remote_id = self._identity(tags.get("remote-id"))
        return IkePeer(
            address=address,
            port=port.offer if port else _ISAKMP_PORT,
            name=section.name,
            modes=(_MODES[mode.text],) if mode and mode.text in _MODES else (),
            proposals=tuple(proposal for proposal in proposals if proposal is not None),
            origin=section.heading,
            heading=section.heading,
            modes_origin=mode.origin if mode else None,
            my_identity=self._identity(tags.get("id") or self._own("General").get("default-phase-1-id")),
            peer_identities=() if remote_id is None else (remote_id,),
            verify_identifier=remote_id is not None,
            passive=written is None,
            nat_traversal="on" if self._knows_nat_traversal else "off",
            local_address=parse_address(local.text) if local else None,
            transforms=transforms,
        )

    def _credential(self, section: Section, peer: IkePeer) -> None:
        value = section.tags.get("authentication")
        if value is None or not value.text:
            return
        key = key_bytes(self._text[value.place.start : value.place.end])
        if key is None:
            message = "found a pre-shared key that begins with 0x, expected pairs of hexadecimal digits behind it"
            self._reading.say("CFG003", value.origin, message, mend="write pairs of hexadecimal digits")
            return
        who = section.name if peer.address is None else str(peer.address)
        self._reading.facts.credentials.append(
            Credential(who, peer.address, Secret(key), value.origin, passphrase_principals(key))
        )

    def _identity(self, value: Value | None) -> Identity | None:
        tags = self._found.tags(value.text, value.place) if value else {}
        kind = tags.get("id-type")
        if value is None or kind is None:
            return None
        named = tags.get("name")
        if kind.text in _NAMED:
            return Identity(_NAMED[kind.text], named.text if named else None, value.place)
        address = tags.get("address")
        if kind.text in ("IPV4_ADDR", "IPV6_ADDR") and address:
            return Identity(IdentityType.ADDRESS, address.text, value.place, parse_address(address.text))
        network, netmask = tags.get("network"), tags.get("netmask")
        if kind.text in _SUBNETS and network and netmask:
            found = subnet(network.text, netmask.text)
            text = f"{network.text}/{netmask.text}"
            return Identity(IdentityType.SUBNET, text, value.place, found[0] if found else None)
        return None

    # ---- phase 2

    def _connections(self) -> Iterator[Connection]:
        active, passive = self._listed("connections"), self._listed("passive-connections")
        for key, section in self._found.sections.items():
            tags = section.tags
            if "isakmp-peer" not in tags and key not in (*active, *passive):
                continue
            peer = tags.get("isakmp-peer")
            flags = tuple(name.text for name in names(tags["flags"])) if "flags" in tags else ()
            only_active = any(flag.lower() == "active-only" for flag in flags)
            known = "local-id" in tags  # without it the daemon can't record the connection
            yield Connection(
                name=section.name,
                peer=peer.text if peer else "",
                local=self._phase2_id(tags.get("local-id")),
                remote=self._phase2_id(tags.get("remote-id")),
                suites=tuple(self._suites(section)),
                active=key in active,
                passive=known and (key in passive or (key in active and not only_active)),
                origin=section.heading,
                heading=section.heading,
                flags=flags,
                local_name=tags["local-id"].text if "local-id" in tags else "",
                remote_name=tags["remote-id"].text if "remote-id" in tags else "",
            )

    def _listed(self, tag: str) -> set[str]:
        value = self._own("Phase 2").get(tag)
        return {name.text.lower() for name in names(value)} if value else set()

    def _suites(self, section: Section) -> Iterator[Suite]:
        configuration = section.tags.get("configuration")
        name = Name("Default-phase-2-configuration", section.heading)
        if configuration is not None:
            name = Name(configuration.text, configuration.place)
        inner = self._found.tags(name.text, name.origin)
        for item in names(inner["suites"]) if "suites" in inner else ():
            suite = self._proposals.suite(item)
            if suite is not None:
                yield suite

    def _phase2_id(self, value: Value | None) -> Phase2Id | None:
        if value is None:
            return None
        tags = self._found.tags(value.text, value.place)
        identity = self._identity(value)
        if identity is None:
            return None
        protocol = protocol_number(tags["protocol"].text) if "protocol" in tags else None
        port = self._port(tags.get("port"))
        host = None
        if identity.type is IdentityType.SUBNET and "network" in tags and "netmask" in tags:
            found = subnet(tags["network"].text, tags["netmask"].text)
            host = found[1] if found else None
        return Phase2Id(
            identity.addresses,
            protocol or None,
            port,
            value.place,
            None if identity.addresses else identity,
            host_bits=host,
        )

    @staticmethod
    def _port(value: Value | None) -> PortRange | None:
        if value is None:
            return None
        number = int(value.text) if value.text.isascii() and value.text.isdigit() else service_port(value.text)
        return None if not number or number > 65535 else PortRange(number, number)


def _knows_nat_traversal(platform: Platform | None, release: tuple[int, ...]) -> bool:
    """isakmpd offers NAT traversal by itself, from OpenBSD 3.6 on. FreeBSD's kernel had nothing to offer its port."""
    if platform is Platform.OPENBSD:
        return not release or release >= (3, 6)
    return platform is not Platform.FREEBSD


def _phase2(connection: Connection) -> Iterator[Phase2Proposal]:
    """One proposal for every transform of every protocol: those of one suite can't be mixed with another's.

    What ESP leaves unauthenticated the AH of the same suite protects.
    """
    for suite in connection.suites:
        by_ah = tuple(
            transform.integrity
            for protocol in suite.protocols
            for transform in protocol.transforms
            if protocol.protocol == "ah" and transform.integrity is not None
        )
        for protocol in suite.protocols:
            for transform in protocol.transforms:
                yield Phase2Proposal(
                    local=connection.local,
                    remote=connection.remote,
                    encryption=() if transform.encryption is None else (transform.encryption,),
                    integrity=by_ah if transform.integrity is None else (transform.integrity,),
                    compression=(),
                    pfs_group=transform.group,
                    lifetime=lifetime(transform.lives),
                    origin=connection.origin,
                    heading=connection.heading,
                    pfs_origin=None if transform.group is None else transform.origin,
                )
