"""Writes share/: completions for shells and the manual page, made from the command line itself (make share)."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from spdcheck import __version__
from spdcheck.cli import status
from spdcheck.cli.parsers import whole
from tests.golden import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SHARE = ROOT / "share"
_STATUS = {
    status.CLEAN: "clean: no finding counts and no question is open",
    status.FINDINGS: "findings at or above --fail-on",
    status.USAGE: "the command line, a path or a spdcheck.toml can't be used",
    status.NO_VERDICT: "no verdict: something could not be understood or decided",
    status.INTERNAL: "internal error",
}


def completions(shell: str) -> str:
    """The completion script of a shell."""
    import shtab

    text: str = shtab.complete(whole(), shell=shell)
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


def manual() -> str:
    """The manual page in roff."""
    from argparse_manpage.manpage import Manpage

    os.environ.setdefault("COLUMNS", "80")
    parser = whole()
    data: dict[str, Any] = {
        "prog": "spdcheck",
        "project_name": "spdcheck",
        "version": __version__,
        "description": "verifier and packet simulator for IPsec policies and firewalls",
        "manual_title": "spdcheck",
        "format": "pretty",
        "long_description": None,
        "date": "",
        "authors": [],
        "url": None,
        "manual_section": 1,
    }
    text = str(Manpage(parser, _data=data, format="pretty"))
    text = re.sub(r"^\.TH .*$", f'.TH SPDCHECK 1 "" "spdcheck {__version__}" "User commands"', text, flags=re.MULTILINE)
    rows = "".join(f".TP\n.B {code}\n{meaning}\n" for code, meaning in _STATUS.items())
    return f"{text.rstrip()}\n.SH EXIT STATUS\n{rows}"


FILES: dict[Path, Callable[[], str]] = {
    SHARE / "bash-completion/completions/spdcheck": lambda: completions("bash"),
    SHARE / "zsh/site-functions/_spdcheck": lambda: completions("zsh"),
    SHARE / "man/man1/spdcheck.1": manual,
}
"""Every file below share/, and what makes its text."""


def main() -> None:
    for path, text in FILES.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text(), encoding="utf-8")
        print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
