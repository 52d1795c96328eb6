"""Every tag of isakmpd.conf(5), what its value is, and the words that some values are chosen from."""

from __future__ import annotations

from enum import Enum

from spdcheck.model.ike import AuthMethod


class Kind(Enum):
    """What a value is."""

    TEXT = "text"
    NUMBER = "number"
    RANGE = "range"
    PRESENCE = "present or not"
    FILE = "file"
    SECRET = "secret"
    ADDRESS = "address"
    LISTEN = "listen"
    WORD = "word"
    SECTION = "section"
    SECTIONS = "sections"


_REFERENCES = {
    "isakmp-peer": "the peer", "configuration": "the configuration", "local-id": "the identity",
    "remote-id": "the identity", "id": "the identity", "nat-id": "the identity", "default-phase-1-id": "the identity",
}  # fmt: skip
_LISTS = {
    "connections": "the connection", "passive-connections": "the connection", "transforms": "the transform",
    "suites": "the suite", "protocols": "the protocol", "life": "the lifetime", "default-phase-2-suites": "the suite",
}  # fmt: skip
REFERENCES: dict[str, str] = _REFERENCES | _LISTS
"""The tags that name other sections, and what these are."""


def _all(kind: Kind, names: str) -> dict[str, Kind]:
    return dict.fromkeys(names.split(), kind)


KINDS: dict[str, Kind] = {
    **dict.fromkeys(_REFERENCES, Kind.SECTION),
    **dict.fromkeys(_LISTS, Kind.SECTIONS),
    **_all(Kind.NUMBER, "retransmits exchange-max-time check-interval dpd-check-interval nat-t-keepalive replaywindow"),
    **_all(Kind.RANGE, "default-phase-1-lifetime default-phase-2-lifetime key_length life_duration"),
    **_all(Kind.PRESENCE, "acquire-only shared-sadb renegotiate-on-hup logverbose accept-self-signed"),
    **_all(Kind.FILE, """policy-file pubkey-directory ca-directory cert-directory crl-directory private-key
                         private-key-directory credential-directory"""),
    **_all(Kind.ADDRESS, "address network local-address netmask nameserver wins-server"),
    **_all(Kind.TEXT, "use-keynote delete-sas name protocol port flags pf-tag attributes prf xauth lifetime stayalive"),
    **_all(Kind.WORD, """phase transport doi exchange_type encryption_algorithm hash_algorithm authentication_method
                         group_description life_type transform_id encapsulation_mode authentication_algorithm
                         protocol_id id-type"""),
    "listen-on": Kind.LISTEN,
    "authentication": Kind.SECRET,
}  # fmt: skip
"""What the value of each tag (in lower case) is."""

OBSOLETE = frozenset(
    {"offered-transforms", "accepted-transforms", "offered-suites", "accepted-suites", "sa_life_type",
     "sa_life_duration", "cert", "privkey", "pubkey", "key"}
)  # fmt: skip
"""Tags of the first isakmpds (until 1999), which later ones do not look at."""

