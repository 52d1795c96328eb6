"""Secrets of a racoon.conf are masked before anything looks at the text, however broken it is."""

from __future__ import annotations

import pytest

from spdcheck.formats.racoon import mask
from spdcheck.source import SourceFile

SECRET = "sEcReT"
BULLETS = "•" * len(SECRET)


def masked(text: str) -> str:
    return mask(SourceFile("racoon.conf", text)).text


@pytest.mark.parametrize(
    "text",
    [
        'radiuscfg { auth "host" 1812 "sEcReT"; acct "h" "sEcReT" ; }',
        'radiuscfg {\n\tauth "host"\n\t\t"sEcReT";\n}',
        '# auth "h" "sEcReT";',
        'ldapcfg { host "a"; bind_pw "sEcReT"; base "x"; }',
        'remote anonymous { pre_shared_key "sEcReT"; authentication_method pre_shared_key ; }',
        'remote anonymous { shared_secret use "sEcReT"; }',
    ],
)
def test_only_the_secret_is_masked(text: str) -> None:
    assert masked(text) == text.replace(SECRET, BULLETS)


@pytest.mark.parametrize(
    "text",
    [
        "radiuscfg { auth sEcReT; }",
        'radiuscfg { auth "host" sEcReT; }',
        'radiuscfg { auth "host" "sEcReT; }\npath certificate "/x";',
        'radiuscfg { auth "host "sEcReT"; }',
        'radiuscfg { "auth "host" "sEcReT"; }',
        'radiuscfg { auth "host" 1812\nsEcReT"; }',
        'radiucfg { auth "host" "sEcReT }\n"',
        'radiuscfg { ath "host" "sEcReT"; }',
        'radiuscauth "host" 1812 "sEcReT";',
        'ldapcfg { bind_p "sEcReT"; base "x"; }',
        "ldapcfg { bind_pw sEcReT; }",
        "remote anonymous { pre_shared_key sEcReT; }",
        'proposal { authentication_method pre_shared_key "sEcReT" }',
        'secret = "sEcReT"',
        '# password "sEcReT"',
    ],
)
def test_broken_text_shows_nothing_either(text: str) -> None:
    assert SECRET not in masked(text)


@pytest.mark.parametrize(
    "text",
    [
        'path pre_shared_key "/etc/psk.txt";\npath\t pre_shared_key\t"/x";\npath\npre_shared_key "/y";',
        'mode_cfg { banner "the auth of the vpn"; auth_groups "auth", "ldap"; auth_source radius; }',
        "proposal { authentication_method pre_shared_key; }\nproposal { authentication_method pre_shared_key }",
        "authentication_method 'pre_shared_key';",
        'certificate_type x509 "a.crt" "a.key";\nadminsock "/s" "root" "wheel" 0660;',
        'radiuscfg { timeout 3; } mode_cfg { banner "x"; }',
        'my_identifier fqdn "gw.example.net";\npeers_identifier keyid tag "secret";',
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert masked(text) == text
