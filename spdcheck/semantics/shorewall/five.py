"""The compiler of Shorewall 3.0 and later (as 5.2.8 does it): all steps in their order, and policies at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.netfilter import Target
from spdcheck.model.shorewall import RuleEntry
from spdcheck.semantics.shorewall import maclist, tunnels
from spdcheck.semantics.shorewall import matches as m
from spdcheck.semantics.shorewall.interface_options import clamp_mss, common_rules, place_options, zone_mss
from spdcheck.semantics.shorewall.making import Making, queue
from spdcheck.semantics.shorewall.mangle import marks
from spdcheck.semantics.shorewall.matrix import Matrix
from spdcheck.semantics.shorewall.policies import ALL
from spdcheck.semantics.shorewall.raw import conntrack
from spdcheck.semantics.shorewall.rules import Rules, Where
from spdcheck.semantics.shorewall.source_nat import network_map, one_to_one, source_nat

if TYPE_CHECKING:
    from spdcheck.model.host import Host
    from spdcheck.model.netfilter import NetfilterRuleset
    from spdcheck.model.shorewall import Shorewall
    from spdcheck.model.shorewall_columns import Action
    from spdcheck.semantics.shorewall.chains import Chain
    from spdcheck.semantics.shorewall.policies import Policy
    from spdcheck.source import Span


def compiled(source: Shorewall, host: Host) -> NetfilterRuleset:
    """The tables that the firewall loads when it starts."""
    making = Making(source, host)
    clamp_mss(making)
    common_rules(making)
    source_nat(making)
    one_to_one(making)
    network_map(making)
    stations = maclist.begin(making)
    rules = Rules(making)
    rules.blacklist()
    place_options(making, blacklists=bool(source.blrules))
    zone_mss(making)
    rules.rules()
    conntrack(making)
    tunnels.tunnels(making)
    maclist.end(making, stations)
    Finisher(making, rules).policies()
    marks(making)
    Matrix(making).build()
    Finisher(making, rules).ends()
    return making.tables.ruleset(source)


class Finisher:
    """Policies, at the end of every chain."""

    def __init__(self, making: Making, rules: Rules) -> None:
        self.making, self.rules = making, rules

    def policies(self) -> None:
        """Every pair's chain ends with its policy; wildcard lines have chains of their own where they are shared."""
        making = self.making
        for pair in making.policies.order:
            policy = making.policies.pairs[pair]
            if policy.name == "NONE" or policy.provisional or policy.name == "CONTINUE":
                continue
            if not policy.own and pair[0] != pair[1]:
                continue
            chain = making.pair(*pair)
            if not chain.referenced:
                making.finish(chain)
        if not making.settings.on("EXPAND_POLICIES"):
            for words, policy in making.policies.shared.items():
                shared = making.filter("-".join(words))
                shared.referenced = True
                self._end(shared, policy)
        for pair, policy in making.policies.pairs.items():
            chain = making.pair(*pair)
            if chain.referenced:
                if policy.own:
                    self._end(chain, policy)
                else:
                    self._shared(chain, policy)

    def _shared(self, chain: Chain, policy: Policy) -> None:
        assert policy.shared is not None
        accepts = policy.name in ("ACCEPT", "QUEUE", "NFQUEUE")
        if policy.name == "CONTINUE" or (accepts and policy.limits is not None):
            self._end(chain, policy)
        else:
            chain.jump((), self.making.filter("-".join(policy.shared)), policy.origin, goto=True)

    def ends(self) -> None:
        """The built-in chains end as the policy for all says."""
        making = self.making
        if making.settings.on("COMPLETE"):
            return
        for interface in making.layout.real_interfaces():
            if interface.has("unmanaged"):
                making.filter("INPUT").jump(
                    m.incoming(interface.physical, interface.origin), "ACCEPT", interface.origin
                )
                making.filter("OUTPUT").jump(
                    m.outgoing(interface.physical, interface.origin), "ACCEPT", interface.origin
                )
        firewall = making.firewall
        for name, words, default in (
            ("INPUT", (ALL, firewall), "DROP"),
            ("OUTPUT", (firewall, ALL), "REJECT"),
            ("FORWARD", (ALL, ALL), "REJECT"),
        ):
            chain = making.filter(name)
            policy = making.policies.last(*words)
            if policy is not None:
                self._end(chain, policy, multicast=False)
                continue
            origin = making.source.policies[-1].origin if making.source.policies else making.source.origin
            for action in making.policies.defaults(default):
                self._action(chain, action, origin)
            chain.jump((), making.verdict(default), origin, goto=True)

    def _end(self, chain: Chain, policy: Policy, *, multicast: bool = True) -> None:
        making, origin = self.making, policy.origin
        if policy.name == "NONE":
            return
        if multicast and making.settings.on("MULTICAST") and policy.name not in ("CONTINUE", "ACCEPT"):
            chain.jump(m.network(m.MULTICAST[making.family], origin, source=False), "RETURN", origin)
        for action in policy.actions:
            self._action(chain, action, origin)
        if policy.name == "CONTINUE":
            return
        if policy.name == "BLACKLIST":
            chain.jump((), "DROP", origin)
        elif policy.name == "QUEUE":
            chain.add((), Target("QUEUE", (), origin), origin)
        elif policy.name == "NFQUEUE":
            chain.add((), queue(tuple(policy.queue.split(",")), origin), origin)
        else:
            chain.jump((), making.verdict(policy.name), origin, goto=True)

    def _action(self, chain: Chain, action: Action, origin: Span) -> None:
        """A default action, written in place."""
        line = RuleEntry(section="POLICY", action=action, origin=origin)
        self.rules.line(line, Where(chain=chain))