PHASE1_CIPHERS = {
    "DES_CBC": "des-cbc", "IDEA_CBC": "idea-cbc", "BLOWFISH_CBC": "blowfish-cbc", "RC5_R16_B64_CBC": "rc5-cbc",
    "3DES_CBC": "3des-cbc", "CAST_CBC": "cast128-cbc", "AES_CBC": "aes-cbc",
}  # fmt: skip
HASHES = {
    "MD5": "md5", "SHA": "sha1", "TIGER": "tiger", "SHA2_256": "sha2-256", "SHA2_384": "sha2-384",
    "SHA2_512": "sha2-512",
}  # fmt: skip
METHODS = {
    "PRE_SHARED": AuthMethod.PSK, "DSS": AuthMethod.DSS_SIG, "RSA_SIG": AuthMethod.RSA_SIG,
    "RSA_ENC": AuthMethod.RSA_ENC, "RSA_ENC_REV": AuthMethod.RSA_REV,
}  # fmt: skip
GROUPS = {
    "MODP_768": 1, "MODP_1024": 2, "EC2N_155": 3, "EC2N_185": 4, "MODP_1536": 5, "MODP_2048": 14, "MODP_3072": 15,
    "MODP_4096": 16, "MODP_6144": 17, "MODP_8192": 18, "ECP_256": 19, "ECP_384": 20, "ECP_521": 21, "ECP_192": 25,
    "ECP_224": 26, "BP_224": 27, "BP_256": 28, "BP_384": 29, "BP_512": 30,
}  # fmt: skip
ESP_CIPHERS = {
    "DES_IV64": "des-deriv", "DES": "des-cbc", "3DES": "3des-cbc", "RC5": "rc5-cbc", "IDEA": "idea-cbc",
    "CAST": "cast128-cbc", "BLOWFISH": "blowfish-cbc", "3IDEA": "3idea-cbc", "DES_IV32": "des-32iv", "RC4": "rc4",
    "NULL": "null", "AES": "aes-cbc", "AES_CTR": "aes-ctr", "AES_GCM_16": "aes-gcm-16", "AES_GMAC": "aes-gmac",
    "AES_128_CTR": "aes-ctr",
}  # fmt: skip
AH_HASHES = {
    "MD5": "hmac-md5", "SHA": "hmac-sha1", "DES": "des-mac", "RIPEMD": "hmac-ripemd160", "SHA2_256": "hmac-sha2-256",
    "SHA2_384": "hmac-sha2-384", "SHA2_512": "hmac-sha2-512",
}  # fmt: skip
INTEGRITY = {
    "HMAC_MD5": "hmac-md5", "HMAC_SHA": "hmac-sha1", "DES_MAC": "des-mac", "KPDK": "kpdk-md5",
    "HMAC_RIPEMD": "hmac-ripemd160", "HMAC_SHA2_256": "hmac-sha2-256", "HMAC_SHA2_384": "hmac-sha2-384",
    "HMAC_SHA2_512": "hmac-sha2-512",
}  # fmt: skip
ID_TYPES = (
    "IPV4_ADDR", "IPV6_ADDR", "IPV4_ADDR_SUBNET", "IPV6_ADDR_SUBNET", "FQDN", "USER_FQDN", "KEY_ID",
)  # fmt: skip
WORDS: dict[str, tuple[str, ...]] = {
    "phase": ("1", "2"),
    "transport": ("udp", "udp_physical", "udp_encap", "virtual"),
    "doi": ("IPSEC", "ISAKMP"),
    "exchange_type": ("ID_PROT", "AGGRESSIVE", "QUICK_MODE", "BASE", "AUTH_ONLY", "INFO", "TRANSACTION",
                      "NEW_GROUP_MODE"),
    "encryption_algorithm": (*PHASE1_CIPHERS, "ANY"),
    "hash_algorithm": (*HASHES, "ANY"),
    "authentication_method": (*METHODS, "ANY"),
    "group_description": (*GROUPS, "ANY"),
    "life_type": ("SECONDS", "KILOBYTES"),
    "transform_id": tuple(dict.fromkeys((*ESP_CIPHERS, *AH_HASHES, "OUI", "DEFLATE", "LZS", "V42BIS"))),
    "encapsulation_mode": ("TUNNEL", "TRANSPORT", "UDP_ENCAP_TUNNEL", "UDP_ENCAP_TRANSPORT",
                           "UDP_ENCAP_TUNNEL_DRAFT", "UDP_ENCAP_TRANSPORT_DRAFT"),
    "authentication_algorithm": tuple(INTEGRITY),
    "protocol_id": ("IPSEC_ESP", "IPSEC_AH", "IPCOMP"),
    "id-type": ID_TYPES,
}  # fmt: skip
"""The words that the value of a tag is chosen from; their case counts, but for DOI's."""
