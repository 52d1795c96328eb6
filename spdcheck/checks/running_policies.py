"""Policies in the kernel against those that the files and the key daemons make."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.finding import Severity
from spdcheck.checks.running_difference import Difference
from spdcheck.checks.running_oddities import who_policy
from spdcheck.model.host import Platform
from spdcheck.model.policy import Action, Direction, Level, Mode
from spdcheck.model.running import Database
from spdcheck.semantics.isakmpd_connections import answering
from spdcheck.semantics.manual_keys import LARGEST_REQID
from spdcheck.semantics.peering import far_address
from spdcheck.semantics.remote_selection import to_answer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.host import Host
    from spdcheck.model.policy import SecurityPolicy, Template
    from spdcheck.model.running import Dump, RunningPolicy, RunningTemplate
    from spdcheck.semantics.peering import Peering

_ACTIONS = {Action.PROTECT: "protects", Action.BYPASS: "lets pass in clear", Action.DISCARD: "drops"}
_RELOAD = "load the files again, or write into them what is meant"
_COMPARED = 200
"""For so many unknown policies the nearest line of the files is looked for."""

_ELSEWHERE = "take the listing on this host; if it is this host's, the tunnel ends at itself"


class RunningPolicies:
    """The comparison for one listing of one host."""

    def __init__(self, peering: Peering, host: Host, dump: Dump) -> None:
        self._peering = peering
        self._host = host
        self._dump = dump
        self._configured = {(p.direction, p.selector): p for p in host.spd.policies}
        self._loose: list[SecurityPolicy] = []
        self._chosen: dict[int, RunningTemplate] = {}

    def differences(self, *, whole: bool) -> Iterator[Difference]:
        """Entries that the files can't have made; with ``whole``, what is missing as well."""
        other = self._other_host()
        if other is not None:
            yield self._of_another(other)
            return
        strangers: list[RunningPolicy] = []
        found = set()
        for policy in self._dump.policies:
            yield from self._ends(policy)
            if policy.interface:
                continue
            key = (policy.direction, policy.selector)
            expected = self._configured.get(key)
            if expected is None:
                strangers.append(policy)
            else:
                found.add(key)
                yield from self._compared(policy, expected)
        self._loose = [policy for key, policy in self._configured.items() if key not in found]
        if self._host.spd.policies or self._host.daemons or self._host.scripts:
            for number, policy in enumerate(strangers):
                yield from self._stranger(policy, alone=number >= _COMPARED)
        if whole and Database.SPD not in self._dump.excerpts:
            for missing in self._loose:
                if missing.by_ike is None:
                    yield self._missing(missing)

    # ---- whose it is

    def _other_host(self) -> Host | None:
        """The host whose policies the listing shows, if it shows none of this host's and all are that other one's."""
        keys = {(policy.direction, policy.selector) for policy in self._dump.policies}
        if not keys or not keys.isdisjoint(self._configured):
            return None
        for other in self._peering.site.hosts:
            if other is not self._host and keys <= {(p.direction, p.selector) for p in other.spd.policies}:
                return other
        return None

    def _of_another(self, other: Host) -> Difference:
        first = self._dump.policies[0]
        twin = next(p for p in other.spd.policies if (p.direction, p.selector) == (first.direction, first.selector))
        return Difference(
            "other-host", first.origin, who_policy(first), "this listing shows the policies of "
            f"{other.name}, none of {self._host.name}",
            label=f"a policy of {other.name}", against=twin.origin, says="its line",
            mend=f"file it with {other.name}, and take one on this host",
        )  # fmt: skip

    # ---- ends

    def _ends(self, policy: RunningPolicy) -> Iterator[Difference]:
        """The far end of a protection is not this host; the near end is."""
        outward = policy.direction is Direction.OUT
        for template in policy.templates:
            far = template.peer or (template.destination if outward else template.source)
            near = template.source if outward else template.destination
            if far is not None and self._host.owns(far) and (near is None or not self._host.owns(near)):
                near_text = f", and its near end {near} is not" if near is not None else ""
                yield Difference(
                    "own-peer", template.origin, who_policy(policy), "{who} leads to " + f"{far}, which is this host "
                    f"itself{near_text}: the listing shows another host, or the ends are swapped",
                    label="this host", mend=_ELSEWHERE,
                )  # fmt: skip
                return

    # ---- what the files have too

    def _compared(self, policy: RunningPolicy, expected: SecurityPolicy) -> Iterator[Difference]:
        line = "the daemon would install this one" if expected.by_ike is not None else "the line that makes it"
        if policy.action is not expected.action:
            yield Difference(
                "action", policy.origin, who_policy(policy), "{who} "
                f"{_ACTIONS[policy.action]} its packets, the files say that it {_ACTIONS[expected.action]} them",
                label=policy.action.value, against=expected.origin, says=line, mend=_RELOAD,
            )  # fmt: skip
            return
        if len(policy.templates) != len(expected.templates):
            yield Difference(
                "bundle", policy.origin, who_policy(policy), "{who} demands "
                f"{_sum(policy.templates)}, the files demand {_sum(expected.templates)}",
                label="another protection", against=expected.origin, says=line, mend=_RELOAD,
            )  # fmt: skip
            return
        for running, wanted in zip(policy.templates, expected.templates, strict=True):
            words = list(self._template(running, wanted, expected))
            if words:
                yield Difference(
                    "template", running.origin, who_policy(policy), "{who} has " + ", ".join(words),
                    label="not what the files say", against=wanted.origin, says=line, mend=_RELOAD,
                )  # fmt: skip
            if wanted.level is Level.UNIQUE and running.chosen and not wanted.reqid:
                yield from self._chosen_once(policy, running)
        if policy.priority is not None and self._host.platform is Platform.LINUX and expected.by_ike is None:
            yield from self._priority(policy, expected)

    def _template(self, running: RunningTemplate, wanted: Template, policy: SecurityPolicy) -> Iterator[str]:
        if running.protocol is not wanted.protocol:
            yield f"protocol {running.protocol.value} instead of {wanted.protocol.value}"
        if running.mode is not None and running.mode is not wanted.mode:
            yield f"mode {running.mode.value} instead of {wanted.mode.value}"
        elif wanted.mode is Mode.TUNNEL:
            yield from self._tunnel(running, wanted, policy)
        if running.level is not wanted.level and not _may_be(running, wanted, policy):
            yield f"level {running.level.value} instead of {wanted.level.value}"
        elif running.mode is not None:
            yield from self._reqid(running, wanted)

    def _tunnel(self, running: RunningTemplate, wanted: Template, policy: SecurityPolicy) -> Iterator[str]:
        if running.source is not None and running.destination is not None:
            ends = (running.source, running.destination)
            if None not in (wanted.source, wanted.destination) and ends != (wanted.source, wanted.destination):
                yield f"the ends {ends[0]}→{ends[1]} instead of {wanted.source}→{wanted.destination}"
        elif running.peer is not None:
            far = far_address(policy)
            if far is not None and running.peer != far and not self._host.owns(running.peer):
                yield f"the peer {running.peer} instead of {far}"

    def _reqid(self, running: RunningTemplate, wanted: Template) -> Iterator[str]:
        """``unique:N`` keeps its number up to 16383; ``unique`` alone, or a larger number, gets one of the kernel's."""
        manual = 0 < wanted.reqid <= LARGEST_REQID or (wanted.reqid and self._host.platform is Platform.LINUX)
        if wanted.level is not Level.UNIQUE and not wanted.reqid:
            if running.reqid:
                yield f"request id {running.reqid}, the files give none"
        elif manual and running.reqid != wanted.reqid:
            yield f"request id {running.reqid} instead of {wanted.reqid}"
        elif not manual and not running.chosen:
            what = f"request id {running.reqid}" if running.reqid else "no request id"
            yield f"{what} instead of one that the kernel chooses (from {LARGEST_REQID + 1} on)"

    def _chosen_once(self, policy: RunningPolicy, running: RunningTemplate) -> Iterator[Difference]:
        """For each ``unique`` without a number a kernel takes the next one."""
        first = self._chosen.setdefault(running.reqid, running)
        if first is not running:
            yield Difference(
                "chosen", running.origin, who_policy(policy), "{who} has the request id "
                f"{running.reqid} of another policy: a kernel chooses a new one for every unique without a number",
                label="the same number", against=first.origin, says="chosen for this one",
                mend="take the listing again; do not put it together by hand",
            )  # fmt: skip

    def _priority(self, policy: RunningPolicy, expected: SecurityPolicy) -> Iterator[Difference]:
        if policy.priority != expected.priority:
            yield Difference(
                "priority", policy.origin, who_policy(policy), "{who} has priority "
                f"{policy.priority} instead of {expected.priority}",
                label="another priority", against=expected.origin, says="the line that makes it", mend=_RELOAD,
                severity=Severity.WARNING,
            )  # fmt: skip

    # ---- what only the kernel has

    def _stranger(self, policy: RunningPolicy, *, alone: bool) -> Iterator[Difference]:
        if self._is_generated(policy):
            return
        nearest = None if alone else self._nearest(policy)
        if nearest is not None:
            self._loose.remove(nearest)
            made = "its daemon would install" if nearest.by_ike is not None else "the files say"
            yield Difference(
                "selector", policy.selector_origin, who_policy(policy), "{who} is not what "
                f"{made}: {_between(policy, nearest)}", label="another selector", against=nearest.selector_origin,
                says=f"{nearest.selector} here", mend=_RELOAD,
            )  # fmt: skip
            return
        yield Difference(
            "stranger", policy.origin, who_policy(policy), "no file of this host makes {who}",
            label=policy.action.value if not policy.templates else _sum(policy.templates),
            mend="write it into the files, or delete it in the kernel (spddelete)",
        )  # fmt: skip

    def _is_generated(self, policy: RunningPolicy) -> bool:
        """A key daemon makes policies out of what its peers propose, and nobody knows what those may ask for."""
        outward = policy.direction is Direction.OUT
        local, remote = policy.selector.source, policy.selector.destination
        if not outward:
            local, remote = remote, local
        for template in policy.templates:
            far = template.peer or (template.destination if outward else template.source)
            far = far or (remote if remote.is_host else None)
            if far is not None and self._answers(far, local, remote):
                return True
        return False

    def _answers(self, far: AddressRange, local: AddressRange, remote: AddressRange) -> bool:
        """Some daemon makes policies for what a peer with this address proposes."""
        known = self._peering.owner(far)
        stranger = known is None or known is self._host
        return any(
            any(section.generate_policy != "off" for section in to_answer(daemon, far))
            or (stranger and answering(daemon, local, remote) is not None)
            for daemon in self._host.daemons
        )

    def _nearest(self, policy: RunningPolicy) -> SecurityPolicy | None:
        """The policy of the files that this one stands for: none of the others, and most of it the same."""
        best: tuple[int, SecurityPolicy] | None = None
        for other in self._loose:
            if other.direction is not policy.direction or other.selector.family != policy.selector.family:
                continue
            score = (
                2 * (other.selector.source == policy.selector.source)
                + 2 * (other.selector.destination == policy.selector.destination)
                + (other.selector.protocol == policy.selector.protocol)
                + _same_way(policy, other)
            )
            if score > 2 and (best is None or score > best[0]):
                best = (score, other)
        return None if best is None else best[1]

    # ---- what only the files have

    def _missing(self, policy: SecurityPolicy) -> Difference:
        implied = f" ({policy.implied})" if policy.implied else ""
        return Difference(
            "missing", policy.origin, f"this {policy.direction.value} policy{implied}",
            "{who} is not in the kernel: " + f"{self._dump.tool} does not list it",
            label="not in the kernel", against=self._dump.origin, says="the listing",
            mend=_RELOAD, severity=Severity.WARNING if policy.implied else Severity.ERROR,
        )  # fmt: skip


