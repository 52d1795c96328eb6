"""Associations in the kernel against the policies, the lines that write them, and what the key daemons would choose."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.finding import Severity
from spdcheck.checks.running_agreement import RENEW, disagreements, refused_by_keynote
from spdcheck.checks.running_difference import Difference
from spdcheck.checks.running_oddities import who_sa
from spdcheck.model.policy import Action, Level, Mode, Protocol
from spdcheck.model.running import Database
from spdcheck.named_tuples import NamedTuple
from spdcheck.semantics.agreed_terms import RacoonTerms, isakmpd_terms
from spdcheck.semantics.manual_keys import effective_mode, ends_of, family_of
from spdcheck.semantics.own_addresses import known_addresses
from spdcheck.semantics.remote_selection import to_answer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.association import SecurityAssociation
    from spdcheck.model.host import Host
    from spdcheck.model.policy import SecurityPolicy, Template
    from spdcheck.model.running import Dump, RunningAssociation, RunningTemplate
    from spdcheck.semantics.agreed_terms import Terms
    from spdcheck.semantics.peering import Peering
    from spdcheck.source import Span

_RELOAD = "load the script again, or write into it what is meant"

Way = tuple["AddressRange", "AddressRange", str]


class _Demand(NamedTuple):
    """A template that SAs between its ends serve. ``policy`` is None where only the listing of the SPD has it."""

    template: Template | RunningTemplate
    policy: SecurityPolicy | None


class RunningAssociations:
    """The comparison for one listing of one host."""

    def __init__(self, peering: Peering, host: Host, dump: Dump) -> None:
        self._host = host
        self._peering = peering
        self._dump = dump
        self._demands: dict[Way, list[_Demand]] = {}
        self._wide = False
        self._manual = {_identity(sa): sa for sa in host.sad.associations}
        self._terms = {d.program: RacoonTerms(peering, host, d) for d in host.daemons if d.program == "racoon"}
        self._agreed: dict[Way, list[Terms]] = {}
        self._collect()

    def _collect(self) -> None:
        """Every protection that is demanded, by the ends of its SAs."""
        for policy in self._host.spd.policies:
            if policy.action is Action.PROTECT:
                for template in policy.templates:
                    source, destination = ends_of(policy, template)
                    self._wide = self._wide or not (source.is_host and destination.is_host)
                    way = (source, destination, template.protocol.value)
                    self._demands.setdefault(way, []).append(_Demand(template, policy))
        for running in self._host.running.policies:
            for item in running.templates:
                ends = (item.source, item.destination)
                if item.mode is Mode.TRANSPORT or None in ends:
                    ends = (running.selector.source, running.selector.destination)
                if ends[0] is not None and ends[1] is not None and item.mode is not None:
                    way = (ends[0], ends[1], item.protocol.value)
                    self._demands.setdefault(way, []).append(_Demand(item, None))

    def differences(self, *, whole: bool) -> Iterator[Difference]:
        """Entries that nothing of ours can have made; with ``whole``, SAs of the files that are missing as well."""
        found = set()
        for association in self._dump.associations:
            yield from self._ends(association)
            identity = (association.destination, family_of(association.protocol), association.spi or 0)
            line = self._manual.get(identity)
            if line is not None:
                found.add(identity)
                yield from self._against_line(association, line)
            else:
                yield from self._against_policies(association)
        if whole and Database.SAD not in self._dump.excerpts:
            for identity, line in self._manual.items():
                if identity not in found:
                    yield Difference(
                        "missing-sa", line.origin, "this association", "{who} is not in the kernel: "
                        f"{self._dump.tool} does not list it", label="not in the kernel", against=self._dump.origin,
                        says="the listing", mend=_RELOAD,
                    )  # fmt: skip

    def _ends(self, association: RunningAssociation) -> Iterator[Difference]:
        """One end of an SA is this host."""
        host = self._host
        source, destination = association.source, association.destination
        if not host.addresses or host.owns(source) or host.owns(destination):
            return
        if destination.first >> 28 == 0xE or any(i.dynamic for i in host.interfaces):
            return
        sure = known_addresses(host, source.family).complete
        yield Difference(
            "foreign", association.origin, who_sa(association), "neither end of {who} is an address of this host: the "
            "listing was taken elsewhere, or the host has an address that no file gives",
            label="not this host", mend="take the listing on this host, or give its addresses in spdcheck.toml",
            severity=Severity.ERROR if sure else Severity.WARNING,
        )  # fmt: skip

    # ---- associations that the files write

    def _against_line(self, running: RunningAssociation, line: SecurityAssociation) -> Iterator[Difference]:
        found = list(self._line_words(running, line))
        if found:
            yield Difference(
                "line", found[0][0], who_sa(running), "{who} has " + ", ".join(words for _, words in found),
                label="not what the line says", against=line.origin, says="the line that writes it", mend=_RELOAD,
            )  # fmt: skip

    def _line_words(self, running: RunningAssociation, line: SecurityAssociation) -> Iterator[tuple[Span, str]]:
        if running.source != line.source:
            yield running.origin, f"the source {running.source} instead of {line.source}"
        mode = effective_mode(line, self._host.platform)
        if running.mode is not None and running.mode is not mode and line.mode is not running.mode:
            yield running.place("mode"), f"mode {running.mode.value} instead of {mode.value}"
        for ours, theirs in ((running.encryption, line.encryption), (running.integrity, line.integrity)):
            if ours is None or theirs is None:
                continue
            bits = None if theirs.key is None else theirs.key.bits
            if ours.name != theirs.name:
                yield ours.origin, f"{ours.name} instead of {theirs.name}"
            elif ours.bits is not None and bits is not None and ours.bits != bits:
                yield ours.origin, f"a key of {ours.bits} bits for {ours.name} instead of {bits}"
            elif ours.key is not None and theirs.key is not None and ours.key != theirs.key:
                yield ours.origin, f"another key for {ours.name} than the line"
        if running.reqid is not None and running.reqid != line.reqid:
            yield running.place("reqid"), f"request id {running.reqid} instead of {line.reqid}"
        window = line.replay_window or 0
        if running.replay_window is not None and running.replay_window != window:
            yield running.place("replay"), f"a replay window of {running.replay_window} instead of {window}"
        for name, place in (("seconds", "lifetime"), ("bytes", "bytes")):
            for grade in ("hard", "soft"):
                value, wanted = getattr(running, f"{grade}_{name}"), getattr(line, f"{grade}_{name}")
                if value is not None and value != wanted:
                    yield running.place(place), f"a {grade} limit of {value} {name} instead of {wanted}"

    # ---- associations that somebody negotiates

    def _against_policies(self, running: RunningAssociation) -> Iterator[Difference]:
        way = (running.source, running.destination, family_of(running.protocol))
        demands = self._demands.get(way, [])
        if not demands:
            yield from self._unasked(running)
            return
        yield from self._mode(running, demands)
        yield from self._reqid(running, demands)
        agreed = self._agreed_for(way, demands)
        if agreed:
            yield from disagreements(running, agreed)
            yield from refused_by_keynote(self._host, running)
        elif not self._host.daemons and self._host.sad.associations and self._host.scripts:
            yield self._unwritten(running)
        else:
            yield from refused_by_keynote(self._host, running)

    def _unasked(self, running: RunningAssociation) -> Iterator[Difference]:
        """No policy wants an SA between these ends; a daemon may answer for policies that it makes itself."""
        host = self._host
        if not host.spd.policies or self._wide or running.state in ("larval", "dead"):
            return
        if not (host.owns(running.source) or host.owns(running.destination)):
            return
        far = running.destination if host.owns(running.source) else running.source
        for daemon in host.daemons:
            if daemon.program != "racoon" or any(s.generate_policy != "off" for s in to_answer(daemon, far)):
                return
        others = any((running.source, running.destination, protocol.value) in self._demands for protocol in Protocol)
        what = f"an SA of {running.protocol}" if others else "an SA between these two"
        yield Difference(
            "unasked", running.origin, who_sa(running), "no policy of this host asks for {who}: "
            f"none wants {what}", label="for no policy",
            mend="see which policies made it (setkey -DP), and write them into the files or flush the SAD",
        )  # fmt: skip

    def _unwritten(self, running: RunningAssociation) -> Difference:
        return Difference(
            "unwritten", running.origin, who_sa(running), "no file of this host writes {who}, and no key daemon of it "
            "is known", label="from elsewhere", mend="write it into the files, or delete it in the kernel (setkey -F)",
        )  # fmt: skip

    def _mode(self, running: RunningAssociation, demands: list[_Demand]) -> Iterator[Difference]:
        modes = {demand.template.mode for demand in demands}
        if running.mode is None or running.mode in modes:
            return
        if running.mode is Mode.ANY and not self._terms:
            return
        demand = next((item for item in demands if item.policy is not None), demands[0])
        wanted = demand.template.mode.value if demand.template.mode is not None else "another mode"
        why = "; racoon gives its SAs the mode of the policy" if running.mode is Mode.ANY else ""
        yield Difference(
            "mode", running.place("mode"), who_sa(running), "{who} has " + f"mode {running.mode.value}, but the policy "
            f"between its ends asks for {wanted}: it is not of this policy{why}", label=f"mode {running.mode.value}",
            against=demand.template.origin, says=f"{wanted} here", mend=RENEW,
        )  # fmt: skip

    def _reqid(self, running: RunningAssociation, demands: list[_Demand]) -> Iterator[Difference]:
        """The number of the policy, where it is known; racoon hands it on, 0 included."""
        if running.reqid is None or not self._terms:
            return
        known = [item for item in demands if item.policy is None] or [
            item for item in demands if item.template.reqid or item.template.level is not Level.UNIQUE
        ]
        numbers = {item.template.reqid for item in known}
        if not known or running.reqid in numbers:
            return
        listed = " or ".join(map(str, sorted(numbers)))
        unique = known[0].template.level is Level.UNIQUE
        wanted = f"asks for unique with {listed}" if unique else "has none" if numbers == {0} else f"has {listed}"
        yield Difference(
            "reqid", running.place("reqid"), who_sa(running), "{who} has request id "
            f"{running.reqid}, but the policy between its ends {wanted}: it is not of this policy",
            label=f"request id {running.reqid}", against=known[0].template.origin, says="the policy", mend=RENEW,
        )  # fmt: skip

    # ---- what the daemons would choose

    def _agreed_for(self, way: Way, demands: list[_Demand]) -> list[Terms]:
        """The different terms on which SAs of one way can be; many policies have the same."""
        if way not in self._agreed:
            found: dict[Terms, None] = {}
            for item in demands:
                if item.policy is not None:
                    known = [terms_of.of(item.policy) for terms_of in self._terms.values()]
                    known.append(isakmpd_terms(self._peering, item.policy))
                    found |= dict.fromkeys(terms for terms in known if terms is not None)
            self._agreed[way] = list(found)
        return self._agreed[way]


def _identity(line: SecurityAssociation) -> tuple[AddressRange, str, int]:
    return line.destination, family_of(line.protocol), line.spi
