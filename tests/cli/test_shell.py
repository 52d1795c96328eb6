"""The shell, its lines coming from a pipe."""

from __future__ import annotations

import io
import shutil
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spdcheck.cli import main
from spdcheck.cli.dispatch import Streams
from spdcheck.cli.session import COMMANDS, HELP, Done, Session
from spdcheck.cli.shell import candidates, carry_out, history_file
from spdcheck.output.terminal import Look
from tests.golden import CORPUS

if TYPE_CHECKING:
    from pathlib import Path

PING = "icmp 10.4.12.10 192.168.1.10"
LOST = "without fedorov/ipsec.conf:5"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site of our own, so that ``save`` may write."""
    target = tmp_path / "sensor"
    shutil.copytree(CORPUS / "sites" / "sensor-mended", target, ignore=shutil.ignore_patterns("traces"))
    return target


def shell(site: Path, *lines: str) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    code = main(["shell", "--site", str(site)], io.StringIO("\n".join(lines) + "\n"), out, err)
    assert code == 0
    return out.getvalue(), err.getvalue()


def test_a_flow_and_its_reply(site: Path) -> None:
    out, err = shell(site, PING, "reply", "brief", "again")
    assert not err
    assert out.count("✓ DELIVERED  to 192.168.1.10 on em1 of forsberg, protected on the way") == 2
    assert "\nspdcheck> reply\n✓ DELIVERED  to fedorov itself, protected on the way\n" in out
    assert "\nspdcheck> brief\nforsberg: ROUTE✓" in out


def test_why_shows_the_rules_that_were_tried(site: Path) -> None:
    out, err = shell(site, "icmp 10.4.12.10 192.168.2.10", "why 2", "why 99", "why")
    assert "no line of a file decides here" in out
    assert "ipsec.conf:4 (nearest miss): destination is 192.168.2.10, not 192.168.1.0/24" in out
    assert err.count("why takes the number of a step, 1 to 4") == 2


def test_without_a_line_the_whole_statement_goes(site: Path) -> None:
    before = (site / "fedorov" / "etc" / "ipsec.conf").read_text()
    out, err = shell(site, PING, LOST, "undo", "undo")
    assert "without sensor/fedorov/etc/ipsec.conf:4-5; undo takes it back" in out
    assert "before: ✓ DELIVERED" in out
    assert "now:    ✗" in out
    assert "mend:   give fedorov an out policy" in out
    assert "undone: without" in out
    assert "nothing was changed" in err
    assert (site / "fedorov" / "etc" / "ipsec.conf").read_text() == before, "files are never changed"


def test_with_a_line_more(site: Path) -> None:
    line = "spdadd 10.4.12.10/32 192.168.2.0/24 any -P out discard;"
    out, err = shell(site, "icmp 10.4.12.10 192.168.2.9", f'with fedorov/ipsec.conf "{line}"', 'with x "y', "with x")
    assert "now:    ✗ DISCARDED_BY_SPD" in out
    assert "the quotes do not close" in err
    assert 'write: with FILE "LINE"' in err


def test_a_line_that_changes_nothing(site: Path) -> None:
    out, _ = shell(site, "# nothing", PING, 'with fedorov/ipsec.conf "# a comment"')
    assert "nothing changes for the last flow: ✓ DELIVERED" in out


def test_a_broken_line_is_told(site: Path) -> None:
    out, _ = shell(site, PING, 'with fedorov/ipsec.conf "spdadd nonsense;"')
    assert "CFG001" in out
    assert "now:    ? UNKNOWN" in out


def test_files_by_parts_of_their_path(site: Path) -> None:
    _, err = shell(site, "without ipsec.conf:4", "without ipsec.con:4", "without rc.conf", "without fedorov/rc.conf:99")
    assert "may be sensor/fedorov/etc/ipsec.conf or sensor/forsberg/etc/ipsec.conf" in err
    assert "did you mean ipsec.conf?" in err
    assert "write FILE:LINE" in err
    assert "has nothing in line 99" in err


def test_find_gives_a_witness_that_is_replayed(site: Path) -> None:
    out, err = shell(
        site, "find clear any 10.4.12.10 192.168.0.0/16", "again", "find leaked tcp 10.4.12.10 192.168.1.0/24",
        "find laeked tcp 10.4.12.10 192.168.1.0/24", "find denied",
    )  # fmt: skip
    assert "witness: tcp 10.4.12.10:" in out
    assert out.count("in clear on the way") == 2
    assert "no packet of tcp 10.4.12.10 → 192.168.1.0/24 is leaked" in out
    assert "did you mean leaked?" in err
    assert "is no flow" in err


def test_save_writes_an_intent_that_check_reads(site: Path) -> None:
    out, err = shell(site, "save it", PING, "save the backend sees the sensor")
    assert "trace a flow first" in err
    assert "written to" in out
    text = (site / "spdcheck.toml").read_text()
    assert text.endswith(
        '\n# the backend sees the sensor\n[[intent]]\nflow = "icmp 10.4.12.10 192.168.1.10"\n'
        'expect = ["delivered", "protected", "replied"]\n'
    )
    assert main(["check", str(site)], io.StringIO(), io.StringIO(), io.StringIO()) in (0, 1, 3)


def test_svg(site: Path, tmp_path: Path) -> None:
    _, err = shell(site, PING, "svg x.svg", "svg", "svg no/such/folder/x.svg")
    assert ElementTree.parse(tmp_path / "x.svg").getroot().tag.endswith("svg")
    assert "svg takes the name of a file" in err
    assert "No such file" in err


def test_errors_never_end_the_shell_and_suggest_what_was_meant(site: Path) -> None:
    out, err = shell(site, "replay", "tpc a b", "reply", "why", "from fedorov", "help", "quit", "brief")
    assert "did you mean reply?" in err
    assert "did you mean tcp?" in err
    assert "trace a flow first" in err
    assert HELP in out
    assert "spdcheck> brief" not in out, "quit ends it"


def test_a_bug_is_told_and_the_shell_goes_on(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(session: Session, rest: str) -> None:
        raise RuntimeError("a secret")

    monkeypatch.setitem(COMMANDS, "brief", broken)
    out, err = shell(site, PING, "brief", "help")
    assert "this is a bug in spdcheck" in err
    assert "a secret" not in err
    assert HELP in out


def test_size_df_and_from_behind_a_flow(site: Path) -> None:
    out, err = shell(site, f"{PING} size 600 df", f"{PING} size many", f"{PING} from nobody", f"{PING} from fedorov")
    assert "echo-request DF  600 B" in out
    assert "size many" in err
    assert "no such host" in err
    assert out.count("protected on the way") == 2


def test_help_names_every_command() -> None:
    assert all(name in HELP for name in COMMANDS if name not in ("?", "exit"))


@pytest.fixture
def session(site: Path) -> Session:
    return Session(str(site), Streams(io.StringIO(), io.StringIO(), io.StringIO()), Look())


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("rep", ["reply"]),
        ("tc", ["tcp"]),
        ("tcp fed", ["fedorov"]),
        ("tcp fedorov 192.168.1.1", ["192.168.1.1"]),
        ("tcp fedorov 192.168.1.1:htt", ["192.168.1.1:http", "192.168.1.1:https"]),
        ("without ipsec.c", ["ipsec.conf"]),
        ("find lea", ["leaked"]),
        ("nothing begins so", []),
    ],
)
def test_completion(session: Session, before: str, expected: list[str]) -> None:
    found = candidates(session, before)
    assert set(expected) <= set(found) | {before.rpartition(" ")[2]}
    assert all(word.startswith(before.rpartition(" ")[2]) for word in found)


def test_history_lies_in_the_users_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert history_file() == tmp_path / "data" / "spdcheck" / "history"
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "file"))
    assert history_file() is None


words = st.sampled_from([*COMMANDS, "tcp", "icmp", "fedorov", "10.4.12.10", "192.168.1.0/24", "ipsec.conf:4", "leaked"])
typed = st.lists(st.one_of(words, st.text(max_size=8)), max_size=5).map(" ".join)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=30)
@given(st.lists(typed.filter(lambda line: not line.startswith(("svg", "save"))), max_size=3))
def test_whatever_is_typed_is_answered(session: Session, lines: list[str]) -> None:
    for line in lines:
        try:
            carry_out(session, line)
        except Done:
            continue
    assert "bug in spdcheck" not in session.streams.stderr.getvalue()  # type: ignore[attr-defined]