def _may_be(running: RunningTemplate, wanted: Template, policy: SecurityPolicy) -> bool:
    """isakmpd demands nothing of what arrives in its older releases, and which release it is often nobody says."""
    return policy.by_ike is not None and policy.direction is Direction.IN and {running.level, wanted.level} == {
        Level.USE, Level.REQUIRE
    }  # fmt: skip


def _sum(templates: tuple[RunningTemplate, ...] | tuple[Template, ...]) -> str:
    return " + ".join(str(template) for template in templates) or "nothing"


def _same_way(policy: RunningPolicy, other: SecurityPolicy) -> bool:
    """Both lead to the same peer."""
    outward = policy.direction is Direction.OUT
    far: AddressRange | None = None
    for template in policy.templates:
        far = template.peer or (template.destination if outward else template.source)
    return far is not None and far == far_address(other)


def _between(policy: RunningPolicy, other: SecurityPolicy) -> str:
    ours, theirs = policy.selector, other.selector
    words = []
    if ours.source != theirs.source:
        words.append(f"its source is {ours.source}, not {theirs.source}")
    if ours.destination != theirs.destination:
        words.append(f"its destination is {ours.destination}, not {theirs.destination}")
    if (ours.source, ours.destination) == (theirs.destination, theirs.source):
        words = ["its source and destination are swapped"]
    if ours.upper != theirs.upper:
        words.append(f"it is about {ours.upper}, not {theirs.upper}")
    if (ours.source_port, ours.destination_port) != (theirs.source_port, theirs.destination_port):
        words.append("its ports differ")
    return ", ".join(words) or "it differs in its details"
