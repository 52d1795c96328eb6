"""Traces a packet through every peer and its answer back: spdcheck trace tcp 10.1.0.7 10.2.0.9:443

FLOW is PROTOCOL SOURCE[:PORT] DESTINATION[:PORT]. Addresses, names of hosts of the site, ports by number or service.
With --flows FILE (- for standard input) every line is a flow and gives one line of JSON.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.cli import status
from spdcheck.cli.arguments import add_look, chosen_look, words
from spdcheck.errors import UsageError
from spdcheck.output.terminal import write

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

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
    parser.add_argument("--flows", metavar="FILE", help="one flow a line, - for standard input; one JSON line each")
    parser.add_argument("--pcap", metavar="FILE", help="every distinct flow of a capture once; one JSON line each")
    parser.add_argument("-v", "--verbose", action="store_true", help="the packet behind every stage, every wire")
    add_look(parser)


def run(options: argparse.Namespace, streams: Streams) -> int:
    """Traces one flow or many."""
    expected = _expectations(options)
    site = _site(options.site)
    simulator = _simulator(site)
    start = _start(site, options.start)
    if options.flows or options.pcap:
        return _many(options, streams, simulator, start, expected)
    if not options.flow:
        raise UsageError("give a flow, such as: spdcheck trace tcp 10.1.0.7 10.2.0.9:443")
    text = " ".join(options.flow)
    trace = _trace(simulator, f"{options.proto} {text}" if options.proto else text, options, start)
    _print(options, streams, trace, text, site)
    return _judge(trace, expected, streams)


def _expectations(options: argparse.Namespace) -> tuple[str, ...]:
    expected = words(options.expect)
    for word in expected:
        if word not in EXPECTED:
            raise UsageError(f"--expect {word!r}: expected {', '.join(EXPECTED)}")
    return expected


def _site(folder: str | None) -> Site:
    from pathlib import Path

    from spdcheck.site.load import empty, load_site, nearest_site, nothing_found

    path = Path(folder) if folder else (nearest_site(Path.cwd()) or Path())
    if not path.is_dir():
        raise UsageError(f"{path}: no such folder")
    if path.is_absolute() and path.is_relative_to(Path.cwd()):
        path = path.relative_to(Path.cwd())
    site = load_site(path)
    if empty(site):
        said = nothing_found(path)
        raise UsageError(f"{path}: {said.message}; {said.mend}")
    return site


def _simulator(site: Site) -> Simulator:
    from spdcheck.engine.simulate import Simulator

    return Simulator(site)


def _start(site: Site, name: str | None) -> Host | None:
    if name is None:
        return None
    for host in site.hosts:
        if host.name == name:
            return host
    raise UsageError(f"--from {name}: no such host; the site has {', '.join(host.name for host in site.hosts)}")


def _trace(simulator: Simulator, text: str, options: argparse.Namespace, start: Host | None) -> Trace:
    from spdcheck.engine.tracing import trace
    from spdcheck.semantics.flow import parse_flow

    flow = parse_flow(text, simulator.site)
    if options.size is not None and not 20 <= options.size <= 65535:
        raise UsageError("--size takes 20 to 65535 bytes")
    return trace(simulator, flow.packet(options.size, df=options.df), start, reply=not options.no_reply)


def _print(options: argparse.Namespace, streams: Streams, trace: Trace, text: str, site: Site) -> None:
    look = chosen_look(options, streams.stdout)
    if options.format == "json":
        from spdcheck.output.trace_json import render as as_json

        write(streams.stdout, as_json(trace, text, site.name))
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


def _many(
    options: argparse.Namespace,
    streams: Streams,
    simulator: Simulator,
    start: Host | None,
    expected: tuple[str, ...],
) -> int:
    from spdcheck.output.trace_json import line

    worst = status.CLEAN
    for text in _flows(options, streams):
        try:
            found = _trace(simulator, text, options, start)
        except UsageError as error:
            write(streams.stderr, f"spdcheck: {text}: {error}\n")
            worst = max(worst, status.USAGE)
            continue
        write(streams.stdout, line(found, text, simulator.site.name))
        worst = max(worst, _judge(found, expected, streams))
    return worst


def _flows(options: argparse.Namespace, streams: Streams) -> Iterator[str]:
    if options.pcap:
        from spdcheck.cli.capture import flows_of

        yield from flows_of(options.pcap)
        return
    if options.flows == "-":
        lines = streams.stdin.read().splitlines()
    else:
        from pathlib import Path

        try:
            lines = Path(options.flows).read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{options.flows}: can't be read: {error}") from None
    for line in lines:
        text = line.partition("#")[0].strip()
        if text:
            yield text


def _judge(trace: Trace, expected: tuple[str, ...], streams: Streams) -> int:
    """The exit status: 1 where something expected is not so, 3 where nobody knows, 0 otherwise."""
    from spdcheck.engine.expectations import judge

    missed, unknown = judge(trace, expected)
    for word in missed:
        write(streams.stderr, f"spdcheck: expected {word}: {trace.disposition.value}, {trace.sentence}\n")
    if missed:
        return status.FINDINGS
    return status.NO_VERDICT if unknown else status.CLEAN
