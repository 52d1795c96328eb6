"""The state of one compilation (Shorewall 3.0 and later): what all its steps share.

The real compiler is a sequence of steps that leave their rules in chains, and some of its ways show only in that
sequence: a chain that an ``mss=`` or an option began before the rules came never gets the rule for established
connections if no rule follows. So the steps are the same here, in the same order.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.model.netfilter import Option, Target
from spdcheck.semantics.shorewall import matches as m
from spdcheck.semantics.shorewall.common import Common
from spdcheck.semantics.shorewall.policies import Policies

if TYPE_CHECKING:
    from spdcheck.model.host import Host
    from spdcheck.model.shorewall import Shorewall
    from spdcheck.semantics.shorewall.chains import Chain, Matches
    from spdcheck.semantics.shorewall.policies import Policy
    from spdcheck.source import Span

STATES = ("ESTABLISHED", "RELATED", "INVALID", "UNTRACKED")
AUXILIARY = {"ESTABLISHED": "^", "RELATED": "+", "INVALID": "_", "UNTRACKED": "&", "BLACKLIST": "~"}
"""How the chain of a section is marked: before the pair's name, for blacklists behind it."""

_FINISHED = {
    "": "", "BLACKLIST": "", "ALL": "", "ESTABLISHED": "", "RELATED": "ESTABLISHED", "INVALID": "ESTABLISHED RELATED",
    "UNTRACKED": "ESTABLISHED RELATED INVALID", "NEW": "ESTABLISHED RELATED INVALID UNTRACKED",
    "POLICY": "ESTABLISHED RELATED INVALID UNTRACKED",
}  # fmt: skip
_NEW_HEADER = re.compile(r"^[ \t]*\??SECTION[ \t]+NEW\b", re.MULTILINE | re.IGNORECASE)


