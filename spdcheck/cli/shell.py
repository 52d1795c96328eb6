"""Traces one packet after another, and asks why and what if: an interactive prompt on one site.

Type a flow, such as tcp 10.1.0.7 10.2.0.9:443, or help. Nothing is written but by save and svg. Commands may also come
from a pipe.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from spdcheck.cli import status
from spdcheck.cli.arguments import add_look, chosen_look
from spdcheck.output.terminal import is_terminal, write

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator

    from spdcheck.cli.dispatch import Streams
    from spdcheck.cli.session import Session

PROMPT = "spdcheck> "
CHANGED_PROMPT = "spdcheck (changed)> "


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("--site", metavar="DIR", help="the site (default: the nearest spdcheck.toml upwards, else .)")
    parser.add_argument("--plain", action="store_true", help="no completion and no history")
    add_look(parser)


def run(options: argparse.Namespace, streams: Streams) -> int:
    """Reads and carries out lines until there are no more."""
    from spdcheck.cli.session import Done, Session

    session = Session(options.site, streams, chosen_look(options, streams.stdout))
    interactive = is_terminal(streams.stdin) and is_terminal(streams.stdout)
    if interactive:
        hosts = ", ".join(host.name for host in session.simulator.site.hosts)
        session.say(f"site {session.simulator.site.name}: {hosts}. Type a flow, help, or quit.\n")
    lines = _asked(session, plain=options.plain) if interactive else _piped(session)
    try:
        for line in lines:
            carry_out(session, line, debug=options.debug)
    except Done:
        pass
    return status.CLEAN


def carry_out(session: Session, line: str, *, debug: bool = False) -> None:
    """One line; an error is told, and the shell goes on. Raises Done where it is to end."""
    from spdcheck.cli.failure import tell
    from spdcheck.cli.session import Done

    try:
        session.run(line.strip())
    except Done:
        raise
    except KeyboardInterrupt:
        session.say("\n")
    except BrokenPipeError:
        raise
    except Exception as error:  # a shell that ends over an error would take the session's changes with it
        session.streams.stdout.flush()
        tell(error, session.streams.stderr, debug=debug)


def _piped(session: Session) -> Iterator[str]:
    """Lines of a pipe, each shown before its answer, so that the output reads as a session does."""
    for line in session.streams.stdin:
        text = line.strip()
        if text and not text.startswith("#"):
            session.say(f"{_prompt(session)}{session.look.text(text)}\n")
            yield text


def _prompt(session: Session) -> str:
    return CHANGED_PROMPT if session.changes else PROMPT


def _asked(session: Session, *, plain: bool) -> Iterator[str]:
    """Lines that somebody types."""
    ask = _plain_prompt(session) if plain else (_toolkit_prompt(session) or _readline_prompt(session))
    while True:
        try:
            yield ask(_prompt(session))
        except KeyboardInterrupt:
            write(session.streams.stdout, "\n")
        except EOFError:
            write(session.streams.stdout, "\n")
            return


def _plain_prompt(session: Session) -> Callable[[str], str]:
    del session
    return input


def history_file(name: str = "history") -> Path | None:
    """Where the lines of earlier sessions are kept: the user's data folder; None where it can't be made."""
    base = os.environ.get("XDG_DATA_HOME") or os.environ.get("LOCALAPPDATA")
    try:
        folder = (Path(base) if base else Path.home() / ".local" / "share") / "spdcheck"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / name
        path.touch(mode=0o600)
    except (OSError, RuntimeError):
        return None
    return path


def candidates(session: Session, before: str) -> list[str]:
    """What may follow the text before the cursor: whole words that begin with its last one.

    Behind the colon of an address a port is completed, at the beginning of a line a command or protocol.
    """
    from spdcheck.cli.session import COMMANDS, SERVICES
    from spdcheck.semantics.flow import KNOWN_PROTOCOLS

    word = before.rpartition(" ")[2]
    head, colon, tail = word.rpartition(":")
    if colon and head and not tail.isdigit():
        return [f"{head}:{service}" for service in SERVICES if service.startswith(tail)]
    words = (*COMMANDS, *KNOWN_PROTOCOLS) if " " not in before.lstrip() else tuple(session.words())
    return sorted({known for known in words if known.startswith(word) and known != word})


def _readline_prompt(session: Session) -> Callable[[str], str]:
    """input() with readline's completion and history, where Python has it."""
    try:
        import readline
    except ImportError:
        return input
    readline.set_completer_delims(" ")
    readline.parse_and_bind("tab: complete")

    def complete(_: str, number: int) -> str | None:
        found = candidates(session, readline.get_line_buffer()[: readline.get_endidx()])
        return found[number] if number < len(found) else None

    readline.set_completer(complete)
    path = history_file("readline-history")
    if path is not None:
        import atexit

        try:
            readline.read_history_file(path)
        except OSError:
            pass
        else:
            atexit.register(_keep_history, path)
    return input


def _keep_history(path: Path) -> None:
    import readline

    try:
        readline.write_history_file(path)
    except OSError:
        return


def _toolkit_prompt(session: Session) -> Callable[[str], str] | None:
    """prompt_toolkit's prompt, with a menu of completions; None where it is not installed."""
    try:
        from prompt_toolkit import PromptSession
        from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
        from prompt_toolkit.completion import Completer, Completion
        from prompt_toolkit.history import FileHistory, InMemoryHistory
    except ImportError:
        return None

    class OfSite(Completer):  # type: ignore[misc]
        """Completes words of the site."""

        def get_completions(self, document: object, event: object) -> Iterator[object]:
            del event
            before: str = getattr(document, "text_before_cursor", "")
            word = before.rpartition(" ")[2]
            for text in candidates(session, before):
                yield Completion(text, start_position=-len(word))

    path = history_file()
    history = InMemoryHistory() if path is None else FileHistory(str(path))
    toolkit = PromptSession(history=history, completer=OfSite(), auto_suggest=AutoSuggestFromHistory())
    ask: Callable[[str], str] = toolkit.prompt
    return ask
