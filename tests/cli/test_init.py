from __future__ import annotations

import shutil
import tomllib
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spdcheck.cli import status
from spdcheck.cli.site_toml import quote
from spdcheck.site.load import load_site
from spdcheck.source import Span
from tests.cli.conftest import SITE
from tests.cli.run import spdcheck
from tests.golden import CORPUS

if TYPE_CHECKING:
    from collections.abc import Callable

    from spdcheck.model.host import Site

TUNNELS = (
    SITE
    + """\
ifconfig_gif0="tunnel 192.0.2.1 198.51.100.2 up"
=== gw/usr/local/etc/racoon/racoon.conf
listen { isakmp 203.0.113.7 [500]; }
remote 198.51.100.2 { exchange_mode main; }
=== far/usr/local/etc/racoon/racoon.conf
listen { isakmp 198.51.100.2 [500]; }
remote 192.0.2.1 { exchange_mode main; }
=== plain/racoon.conf
remote anonymous { exchange_mode main; }
"""
)
"""Three hosts: what is inferred are platforms and the addresses on which a daemon listens."""

DESCRIBED = (
    TUNNELS
    + """\
=== spdcheck.toml
[site]
name = "a \\"quoted\\" name"
[host.gw]
release = "12.1"
tools = { racoon = "0.8.2" }
public-address = "203.0.113.9"
forwarding = true
[host.gw.interface.em0]
mtu = 1492
[host.gw.interface.wlan0]
addresses = ["10.3.0.1/24", "2001:db8::1/64"]
dynamic = true
[host.gw.interface.gre0.tunnel]
kind = "gre"
source = "192.0.2.1"
destination = "198.51.100.2"
[[host.gw.route]]
to = "10.9.0.0/16"
via = "10.1.0.2"
[[host.gw.route]]
to = "10.8.0.0/16"
interface = "wlan0"
[host."odd name"]
path = "far"
platform = "netbsd"
[host.strange]
path = "plain"
files = { "racoon.conf" = "racoon" }
[host.other]
external = true
[host.other.interface.x]
addresses = ["198.51.100.77"]
[[intent]]
flow = "icmp 10.1.0.1 10.2.0.1"
expect = ["delivered", "protected"]
[check]
select = ["CFG"]
ignore = ["CFG002"]
fail-on = "info"
"""
)


def bare(item: object) -> Any:
    """A value of the model without the places and without the marks of inference."""
    if isinstance(item, Span):
        return None
    if isinstance(item, (str, int, Enum)) or item is None:
        return item
    if is_dataclass(item):
        names = [
            f.name for f in fields(item) if f.name not in ("inferred", "inferences") and not f.name.startswith("_")
        ]
        return {name: bare(getattr(item, name)) for name in names}
    if isinstance(item, dict):
        return {key: bare(value) for key, value in item.items()}
    if isinstance(item, (tuple, list)):
        return [bare(value) for value in item]
    return repr(item)


def model(site: Site) -> Any:
    return bare(replace(site, file=None))


@pytest.mark.parametrize("text", [SITE, TUNNELS, DESCRIBED], ids=["one host", "three hosts", "described"])
def test_the_written_file_gives_the_same_model(text: str, write: Callable[[str], Path]) -> None:
    folder = write(text)
    before = model(load_site(Path()))
    code, out, err = spdcheck("init", "--force")
    assert (code, out, err) == (status.CLEAN, "", "wrote spdcheck.toml\n")
    assert model(load_site(Path())) == before
    written = (folder / "spdcheck.toml").read_text()
    assert spdcheck("init", "--stdout").out.replace(" ", "").startswith("#Writtenbyspdcheckinit")
    assert spdcheck("init", folder, "--force").code == status.CLEAN
    assert model(load_site(Path())) == before
    assert tomllib.loads((folder / "spdcheck.toml").read_text()) == tomllib.loads(written)


def test_inferences_are_marked(write: Callable[[str], Path]) -> None:
    write(TUNNELS)
    text = spdcheck("init", "--stdout").out
    assert '[host.gw]\nplatform = "freebsd"   # inferred: ' in text
    assert '[host.gw.interface."(outside)"]   # inferred: ' in text
    assert 'addresses = ["203.0.113.7"]' in text
    assert "# platform = " in text


def test_files_in_the_folder_itself_are_a_host(write: Callable[[str], Path]) -> None:
    folder = write("=== racoon.conf\nremote anonymous { exchange_mode main; }\n")
    before = model(load_site(Path()))
    assert spdcheck("init").code == status.CLEAN
    assert tomllib.loads((folder / "spdcheck.toml").read_text())["host"][folder.name]["path"] == "."
    assert model(load_site(Path())) == before


def test_nothing_is_overwritten(write: Callable[[str], Path]) -> None:
    folder = write(SITE)
    assert spdcheck("init").code == status.CLEAN
    (folder / "spdcheck.toml").write_text("# mine\n")
    code, _, err = spdcheck("init")
    assert code == status.USAGE
    assert "--force" in err
    assert (folder / "spdcheck.toml").read_text() == "# mine\n"


def test_a_folder_inside_a_site_or_around_sites(write: Callable[[str], Path]) -> None:
    write(SITE + '=== spdcheck.toml\n[site]\nname = "outer"\n')
    code, _, err = spdcheck("init", "gw")
    assert code == status.USAGE
    assert "lies in the site" in err
    write("=== around/inner/spdcheck.toml\n[site]\n=== around/inner/gw/racoon.conf\n")
    code, _, err = spdcheck("init", "around", "--force")
    assert code == status.USAGE
    assert "run spdcheck init for each site" in err


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_strings_survive(text: str) -> None:
    assert tomllib.loads(f"key = {quote(text)}") == {"key": text}


@pytest.mark.parametrize("story", sorted((CORPUS / "sites").iterdir()), ids=lambda path: path.name)
def test_the_sites_of_the_corpus(story: Path, tmp_path: Path) -> None:
    shutil.copytree(story, tmp_path / "site")
    for keep in (True, False):
        if not keep:
            (tmp_path / "site" / "spdcheck.toml").unlink()
        before = model(load_site(Path("site")))
        assert spdcheck("init", "site", "--force").code == status.CLEAN
        assert model(load_site(Path("site"))) == before
        assert spdcheck("show", "site").code == spdcheck("show", "site", "--format", "json").code == status.CLEAN
