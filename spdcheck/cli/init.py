"""Writes the inferred model of a site down as its spdcheck.toml, to be confirmed or corrected.

Checking the site with that file gives what it gave without it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from spdcheck.cli import status
from spdcheck.errors import UsageError
from spdcheck.output.terminal import write
from spdcheck.records import replace
from spdcheck.site.config import FILE_NAME, HostConfig, SiteConfig, load_config
from spdcheck.source import SourceFile

if TYPE_CHECKING:
    import argparse

    from spdcheck.cli.dispatch import Streams
    from spdcheck.model.host import Host, Site


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("path", nargs="?", default=".", metavar="PATH", help="the site's folder (default: this one)")
    parser.add_argument("--force", action="store_true", help="write even where there is a spdcheck.toml already")
    parser.add_argument("--stdout", action="store_true", help="print the text, write no file")


def run(options: argparse.Namespace, streams: Streams) -> int:
    """Writes the file, or prints it."""
    from spdcheck.cli.paths import named
    from spdcheck.cli.site_toml import render
    from spdcheck.site.load import empty, load_site, nothing_found

    folder = named([options.path])[0]
    _refuse(folder, overwrite=options.force or options.stdout)
    site = load_site(folder)
    if empty(site):
        said = nothing_found(folder)
        message = f"{folder}: {said.message}; {said.mend}"
        raise UsageError(message)
    reasons = {
        host.name: line.partition(": ")[2]
        for host in site.hosts
        for line in host.inferences
        if line.startswith("platform ")
    }
    text = render(described(site, folder), reasons)
    if options.stdout:
        write(streams.stdout, text)
        return status.CLEAN
    (folder / FILE_NAME).write_text(text, encoding="utf-8")
    write(streams.stderr, f"wrote {folder / FILE_NAME}\n")
    return status.CLEAN


def _refuse(folder: Path, *, overwrite: bool) -> None:
    """Raises UsageError where a file stands in the way, or where this folder is not the right one."""
    from spdcheck.site.files import walk
    from spdcheck.site.load import nearest_site

    if not folder.is_dir():
        message = f"{folder}: is no folder; spdcheck init describes a site"
        raise UsageError(message)
    if (folder / FILE_NAME).exists() and not overwrite:
        message = f"{folder / FILE_NAME} exists; --force overwrites it, --stdout prints what would be written"
        raise UsageError(message)
    above = nearest_site(folder.resolve().parent)
    if above is not None and not overwrite:
        message = f"{folder} lies in the site {above}, which has a {FILE_NAME}; --force makes it a site of its own"
        raise UsageError(message)
    for path in walk(folder):
        if path.name == FILE_NAME and path.parent != folder:
            message = f"{path} describes a site below {folder}; run spdcheck init for each site"
            raise UsageError(message)


def described(site: Site, folder: Path) -> SiteConfig:
    """The site file that says what this site's configuration files do not: what it said before, and the inferences."""
    path = folder / FILE_NAME
    before = load_config(path, path.as_posix()) if path.is_file() else SiteConfig()
    known = {host.name: host for host in before.hosts}
    names = [host.name for host in site.hosts]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        message = f"two hosts are called {twice}; put the files of each into a folder with a name of its own"
        raise UsageError(message)
    return replace(
        before,
        name=site.name,
        hosts=tuple(_host(host, known.get(host.name) or _found(host, folder)) for host in site.hosts),
    )


def _found(host: Host, folder: Path) -> HostConfig:
    """A host that no table describes yet."""
    path = Path(host.folder).relative_to(folder).as_posix()
    return HostConfig(name=host.name, span=SourceFile(FILE_NAME, "").span(), path=path)


def _host(host: Host, config: HostConfig) -> HostConfig:
    interfaces = {interface.name: interface for interface in config.interfaces}
    for interface in host.interfaces:
        if interface.inferred:
            stated = interfaces.get(interface.name, replace(interface, addresses=()))
            interfaces[interface.name] = replace(stated, addresses=(*stated.addresses, *interface.addresses))
    flags = list(host.forwarding.values())
    forwarding = config.forwarding
    if forwarding is None and flags and all(f.inferred and f.value == flags[0].value for f in flags):
        forwarding = flags[0].value
    return replace(config, platform=host.platform, interfaces=tuple(interfaces.values()), forwarding=forwarding)
