"""The sections that isakmpd makes by itself (``conf_load_defaults``): transforms, suites, lifetimes.

They are worked out when somebody asks for one by name: there are tens of thousands. A name is compared without regard
to case, as every section's name is.
"""

from __future__ import annotations

import re

MODP = {
    1: "MODP_768", 2: "MODP_1024", 5: "MODP_1536", 14: "MODP_2048", 15: "MODP_3072", 16: "MODP_4096", 17: "MODP_6144",
    18: "MODP_8192", 19: "ECP_256", 20: "ECP_384", 21: "ECP_521", 25: "ECP_192", 26: "ECP_224", 27: "BP_224",
    28: "BP_256", 29: "BP_384", 30: "BP_512",
}  # fmt: skip
"""The groups by their number in generated names (``-GRP14``)."""

_HASHES = {
    "MD5": "MD5", "SHA": "SHA", "SHA2-256": "SHA2_256", "SHA2-384": "SHA2_384", "SHA2-512": "SHA2_512",
}  # fmt: skip
_PHASE1 = re.compile(
    r"(?P<cipher>BLF|3DES|CAST|AES|AES-128|AES-192|AES-256)-(?P<hash>MD5|SHA|SHA2-256|SHA2-384|SHA2-512)"
    r"(?:-GRP(?P<group>\d+))?(?P<method>-DSS|-RSA_SIG)?",
    re.IGNORECASE,
)
_CIPHERS = {
    "BLF": ("BLOWFISH_CBC", "128,96:192"), "3DES": ("3DES_CBC", ""), "CAST": ("CAST_CBC", ""),
    "AES": ("AES_CBC", "128,128:256"), "AES-128": ("AES_CBC", "128,128:128"), "AES-192": ("AES_CBC", "192,192:192"),
    "AES-256": ("AES_CBC", "256,256:256"),
}  # fmt: skip
_PHASE2 = re.compile(
    r"QM-(?P<protocol>ESP|AH)(?P<transport>-TRP)?"
    r"(?:-(?P<cipher>3DES|CAST|BLF|NULL|AES(?:-(?:128|192|256))?|AESCTR(?:-(?:128|192|256))?|AESG(?:CM|MAC)-(?:128|192|256)))?"
    r"(?:-(?P<hash>MD5|SHA|RIPEMD|SHA2-256|SHA2-384|SHA2-512))?(?P<pfs>-PFS(?:-GRP(?P<group>\d+))?)?"
    r"(?P<part>-SUITE|-XF)?",
    re.IGNORECASE,
)
_TRANSFORMS = {
    "3DES": ("3DES", ""), "CAST": ("CAST", ""), "BLF": ("BLOWFISH", "128,96:192"), "NULL": ("NULL", ""),
    "AES": ("AES", "128,128:256"), "AESCTR": ("AES_CTR", "128,128:256"), "AESGCM": ("AES_GCM_16", ""),
    "AESGMAC": ("AES_GMAC", ""),
}  # fmt: skip
_FIXED: dict[str, dict[str, str]] = {
    "general": {
        "retransmits": "3", "exchange-max-time": "120", "check-interval": "60",
        "policy-file": "/etc/isakmpd/isakmpd.policy", "use-keynote": "yes",
        "pubkey-directory": "/etc/isakmpd/pubkeys/", "default-phase-1-lifetime": "3600,60:86400",
        "default-phase-2-lifetime": "1200,60:86400", "default-phase-2-suites": "QM-ESP-3DES-SHA-PFS-SUITE",
        "delete-sas": "yes", "dpd-check-interval": "0", "nat-t-keepalive": "20",
    },
    "x509-certificates": {
        "ca-directory": "/etc/isakmpd/ca/", "cert-directory": "/etc/isakmpd/certs/",
        "crl-directory": "/etc/isakmpd/crls/", "private-key": "/etc/isakmpd/private/local.key",
        "private-key-directory": "/etc/isakmpd/private/",
    },
    "keynote": {"credential-directory": "/etc/isakmpd/keynote/"},
    "phase 1": {"default": "Default-phase-1"},
    "default-phase-1": {"phase": "1", "configuration": "Default-phase-1-configuration"},
    "default-phase-1-configuration": {"exchange_type": "ID_PROT", "transforms": "3DES-SHA-RSA_SIG"},
    "default-phase-2-configuration": {"exchange_type": "QUICK_MODE", "suites": "QM-ESP-3DES-SHA-PFS-SUITE"},
    "life_main_mode": {"life_type": "SECONDS", "life_duration": "3600,60:86400"},
    "life_quick_mode": {"life_type": "SECONDS", "life_duration": "1200,60:86400"},
}  # fmt: skip


def generated(name: str) -> dict[str, str] | None:
    """The tags (in lower case) of a section that isakmpd makes, or None where it makes none of this name."""
    lowered = name.lower()
    if lowered in _FIXED:
        return _FIXED[lowered]
    upper = name.upper()
    return _phase1(upper) or _phase2(upper)


def _phase1(name: str) -> dict[str, str] | None:
    found = _PHASE1.fullmatch(name)
    if found is None or (found["group"] and not _is_group(found["group"])):
        return None
    cipher, bits = _CIPHERS[found["cipher"]]
    tags = {
        "encryption_algorithm": cipher,
        "hash_algorithm": _HASHES[found["hash"]],
        "authentication_method": {"-DSS": "DSS", "-RSA_SIG": "RSA_SIG"}.get(found["method"] or "", "PRE_SHARED"),
        "group_description": MODP[int(found["group"] or 2)],
        "life": "LIFE_MAIN_MODE",
    }
    return tags | ({"key_length": bits} if bits else {})


def _phase2(name: str) -> dict[str, str] | None:
    found = _PHASE2.fullmatch(name)
    if found is None or (found["group"] and not _is_group(found["group"])):
        return None
    cipher, digest = found["cipher"] or "", found["hash"] or ""
    combined = cipher.startswith("AESG")
    if found["protocol"] == "AH":
        if cipher or not digest:
            return None
    elif not cipher or (combined and digest):
        return None
    if found["part"] == "-SUITE":
        return {"protocols": name.removesuffix("-SUITE")}
    if found["part"] is None:
        return {"protocol_id": f"IPSEC_{found['protocol']}", "transforms": f"{name}-XF"}
    return _transform(found, cipher, digest)


def _transform(found: re.Match[str], cipher: str, digest: str) -> dict[str, str]:
    family, _, bits = cipher.partition("-")
    hashed = digest.replace("-", "_")
    tags = {"encapsulation_mode": "TRANSPORT" if found["transport"] else "TUNNEL", "life": "LIFE_QUICK_MODE"}
    if cipher:
        tags["transform_id"], length = _TRANSFORMS[family]
        length = f"{bits},{bits}:{bits}" if bits else length
        if length:
            tags["key_length"] = length
    else:
        tags["transform_id"] = hashed
    if digest:
        tags["authentication_algorithm"] = f"HMAC_{hashed}"
        # without a hash the group is forgotten, even if the name speaks of it
        if found["pfs"]:
            tags["group_description"] = MODP[int(found["group"] or 2)]
    return tags


def _is_group(digits: str) -> bool:
    return len(digits) < 3 and not digits.startswith("0") and int(digits) in MODP
