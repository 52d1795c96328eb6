"""Which services a boot configuration starts, on each of the three systems, and how includes take part."""

from __future__ import annotations

import pytest

from spdcheck.formats.base import Context, Reading
from spdcheck.formats.rcconf import read
from spdcheck.formats.rcconf.flavour import flavour
from spdcheck.model.host import Platform, Service
from spdcheck.source import SourceFile


def reading(text: str, platform: Platform | None = Platform.FREEBSD, *release: int, path: str = "rc.conf") -> Reading:
    return read(SourceFile(path, text), Context(platform=platform, release=release))


def service(text: str, name: str = "ipsec", platform: Platform | None = Platform.FREEBSD) -> Service:
    (found,) = (item for item in reading(text, platform).facts.services if item.name == name)
    return found


@pytest.mark.parametrize(
    ("value", "enabled"),
    [
        ("YES", True),
        ("yes", True),
        ("True", True),
        ("on", True),
        ("1", True),
        ("NO", False),
        ("off", False),
        ("0", False),
    ],
)
def test_checkyesno(value: str, enabled: bool) -> None:
    assert service(f"ipsec_enable={value}").enabled is enabled
    assert reading(f"ipsec_enable={value}").facts.diagnostics == []


@pytest.mark.parametrize("value", ["", "ja", "YES ", "2"])
def test_anything_else_counts_as_no(value: str) -> None:
    assert service(f'ipsec_enable="{value}"').enabled is False
    assert [item.code for item in reading(f'ipsec_enable="{value}"').facts.diagnostics] == ["CFG010"]


def test_what_nobody_mentions_is_not_there() -> None:
    found = reading('sshd_enable="YES"')
    assert found.facts.services == []
    assert found.facts.settings["rc.conf"][0] == "freebsd"
    assert (found.statements, found.inert) == (1, 1)


def test_a_file_without_a_switch() -> None:
    found = service("ipsec_file=/etc/spd.conf")
    assert (found.enabled, found.file) == (None, "/etc/spd.conf")


def test_a_commented_switch() -> None:
    found = service('# ipsec_enable="YES"   # when it works')
    assert (found.enabled, found.commented_out is not None) == (False, True)
    assert reading('# ipsec_enable="YES" starts it').facts.services == []
    assert reading('sshd_enable=NO # ipsec_enable="YES"').facts.services == []
    assert service('ipsec_enable=YES\n#ipsec_enable="YES"').commented_out is None


def test_the_last_one_wins() -> None:
    found = reading("ipsec_enable=NO\nipsec_enable=YES")
    assert found.facts.services[0].enabled is True
    (told,) = found.facts.diagnostics
    assert (told.code, told.span.begin.line, [note.span.begin.line for note in told.notes]) == ("CFG004", 2, [1])


def test_an_unknown_switch_is_unknown() -> None:
    found = reading("ipsec_enable=YES\nif [ -f /x ]; then ipsec_enable=NO; fi")
    assert found.facts.services[0].enabled is None
    assert [gap.part.name for gap in found.facts.gaps] == ["SERVICES"]


@pytest.mark.parametrize(
    ("flags", "file"),
    [
        ("", "/usr/local/etc/racoon/racoon.conf"),
        ("-F -f /r.conf", "/r.conf"),
        ("-f/r.conf", "/r.conf"),
        ("-f", "/usr/local/etc/racoon/racoon.conf"),
    ],
)
def test_racoon_reads_what_its_flags_say(flags: str, file: str) -> None:
    assert service(f'racoon_enable=YES\nracoon_flags="{flags}"', "racoon").file == file


def test_the_older_name_of_the_key_daemon() -> None:
    assert service("ike_enable=YES", "isakmpd").enabled is True
    assert service("ike_enable=YES\nike_program=/usr/local/sbin/racoon", "racoon").enabled is True


def test_a_firewall_of_ones_own() -> None:
    found = service('firewall_enable=YES\nfirewall_type="/etc/ipfw.rules"\nfirewall_nat_enable=NO', "ipfw")
    assert (found.file, found.options) == ("/etc/ipfw.rules", (("type", "/etc/ipfw.rules"),))