class Making(Common):
    """One configuration on its way to tables."""

    def __init__(self, source: Shorewall, host: Host) -> None:
        super().__init__(source, host)
        self.policies = Policies(self.layout, self.settings)
        self.section = ""
        self._newest = False
        self.origin: Span = source.origin
        self.has_new = any(
            file.path.rpartition("/")[2] == "rules" and _NEW_HEADER.search(file.text) for file in source.files
        )
        self.limit_chains: dict[tuple[str, str], Chain] = {}
        self.exclusion_mark = 1 << (self._zone_offset() + self.settings.number("ZONE_BITS"))
        self.transparent_mark, self.event_mark = self.exclusion_mark << 1, self.exclusion_mark << 2
        self.mark_mask = (1 << self.settings.number("MASK_BITS")) - 1
        for pair in self.policies.pairs:
            self.pair(*pair)

    # Chains

    def pair(self, source: str, dest: str) -> Chain:
        """The chain of a pair of zones."""
        name = f"{source}-{dest}"
        chain = self.tables.get("filter", name)
        if chain is None:
            chain = self.filter(name)
            if self.settings.on("FASTACCEPT"):
                accepts = self.settings.text("RELATED_DISPOSITION") == "ACCEPT"
                accepts &= not self.settings.on("RELATED_LOG_LEVEL")
                chain.sections = {"ESTABLISHED", "RELATED"} if accepts else {"ESTABLISHED"}
        return chain

    # Sections

    def enter(self, section: str) -> None:
        """The rules of another section follow: what the earlier ones leave open is closed."""
        if section == self.section:
            return
        self._newest |= section == "NEW"
        if section in ("RELATED", "INVALID", "UNTRACKED", "NEW"):
            finished = _FINISHED[section].split()
            for first in self.layout.order:
                for second in self.layout.order:
                    chain = self.pair(first, second)
                    if chain.referenced:
                        self._finish(self._auxiliary(first, second) or chain, chain, finished)
        self.section = section

    def _auxiliary(self, first: str, second: str) -> Chain | None:
        mark = AUXILIARY.get(self.section)
        if mark is None or self.section == "BLACKLIST":
            return None
        return self.tables.get("filter", f"{mark}{first}-{second}")

    def ensure_rules(self, source: str, dest: str) -> Chain:
        """The chain of a pair, with the rules for the states that are settled by now."""
        chain = self.pair(source, dest)
        if not chain.referenced:
            self.finish(chain)
        return chain

    def finish(self, chain: Chain) -> None:
        """Closes the sections before the present one."""
        finished = _FINISHED[self.section].split()
        if finished:
            self._finish(chain, chain, finished)
        chain.referenced = True

    def _finish(self, chain: Chain, pair: Chain, states: list[str]) -> None:
        waiting = [state for state in states if state not in pair.sections]
        pair.sections.update(waiting)
        for state in STATES:
            if state not in waiting:
                continue
            alone = chain.name.startswith(AUXILIARY[state])
            target = self.target_of(state)
            logged = state != "ESTABLISHED" and self.settings.on(f"{state}_LOG_LEVEL")
            if not alone and target == "ACCEPT" and not logged:
                continue
            origin = self.settings.origin(f"{state}_DISPOSITION")
            if alone:
                if target:
                    chain.jump((), self.verdict(target), origin, goto=True)
                waiting.remove(state)
                break
            if target:
                if "ESTABLISHED" in waiting:
                    pair.jump(m.state(origin, "ESTABLISHED"), "ACCEPT", self.origin)
                    waiting.remove("ESTABLISHED")
                chain.jump(m.state(origin, state), self.verdict(target), origin)
            waiting.remove(state)
        kept: list[str] = [s for s in ("ESTABLISHED", "RELATED") if s in waiting and not self.settings.on("FASTACCEPT")]
        if "UNTRACKED" in waiting and self.target_of("UNTRACKED") == "ACCEPT":
            kept.append("UNTRACKED")
        if kept:
            origin = self._implied(pair)
            pair.jump(m.state(origin, *kept), "ACCEPT", origin)
        if self.has_new and (self._newest or self.section == "POLICY"):
            self._limit_new(pair)
            pair.new = len(pair.rules)

    def _implied(self, pair: Chain) -> Span:
        """The line that makes a chain accept what belongs to a known connection: the pair's policy."""
        policy = self.policy_of(pair)
        return self.origin if policy is None else policy.origin

    def policy_of(self, pair: Chain) -> Policy | None:
        """The policy of a chain."""
        source, _, dest = pair.name.partition("-")
        return self.policies.of(source, dest)

    def target_of(self, state: str) -> str:
        """What happens to packets of a state that no rule of its section took; empty to go on."""
        if state == "ESTABLISHED":
            return "ACCEPT"
        word = self.settings.text(f"{state}_DISPOSITION").removeprefix("A_")
        return "" if word == "CONTINUE" else word

    def _limit_new(self, pair: Chain) -> None:
        """RATE of the policy: new TCP connections beyond it are dropped."""
        policy = self.policy_of(pair)
        if policy is None or policy.limits is None:
            return
        stays = policy.name in ("ACCEPT", "CONTINUE", "QUEUE", "NFQUEUE")
        if policy.own and self.section == "POLICY" and not stays:
            return
        chain = self.limit_chain(policy)
        pair.jump(m.syn(policy.origin), chain, policy.origin)

    def limit_chain(self, policy: Policy) -> Chain:
        """The chain that drops connections beyond the limits of a policy."""
        assert policy.limits is not None
        key = (policy.origin.where, policy.name)
        chain = self.limit_chains.get(key)
        if chain is None:
            chain = self.limit_chains[key] = self.filter(f"@limit{len(self.limit_chains)}")
            asked: Matches = ()
            if policy.limits.rate is not None:
                asked += m.rate(policy.limits.rate)
            if policy.limits.connections is not None:
                asked += m.connection_limit(policy.limits.connections)
            chain.jump(asked, "RETURN", policy.origin)
            chain.jump((), "DROP", policy.origin)
        return chain

    # Marks

    def _zone_offset(self) -> int:
        offset, bits = self.settings.number("PROVIDER_OFFSET"), self.settings.number("PROVIDER_BITS")
        mask = self.settings.number("MASK_BITS")
        return max(offset, mask) + bits if offset else max(mask, bits)

    @property
    def provider_mask(self) -> int:
        """The bits of a mark that name a provider."""
        offset = self.settings.number("PROVIDER_OFFSET")
        if offset:
            offset = max(offset, self.settings.number("MASK_BITS"))
        return ((1 << self.settings.number("PROVIDER_BITS")) - 1) << offset


def queue(parameters: tuple[str, ...], origin: Span) -> Target:
    """``NFQUEUE(number[:number[c]][,bypass])``."""
    first, *rest = parameters or ("",)
    options: list[Option] = []
    if first == "bypass":
        options.append(Option("queue-bypass", None, False, origin))
    elif ":" in first:
        options.append(Option("queue-balance", first.rstrip("c"), False, origin))
        if first.endswith("c"):
            options.append(Option("queue-cpu-fanout", None, False, origin))
    elif first not in ("", "-"):
        options.append(Option("queue-num", int(first) if first.isdigit() else first, False, origin))
    if rest == ["bypass"]:
        options.append(Option("queue-bypass", None, False, origin))
    return Target("NFQUEUE", tuple(options), origin)


def reject_with(word: str, origin: Span) -> Target:
    """``REJECT --reject-with word``; without a word the kernel says port-unreachable."""
    return Target("REJECT", (Option("reject-with", word, False, origin),) if word else (), origin)
