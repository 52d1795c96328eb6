"""Which pre-shared key racoon takes for a peer (ipsec-tools src/racoon/localconf.c, oakley.c).

The key file is searched as text, from its top: for the peer's address as the resolver writes it, or, in aggressive
and base mode, first for the identity string that the peer sends. An identity that is an address or a distinguished
name travels in binary form and never equals a line of the file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.ike import ExchangeMode, IdentityType
from spdcheck.records import dataclass
from spdcheck.semantics.file_places import Located, Place, files_of, locate

if TYPE_CHECKING:
    from collections.abc import Iterable

    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.host import Host
    from spdcheck.model.ike import Credential, Identity, IkePeer, KeyDaemon, PathReference

WILDCARD = "*"
"""Matches every peer, but only in a racoon that was built with ``--enable-wildcard-match``."""

_TEXT_IDENTITIES = (IdentityType.FQDN, IdentityType.USER_FQDN, IdentityType.KEY_ID)


@dataclass(frozen=True, slots=True)
class KeyFile:
    """The key file of a racoon: the statement that names it (None where none does), the file, and its lines."""

    named: PathReference | None
    located: Located
    credentials: tuple[Credential, ...]


@dataclass(frozen=True, slots=True)
class Lookup:
    """A line of the key file, or None; ``by`` says what found it: ``address``, ``identity`` or ``wildcard``.

    ``refused`` marks a line for the address that racoon does not even look for: outside main mode, with
    ``verify_identifier on``, only the identity counts.
    """

    credential: Credential | None
    by: str = ""
    refused: bool = False


def key_file(host: Host, daemon: KeyDaemon) -> KeyFile:
    """The key file that a daemon's ``path pre_shared_key`` means (the last one counts).

    A file in another place is taken for the one that was meant. Without the statement racoon opens no file; the
    host's lines are given all the same, since the statement is what is missing.
    """
    named = [path for path in daemon.paths if path.kind == "pre_shared_key"]
    if not named:
        files = files_of(host, "psk")
        located = Located(Place.ELSEWHERE, files[0].file) if files else Located(Place.ABSENT, None)
        return KeyFile(None, located, host.credentials)
    located = locate(host, named[-1].path, "psk")
    path = "" if located.file is None else located.file.path
    lines = tuple(credential for credential in host.credentials if credential.origin.file.path == path)
    return KeyFile(named[-1], located, lines)


def by_text(credentials: Iterable[Credential], text: str) -> Credential | None:
    """The first line whose first word is this text, to the letter."""
    for credential in credentials:
        if credential.peer == text:
            return credential
    return None


def for_peer(
    credentials: tuple[Credential, ...], section: IkePeer, address: AddressRange, identity: Identity | None
) -> Lookup:
    """The key for a peer with this address, which names itself by ``identity`` (None: by its address).

    In main mode the peer's identity is not known yet when the key is needed, so that only the address counts.
    """
    wildcard = by_text(credentials, WILDCARD)
    found = by_text(credentials, str(address))
    if ExchangeMode.MAIN not in section.modes and section.modes:
        text = identity.value if identity is not None and identity.type in _TEXT_IDENTITIES else None
        named = None if text is None else by_text(credentials, text)
        if named is not None:
            return Lookup(named, "identity")
        if section.verify_identifier and wildcard is None:
            return Lookup(None, refused=found is not None)
    if found is not None:
        return Lookup(found, "address")
    return Lookup(wildcard, "wildcard" if wildcard is not None else "")
