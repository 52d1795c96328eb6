"""The words of racoon.conf as racoon's own lexer knows them: one table per section, and those known everywhere.

A word has no end: ``certificates`` is ``certificate`` and a stray ``s``, ``aes256`` is ``aes`` and ``256``. The longest
word that fits is taken. Tables and names of tokens are those of racoon's ``cftoken.l`` (ipsec-tools 0.8 and its heirs).
"""

from __future__ import annotations

from enum import Enum


class Section(Enum):
    """Where in the file the lexer is: each section knows its own words (flex calls it a start condition)."""

    TOP = "the file"
    PRIVSEP = "privsep"
    PATH = "path"
    LOG = "log"
    PADDING = "padding"
    LISTEN = "listen"
    RADIUS = "radiuscfg"
    LDAP = "ldapcfg"
    MODE_CFG = "mode_cfg"
    TIMER = "timer"
    SAINFO_NAME = "the name of a sainfo"
    SAINFO = "sainfo"
    REMOTE_NAME = "the name of a remote"
    REMOTE = "remote"
    PROPOSAL = "proposal"
    GSS = "gss_id_enc"


def _same(terminal: str, words: str) -> dict[str, str]:
    return dict.fromkeys(words.split(), terminal)


def _each(words: str, prefix: str = "") -> dict[str, str]:
    return {word: prefix + word.upper().replace("-", "_") for word in words.split()}


_BRACES = {"{": "BOC", "}": "EOC"}

WORDS: dict[Section, dict[str, str]] = {
    Section.TOP: {
        **_each("privsep path include pfkey_buffer complex_bundle padding listen sainfo remote gss_id_enc timer"),
        "log": "LOGGING", "radiuscfg": "RADCFG", "ldapcfg": "LDAPCFG", "mode_cfg": "MODECFG",
    },
    Section.PRIVSEP: {**_BRACES, **_each("user group chroot")},
    Section.PATH: _same("PATHTYPE", "include pre_shared_key certificate script backupsa pidfile"),
    Section.LOG: _same("LOGLEV", "error warning notify info debug debug2"),
    Section.PADDING: {
        **_BRACES, **_each("randomize randomize_length maximum_length strict_check exclusive_tail", "PAD_"),
    },
    Section.LISTEN: {**_BRACES, **_each("isakmp isakmp_natt admin adminsock disabled strict_address")},
    Section.RADIUS: {**_BRACES, **_each("auth acct timeout retries", "RAD_")},
    Section.LDAP: {
        **_BRACES,
        **_each("version debug timeout uri host port base subtree bind_dn bind_pw", "LDAP_"),
        **_each("attr_user attr_addr attr_mask attr_group attr_member attr_device", "LDAP_"),
    },
    Section.MODE_CFG: {
        **_BRACES, ",": "COMMA",
        **_each("network4 netmask4 dns4 default_domain auth_source auth_groups group_source conf_source", "CFG_"),
        **_each("accounting system local none radius pam ldap pool_size banner auth_throttle split_network", "CFG_"),
        **_each("local_lan include split_dns pfs_group save_passwd", "CFG_"),
        **_same("CFG_WINS4", "wins4 nbns4"),
    },
    Section.TIMER: {**_BRACES, **_each("counter interval persend phase1 phase2 natt_keepalive", "RETRY_")},
    Section.SAINFO_NAME: {
        "{": "BOC", **_each("anonymous clientaddr from group any"), "[any]": "PORTANY",
    },
    Section.SAINFO: {
        "}": "EOC", ",": "COMMA", **_each("pfs_group remoteid my_identifier lifetime"),
        "time": "LIFETYPE_TIME", "byte": "LIFETYPE_BYTE",
        **_each("encryption_algorithm authentication_algorithm compression_algorithm"),
    },
    Section.REMOTE_NAME: {"{": "BOC", **_each("anonymous inherit")},
    Section.REMOTE: {
        "}": "EOC",
        **_each("remote_address exchange_mode doi situation my_identifier xauth_login peers_identifier"),
        **_each("verify_identifier certificate_type ca_type peers_certfile dnssec verify_cert send_cert send_cr"),
        **_each("match_empty_cr dh_group nonce_size generate_policy support_proxy initial_contact nat_traversal"),
        **_each("proposal_check keepalive passive lifetime dpd dpd_delay dpd_retry dpd_maxfail ph1id ike_frag"),
        **_each("esp_frag script phase1_up phase1_down phase1_dead mode_cfg weak_phase1_check rekey proposal force"),
        **_same("EXCHANGETYPE", "main aggressive base"),
        **_same("SITUATIONTYPE", "identity_only secrecy integrity"),
        **_same("GENERATE_LEVEL", "unique require"),
        **_same("PROPOSAL_CHECK_LEVEL", "obey strict claim exact"),
        "ipsec_doi": "DOITYPE", "x509": "CERT_X509", "plain_rsa": "CERT_PLAINRSA",
        "time": "LIFETYPE_TIME", "byte": "LIFETYPE_BYTE",
    },
    Section.PROPOSAL: {
        **_BRACES, **_each("lifetime encryption_algorithm authentication_method hash_algorithm dh_group"),
        **_same("GSS_ID", "gss_id gssapi_id"), "time": "LIFETYPE_TIME", "byte": "LIFETYPE_BYTE",
    },
    Section.GSS: _same("GSS_ID_ENCTYPE", "latin1 utf-16le"),
}  # fmt: skip
"""The words that mean something only in one section, with the token that each one is."""

