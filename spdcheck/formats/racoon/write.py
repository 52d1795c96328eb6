"""The model as racoon.conf text: ``remote`` and ``sainfo`` blocks that racoon reads back as the same model.

What racoon has no words for (a group above 18, a cipher of another daemon) becomes a comment that says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.formats.racoon.algorithms import COMPRESSION, HASHES, INTEGRITY, METHODS, PHASE1_CIPHERS, PHASE2_CIPHERS
from spdcheck.formats.racoon.identities import TYPES
from spdcheck.formats.racoon.values import ISAKMP_PORT
from spdcheck.model.addresses import BITS, address_text
from spdcheck.model.ike import IdentityType
from spdcheck.model.protocols import PROTOCOL_NUMBERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.ike import (
        Algorithm,
        Identity,
        IkeListener,
        IkePeer,
        KeyDaemon,
        Lifetime,
        Phase1Proposal,
        Phase2Id,
        Phase2Proposal,
    )

_IDENTITY_WORDS = {kind: word for word, kind in TYPES.items()}
_UPPER_WORDS = {PROTOCOL_NUMBERS[word]: word for word in ("esp", "ah", "ipcomp", "icmp", "icmp6", "tcp", "udp", "gre")}
_PHASE1_GROUPS = frozenset({1, 2, 3, 4, 5, 14, 15, 16, 17, 18})


def configuration(daemon: KeyDaemon) -> str:
    """The whole of a daemon: paths, listeners, peers, phase 2."""
    paths = (f'path {p.kind} "{p.path}";\n' for p in daemon.paths if p.kind in ("pre_shared_key", "certificate"))
    parts = ["".join(paths), listen(daemon.listeners, strict=daemon.strict_address)]
    parts += [remote(peer) for peer in daemon.peers]
    parts += [sainfo(proposal) for proposal in daemon.phase2]
    return "\n".join(part for part in parts if part)


def listen(listeners: tuple[IkeListener, ...], *, strict: bool = False) -> str:
    """A ``listen`` block, or nothing."""
    lines = [
        f"isakmp{'_natt' if item.nat_traversal else ''} {_address(item.address)} [{item.port}];" for item in listeners
    ]
    if strict:
        lines.append("strict_address;")
    return _block("listen", lines) if lines else ""


def remote(peer: IkePeer) -> str:
    """One ``remote`` block; what has racoon's default is left out."""
    address = "anonymous" if peer.address is None else _address(peer.address)
    port = "" if peer.port == ISAKMP_PORT else f" [{peer.port}]"
    if peer.name is None:
        return _block(f"remote {address}{port}", _peer_lines(peer))
    lines = [] if peer.address is None else [f"remote_address {address}{port};"]
    return _block(f'remote "{peer.name}"', [*lines, *_peer_lines(peer)])


def _peer_lines(peer: IkePeer) -> Iterator[str]:
    if peer.modes:
        yield f"exchange_mode {', '.join(mode.value for mode in peer.modes)};"
    if peer.certificate_kind == "x509":
        yield f'certificate_type x509 "{peer.certificate or ""}" "{peer.private_key or ""}";'
    elif peer.certificate_kind == "plain_rsa":
        yield f'certificate_type plain_rsa "{peer.private_key or ""}";'
    yield from (f'peers_certfile {peer.peer_certificate_kind or "x509"} "{name}";' for name in peer.peer_certificates)
    if peer.ca_certificate is not None:
        yield f'ca_type x509 "{peer.ca_certificate}";'
    if peer.my_identity is not None:
        yield f"my_identifier {_identity(peer.my_identity)};"
    yield from (f"peers_identifier {_identity(identity)};" for identity in peer.peer_identities)
    plain = peer.certificate_kind == "plain_rsa"
    for word, value, default in (
        ("verify_identifier", peer.verify_identifier, False),
        ("verify_cert", peer.verify_certificate, not plain),
        ("send_cert", peer.send_certificate, not plain),
        ("send_cr", peer.send_certificate_request, not plain),
        ("passive", peer.passive, False),
        ("ike_frag", peer.ike_fragmentation, False),
        ("mode_cfg", peer.mode_cfg, False),
        ("initial_contact", peer.initial_contact, True),
        ("support_proxy", peer.support_proxy, False),
    ):
        if value is not default:
            yield f"{word} {'on' if value else 'off'};"
    if peer.xauth_login is not None:
        yield f'xauth_login "{peer.xauth_login}";'
    for word, setting, default_setting in (
        ("proposal_check", peer.proposal_check.value, "strict"),
        ("generate_policy", peer.generate_policy, "off"),
        ("nat_traversal", peer.nat_traversal, "off"),
        ("rekey", peer.rekey, "on"),
        ("dpd_delay", str(peer.dpd_seconds), "0"),
        ("ph1id", str(peer.ph1id), "0"),
        ("esp_frag", str(peer.esp_fragment_bytes), "None"),
    ):
        if setting != default_setting:
            yield f"{word} {setting};"
    for proposal in peer.proposals:
        yield from _block("proposal", _proposal_lines(proposal)).splitlines()


