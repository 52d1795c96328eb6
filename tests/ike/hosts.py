"""Pairs of configurations that mirror each other, for both daemons, with everything that may be chosen in them."""

from __future__ import annotations

from dataclasses import dataclass, replace

EAST, WEST = "192.0.2.1", "198.51.100.2"
KEY = "k7Bq-Zt31pWm9xEoRf2vYc8"


@dataclass(frozen=True)
class Settings:
    """What both sides of a pair agree on; racoon's words."""

    cipher: str = "aes 256"
    digest: str = "sha256"
    group: int = 14
    life: int = 8
    esp: str = "aes 256"
    integrity: str = "hmac_sha256"
    pfs: int = 0
    sa_life: int = 8
    check: str = "strict"
    fqdn: bool = False
    mode: str = "tunnel"


CIPHERS = ("aes 128", "aes 192", "aes 256", "3des")
DIGESTS = ("md5", "sha1", "sha256", "sha384", "sha512")
GROUPS = (1, 2, 5, 14, 15, 16, 17, 18)
INTEGRITY = ("hmac_md5", "hmac_sha1", "hmac_sha256", "hmac_sha384", "hmac_sha512")
CHECKS = ("obey", "strict", "claim", "exact")
LIVES = (1, 2, 8, 12, 24)

_ISAKMPD_CIPHERS = {"aes 128": "AES-128", "aes 192": "AES-192", "aes 256": "AES-256", "3des": "3DES"}
_ISAKMPD_DIGESTS = {"md5": "MD5", "sha1": "SHA", "sha256": "SHA2-256", "sha384": "SHA2-384", "sha512": "SHA2-512"}


def racoon(name: str, settings: Settings) -> str:
    """The files of a host with racoon."""
    own, far, here, there = _ends(name)
    ends = f"{own}-{far}" if settings.mode == "tunnel" else ""
    back = f"{far}-{own}" if settings.mode == "tunnel" else ""
    pfs = f"pfs_group {settings.pfs};" if settings.pfs else ""
    identity = f'my_identifier fqdn "{name}.example.org";' if settings.fqdn else ""
    peer = far if not settings.fqdn else f"{'west' if name == 'east' else 'east'}.example.org"
    return f"""\
=== {name}/etc/ipsec.conf
spdadd {here} {there} any -P out ipsec esp/{settings.mode}/{ends}/require;
spdadd {there} {here} any -P in ipsec esp/{settings.mode}/{back}/require;
=== {name}/etc/racoon.conf
path pre_shared_key "/etc/psk.txt";
remote {far} {{
    exchange_mode {"aggressive" if settings.fqdn else "main"};
    proposal_check {settings.check};
    {identity}
    proposal {{
        encryption_algorithm {settings.cipher};
        hash_algorithm {settings.digest};
        authentication_method pre_shared_key;
        dh_group {settings.group};
        lifetime time {settings.life} hour;
    }}
}}
sainfo anonymous {{
    {pfs}
    lifetime time {settings.sa_life} hour;
    encryption_algorithm {settings.esp};
    authentication_algorithm {settings.integrity};
    compression_algorithm deflate;
}}
=== {name}/etc/psk.txt
{peer} {KEY}
"""


def isakmpd(name: str, settings: Settings) -> str:
    """The files of a host with isakmpd, whose policy wants what is negotiated."""
    own, far, here, there = _ends(name)
    group = f"-GRP{settings.group}"
    transform = f"{_ISAKMPD_CIPHERS[settings.cipher]}-{_ISAKMPD_DIGESTS[settings.digest]}{group}"
    integrity = _ISAKMPD_DIGESTS[settings.integrity.removeprefix("hmac_")]
    pfs = f"-PFS-GRP{settings.pfs}" if settings.pfs else ""
    mode = "" if settings.mode == "tunnel" else "-TRP"
    suite = f"QM-ESP{mode}-{_ISAKMPD_CIPHERS[settings.esp]}-{integrity}{pfs}-SUITE"
    return f"""\
=== {name}/etc/isakmpd/isakmpd.conf
[General]
Listen-on= {own}
[Phase 1]
{far}= peer
[Phase 2]
Connections= to-peer
[peer]
Phase= 1
Address= {far}
Configuration= phase-1
Authentication= {KEY}
[phase-1]
EXCHANGE_TYPE= {"AGGRESSIVE" if settings.fqdn else "ID_PROT"}
Transforms= {transform}
[to-peer]
Phase= 2
ISAKMP-peer= peer
Configuration= phase-2
Local-ID= here
Remote-ID= there
[phase-2]
EXCHANGE_TYPE= QUICK_MODE
Suites= {suite}
{_identity("here", here)}{_identity("there", there)}\
=== {name}/etc/isakmpd/isakmpd.policy
Authorizer: "POLICY"
Licensees: "passphrase:{KEY}"
Conditions: app_domain == "IPsec policy" && esp_present == "yes" &&
    pfs == "{"yes" if settings.pfs else "no"}" -> "true";
"""


def _identity(section: str, addresses: str) -> str:
    network, slash, _ = addresses.partition("/")
    if not slash:
        return f"[{section}]\nID-type= IPV4_ADDR\nAddress= {network}\n"
    return f"[{section}]\nID-type= IPV4_ADDR_SUBNET\nNetwork= {network}\nNetmask= 255.255.0.0\n"


def _ends(name: str) -> tuple[str, str, str, str]:
    east = (EAST, WEST, "10.1.0.0/16", "10.2.0.0/16")
    west = (WEST, EAST, "10.2.0.0/16", "10.1.0.0/16")
    return east if name == "east" else west


DAEMONS = {"racoon": racoon, "isakmpd": isakmpd}


def pair(first: str, second: str, ours: Settings, theirs: Settings) -> str:
    """A site with a daemon at each end."""
    if "isakmpd" in (first, second):
        ours, theirs = replace(ours, fqdn=False), replace(theirs, fqdn=False)
    return DAEMONS[first]("east", ours) + DAEMONS[second]("west", theirs)
