"""The command line as a whole: statuses, help, typos, failures."""

from __future__ import annotations

import io
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

import spdcheck as api
from spdcheck.cli import main, status
from spdcheck.cli.dispatch import COMMANDS
from spdcheck.errors import UsageError
from tests.cli.conftest import BROKEN, SITE
from tests.cli.run import spdcheck
from tests.golden import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_version() -> None:
    assert spdcheck("--version") == (status.CLEAN, f"spdcheck {api.__version__}\n", "")
    assert spdcheck("--debug", "-V").out == f"spdcheck {api.__version__}\n"


def test_without_a_command_there_is_help_and_no_ok() -> None:
    result = spdcheck()
    assert result.code == status.USAGE
    assert all(name in result.err for name in COMMANDS)
    assert spdcheck("--help").code == status.CLEAN
    assert spdcheck("--help").out == result.err


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_help_page(name: str) -> None:
    result = spdcheck(name, "--help")
    assert result.code == status.CLEAN
    assert result.out.startswith(f"usage: spdcheck {name}")
    assert result.err == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["chekc"], "did you mean 'check'?"),
        (["frobnicate"], "the commands are check, "),
        (["here"], "did you mean: spdcheck check here"),
        (["--format", "json"], "no option --format before the command"),
        (["check", "--selct", "SPD"], "no option --selct; did you mean --select?"),
        (["check", "--format", "xml"], "invalid choice"),
        (["check", "--select", "SPD999"], "no check is called 'SPD999'"),
        (["check", "heer"], "heer: no such file or folder; did you mean here?"),
        (["check", "here"], "no configuration file was recognised"),
        (["check", "--fail-on", "bad"], "invalid choice"),
        (["explain", "CFG0001"], "did you mean CFG001?"),
        (["explain", "unparsed-statment"], "did you mean unparsed-statement?"),
        (["explain"], "the following arguments are required"),
        (["rules", "more"], "one argument too many: more"),
        (["show", "--site", "here", "here"], "either --site DIR or PATH"),
        (["show", "nowhere"], "no such file or folder"),
        (["syntax", "here"], "is no file"),
        (["syntax", "notes.txt"], "its name and content are those of no format"),
        (["init", "notes.txt"], "is no folder"),
        (["init", "here"], "no configuration file was recognised"),
    ],
)
def test_what_can_not_be_done_is_said(arguments: list[str], message: str, tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "notes.txt").write_text("nothing of ours\n")
    code, out, err = spdcheck(*arguments)
    assert code == status.USAGE
    assert out == ""
    assert message in err
    assert err.startswith("spdcheck: ")


def test_a_site_file_that_can_not_be_used_has_its_place(write: Callable[[str], Path]) -> None:
    write(SITE + '=== spdcheck.toml\n[site]\nnmae = "x"\n')
    code, out, err = spdcheck("check")
    assert (code, out) == (status.USAGE, "")
    assert err.startswith("spdcheck: spdcheck.toml:2:1: unknown key 'nmae'")


def fail(*_: object) -> Any:
    message = "key 0123456789 at fault"
    raise KeyError(message)


@pytest.mark.parametrize("debug", [[], ["--debug"]])
def test_an_internal_error_quotes_nothing(
    debug: list[str], write: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(SITE)
    monkeypatch.setattr("spdcheck.output.full.render", fail)
    code, out, err = spdcheck("check", *debug)
    assert (code, out) == (status.INTERNAL, "")
    assert "sorry, this is a bug in spdcheck" in err
    assert "KeyError at spdcheck/" in err
    assert "0123456789" not in err
    assert ("in report" in err.partition("\n  No verdict")[2]) is bool(debug)


def test_a_problem_of_the_system_is_no_bug(write: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> Any:
        raise OSError(28, "No space left on device", "spdcheck.toml")

    write(SITE)
    monkeypatch.setattr("pathlib.Path.write_text", refuse)
    assert spdcheck("init") == (status.USAGE, "", "spdcheck: spdcheck.toml: No space left on device\n")


def test_a_folder_without_permission(write: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> Any:
        raise PermissionError(13, "Permission denied", "gw/etc")

    write(SITE)
    monkeypatch.setattr("os.scandir", refuse)
    assert spdcheck("check") == (status.USAGE, "", "spdcheck: gw/etc: can't be opened: Permission denied\n")


def test_control_c(write: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> Any:
        raise KeyboardInterrupt

    write(SITE)
    monkeypatch.setattr("spdcheck.output.full.render", interrupt)
    assert spdcheck("check") == (status.INTERRUPTED, "", "\n")


class Closed(io.StringIO):
    def write(self, _: str, /) -> int:
        raise BrokenPipeError


def test_a_reader_that_went_away() -> None:
    err = io.StringIO()
    assert main(["rules"], io.StringIO(), Closed(), err) == status.BROKEN_PIPE
    assert err.getvalue() == ""


def test_a_closed_pipe_is_quiet_to_the_end() -> None:
    command = f"{sys.executable} -m spdcheck rules --format json | head -c 1"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("{", "")


def test_a_terminal_that_knows_ascii_only() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "spdcheck", "explain", "CFG001"],
        capture_output=True,
        env={"PYTHONIOENCODING": "ascii", "PYTHONPATH": ":".join(sys.path)},
        check=True,
    )
    assert done.stdout.isascii()


@pytest.mark.parametrize(
    "arguments", [["--version"], ["--help"], ["rules"], ["explain", "CFG001"], ["check", "--help"], ["chekc"]]
)
def test_light_commands_import_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import sys, io\n"
        "from spdcheck.cli import main\n"
        f"main({arguments!r}, io.StringIO(), io.StringIO(), io.StringIO())\n"
        "print(sorted({m.split('.')[0] for m in sys.modules} & {'z3', 'lark', 'netaddr', 'numpy'}))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_version_costs_next_to_nothing() -> None:
    code = (
        "import sys\n"
        "before = set(sys.modules)\n"
        "from spdcheck.__main__ import main\n"
        "main(['--version'], sys.stdin, sys.stdout, sys.stderr)\n"
        "built_in = {'__future__', *sys.builtin_module_names}\n"
        "print(sorted(set(sys.modules) - before - built_in))\n"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": str(ROOT)}
    )
    assert done.stdout.splitlines()[1] == "['spdcheck', 'spdcheck.__main__', 'spdcheck.cli', 'spdcheck.cli.status']"


def test_the_public_api(write: Callable[[str], Path]) -> None:
    folder = write(BROKEN)
    site = api.load_site(folder)
    assert [host.name for host in site.hosts] == ["gw"]
    assert [finding.code for finding in api.check(site, select=["CFG001"]).findings] == ["CFG001"]
    assert api.check(site, ignore=["CFG001"], select=["CFG001"]).findings == ()
    (folder / "empty").mkdir()
    with pytest.raises(UsageError, match="no such file"):
        api.load_site(folder / "nowhere")
    with pytest.raises(UsageError, match="no configuration file"):
        api.load_site(folder / "empty")
