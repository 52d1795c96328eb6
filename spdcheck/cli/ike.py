"""Tells whether IKE comes up between two hosts, message by message: spdcheck ike HOST PEER

Both directions are worked out, since many set-ups come up only if one side starts; --from gives one of them. Each
message is shown with the lines that decided, a failure with what the daemons write to their logs. The exit status is 1
where a negotiation is refused or none can start, 3 where nobody can tell, 0 where everything comes up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.cli import status
from spdcheck.cli.arguments import add_look, chosen_look
from spdcheck.cli.dispatch import nearest
from spdcheck.cli.trace import simulator_of, site_at
from spdcheck.errors import UsageError
from spdcheck.output.terminal import write

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from spdcheck.cli.dispatch import Streams
    from spdcheck.engine.ike import Negotiation
    from spdcheck.model.host import Host, Site


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("host", metavar="HOST", help="a host of the site")
    parser.add_argument("peer", metavar="PEER", help="the host with which it negotiates")
    parser.add_argument("--site", metavar="DIR", help="the site (default: the nearest spdcheck.toml upwards, else .)")
    parser.add_argument("--from", dest="start", metavar="HOST", help="only what this one of the two starts")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    add_look(parser)


def run(options: argparse.Namespace, streams: Streams) -> int:
    """Works out every negotiation between two hosts and prints it."""
    from spdcheck.engine.ike import negotiations

    site = site_at(options.site)
    host, peer = _named(site, options.host), _named(site, options.peer)
    if host is peer:
        raise UsageError(f"{host.name} does not negotiate with itself: give two hosts")
    start = None if options.start is None else _named(site, options.start)
    if start is not None and start not in (host, peer):
        raise UsageError(f"--from {options.start}: give {host.name} or {peer.name}")
    found = tuple(negotiations(simulator_of(site), host, peer, start))
    if options.format == "json":
        from spdcheck.output.ike_json import render as as_json

        write(streams.stdout, as_json(found, host.name, peer.name, site))
    else:
        from spdcheck.output.ike_text import render

        for line in render(found, site, chosen_look(options, streams.stdout)):
            write(streams.stdout, line)
    return _status(found)


def _named(site: Site, name: str) -> Host:
    for host in site.hosts:
        if host.name == name:
            return host
    near = nearest(name, [host.name for host in site.hosts])
    known = f"did you mean {near}?" if near else f"the site has {', '.join(host.name for host in site.hosts)}"
    raise UsageError(f"{name}: no such host; {known}")


def _status(found: Iterable[Negotiation]) -> int:
    from spdcheck.semantics.ike.outcome import Refused, Unknown

    outcomes = [item.outcome for item in found if item.outcome is not None]
    if not outcomes or any(isinstance(outcome, Refused) for outcome in outcomes):
        return status.FINDINGS
    return status.NO_VERDICT if any(isinstance(outcome, Unknown) for outcome in outcomes) else status.CLEAN
