"""A Shorewall directory in a site: one unit, recognised by its folder or by what lies in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from spdcheck.model.host import Platform
from spdcheck.model.shorewall import Shorewall
from spdcheck.output import show_json, show_text
from spdcheck.output.terminal import Look
from spdcheck.site.load import load_site, single_file, sites
from tests.golden import CORPUS, unpack

if TYPE_CHECKING:
    from pathlib import Path

    from spdcheck.model.host import Host

GATEWAY = (CORPUS / "shorewall" / "ok" / "gateway.dir").read_text(encoding="utf-8")


def put(folder: Path, text: str = GATEWAY) -> None:
    folder.mkdir(parents=True)
    unpack(text, folder)


def rulesets(host: Host) -> list[Shorewall]:
    return [found for found in host.packet_filters if isinstance(found, Shorewall)]


def test_a_directory_is_one_rule_set(tmp_path: Path) -> None:
    put(tmp_path / "gw" / "etc" / "shorewall")
    (host,) = load_site(tmp_path).hosts
    (found,) = rulesets(host)
    assert host.name == "gw"
    assert host.platform is Platform.LINUX
    assert [zone.name for zone in found.zones] == ["fw", "vpn", "net", "lan", "adm"]
    assert {report.file.path.rpartition("/")[2]: report.statements for report in host.files}["rules"] == 17
    assert len(host.files) == 9
    assert [interface.name for interface in host.interfaces] == ["ens3", "ens4"]
    assert host.forwarding[4].value


def test_any_folder_with_the_three_files_is_one(tmp_path: Path) -> None:
    put(tmp_path / "gw")
    (tmp_path / "gw" / "rules.old").write_text("ACCEPT net\n")
    (host,) = load_site(tmp_path).hosts
    assert len(rulesets(host)) == 1
    assert len(host.files) == 9


def test_names_alone_mean_nothing(tmp_path: Path) -> None:
    put(tmp_path / "gw", "=== rules\nACCEPT net loc\n=== policy\nall all DROP\n=== params\nA=b\n")
    assert load_site(tmp_path).hosts == ()


def test_a_missing_file_is_told_once(tmp_path: Path) -> None:
    put(tmp_path / "gw" / "etc" / "shorewall")
    (tmp_path / "gw" / "etc" / "shorewall" / "policy").unlink()
    (host,) = load_site(tmp_path).hosts
    assert [item.message.partition(" beside")[0] for item in host.diagnostics] == ["the file policy is missing"]


def test_both_families_of_one_host(tmp_path: Path) -> None:
    put(tmp_path / "gw" / "etc" / "shorewall")
    put(tmp_path / "gw" / "etc" / "shorewall6", (CORPUS / "shorewall" / "ok" / "six.dir").read_text(encoding="utf-8"))
    (host,) = load_site(tmp_path).hosts
    assert sorted(found.family for found in rulesets(host)) == [4, 6]


@pytest.mark.parametrize("name", ["rules", "zones", "snat", "params"])
def test_one_file_is_read_with_those_beside_it(tmp_path: Path, name: str) -> None:
    put(tmp_path / "shorewall")
    (host,) = single_file(tmp_path / "shorewall" / name).hosts
    (found,) = rulesets(host)
    assert host.files[0].file.path.endswith(name)
    assert len(found.rules) == 13
    assert host.diagnostics == ()


def test_the_release_of_the_site_file_decides(tmp_path: Path) -> None:
    old = GATEWAY.replace("?SECTION", "SECTION").replace("?COMMENT", "COMMENT")
    put(tmp_path / "gw" / "etc" / "shorewall", old)
    told = tmp_path / "spdcheck.toml"
    for release, severities in (("4.4.27", set()), ("5.2.8", {False})):
        told.write_text(f'[host.gw]\npath = "gw"\ntools = {{ shorewall = "{release}" }}\n')
        (host,) = load_site(tmp_path).hosts
        assert {item.warning for item in host.diagnostics} == severities


def test_an_edit_of_any_file_counts(tmp_path: Path) -> None:
    put(tmp_path / "gw" / "etc" / "shorewall")
    policy = (tmp_path / "gw" / "etc" / "shorewall" / "policy").resolve()
    edited = load_site(tmp_path, edit={policy: "all all DROP\n"})
    (found,) = rulesets(edited.hosts[0])
    assert [entry.policy for entry in found.policies] == ["DROP"]


def test_show(tmp_path: Path) -> None:
    put(tmp_path / "gw" / "etc" / "shorewall")
    text = "".join(show_text.render(list(sites([tmp_path])), Look()))
    for line in ("vpn  ipsec mode=tunnel in: mss=1380  WAN:10.20.0.0/16", "ipsecnat  net:0.0.0.0/0", "lan → net", "13"):
        assert line in text
    assert '"kind": "shorewall"' in show_json.render(sites([tmp_path]))
