"""Identities of phase 1: ``my_identifier``, ``peers_identifier`` and ``sainfo … from`` (``set_identifier``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.addresses import parse_address
from spdcheck.model.ike import Identity, IdentityType

if TYPE_CHECKING:
    from spdcheck.formats.racoon.desk import Desk
    from spdcheck.formats.racoon.syntax import Node, Token

TYPES = {
    "address": IdentityType.ADDRESS, "fqdn": IdentityType.FQDN, "user_fqdn": IdentityType.USER_FQDN,
    "keyid": IdentityType.KEY_ID, "asn1dn": IdentityType.ASN1_DN, "subnet": IdentityType.SUBNET,
}  # fmt: skip


def identity(desk: Desk, node: Node) -> Identity | None:
    """The identity of a statement; None where racoon says ``failed to set identifer``.

    A value that racoon takes from elsewhere (its own address, the certificate, a file) is None.
    """
    kind, qualifier = node.find("IDENTIFIERTYPE"), node.find("IDENTIFIERQUAL")
    value = node.find("ADDRSTRING", "QUOTEDSTRING")
    if kind is None:
        return None
    named = TYPES[kind.text]
    origin = desk.file.span(kind.start, value.end if value else (qualifier or kind).end)
    if value is None:
        if named in (IdentityType.FQDN, IdentityType.USER_FQDN):
            desk.refuse(kind, f"failed to set identifer: `{kind.text}` needs a name", mend=f'write `{kind.text} "…"`')
            return None
        return Identity(named, None, origin)
    text = value.string
    if named is IdentityType.ADDRESS:
        addresses = parse_address(text)
        if addresses is None:
            desk.refuse(value, f"failed to set identifer: found {value.text}, expected a numeric address")
            return None
        return Identity(named, text, origin, addresses)
    if named is IdentityType.SUBNET:
        desk.accident(
            kind, "racoon drops the value of a `subnet` identifier: it sends its own address, and takes any peer's",
            mend="write `address`",
        )  # fmt: skip
        return Identity(named, None, origin)
    if named is IdentityType.KEY_ID and (qualifier is None or qualifier.text == "file"):
        if qualifier is None and "/" not in text:
            desk.accident(
                value, f"racoon opens a file named {value.text} and takes its contents as the key id",
                mend=f"write `keyid tag {value.text}` for the text itself, `keyid file …` for a file",
            )  # fmt: skip
        return Identity(named, None, origin)
    if not text or (named is IdentityType.ASN1_DN and "=" not in text and not text.startswith("~")):
        wanted = "a name like `C=DE, CN=gw`" if named is IdentityType.ASN1_DN else "a name"
        desk.refuse(value, f"failed to set identifer: found {value.text}, expected {wanted}")
        return None
    return Identity(named, text, origin)


def names_a_file(node: Node) -> Token | None:
    """The path of a ``keyid`` whose value racoon reads from a file, or None."""
    kind, qualifier = node.find("IDENTIFIERTYPE"), node.find("IDENTIFIERQUAL")
    if kind is None or kind.text != "keyid" or (qualifier is not None and qualifier.text != "file"):
        return None
    return node.find("ADDRSTRING", "QUOTEDSTRING")
