"""No output of any command shows a key, not even of a broken statement."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

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
        ["check", "--format", "concise"],
        ["check", "--format", "json"],
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
