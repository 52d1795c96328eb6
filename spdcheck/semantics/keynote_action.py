"""The action that isakmpd asks its policy about: the attributes of a negotiation (isakmpd.policy(5), ``policy.c``).

Where a negotiation leaves something open, the attribute is the set of what isakmpd could write there; an attribute that
isakmpd never sets is empty, as libkeynote takes it. What the daemon does, not what the manual says, is given:

* For AH with SHA2 it leaves ``ah_hash_alg`` empty.
* ``ah_auth_alg`` is ``hmac-md5``, never the ``md5`` of the manual's example.
* The times of day do not fit into its buffer, so that they may be anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.semantics.keynote_values import ANYTHING, Special

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from spdcheck.model.isakmpd import Phase2Transform

AttributeValue = str | frozenset[str] | Special

_YES_OR_NO = frozenset({"yes", "no"})
_CIPHERS = {
    "des-deriv": "des-iv64", "des-cbc": "des", "3des-cbc": "3des", "rc5-cbc": "rc5", "idea-cbc": "idea",
    "cast128-cbc": "cast", "blowfish-cbc": "blowfish", "3idea-cbc": "3idea", "des-32iv": "des-iv32", "rc4": "rc4",
    "null": "null", "aes-cbc": "aes",
}  # fmt: skip
_INTEGRITY = {
    "hmac-md5": "hmac-md5", "hmac-sha1": "hmac-sha", "hmac-ripemd160": "hmac-ripemd", "hmac-sha2-256": "hmac-sha2-256",
    "hmac-sha2-384": "hmac-sha2-384", "hmac-sha2-512": "hmac-sha2-512", "des-mac": "des-mac", "kpdk-md5": "kpdk",
}  # fmt: skip
_AH_HASHES = {"hmac-md5": "md5", "hmac-sha1": "sha", "hmac-ripemd160": "ripemd", "des-mac": "des"}
_MODES = frozenset({"tunnel", "transport", "udp-encap-tunnel", "udp-encap-transport", ""})
_ID_TYPES = frozenset(
    {"IPv4 address", "IPv4 subnet", "IPv4 range", "IPv6 address", "IPv6 subnet", "IPv6 range", "FQDN", "User FQDN",
     "ASN1 DN", "ASN1 GN", "Key ID", ""}
)  # fmt: skip
_OF_AN_ID = ("", "_addr_lower", "_addr_upper", "_proto", "_port")
_OF_A_PROTOCOL = ("group_desc", "key_length", "key_rounds", "life_seconds", "life_kbytes")

OPEN_ACTION: Mapping[str, AttributeValue] = {
    "app_domain": "IPsec policy",
    "doi": "ipsec",
    "initiator": _YES_OR_NO,
    "phase_1": frozenset({"main", "aggressive"}),
    "phase1_group_desc": ANYTHING,
    "pfs": _YES_OR_NO,
    "ah_present": _YES_OR_NO, "esp_present": _YES_OR_NO, "comp_present": _YES_OR_NO,
    "esp_enc_alg": frozenset({*_CIPHERS.values(), ""}),
    "esp_auth_alg": frozenset({*_INTEGRITY.values(), ""}),
    "ah_auth_alg": frozenset({*_INTEGRITY.values(), ""}),
    "ah_hash_alg": frozenset({*_AH_HASHES.values(), ""}),
    "comp_alg": frozenset({"oui", "deflate", "lzs", "v42bis", ""}),
    "comp_dict_size": ANYTHING, "comp_private_alg": ANYTHING,
    **{f"{name}_encapsulation": _MODES for name in ("ah", "esp", "comp")},
    **{f"{name}_ecn": frozenset({"yes", "no", ""}) for name in ("ah", "esp", "comp")},
    **{f"{name}_{what}": ANYTHING for name in ("ah", "esp", "comp") for what in _OF_A_PROTOCOL},
    **{f"{name}_type": _ID_TYPES for name in ("remote_filter", "local_filter", "remote_id")},
    **{name + what: ANYTHING for name in ("remote_filter", "local_filter", "remote_id") for what in _OF_AN_ID},
    "remote_negotiation_address": ANYTHING, "local_negotiation_address": ANYTHING,
    "GMTTimeOfDay": ANYTHING, "LocalTimeOfDay": ANYTHING,
}  # fmt: skip
"""A negotiation of which nothing is known: every attribute that isakmpd sets."""


def offered(protocols: Iterable[tuple[str, Phase2Transform]]) -> dict[str, AttributeValue]:
    """What is set for one choice of a suite: ``(protocol, transform)`` for each of its SAs, ``esp`` or ``ah``.

    The rest is as in :data:`OPEN_ACTION`. With several lifetimes in a transform, what is set stays open.
    """
    action = dict(OPEN_ACTION)
    chosen = dict(protocols)
    for name in ("ah", "esp", "comp"):
        action[f"{name}_present"] = "yes" if name in chosen else "no"
        if name not in chosen:
            silent = (known for known in OPEN_ACTION if known.startswith(f"{name}_") and known != f"{name}_present")
            action |= dict.fromkeys(silent, "")
    for name, transform in chosen.items():
        action |= _transform(name, transform)
    action["pfs"] = "yes" if any(transform.group is not None for transform in chosen.values()) else "no"
    return action


def _transform(name: str, transform: Phase2Transform) -> dict[str, AttributeValue]:
    integrity = "" if transform.integrity is None else transform.integrity.name
    action: dict[str, AttributeValue] = {
        f"{name}_auth_alg": _INTEGRITY.get(integrity, ""),
        f"{name}_group_desc": "" if transform.group is None else str(transform.group),
    }
    if name == "esp":
        cipher = "" if transform.encryption is None else transform.encryption.name
        action["esp_enc_alg"] = _CIPHERS.get(cipher, ANYTHING if cipher else "")
    else:
        action["ah_hash_alg"] = _AH_HASHES.get(integrity, "")
    if transform.tunnel is not None:
        mode = "tunnel" if transform.tunnel else "transport"
        action[f"{name}_encapsulation"] = frozenset({mode, f"udp-encap-{mode}"})
    if transform.key_bits is not None:
        action[f"{name}_key_length"] = str(transform.key_bits.offer)
    return action
