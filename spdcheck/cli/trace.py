"""Traces a packet through every peer and its answer back: spdcheck trace tcp 10.1.0.7 10.2.0.9:443

FLOW is PROTOCOL SOURCE[:PORT] DESTINATION[:PORT]. Addresses, names of hosts of the site, ports by number or service.
ICMP takes a type behind the addresses: icmp a b echo-request, icmp a b 3/4. With --flows FILE (- for standard input)
every line is a flow, with --pcap FILE every flow of a capture; each gives one line of JSON.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.cli import status
from spdcheck.cli.arguments import add_look, chosen_look, words
from spdcheck.cli.dispatch import nearest
from spdcheck.errors import UsageError
from spdcheck.output.columns import plain
from spdcheck.output.terminal import write

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from spdcheck.cli.dispatch import Streams
    from spdcheck.engine.simulate import Simulator
    from spdcheck.engine.trace import Trace
    from spdcheck.model.host import Host, Site

EXPECTED = ("delivered", "protected", "clear", "denied", "replied", "leaked")


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("flow", nargs="*", metavar="FLOW", help="what to trace: tcp 10.1.0.7 10.2.0.9:443")
    parser.add_argument("--site", metavar="DIR", help="the site (default: the nearest spdcheck.toml upwards, else .)")
    parser.add_argument("--from", dest="start", metavar="HOST", help="the host at which the packet begins")
    parser.add_argument("--proto", metavar="PROTOCOL", help="the protocol, if the flow does not begin with it")
    parser.add_argument("--size", type=int, metavar="BYTES", help="length of the packet, IP header included")
    parser.add_argument("--df", action="store_true", help="set the don't-fragment bit")
    parser.add_argument("--no-reply", action="store_true", help="leave the answer out")
    parser.add_argument("--brief", action="store_true", help="the way on one line")
    parser.add_argument("--format", choices=("text", "json", "svg", "mermaid"), default="text")
    parser.add_argument(
        "--expect", action="append", default=[], metavar="WORDS", help=", ".join(EXPECTED) + "; exit 1 if not so"
    )
    parser.add_argument(
        "--save",
        nargs="?",
        const="",
        metavar="NAME",
        help="write the flow and its end as an intent into spdcheck.toml",
    )
    parser.add_argument("--flows", metavar="FILE", help="one flow a line, - for standard input; one JSON line each")
    parser.add_argument("--pcap", metavar="FILE", help="every distinct flow of a capture, counted; one JSON line each")
    parser.add_argument("-v", "--verbose", action="store_true", help="the packet behind every stage, every wire")
    add_look(parser)


def run(options: argparse.Namespace, streams: Streams) -> int:
    """Traces one flow or many."""
    expected = _expectations(options)
    given = [name for name in ("flow", "flows", "pcap") if getattr(options, name)]
    if not given:
        raise UsageError("give a flow, such as: spdcheck trace tcp 10.1.0.7 10.2.0.9:443")
    if len(given) > 1:
        raise UsageError("give one of FLOW, --flows and --pcap")
    if given != ["flow"] and options.save is not None:
        raise UsageError("--save is for a single flow")
    if given != ["flow"] and (options.brief or options.format not in ("text", "json")):
        raise UsageError("many flows give one line of JSON each; --brief and --format are for a single flow")
    site = site_at(options.site)
    simulator = simulator_of(site)
    start = host_named(site, options.start)
    if given != ["flow"]:
        return _many(options, streams, simulator, start, expected)
    text = " ".join(options.flow)
    trace = _trace(simulator, text, options, start)
    _print(options, streams, trace, text, site)
    if options.save is not None:
        _save(options, streams, trace, text)
    return _judge(trace, expected, streams)


def _expectations(options: argparse.Namespace) -> tuple[str, ...]:
    expected = words(options.expect)
    for word in expected:
        if word not in EXPECTED:
            raise UsageError(f"--expect {word!r}: expected {', '.join(EXPECTED)}")
    return expected


def site_at(folder: str | None, edit: Mapping[Path, str] | None = None) -> Site:
    """The site of a folder, or the nearest one; ``edit`` as for :func:`spdcheck.site.load.load_site`."""
    from pathlib import Path

    from spdcheck.site.load import empty, load_site, nearest_site, nothing_found

    path = Path(folder) if folder else (nearest_site(Path.cwd()) or Path())
    if not path.is_dir():
        raise UsageError(f"{path}: no such folder")
    if path.is_absolute() and path.is_relative_to(Path.cwd()):
        path = path.relative_to(Path.cwd())
    site = load_site(path, edit=edit)
    if empty(site):
        said = nothing_found(path)
        raise UsageError(f"{path}: {said.message}; {said.mend}")
    return site


def simulator_of(site: Site) -> Simulator:
    """The simulator of a site."""
    from spdcheck.engine.simulate import Simulator

    return Simulator(site)


def host_named(site: Site, name: str | None) -> Host | None:
    """The host of that name; None where no name is given."""
    if name is None:
        return None
    for host in site.hosts:
        if host.name == name:
            return host
    near = nearest(name, [host.name for host in site.hosts])
    known = f"did you mean {near}?" if near else f"the site has {', '.join(host.name for host in site.hosts)}"
    raise UsageError(f"--from {name}: no such host; {known}")


def _trace(simulator: Simulator, text: str, options: argparse.Namespace, start: Host | None) -> Trace:
    from spdcheck.engine.tracing import trace
    from spdcheck.model.protocols import protocol_number
    from spdcheck.semantics.flow import parse_flow

    if options.proto:
        if protocol_number(text.split()[0]) is not None:
            raise UsageError(f"--proto {options.proto}, but the flow begins with {text.split()[0]}")
        text = f"{options.proto} {text}"
    flow = parse_flow(text, simulator.site)
    least = 20 if flow.source.family == 4 else 40
    if options.size is not None and not least <= options.size <= 65535:
        raise UsageError(f"--size takes {least} to 65535 bytes, the IP header included")
    return trace(simulator, flow.packet(options.size, df=options.df), start, reply=not options.no_reply)


def _print(options: argparse.Namespace, streams: Streams, trace: Trace, text: str, site: Site) -> None:
    look = chosen_look(options, streams.stdout)
    if options.format == "json":
        from spdcheck.output.trace_json import render as as_json

        write(streams.stdout, as_json(trace, text, site))
    elif options.format == "svg":
        from spdcheck.output.trace_svg import render as as_svg

        write(streams.stdout, as_svg(trace, site))
    elif options.format == "mermaid":
        from spdcheck.output.trace_mermaid import render as as_mermaid

        write(streams.stdout, as_mermaid(trace, site))
    else:
        from spdcheck.output.trace_text import brief, render

        lines = [brief(trace, site, look)] if options.brief else render(trace, site, look, verbose=options.verbose)
        for line in lines:
            write(streams.stdout, line)


def _save(options: argparse.Namespace, streams: Streams, trace: Trace, text: str) -> None:
    from spdcheck.cli.intents import append, expectation, site_file

    path = site_file(options.site)
    append(path, expectation(text, options.save, trace))
    write(streams.stderr, f"spdcheck: written to {plain(str(path))}\n")


def _many(
    options: argparse.Namespace,
    streams: Streams,
    simulator: Simulator,
    start: Host | None,
    expected: tuple[str, ...],
) -> int:
    from spdcheck.output.trace_json import failed_line, line

    codes = {status.CLEAN}
    for text, count in _captured(options.pcap, streams, codes) if options.pcap else _listed(options.flows, streams):
        try:
            found = _trace(simulator, text, options, start)
        except UsageError as error:
            write(streams.stderr, f"spdcheck: {plain(text)}: {plain(str(error))}\n")
            write(streams.stdout, failed_line(text, str(error), simulator.site, count))
            codes.add(status.USAGE)
            continue
        write(streams.stdout, line(found, text, simulator.site, count))
        codes.add(_judge(found, expected, streams))
    return next(code for code in _WORST_FIRST if code in codes)


_WORST_FIRST = (status.FINDINGS, status.USAGE, status.NO_VERDICT, status.CLEAN)
"""An expectation that fails is what a job must see, whatever else there is."""


def _listed(name: str, streams: Streams) -> Iterator[tuple[str, None]]:
    """The flows of a list: one a line, ``#`` begins a comment."""
    if name == "-":
        lines = streams.stdin.read().splitlines()
    else:
        from pathlib import Path

        try:
            lines = Path(name).read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
            raise UsageError(f"{name}: can't be read: {why}") from None
    for line in lines:
        text = line.partition("#")[0].strip()
        if text:
            yield text, None


def _captured(name: str, streams: Streams, codes: set[int]) -> Iterator[tuple[str, int]]:
    """The flows of a capture with the number of their packets; what was left out is told on stderr."""
    from spdcheck.cli.capture import read

    capture = read(name)
    notes = [f"{count} packets left out: {reason}" for reason, count in capture.left_out.items()]
    if capture.trouble:
        notes.append(capture.trouble)
        codes.add(status.NO_VERDICT)
    elif not capture.flows:
        notes.append(f"{name}: no IP packet in {capture.packets} packets")
    for note in notes:
        write(streams.stderr, f"spdcheck: {plain(note)}\n")
    for flow, count in capture.flows.items():
        yield flow.text, count


def _judge(trace: Trace, expected: tuple[str, ...], streams: Streams) -> int:
    """The exit status: 1 where something expected is not so, 3 where nobody knows, 0 otherwise."""
    from spdcheck.engine.expectations import judge

    missed, unknown = judge(trace, expected)
    for word in missed:
        write(streams.stderr, f"spdcheck: expected {word}: {trace.disposition.value}, {trace.sentence}\n")
    if missed:
        return status.FINDINGS
    return status.NO_VERDICT if unknown else status.CLEAN