EVERYWHERE: dict[str, str] = {
    **_same("SWITCH", "on off"),
    **_same("UL_PROTO", "esp ah ipcomp icmp icmp6 tcp udp gre"),
    **_same("ALGORITHMTYPE", """
        des_iv64 des 3des rc5 idea cast128 blowfish 3idea des_iv32 rc4 null_enc null aes rijndael aes_gcm_16 twofish
        camellia non_auth hmac_md5 hmac_sha1 hmac_sha2_256 hmac_sha256 hmac_sha2_384 hmac_sha384 hmac_sha2_512
        hmac_sha512 des_mac kpdk md5 sha1 tiger sha2_256 sha256 sha2_384 sha384 sha2_512 sha512 oui deflate lzs modp768
        modp1024 modp1536 ec2n155 ec2n185 modp2048 modp3072 modp4096 modp6144 modp8192 pre_shared_key rsasig dsssig
        rsaenc rsarev gssapi_krb hybrid_rsa_server hybrid_dss_server hybrid_rsa_client hybrid_dss_client
        xauth_psk_server xauth_psk_client xauth_rsa_server xauth_rsa_client"""),
    **_same("IDENTIFIERTYPE", "user_fqdn fqdn keyid address subnet asn1dn"),
    **_same("IDENTIFIERQUAL", "tag file"),
    **_same("UNITTYPE_BYTE", "B byte bytes"),
    **_each("KB MB TB", "UNITTYPE_"),
    **_same("UNITTYPE_SEC", "sec secs second seconds"),
    **_same("UNITTYPE_MIN", "min mins minute minutes"),
    **_same("UNITTYPE_HOUR", "hour hours"),
    **_same("BOOLEAN", "yes no"),
    ";": "EOS",
}  # fmt: skip
"""The words that every section knows; where a section has the same word, the section's meaning wins."""

MOVES: dict[tuple[Section, str], Section] = {
    (Section.TOP, "PRIVSEP"): Section.PRIVSEP,
    (Section.TOP, "PATH"): Section.PATH,
    (Section.TOP, "LOGGING"): Section.LOG,
    (Section.TOP, "PADDING"): Section.PADDING,
    (Section.TOP, "LISTEN"): Section.LISTEN,
    (Section.TOP, "RADCFG"): Section.RADIUS,
    (Section.TOP, "LDAPCFG"): Section.LDAP,
    (Section.TOP, "MODECFG"): Section.MODE_CFG,
    (Section.TOP, "TIMER"): Section.TIMER,
    (Section.TOP, "SAINFO"): Section.SAINFO_NAME,
    (Section.TOP, "REMOTE"): Section.REMOTE_NAME,
    (Section.TOP, "GSS_ID_ENC"): Section.GSS,
    (Section.SAINFO_NAME, "BOC"): Section.SAINFO,
    (Section.REMOTE_NAME, "BOC"): Section.REMOTE,
    (Section.REMOTE, "PROPOSAL"): Section.PROPOSAL,
}
"""Which token leads into which section; the end of a statement or block leads back."""

BLOCKS: dict[str, Section] = {
    "privsep": Section.PRIVSEP,
    "padding": Section.PADDING,
    "listen": Section.LISTEN,
    "radiuscfg": Section.RADIUS,
    "ldapcfg": Section.LDAP,
    "mode_cfg": Section.MODE_CFG,
    "timer": Section.TIMER,
    "sainfo": Section.SAINFO,
    "remote": Section.REMOTE,
    "proposal": Section.PROPOSAL,
}
"""The section inside the braces, by the word that the block starts with (which is the rule of its head, too)."""
