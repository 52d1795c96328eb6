"""Small hosts for tests of meaning, read from text as the command line reads them."""

from __future__ import annotations

import tempfile
from contextlib import chdir
from pathlib import Path
from typing import TYPE_CHECKING

from spdcheck.site.load import load_site
from tests.golden import unpack

if TYPE_CHECKING:
    from spdcheck.model.host import Host, Site

RACOON = """
path pre_shared_key "/etc/racoon/psk.txt";
{remotes}
{sainfos}
"""

PROPOSAL = (
    "proposal { encryption_algorithm aes 256; hash_algorithm sha256; authentication_method pre_shared_key;"
    " dh_group 14; }"
)
ALGORITHMS = "encryption_algorithm aes 256; authentication_algorithm hmac_sha256; compression_algorithm deflate;"


def site(text: str) -> Site:
    """The site of a text with ``=== PATH`` lines."""
    with tempfile.TemporaryDirectory() as folder:
        unpack(text, Path(folder))
        with chdir(folder):
            return load_site(Path())


def host(text: str) -> Host:
    """The only host of a site."""
    (only,) = site(text).hosts
    return only


def remote(heading: str, extra: str = "", mode: str = "main") -> str:
    """A remote section: ``198.51.100.2`` or ``anonymous``, and statements."""
    return f"remote {heading} {{ exchange_mode {mode}; {extra} {PROPOSAL} }}\n"


def sainfo(heading: str, extra: str = "") -> str:
    """A sainfo section."""
    return f"sainfo {heading} {{ {extra} {ALGORITHMS} }}\n"
