"""No output of any command shows a key, not even of a broken statement."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from spdcheck.cli.reports import FORMATS
from tests.cli.run import spdcheck

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KEY = "Zq7-tulip_ORCHARD"

SITE = f"""\
=== gw/usr/local/etc/racoon/psk.txt
198.51.100.2 {KEY}
broken.example{KEY}
198.51.100.3    {KEY} trailing words
=== gw/usr/local/etc/racoon/racoon.conf
path pre_shared_key "/usr/local/etc/racoon/psk.txt";
remote 198.51.100.2 {{
\texchange_mode main;
\tflooble;
}}
=== gw/etc/ipsec.conf
add 192.0.2.1 198.51.100.2 esp 0x1000 -E aes-cbc "{KEY}";
add 192.0.2.1 198.51.100.2 esp 0x1001 -E aes-cbc "{KEY}" sideways;
add 192.0.2.1 198.51.100.2 esp 0x1002 -E aes-cbc "{KEY};
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ["check"],
        *(["check", "--format", form] for form in FORMATS if form != "full"),
        ["check", "--debug"],
        ["show"],
        ["show", "--format", "json"],
        ["init", "--stdout"],
        ["syntax", "gw/etc/ipsec.conf"],
        ["syntax", "gw/usr/local/etc/racoon/psk.txt"],
        ["syntax", "--output", "json", "gw/etc/ipsec.conf", "gw/usr/local/etc/racoon/psk.txt"],
    ],
)
def test_no_key_is_shown(arguments: list[str], write: Callable[[str], Path]) -> None:
    write(SITE)
    code, out, err = spdcheck(*arguments)
    assert code in (0, 1, 3), err
    assert "ORCHARD" not in out + err
    assert "tulip" not in out + err


DIGITS = "0badcafe1234567890abcdef13579bdf"
GROUPS = " ".join(DIGITS[i : i + 8] for i in range(0, len(DIGITS), 8))
LISTINGS = f"""\
=== gw/etc/ipsec.conf
add 192.0.2.1 198.51.100.2 esp 0x1000 -m tunnel -E aes-cbc 0x{DIGITS};
=== gw/setkey-D.txt
192.0.2.1 198.51.100.2
\tesp mode=tunnel spi=4096(0x00001000) reqid=0(0x00000000)
\tE: aes-cbc  {GROUPS}
\tA: {GROUPS}
\tsadb_seq=0 pid=1 refcnt=1
\tE: broken {GROUPS}
\t{GROUPS}
=== gw/ipsecctl.txt
esp tunnel from 192.0.2.1 to 198.51.100.2 spi 0x00001000 auth hmac-sha1 enc aes
\tenckey 0x{DIGITS}
\tfrob {DIGITS}
=== gw/xfrm-state.txt
src 192.0.2.1 dst 198.51.100.2
\tproto esp spi 0x00001000 reqid 0 mode tunnel
\tenc cbc(aes) 0x{DIGITS}
\tauth-trunc 0x{DIGITS} 96
0x{DIGITS}
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ["check"],
        ["check", "--format", "concise"],
        ["check", "--format", "json"],
        ["show"],
        ["show", "--format", "json"],
        ["init", "--stdout"],
        ["syntax", "gw/setkey-D.txt", "gw/ipsecctl.txt", "gw/xfrm-state.txt"],
        ["syntax", "--output", "json", "gw/setkey-D.txt", "gw/ipsecctl.txt", "gw/xfrm-state.txt"],
    ],
)
def test_no_key_of_a_listing_is_shown(arguments: list[str], write: Callable[[str], Path]) -> None:
    write(LISTINGS)
    code, out, err = spdcheck(*arguments)
    assert code in (0, 1, 3), err
    for part in (DIGITS, *GROUPS.split()):
        assert part not in out + err
