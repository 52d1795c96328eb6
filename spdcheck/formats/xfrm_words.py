"""Linux's names of algorithms, modes and protocols, as ip(8) takes and prints them, and setkey's names for them."""

from __future__ import annotations

from spdcheck.model.policy import Mode, Protocol

CIPHERS = {
    "cbc(aes)": "aes-cbc", "aes": "aes-cbc", "cbc(des3_ede)": "3des-cbc", "des3_ede": "3des-cbc", "cbc(des)": "des-cbc",
    "des": "des-cbc", "cbc(blowfish)": "blowfish-cbc", "blowfish": "blowfish-cbc", "cbc(cast5)": "cast128-cbc",
    "cast5": "cast128-cbc", "cbc(camellia)": "camellia-cbc", "cbc(twofish)": "twofish-cbc", "twofish": "twofish-cbc",
    "rfc3686(ctr(aes))": "aes-ctr", "ecb(cipher_null)": "null", "cipher_null": "null", "rfc4106(gcm(aes))":
    "aes-gcm-16", "rfc4543(gcm(aes))": "aes-gmac", "rfc4309(ccm(aes))": "aes-ccm-16", "rfc7539esp(chacha20,poly1305)":
    "chacha20-poly1305",
}  # fmt: skip
AEAD_ICV = {64: "aes-gcm-8", 96: "aes-gcm-12", 128: "aes-gcm-16"}
"""AES-GCM by the bits of its check value."""

INTEGRITY = {
    "hmac(md5)": "hmac-md5", "md5": "hmac-md5", "hmac(sha1)": "hmac-sha1", "sha1": "hmac-sha1",
    "hmac(sha256)": "hmac-sha2-256", "sha256": "hmac-sha2-256", "hmac(sha384)": "hmac-sha2-384",
    "hmac(sha512)": "hmac-sha2-512", "hmac(rmd160)": "hmac-ripemd160", "rmd160": "hmac-ripemd160",
    "xcbc(aes)": "aes-xcbc-mac", "digest_null": "null",
}  # fmt: skip
DEFAULT_ICV = {"hmac-sha2-256": 12}
"""``auth`` without a length cuts SHA-256 to 96 bits, as the kernel's old table says (xfrm_algo.c)."""

MODES = {"transport": Mode.TRANSPORT, "tunnel": Mode.TUNNEL}
PROTOCOLS = {"esp": Protocol.ESP, "ah": Protocol.AH, "comp": Protocol.IPCOMP, "50": Protocol.ESP, "51": Protocol.AH}
