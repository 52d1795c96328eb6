"""``include``: in place, never in circles, never without a word."""

from __future__ import annotations

from spdcheck.model.ike import ExchangeMode
from tests.formats.test_racoon import ALGORITHMS, PROPOSAL, check_reading, codes, daemon, read_text


def test_included_files_are_read_in_place() -> None:
    files = {
        "/etc/racoon/a.conf": "remote 192.0.2.1 { exchange_mode main; " + PROPOSAL + " }",
        "/etc/racoon/b.conf": "remote 192.0.2.2 inherit 192.0.2.1;",
        "/etc/racoon/psk.txt": "10.0.0.1 secret",
    }
    reading = read_text('include "/etc/racoon/*.conf"; sainfo anonymous { ' + ALGORITHMS + " }", files)
    assert codes(reading) == []
    assert [file.path for file in reading.included] == ["/etc/racoon/a.conf", "/etc/racoon/b.conf"]
    first, second = reading.facts.daemons[0].peers
    assert second.modes == first.modes == (ExchangeMode.MAIN,)
    assert second.heading.file is reading.included[1]
    assert second.proposals[0].origin.file is reading.included[0]
    check_reading(reading)


def test_relative_include_needs_its_path() -> None:
    files = {"/etc/racoon/a.conf": "log debug;"}
    assert codes(read_text('path include "/etc/racoon"; include "a.conf";', files)) == []
    assert daemon('path include "/etc/racoon"; include "a.conf";', files).log_level == "debug"
    beside = read_text('include "racoon/a.conf";', files)
    assert codes(beside) == ["CFG001"]
    assert beside.facts.daemons[0].log_level == "debug"


def test_missing_include_is_refused() -> None:
    reading = read_text('include "/etc/none.conf";')
    assert codes(reading) == ["CFG001"]
    assert "glob found no matches" in reading.facts.diagnostics[0].message


def test_include_never_runs_in_circles() -> None:
    files = {f"/etc/racoon/{name}.conf": 'include "/etc/racoon/*.conf";' for name in "abcdefgh"}
    reading = read_text('include "/etc/racoon/*.conf";', files)
    assert set(codes(reading)) == {"CFG001"}
    assert len(reading.included) < 200
    check_reading(reading)


def test_include_goes_ten_files_deep() -> None:
    files = {f"/etc/{depth}.conf": f'include "/etc/{depth + 1}.conf";' for depth in range(20)}
    reading = read_text('include "/etc/0.conf";', files)
    assert len(reading.included) == 9
    assert "Includes nested too deeply" in reading.facts.diagnostics[0].message


def test_mistakes_of_an_included_file_point_into_it() -> None:
    reading = read_text('include "/etc/a.conf"; log notify;', {"/etc/a.conf": "\n\nlog loud;"})
    (item,) = reading.facts.diagnostics
    assert (item.span.file.path, item.span.begin) == ("/etc/a.conf", (3, 5))
    assert reading.facts.daemons[0].log_level == "notify"


def test_secrets_of_included_files_are_masked() -> None:
    files = {"/etc/a.conf": 'radiuscfg { auth "h" "SECRETQZ"; }'}
    reading = read_text('include "/etc/a.conf";', files)
    assert "SECRETQZ" not in reading.included[0].text
