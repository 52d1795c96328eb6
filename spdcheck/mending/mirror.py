"""Everything that a peer needs for the tunnels of a host, proved on a copy of the site before it is given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.run import ask
from spdcheck.engine.simulate import Simulator
from spdcheck.mending import twin_negotiation, twin_openings, twin_policies
from spdcheck.mending.edit import Edit
from spdcheck.mending.proof import Proof, prove, tried
from spdcheck.records import dataclass
from spdcheck.semantics.peering import Peering

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from spdcheck.checks.finding import Finding
    from spdcheck.model.host import Host, Site


@dataclass(frozen=True, slots=True)
class Mirror:
    """``edits`` are what to write, ``notes`` what only a person can do, ``proof`` what the edits do.

    ``left`` are the findings about the two hosts that stay with the edits made.
    """

    edits: tuple[Edit, ...]
    notes: tuple[str, ...]
    proof: Proof
    left: tuple[Finding, ...]


def mirror(site: Site, host: Host, peer: Host, codes: Sequence[str]) -> Mirror:
    """What the peer lacks: policies first, then who answers, then what its filters have to let pass."""
    edits: list[Edit] = []
    notes: dict[str, None] = {}

    def take(found: Iterable[Edit | str]) -> None:
        for item in found:
            if isinstance(item, Edit):
                edits.append(item)
            else:
                notes.setdefault(item)

    take(twin_policies.edits(Peering(site), host, peer))
    take(twin_negotiation.edits(host, peer))
    # What filters have to let pass shows once the policies are there; what becomes of long packets once those pass.
    with tried(site, edits) as state:
        now = {other.name: other for other in state.hosts}
        take(twin_openings.edits(Simulator(state), now[host.name], now[peer.name], ask(state, ("FWL004",)).findings))
    with tried(site, edits) as state:
        if any(finding.host == peer.name for finding in ask(state, ("FWL008",)).findings):
            take(twin_openings.for_too_long(host, peer))
    proof = prove(site, edits, codes)
    names = {host.name, peer.name}
    left = tuple(f for f in proof.left if f.host in names and f.code[:3] in ("SPD", "SAD", "IKE", "FWL", "NAT"))
    return Mirror(tuple(edits), tuple(notes), proof, left)