def _proposal_lines(proposal: Phase1Proposal) -> Iterator[str]:
    yield _algorithms("encryption_algorithm", (proposal.encryption,), PHASE1_CIPHERS)
    yield _algorithms("hash_algorithm", (proposal.hash,), HASHES)
    words = [word for word, method in METHODS.items() if method is proposal.auth]
    method = proposal.auth_name if proposal.auth_name in words else words[0]
    yield f"authentication_method {method};"
    yield _group("dh_group", proposal.group)
    yield from _lifetime(proposal.lifetime)


def sainfo(proposal: Phase2Proposal) -> str:
    """One ``sainfo`` block."""
    heading = f"sainfo {_end(proposal.local)}"
    if not (proposal.local is None and proposal.remote is None):
        heading += f" {_end(proposal.remote)}"
    if proposal.peer is not None:
        heading += f" from {_identity(proposal.peer)}"
    elif proposal.group_name is not None:
        heading += f' group "{proposal.group_name}"'
    return _block(heading, _sainfo_lines(proposal))


def _sainfo_lines(proposal: Phase2Proposal) -> Iterator[str]:
    if proposal.remote_ph1id:
        yield f"remoteid {proposal.remote_ph1id};"
    if proposal.pfs_group is not None:
        yield _group("pfs_group", proposal.pfs_group)
    yield from _lifetime(proposal.lifetime)
    yield _algorithms("encryption_algorithm", proposal.encryption, PHASE2_CIPHERS)
    yield _algorithms("authentication_algorithm", proposal.integrity, INTEGRITY)
    known = [name for name in proposal.compression if name in COMPRESSION]
    # racoon wants the line even where nothing is compressed
    yield f"compression_algorithm {', '.join(known) or 'deflate'};"


def _block(heading: str, lines: Iterator[str] | list[str]) -> str:
    return "".join([f"{heading} {{\n", *(f"\t{line}\n" for line in lines), "}\n"])


def _address(address: AddressRange) -> str:
    return address_text(address.family, address.first)


def _identity(identity: Identity) -> str:
    word = _IDENTITY_WORDS.get(identity.type, "address")
    if identity.value is None:
        return word
    if identity.type is IdentityType.ADDRESS and identity.addresses is not None:
        return f"{word} {identity.value}"
    return f'{word} {"tag " if identity.type is IdentityType.KEY_ID else ""}"{identity.value}"'


def _end(end: Phase2Id | None) -> str:
    if end is None:
        return "anonymous"
    if end.is_client_address:
        return "clientaddr"
    if end.addresses is None:
        name = end.name
        return "anonymous" if name is None else f'{_IDENTITY_WORDS.get(name.type, "fqdn")} "{name.value or ""}"'
    upper = "any" if end.protocol is None else _UPPER_WORDS.get(end.protocol, str(end.protocol))
    port = "" if end.port is None else f"[{end.port.first}]"
    return f"address {_range(end)}{port} {upper}"


def _range(end: Phase2Id) -> str:
    addresses = end.addresses
    assert addresses is not None
    length = addresses.prefix_length
    if length is None:
        return f"{_address(addresses)}-{address_text(addresses.family, addresses.last)}"
    first = _address(addresses if end.host_bits is None else end.host_bits)
    return first if length == BITS[addresses.family] else f"{first}/{length}"


def _algorithms(word: str, algorithms: tuple[Algorithm, ...], names: dict[str, str]) -> str:
    ours = {name: spelled for spelled, name in reversed(names.items())}
    written, strange = [], []
    for algorithm in algorithms:
        spelled = ours.get(algorithm.name)
        if spelled is None:
            strange.append(str(algorithm))
        else:
            written.append(spelled if algorithm.bits is None else f"{spelled} {algorithm.bits}")
    if not written:
        return f"# {word}: racoon has no {', '.join(strange) or 'default'}"
    comment = f" # racoon has no {', '.join(strange)}" if strange else ""
    return f"{word} {', '.join(written)};{comment}"


def _group(word: str, group: int) -> str:
    return f"{word} {group};" if group in _PHASE1_GROUPS else f"# {word}: racoon has no group {group}"


def _lifetime(lifetime: Lifetime) -> Iterator[str]:
    seconds = lifetime.seconds
    if seconds is None:
        return
    for unit, length in (("hour", 3600), ("min", 60)):
        if seconds and seconds % length == 0:
            yield f"lifetime time {seconds // length} {unit};"
            return
    yield f"lifetime time {seconds} sec;"
