"""From a path on the command line to sites: one file, one site, or a folder of sites."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from spdcheck.errors import SiteError, UsageError
from spdcheck.formats import recognise
from spdcheck.model.diagnostic import Diagnostic
from spdcheck.model.host import Host, Platform, Site
from spdcheck.semantics.isakmpd_flows import with_flows
from spdcheck.site.assemble import assemble
from spdcheck.site.baseline import FILE_NAME as BASELINE
from spdcheck.site.baseline import load as load_baseline
from spdcheck.site.config import FILE_NAME, HostConfig, SiteConfig, load_config
from spdcheck.site.files import (
    FoundFile,
    decode,
    format_of,
    host_folder,
    in_shorewall,
    is_binary,
    recognised,
    walk,
)
from spdcheck.site.infer import infer_addresses, infer_networks
from spdcheck.site.infer_nat import infer_translations
from spdcheck.site.infer_peers import infer_peers
from spdcheck.site.kept_readings import KeptReadings
from spdcheck.site.named_interfaces import infer_names
from spdcheck.site.suppressions import suppressions
from spdcheck.source import SourceFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from spdcheck.formats.base import Format
    from spdcheck.model.suppression import Suppression


def _quiet(_: str) -> None:
    pass


def nearest_site(folder: Path) -> Path | None:
    """The nearest folder upwards (this one included) that has a ``spdcheck.toml``."""
    for candidate in (folder, *folder.parents):
        if (candidate / FILE_NAME).is_file():
            return candidate
    return None


def sites(paths: list[Path], *, progress: Callable[[str], None] = _quiet) -> Iterator[Site]:
    """Every site that the paths of a command line name, in their order.

    A file is checked alone. A folder that lies in a site (a ``spdcheck.toml`` in it or upwards) is that site; one that
    has several sites in it is all of them; any other is a site whose sub-folders are the hosts. Raises UsageError for
    a path that does not exist, SiteError for a ``spdcheck.toml`` that can't be used.
    """
    done: set[Path] = set()
    for path in paths:
        if path.is_file():
            yield single_file(path)
            continue
        if not path.is_dir():
            message = f"{path}: no such file or folder"
            raise UsageError(message)
        try:
            for folder in _site_folders(path):
                if folder.resolve() not in done:
                    done.add(folder.resolve())
                    progress(str(folder))
                    yield load_site(folder, progress=progress)
        except PermissionError as error:
            message = f"{error.filename}: can't be opened: {error.strerror}"
            raise SiteError(message) from None


def _site_folders(folder: Path) -> list[Path]:
    above = nearest_site(folder.resolve())
    if above is not None:
        return [folder if above == folder.resolve() else _shown_folder(above)]
    files = list(walk(folder))
    marked = sorted({path.parent for path in files if path.name == FILE_NAME})
    covered = [path for path in files if any(path.is_relative_to(root) for root in marked)]
    below = {
        host_folder(path.relative_to(folder).as_posix())
        for path in files
        if path not in set(covered) and recognised(path, path.relative_to(folder).as_posix()) is not None
    }
    if not marked and not any("/" in host for host in below):
        return [folder]
    unmarked = {folder / host.rpartition("/")[0] for host in below}
    return sorted({*marked, *unmarked})


def _shown_folder(folder: Path) -> Path:
    """The folder relative to where we stand, if it lies below."""
    here = Path.cwd()
    return folder.relative_to(here) if folder.is_relative_to(here) else folder


def load_site(
    folder: Path,
    *,
    progress: Callable[[str], None] = _quiet,
    edit: Mapping[Path, str] | None = None,
    shown: str | None = None,
) -> Site:
    """Reads one site: its ``spdcheck.toml`` if there is one, and every recognised file below it.

    ``edit`` maps resolved paths to texts that are read instead of the files' own: what if a line were another?
    ``shown`` is the folder's path as messages name it, where that is not the path itself.
    """
    shown = _display(folder) if shown is None else shown
    config = SiteConfig()
    if (folder / FILE_NAME).is_file():
        config = load_config(folder / FILE_NAME, f"{shown}/{FILE_NAME}" if shown else FILE_NAME, edit)
    described = {host.name: host for host in config.hosts}
    groups = _group(folder, config)
    hosts = []
    with KeptReadings(folder, sum(map(len, groups.values()))) as readings:
        for name in sorted({*groups, *described}):
            host_config = described.get(name)
            base = folder / host_config.path if host_config else folder / name if name in groups else folder
            if host_config is not None and not host_config.external and not base.is_dir():
                place = host_config.span.begin
                message = (
                    f"{host_config.span.where}:{place.column}: host {name} has no folder {host_config.path}; "
                    "create it, give its path, or say external = true"
                )
                raise SiteError(message)
            progress(name)
            base_shown = "/".join(
                part for part in (shown, host_config.path if host_config else name) if part and part != "."
            )
            label = name or folder.resolve().name
            hosts.append(assemble(label, base, base_shown, groups.get(name, []), host_config, edit, readings.read))
    baseline_shown = f"{shown}/{BASELINE}" if shown else BASELINE
    return Site(
        name=config.name or folder.resolve().name,
        hosts=_inferred(tuple(hosts)),
        intents=config.intents,
        select=config.select,
        ignore=config.ignore,
        fail_on=config.fail_on,
        file=config.file,
        folder=shown,
        suppressions=tuple(_suppressions(hosts, config)),
        baseline=load_baseline(folder / BASELINE, baseline_shown),
    )


def _suppressions(hosts: list[Host], config: SiteConfig) -> Iterator[Suppression]:
    if config.file is not None:
        yield from suppressions(config.file, "#")
    for host in hosts:
        for report in host.files:
            comment = format_of(report.format).comment
            for file in (report.file, *report.included):
                yield from suppressions(file, comment)


def _display(folder: Path) -> str:
    text = folder.as_posix()
    return "" if text == "." else text


def _group(folder: Path, config: SiteConfig) -> dict[str, list[FoundFile]]:
    """The recognised files by host; the key is the host's name, or its folder where no table describes it."""
    groups: dict[str, list[FoundFile]] = {}
    by_path = sorted(config.hosts, key=lambda host: -len(host.path))
    for path in walk(folder):
        relative = path.relative_to(folder).as_posix()
        owner = next(
            (host for host in by_path if host.path == "." or relative.startswith(host.path.rstrip("/") + "/")), None
        )
        root = "" if owner is None or owner.path == "." else owner.path.rstrip("/") + "/"
        name = owner.name if owner is not None else host_folder(relative)
        if owner is None and name:
            root = name + "/"
        below = relative[len(root) :]
        found = _format_for(path, below, owner)
        if found is not None:
            groups.setdefault(name, []).append(FoundFile(path, below, found))
    return groups


