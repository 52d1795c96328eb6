"""The policies that a peer lacks, in the language of its own script."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.formats.base import Context
from spdcheck.formats.iproute import write as of_ip
from spdcheck.formats.setkey import write as of_setkey
from spdcheck.formats.setkey.dialect import DEFAULT_PRIORITY, dialect_of
from spdcheck.mending.edit import Edit
from spdcheck.model.host import Platform
from spdcheck.model.policy import Action, Direction, Level
from spdcheck.records import replace
from spdcheck.semantics.counterpart import mirrored, peers_of
from spdcheck.semantics.spd_order import has_forward_policies

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.formats.setkey.dialect import Dialect
    from spdcheck.model.host import Host
    from spdcheck.model.policy import SecurityPolicy
    from spdcheck.semantics.peering import Peering

_NEW = {Platform.LINUX: "etc/ipsec-tools.conf"}


def needed(peering: Peering, host: Host, peer: Host) -> list[SecurityPolicy]:
    """The policies that the peer must have for the tunnels of a host, and lacks, in the order of the host's.

    A policy without an equal at the peer is mirrored; ``unique`` with a number becomes ``unique`` without, which is a
    matter of each host.
    """
    known = {(policy.direction, policy.selector) for policy in peer.spd.policies}
    found: dict[tuple[Direction, object], SecurityPolicy] = {}
    for policy in host.spd.policies:
        if policy.direction is Direction.FWD or policy.action is not Action.PROTECT or policy.implied:
            continue
        if peer not in peers_of(peering, host, policy):
            continue
        twin = _plain(mirrored(policy), host, peer)
        if (twin.direction, twin.selector) not in known:
            found.setdefault((twin.direction, twin.selector), twin)
        forward = replace(twin, direction=Direction.FWD)
        wants_forward = twin.direction is Direction.IN and has_forward_policies(peer) and not _implies_forward(peer)
        if wants_forward and (Direction.FWD, twin.selector) not in known:
            found.setdefault((Direction.FWD, twin.selector), forward)
    return list(found.values())


def _plain(policy: SecurityPolicy, host: Host, peer: Host) -> SecurityPolicy:
    """The policy without what is a matter of the host: numbers of ``unique``, and its kernel's usual priority."""
    ranked = policy.priority != _usual_priority(host) and (_speaks_ip(peer) or _dialect(peer).priorities)
    priority = policy.priority if ranked else _usual_priority(peer)
    templates = tuple(
        replace(template, level=Level.UNIQUE if template.level is Level.UNIQUE else template.level, reqid=0)
        for template in policy.templates
    )
    return replace(policy, templates=templates, priority=priority, by_ike=None)


def _usual_priority(host: Host) -> int:
    """The priority of a policy for which none is written."""
    return DEFAULT_PRIORITY if _dialect(host).priorities and not _speaks_ip(host) else 0


def _dialect(host: Host) -> Dialect:
    return dialect_of(Context(platform=host.platform, release=host.release, tools=host.tools))


def _implies_forward(peer: Host) -> bool:
    return not _speaks_ip(peer) and _dialect(peer).implied_forward


def _speaks_ip(peer: Host) -> bool:
    """Its policies are set by ip(8), or it is a Linux without any script of setkey's."""
    formats = {report.format for report in peer.files}
    return "iproute" in formats and "setkey" not in formats


def edits(peering: Peering, host: Host, peer: Host) -> Iterator[Edit | str]:
    """What to add to the peer's script; a text says what can't be written."""
    lines = []
    for policy in needed(peering, host, peer):
        try:
            if _speaks_ip(peer):
                lines.append(of_ip.write_policy(policy))
            else:
                lines.append(of_setkey.write_policy(policy, _dialect(peer)))
        except (of_setkey.NotExpressible, of_ip.NotExpressible) as error:
            yield f"the {policy.direction.value} policy for {policy.selector} can't be written: {error}"
    if lines:
        why = f"the other half of what {host.name} protects"
        script = _script(peer)
        if all(report.file.path != script for report in peer.files):
            lines.insert(0, "ip xfrm policy flush" if _speaks_ip(peer) else "flush;\nspdflush;")
        yield Edit(script, "\n".join(lines) + "\n", why)
    yield from _associations(host, peer)


def _script(peer: Host) -> str:
    """The script that is loaded last; a new one where the peer has none."""
    for report in reversed(peer.files):
        if report.format in ("setkey", "iproute") and report.loaded:
            return report.file.path
    name = _NEW.get(peer.platform, "etc/ipsec.conf") if peer.platform is not None else "etc/ipsec.conf"
    return f"{peer.folder}/{name}" if peer.folder else name


def _associations(host: Host, peer: Host) -> Iterator[str]:
    """Keys given by hand are not known to us, so that they can only be pointed at."""
    known = {(a.source, a.destination, a.protocol, a.spi) for a in peer.sad.associations}
    for association in host.sad.associations:
        ends = {association.source, association.destination}
        key = (association.source, association.destination, association.protocol, association.spi)
        if key not in known and any(peer.owns(end) for end in ends):
            yield (
                f"the association {association.protocol} {association.source} → {association.destination} "
                f"spi {association.spi:#x} must be given to {peer.name} by hand, with the keys of "
                f"{association.origin.where}: {of_setkey.write_association(association)}"
            )
