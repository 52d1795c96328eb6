"""The commands of the shell, on one site that is read once and read again when a line is changed in memory."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from spdcheck.cli import whatif
from spdcheck.cli.dispatch import nearest
from spdcheck.cli.trace import host_named, simulator_of, site_at
from spdcheck.cli.witness import flow_text, wanted
from spdcheck.engine.remedy import remedy
from spdcheck.engine.trace import Step
from spdcheck.errors import UsageError
from spdcheck.output.terminal import write
from spdcheck.output.trace_text import brief, headline, render
from spdcheck.semantics.flow import KNOWN_PROTOCOLS, parse_flow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from spdcheck.cli.dispatch import Streams
    from spdcheck.engine.simulate import Simulator
    from spdcheck.engine.trace import Trace
    from spdcheck.output.terminal import Look

HELP = """\
  tcp A B:443             trace a flow; behind it: size BYTES, df, from HOST
  reply                   the way of the answer alone
  again                   the last flow once more
  brief                   the last way on one line
  why N                   why step N decided so: the rules tried, and the nearest miss
  without FILE:LINE       what if this line were gone (in memory only)
  with FILE "LINE"        what if the file had this line too
  undo                    take the last change back
  find leaked FLOW        a packet of the flow that ends so: leaked, denied, delivered, unknown, no_sa …
  save NAME               write the last flow and its end as an [[intent]] into spdcheck.toml
  svg FILE                the last trace as a picture
  help, quit
