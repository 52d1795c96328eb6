"""Writes what a peer needs for the tunnels of a host: policies, key exchange, openings in its packet filter.

What is written is tried on a copy of the site first, and what it mends, or brings, is told on stderr.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.cli import status
from spdcheck.cli.arguments import add_look, chosen_look
from spdcheck.output.terminal import write

if TYPE_CHECKING:
    import argparse

    from spdcheck.cli.dispatch import Streams
    from spdcheck.mending.mirror import Mirror
    from spdcheck.model.host import Host, Site
    from spdcheck.output.terminal import Look


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("host", metavar="HOST", help="the host whose tunnels are as they should be")
    parser.add_argument("peer", metavar="PEER", help="the host that lacks the other half")
    parser.add_argument("--site", metavar="DIR", help="the site (default: the nearest spdcheck.toml upwards, else .)")
    parser.add_argument("--diff", action="store_true", help="print a patch for git apply or patch -p0")
    parser.add_argument("--write", action="store_true", help="write it into the peer's files")
    add_look(parser)


def run(options: argparse.Namespace, streams: Streams) -> int:
    """Prints or writes the other half."""
    from spdcheck.checks.run import selected
    from spdcheck.cli.trace import host_named, site_at
    from spdcheck.errors import UsageError
    from spdcheck.mending.mirror import mirror

    site = site_at(options.site)
    host, peer = (host_named(site, name) for name in (options.host, options.peer))
    assert host is not None
    assert peer is not None
    if host is peer:
        raise UsageError(f"{host.name} is no peer of its own")
    if peer.external:
        raise UsageError(f"{peer.name} is external: its files are not here")
    found = mirror(site, host, peer, selected(site.select, site.ignore))
    look = chosen_look(options, streams.stderr)
    _print(options, streams, site, found)
    for line in _said(found, host, peer, look):
        write(streams.stderr, line + "\n")
    return status.FINDINGS if found.left or found.proof.come else status.CLEAN


def _print(options: argparse.Namespace, streams: Streams, site: Site, found: Mirror) -> None:
    from pathlib import Path

    from spdcheck.checks.site_digest import files_of
    from spdcheck.mending.edit import patch
    from spdcheck.mending.edit import write as into_files
    from spdcheck.mending.proof import place_of

    if options.write:
        into_files(
            found.edits, {edit.path: place_of(site, edit.path, Path(site.folder or ".")) for edit in found.edits}
        )
        return
    if options.diff:
        for line in patch(found.edits, files_of(site)):
            write(streams.stdout, line)
        return
    known = files_of(site)
    for edit in found.edits:
        place = "at the end"
        if edit.path not in known:
            place = "a new file"
        elif edit.start is not None:
            place = f"before line {known[edit.path].location(edit.start).line}"
        write(streams.stdout, f"# {edit.path}, {place}: {edit.why}\n{edit.text.strip(chr(10))}\n\n")


def _said(found: Mirror, host: Host, peer: Host, look: Look) -> list[str]:
    lines = [f"by hand: {look.text(note)}" for note in found.notes]
    if not found.edits:
        lines.append(f"{peer.name} lacks nothing that could be written for {host.name}")
    else:
        gone = ", ".join(dict.fromkeys(finding.code for finding in found.proof.gone)) or "none"
        lines.append(f"tried: {len(found.proof.gone)} findings go ({gone})")
    told = [("it would bring", finding) for finding in found.proof.come]
    told += [("left:", finding) for finding in found.left if finding not in found.proof.come]
    lines += [f"{word} {finding.code} {look.text(finding.message)} ({finding.span.where})" for word, finding in told]
    return lines
