"""How each daemon calls algorithms in its log, and what both say when a negotiation fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.ike import AuthMethod, IdentityType
from spdcheck.semantics.ike.outcome import Log

if TYPE_CHECKING:
    from spdcheck.semantics.ike.sides import Side

ISAKMPD_CIPHERS = {
    "des-cbc": "DES_CBC", "idea-cbc": "IDEA_CBC", "blowfish-cbc": "BLOWFISH_CBC", "rc5-cbc": "RC5_R16_B64_CBC",
    "3des-cbc": "3DES_CBC", "cast128-cbc": "CAST_CBC", "aes-cbc": "AES_CBC", "camellia-cbc": "CAMELLIA_CBC",
}  # fmt: skip
ISAKMPD_HASHES = {
    "md5": "MD5", "sha1": "SHA", "tiger": "TIGER", "sha2-256": "SHA2_256", "sha2-384": "SHA2_384",
    "sha2-512": "SHA2_512",
}  # fmt: skip
ISAKMPD_METHODS = {
    AuthMethod.PSK: "PRE_SHARED", AuthMethod.DSS_SIG: "DSS", AuthMethod.RSA_SIG: "RSA_SIG",
    AuthMethod.RSA_ENC: "RSA_ENC", AuthMethod.RSA_REV: "RSA_ENC_REV",
}  # fmt: skip
ISAKMPD_GROUPS = {
    1: "MODP_768", 2: "MODP_1024", 3: "EC2N_155", 4: "EC2N_185", 5: "MODP_1536", 14: "MODP_2048", 15: "MODP_3072",
    16: "MODP_4096", 17: "MODP_6144", 18: "MODP_8192", 19: "ECP_256", 20: "ECP_384", 21: "ECP_521", 25: "ECP_192",
    26: "ECP_224", 27: "BP_224", 28: "BP_256", 29: "BP_384", 30: "BP_512",
}  # fmt: skip
RACOON_CIPHERS = {
    "des-cbc": "DES-CBC", "idea-cbc": "IDEA-CBC", "blowfish-cbc": "Blowfish-CBC", "rc5-cbc": "RC5-R16-B64-CBC",
    "3des-cbc": "3DES-CBC", "cast128-cbc": "CAST-CBC", "aes-cbc": "AES-CBC", "camellia-cbc": "CAMELLIA-CBC",
}  # fmt: skip
RACOON_HASHES = {
    "md5": "MD5", "sha1": "SHA", "tiger": "TIGER", "sha2-256": "SHA256", "sha2-384": "SHA384", "sha2-512": "SHA512",
}  # fmt: skip
RACOON_METHODS = {
    AuthMethod.PSK: "pre-shared key", AuthMethod.DSS_SIG: "DSS signatures", AuthMethod.RSA_SIG: "RSA signatures",
    AuthMethod.RSA_ENC: "encryption with RSA", AuthMethod.RSA_REV: "revised encryption with RSA",
}  # fmt: skip
_GROUP_BITS = {1: 768, 2: 1024, 5: 1536, 14: 2048, 15: 3072, 16: 4096, 17: 6144, 18: 8192}
ID_TYPES = {
    IdentityType.ADDRESS: "IPv4_address", IdentityType.SUBNET: "IPv4_subnet", IdentityType.RANGE: "IPv4_range",
    IdentityType.FQDN: "FQDN", IdentityType.USER_FQDN: "User_FQDN", IdentityType.KEY_ID: "KEY_ID",
    IdentityType.ASN1_DN: "DER_ASN1_DN",
}  # fmt: skip
"""racoon's names of identity types (``s_ipsecdoi_ident``)."""


def racoon_group(number: int) -> str:
    """A group as racoon writes it."""
    bits = _GROUP_BITS.get(number)
    return f"group {number}" if bits is None else f"{bits}-bit MODP group"


def giving_up(side: Side, *, phase: int = 1) -> tuple[Log, ...]:
    """What an initiator writes that gets no answer it can use."""
    name, port = side.host.name, f"{side.peer}[0]->{side.own}[0]"
    if side.is_racoon:
        if phase == 1:
            return (
                Log(name, "phase1 negotiation failed due to time up."),
                Log(name, f"phase2 negotiation failed due to time up waiting for phase1. ESP {port}"),
            )
        return (Log(name, f"{side.peer} give up to get IPsec-SA due to time up to wait."),)
    exchange = side.exchange_name
    return (
        Log(
            name,
            f"transport_send_messages: giving up on exchange {exchange}, no response from peer {side.peer}:{side.port}",
        ),
    )


def dropped(side: Side, notification: str) -> Log:
    """What isakmpd writes about a message that it answers with a notification."""
    return Log(
        side.host.name,
        f"dropped message from {side.peer} port {side.port} due to notification type {notification}",
    )


def duration(seconds: int | None, kilobytes: int | None = None) -> str:
    """A lifetime in words."""
    parts = []
    if seconds is not None:
        if seconds and seconds % 3600 == 0:
            parts.append(f"{seconds // 3600} h")
        elif seconds and seconds % 60 == 0:
            parts.append(f"{seconds // 60} min")
        else:
            parts.append(f"{seconds} s")
    if kilobytes is not None:
        parts.append(f"{kilobytes} kB")
    return " or ".join(parts) or "no lifetime"
