"""racoon's names of algorithms and ours, and the key lengths that it takes (``algorithm.c``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.ike import Algorithm, AuthMethod
from spdcheck.named_tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Container

    from spdcheck.formats.racoon.desk import Desk
    from spdcheck.formats.racoon.syntax import Token

DEFAULT_KEY_BITS = 128
"""Of every cipher with a variable key (``default_keylen``), blowfish included, whatever the man page says."""

PHASE1_CIPHERS = {
    "des": "des-cbc", "3des": "3des-cbc", "blowfish": "blowfish-cbc", "cast128": "cast128-cbc", "aes": "aes-cbc",
    "rijndael": "aes-cbc", "camellia": "camellia-cbc", "idea": "idea-cbc", "rc5": "rc5-cbc",
}  # fmt: skip
PHASE2_CIPHERS = {
    **PHASE1_CIPHERS, "des_iv64": "des-deriv", "des_iv32": "des-32iv", "3idea": "3idea-cbc", "rc4": "rc4",
    "null_enc": "null", "null": "null", "twofish": "twofish-cbc", "aes_gcm_16": "aes-gcm-16",
}  # fmt: skip
HASHES = {
    "md5": "md5", "sha1": "sha1", "sha256": "sha2-256", "sha2_256": "sha2-256", "sha384": "sha2-384",
    "sha2_384": "sha2-384", "sha512": "sha2-512", "sha2_512": "sha2-512",
}  # fmt: skip
INTEGRITY = {
    "hmac_md5": "hmac-md5", "hmac_sha1": "hmac-sha1", "hmac_sha256": "hmac-sha2-256", "hmac_sha2_256": "hmac-sha2-256",
    "hmac_sha384": "hmac-sha2-384", "hmac_sha2_384": "hmac-sha2-384", "hmac_sha512": "hmac-sha2-512",
    "hmac_sha2_512": "hmac-sha2-512", "kpdk": "kpdk-md5", "non_auth": "null",
}  # fmt: skip
COMPRESSION = {"deflate": "deflate", "oui": "oui", "lzs": "lzs"}
METHODS = {
    "pre_shared_key": AuthMethod.PSK, "rsasig": AuthMethod.RSA_SIG, "dsssig": AuthMethod.DSS_SIG,
    "rsaenc": AuthMethod.RSA_ENC, "rsarev": AuthMethod.RSA_REV, "gssapi_krb": AuthMethod.GSSAPI,
    "hybrid_rsa_server": AuthMethod.HYBRID, "hybrid_dss_server": AuthMethod.HYBRID,
    "hybrid_rsa_client": AuthMethod.HYBRID, "hybrid_dss_client": AuthMethod.HYBRID,
    "xauth_psk_server": AuthMethod.XAUTH_PSK, "xauth_psk_client": AuthMethod.XAUTH_PSK,
    "xauth_rsa_server": AuthMethod.XAUTH_RSA, "xauth_rsa_client": AuthMethod.XAUTH_RSA,
}  # fmt: skip


class _Lengths(NamedTuple):
    bits: Container[int]
    words: str


_KEY_BITS = {
    "aes-cbc": _Lengths((128, 192, 256), "128, 192 or 256"),
    "aes-gcm-16": _Lengths((128, 192, 256), "128, 192 or 256"),
    "camellia-cbc": _Lengths((128, 192, 256), "128, 192 or 256"),
    "blowfish-cbc": _Lengths(range(40, 449, 8), "a multiple of 8 from 40 to 448"),
    "rc5-cbc": _Lengths(range(40, 2041, 8), "a multiple of 8 from 40 to 2040"),
    "cast128-cbc": _Lengths(range(40, 129, 8), "a multiple of 8 from 40 to 128"),
    "twofish-cbc": _Lengths(range(40, 257, 8), "a multiple of 8 from 40 to 256"),
}


def known(desk: Desk, token: Token, names: dict[str, str], kind: str) -> Algorithm | None:
    """An algorithm of this kind by our name, without a key length; one of another kind is refused."""
    name = names.get(token.text)
    if name is None:
        spelled: dict[str, str] = {}
        for word, ours in names.items():
            spelled.setdefault(ours, word)
        desk.refuse(
            token, f"algorithm mismatched: found `{token.text}`, which is no {kind}",
            mend=f"racoon has {', '.join(f'`{word}`' for word in spelled.values())} here",
        )  # fmt: skip
        return None
    return Algorithm(name, None, desk.span(token))


def cipher(desk: Desk, token: Token, length: Token | None, names: dict[str, str], kind: str) -> Algorithm | None:
    """A cipher with its key length: the one that is written (0 means none), or racoon's default."""
    found = known(desk, token, names, kind)
    if found is None:
        return None
    lengths = _KEY_BITS.get(found.name)
    bits = length.number if length is not None else 0
    if lengths is None:
        return found if no_length(desk, token, length) else None
    if bits and bits not in lengths.bits:
        assert length is not None
        desk.refuse(length, f"invalid keylen {bits} for `{token.text}`: expected {lengths.words}")
        return None
    end = length if length is not None else token
    return Algorithm(found.name, bits or DEFAULT_KEY_BITS, desk.file.span(token.start, end.end))


def no_length(desk: Desk, token: Token, length: Token | None) -> bool:
    """No key length is written where none is allowed."""
    if length is None or not length.number:
        return True
    desk.refuse(length, f"keylen not allowed: `{token.text}` has a key of fixed length", mend="remove the number")
    return False