def _format_for(path: Path, below: str, owner: HostConfig | None) -> Format | None:
    if owner is not None and below in owner.files:
        return format_of(owner.files[below])
    return recognised(path, below)


def single_file(path: Path, language: Format | None = None, platform: Platform | None = None) -> Site:
    """One file as a site of one host, for checks that need no peer.

    Raises UsageError where nobody knows its language.
    """
    shown = path.as_posix()
    found = language
    if found is None:
        try:
            raw = path.read_bytes()[:65536]
        except OSError as error:
            message = f"{shown}: can't be read: {error.strerror}"
            raise UsageError(message) from None
        whole = path.resolve().as_posix()
        found = in_shorewall(path) or (recognise(whole) if is_binary(raw) else recognise(whole, decode(raw)))
    if found is None:
        message = (
            f"{shown}: its name and content are those of no format that spdcheck knows (see spdcheck syntax --format)"
        )
        raise UsageError(message)
    config = HostConfig(name=path.stem, span=SourceFile(shown, "").span(0, 0), path=".", platform=platform)
    host = assemble(path.stem, path.parent, _display(path.parent), [FoundFile(path, path.name, found)], config)
    return Site(name=path.name, hosts=_inferred((host,), single_file=True), single_file=True)


def _inferred(hosts: tuple[Host, ...], *, single_file: bool = False) -> tuple[Host, ...]:
    """Addresses first, which say who is whose peer; then what isakmpd installs, which says what lies behind whom.

    The names of interfaces come last: the rules tell them by the peers and networks that they are about.
    """
    known = infer_translations(infer_peers(infer_addresses(hosts)))
    told = with_flows(known, single_file=single_file)
    return tuple(infer_names(infer_networks(host)) for host in told)


def empty(site: Site) -> bool:
    """No file of the site was recognised."""
    return not any(host.files for host in site.hosts)


def nothing_found(folder: Path) -> Diagnostic:
    """What to say of a folder in which no file is recognised."""
    span = SourceFile(_display(folder) or ".", "").span(0, 0)
    return Diagnostic(
        code="CFG006",
        span=span,
        message="no configuration file was recognised below this folder",
        mend="give the folder that holds one sub-folder a host, or name the files in spdcheck.toml",
    )