@pytest.mark.parametrize(
    ("platform", "text", "name", "enabled"),
    [
        (Platform.NETBSD, "ipsec=YES", "ipsec", True),
        (Platform.NETBSD, "racoon=no", "racoon", False),
        (Platform.NETBSD, "npf=YES", "npf", True),
        (Platform.OPENBSD, "pf=NO", "pf", False),
        (Platform.OPENBSD, "pf=YES", "pf", True),
        (Platform.OPENBSD, "isakmpd_flags=", "isakmpd", True),
        (Platform.OPENBSD, 'isakmpd_flags="-K"', "isakmpd", True),
        (Platform.OPENBSD, "isakmpd_flags=NO", "isakmpd", False),
        (Platform.OPENBSD, "ipsec=YES", "ipsec", True),
    ],
)
def test_other_systems(platform: Platform, text: str, name: str, enabled: bool) -> None:
    assert service(text, name, platform).enabled is enabled


@pytest.mark.parametrize(
    ("platform", "text"),
    [(Platform.FREEBSD, "ipsec=YES"), (Platform.NETBSD, "ipsec_enable=YES"), (Platform.OPENBSD, "racoon_enable=YES")],
)
def test_the_variable_of_another_system(platform: Platform, text: str) -> None:
    assert [item.code for item in reading(text, platform).facts.diagnostics] == ["CFG010"]


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("rc.conf", "gateway_enable=YES", "freebsd"),
        ("rc.conf.local", "pf=NO", "openbsd"),
        ("rc.conf.local", 'ipsec_enable="YES"', "freebsd"),
        ("rc.conf", "rc_configured=YES\nsshd=YES", "netbsd"),
        ("rc.conf", "isakmpd_flags=NO", "openbsd"),
        ("rc.conf", "", "freebsd"),
    ],
)
def test_whose_file_it_is(path: str, text: str, expected: str) -> None:
    assert flavour(SourceFile(path, text), Context()) == expected


def test_openbsd_was_a_script_once() -> None:
    text = "isakmpd_flags=-K -4"
    assert service(text, "isakmpd", Platform.OPENBSD).options == (("flags", "-K -4"),)
    assert reading(text, Platform.OPENBSD, 3, 9).unparsed == 1


class Folder:
    """Includes from a dictionary."""

    def __init__(self, files: dict[str, str]) -> None:
        self.files = files

    def find(self, pattern: str, beside: SourceFile) -> tuple[tuple[SourceFile, ...], str]:
        text = self.files.get(pattern)
        return ((), f"{pattern} is not there") if text is None else ((SourceFile(pattern, text),), "")


def including(text: str, **files: str) -> Reading:
    folder = Folder({f"/etc/{name}": content for name, content in files.items()})
    return read(SourceFile("rc.conf", text), Context(platform=Platform.FREEBSD, includes=folder))


def test_included_files_take_part() -> None:
    found = including(
        'ipsec_enable=NO\n. /etc/more\nhostname="${name}.org"', more='ipsec_enable=YES; name=gw\nwpa_psk="geheim"'
    )
    assert found.facts.services[0].enabled is True
    assert found.facts.hostname == "gw.org"
    assert [file.path for file in found.included] == ["/etc/more"]
    assert "geheim" not in found.included[0].text
    assert (found.statements, found.facts.diagnostics) == (6, [])


def test_a_missing_include_leaves_a_gap() -> None:
    assert [item.code for item in including(". /etc/more").facts.diagnostics] == ["CFG002"]
    assert including("[ -f /etc/more ] && . /etc/more").facts.diagnostics == []
    assert including(". /etc/defaults/rc.conf").facts.diagnostics == []


def test_a_file_that_includes_itself() -> None:
    found = including(". /etc/more", more=". /etc/more")
    assert [item.code for item in found.facts.diagnostics] == ["CFG001"]
