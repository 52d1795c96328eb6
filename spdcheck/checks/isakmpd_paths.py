"""Where isakmpd's files lie, and where its configuration says that they lie (part of CFG008)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.finding import Certainty, Severity
from spdcheck.model.diagnostic import Note
from spdcheck.semantics.file_places import Place, below, is_placed, locate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Check
    from spdcheck.checks.finding import Finding
    from spdcheck.model.host import Host
    from spdcheck.model.ike import KeyDaemon, PathReference

_KEYS = frozenset(
    {"private_key", "private_keys", "public_keys", "ca_certificates", "certificates", "revocation_lists", "credentials"}
)
_FOLDER = "isakmpd"


def isakmpd_paths(check: Check, host: Host) -> Iterator[Finding]:
    """The policy file and the folders of keys of every isakmpd of a host."""
    for daemon in host.daemons:
        if daemon.isakmpd is not None:
            yield from _policy_file(check, host, daemon)
            yield from _folders(check, host, daemon)


def _policy_file(check: Check, host: Host, daemon: KeyDaemon) -> Iterator[Finding]:
    """Without the file that is named isakmpd exits; without the check of a policy it does not look for it."""
    if daemon.isakmpd is None or not daemon.isakmpd.uses_keynote:
        return
    named = daemon.isakmpd.policy_file
    located = locate(host, named, "keynote")
    if located.place is not Place.ELSEWHERE or located.file is None:
        return
    lies = below(host, located.file)
    line = next((path for path in daemon.paths if path.kind == "policy"), None)
    shown = f"/{lies}" if is_placed(lies) else lies
    if not named:
        read = "Policy-file is empty"
    else:
        read = f"{'without Policy-file ' if line is None else ''}isakmpd reads its policy from {named}"
    yield check.finding(
        host,
        daemon.origin if line is None else line.origin,
        f'{read}, but the policy lies at {shown}: isakmpd exits with policy_init: open ("{named}", O_RDONLY) failed',
        label="not where the policy lies",
        notes=[Note(located.file.span(0, 0), "the policy is here")],
        mend=f"write Policy-file= {shown}, or move the file",
    )


def _folders(check: Check, host: Host, daemon: KeyDaemon) -> Iterator[Finding]:
    """Keys and certificates below another folder ``isakmpd`` than the one in which the configuration lies."""
    own, _, _ = below(host, daemon.origin.file).rpartition("/")
    if not is_placed(own + "/x") or own.rpartition("/")[2] != _FOLDER:
        return
    strange: dict[str, list[PathReference]] = {}
    for path in daemon.paths:
        home = _home(path.path)
        if path.kind in _KEYS and home and home != own:
            strange.setdefault(home, []).append(path)
    for home, paths in strange.items():
        first, *others = paths
        and_more = f" and {len(others)} more lie" if others else " lies"
        yield check.finding(
            host,
            first.origin,
            f"{first.path}{and_more} below /{home}, but the configuration is in /{own}: if the keys were put beside "
            "it, isakmpd finds none",
            label="another folder than the configuration's",
            notes=[
                *(Note(path.origin, "here too") for path in others),
                Note(daemon.origin.file.span(0, 0), f"lies in /{own}"),
            ],
            mend=f"write /{own}/…, or move the folders",
            severity=Severity.WARNING,
            certainty=Certainty.POSSIBLE,
            subject=home,
        )


def _home(path: str) -> str:
    """The folder ``isakmpd`` above a path, without the first slash; empty where there is none."""
    parts = path.strip("/").split("/")
    return "/".join(parts[: parts.index(_FOLDER) + 1]) if path.startswith("/") and _FOLDER in parts else ""