"""


class Done(Exception):  # noqa: N818 (it is no error: somebody wants to leave)
    """The shell is to end."""


class Session:
    """One site, the last flow, and the changes made in memory."""

    def __init__(self, folder: str | None, streams: Streams, look: Look) -> None:
        self.folder, self.streams, self.look = folder, streams, look
        self.changes: list[whatif.Change] = []
        self.simulator: Simulator = simulator_of(site_at(folder))
        self.line = ""
        self.last: Trace | None = None

    @property
    def texts(self) -> dict[Path, str]:
        """The changed files."""
        return {change.path: change.text for change in self.changes}

    def run(self, line: str) -> None:
        """Carries out one line. Raises UsageError for what can't be understood, Done where the shell is to end."""
        words = line.split()
        if not words:
            return
        command = COMMANDS.get(words[0].lower())
        if command is not None:
            command(self, line.split(maxsplit=1)[1] if len(words) > 1 else "")
            return
        try:
            trace = self.trace(line)
        except UsageError as error:
            near = nearest(words[0].lower(), [*COMMANDS, *KNOWN_PROTOCOLS])
            hint = f"; did you mean {near}?" if near and near != words[0].lower() else ""
            raise UsageError(f"{error}{hint}") from None
        self.line, self.last = line, trace
        self.show(trace)

    def trace(self, line: str) -> Trace:
        """Traces a flow as somebody typed it, with its size, DF and first host behind it."""
        from spdcheck.engine.tracing import trace

        words = line.split()
        size: int | None = None
        start: str | None = None
        df = False
        while len(words) > 2:
            if words[-1].lower() == "df":
                df = True
                words.pop()
            elif words[-2].lower() in ("size", "from"):
                value, name = words.pop(), words.pop().lower()
                if name == "from":
                    start = value
                elif value.isdigit() and 20 <= int(value) <= 65535:
                    size = int(value)
                else:
                    raise UsageError(f"size {value}: it takes 20 to 65535 bytes")
            else:
                break
        site = self.simulator.site
        flow = parse_flow(" ".join(words), site)
        return trace(self.simulator, flow.packet(size, df=df), host_named(site, start))

    def show(self, trace: Trace) -> None:
        """Prints a trace."""
        self.say("".join(render(trace, self.simulator.site, self.look)))

    def say(self, text: str) -> None:
        """Prints a text that is safe to show."""
        write(self.streams.stdout, text)

    def known(self) -> Trace:
        """The last trace; UsageError where there is none yet."""
        if self.last is None:
            raise UsageError("trace a flow first, such as: tcp 10.1.0.7 10.2.0.9:443")
        return self.last

    def reply(self, rest: str) -> None:
        """The way of the answer alone."""
        del rest
        trace = self.known()
        if trace.reply is None:
            why = "nobody answers this packet" if trace.arrives else "the packet does not arrive"
            raise UsageError(f"there is no answer to follow: {why}")
        self.last = trace.reply
        self.show(trace.reply)

    def again(self, rest: str) -> None:
        """The last flow once more."""
        del rest
        self.known()
        self.last = self.trace(self.line)
        self.show(self.last)

    def brief(self, rest: str) -> None:
        """The last way on one line."""
        del rest
        self.say(brief(self.known(), self.simulator.site, self.look))

    def why(self, rest: str) -> None:
        """Why a step decided as it did."""
        from spdcheck.output.trace_why import render as as_text

        steps = [s for part in (self.known(), self.known().reply) if part for s in part.steps if isinstance(s, Step)]
        if not rest.isdigit() or not 1 <= int(rest) <= len(steps):
            raise UsageError(f"why takes the number of a step, 1 to {len(steps)}")
        self.say("".join(as_text(steps[int(rest) - 1], int(rest), self.simulator.site, self.look)))

    def without(self, rest: str) -> None:
        """What if a line were gone."""
        self.change(whatif.without(self.simulator.site, rest.strip(), self.texts))

    def with_line(self, rest: str) -> None:
        """What if a file had a line more."""
        try:
            name, *quoted = shlex.split(rest)
        except ValueError:
            raise UsageError('the quotes do not close: with FILE "LINE"') from None
        if not quoted:
            raise UsageError('write: with FILE "LINE"')
        self.change(whatif.with_line(self.simulator.site, name, " ".join(quoted), self.texts))

    def change(self, change: whatif.Change) -> None:
        """Reads the site with a change, and traces the last flow again."""
        before = self.simulator
        self.simulator = simulator_of(site_at(self.folder, {**self.texts, change.path: change.text}))
        self.changes.append(change)
        self.say(f"  {self.look.text(change.words)}; undo takes it back\n")
        known = {(d.code, d.message) for host in before.site.hosts for d in host.diagnostics}
        for host in self.simulator.site.hosts:
            for diagnostic in host.diagnostics:
                if (diagnostic.code, diagnostic.message) not in known:
                    place = f"{diagnostic.span.where}: {diagnostic.code} {diagnostic.message}"
                    self.say(f"  {self.look.text(place)}\n")
        self.compare()

    def undo(self, rest: str) -> None:
        """Takes the last change back."""
        del rest
        if not self.changes:
            raise UsageError("nothing was changed")
        words = self.changes.pop().words
        self.simulator = simulator_of(site_at(self.folder, self.texts))
        self.say(f"  undone: {self.look.text(words)}\n")
        self.compare()

    def compare(self) -> None:
        """Traces the last flow again and tells what has changed."""
        if self.last is None or not self.line:
            return
        before, self.last = self.last, self.trace(self.line)
        site = self.simulator.site
        ways = [brief(trace, site, self.look) for trace in (before, self.last)]
        if ways[0] == ways[1]:
            self.say("  nothing changes for the last flow: " + "".join(headline(self.last, self.look)).strip() + "\n")
            return
        self.say("  before: " + "".join(headline(before, self.look)).strip() + "\n")
        self.say("  now:    " + "".join(headline(self.last, self.look)).strip() + "\n")
        found = remedy(site, self.last)
        if found.mend:
            self.say(f"  mend:   {self.look.text(found.mend)}\n")
        self.say(f"  {ways[1]}")

    def find(self, rest: str) -> None:
        """A packet of a flow that ends in a given way, found among all of them and replayed."""
        from spdcheck.engine.exploration import explore
        from spdcheck.engine.tracing import trace
        from spdcheck.errors import BudgetError

        word, _, text = rest.strip().partition(" ")
        fits = wanted(word)
        flow = parse_flow(text, self.simulator.site)
        count = 0
        try:
            for ending in explore(self.simulator, flow.predicate()):
                count += 1
                if not fits(ending) or ending.replayed() is None:
                    continue
                packet = ending.began.example()
                self.last = trace(self.simulator, packet)
                self.line = flow_text(packet)
                self.say(f"  witness: {self.look.text(self.line)}\n")
                self.show(self.last)
                return
        except BudgetError as error:
            raise UsageError(f"not decided: {error}") from None
        ends = f"{count} way{'' if count == 1 else 's'} to end"
        self.say(f"  no packet of {self.look.text(str(flow))} is {word.lower()} ({ends})\n")

    def save(self, rest: str) -> None:
        """Writes the last flow and its end as an intent."""
        from spdcheck.cli.intents import append, expectation, site_file

        trace = self.known()
        path = site_file(self.folder)
        text = expectation(self.line, rest.strip(), trace)
        self.say("".join(f"  {self.look.text(line)}\n" for line in text.splitlines()))
        append(path, text)
        self.say(f"  written to {self.look.text(str(path))}\n")

    def svg(self, rest: str) -> None:
        """Writes the last trace as a picture."""
        from spdcheck.output.trace_svg import render as as_svg

        if not rest.strip():
            raise UsageError("svg takes the name of a file")
        Path(rest.strip()).write_text(as_svg(self.known(), self.simulator.site), encoding="utf-8")
        self.say(f"  written to {self.look.text(rest.strip())}\n")

    def help(self, rest: str) -> None:
        """The list of commands."""
        del rest
        self.say(HELP)

    def quit(self, rest: str) -> None:
        """Ends the shell."""
        del rest
        raise Done

    def words(self) -> Iterator[str]:
        """Everything that is worth completing: commands, protocols, hosts, addresses and ports of the site, files."""
        yield from COMMANDS
        yield from KNOWN_PROTOCOLS
        yield from ("size", "df", "from", "leaked", "denied", "delivered", "unknown")
        for host in self.simulator.site.hosts:
            yield host.name
            for interface in host.interfaces:
                yield from (str(address.address) for address in interface.addresses)
            for policy in host.spd.policies:
                yield from (str(policy.selector.source), str(policy.selector.destination))
            yield from (report.file.path.rpartition("/")[2] for report in host.files)
        yield from SERVICES


SERVICES = ("ssh", "smtp", "domain", "http", "https", "isakmp", "ntp", "snmp", "imap", "ldap", "syslog", "bgp")
"""Services worth completing behind a colon."""

COMMANDS: dict[str, Callable[[Session, str], None]] = {
    "reply": Session.reply,
    "again": Session.again,
    "brief": Session.brief,
    "why": Session.why,
    "without": Session.without,
    "with": Session.with_line,
    "undo": Session.undo,
    "find": Session.find,
    "save": Session.save,
    "svg": Session.svg,
    "help": Session.help,
    "?": Session.help,
    "quit": Session.quit,
    "exit": Session.quit,
}
