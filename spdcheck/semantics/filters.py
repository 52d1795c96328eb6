"""The packet filters and NAT of a host, by hook: each one a decision list, in the order in which the kernel asks them.

A list's actions are :class:`Verdict`; NAT is the changes of an entry. Where a host's filter is not known, its list says
so with an ``Unknown`` condition, never with "pass".

pf and ipfilter are compiled by :mod:`spdcheck.semantics.loaded_filters`. Several filters of one host are asked in turn:
ipfilter, pf, ipfw for what comes in, the other way round for what leaves (``pfil_add_hook`` mirrors them).
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from spdcheck.model.host import Platform
from spdcheck.named_tuples import NamedTuple
from spdcheck.records import dataclass
from spdcheck.semantics.changes import Assign
from spdcheck.semantics.conditions import source
from spdcheck.semantics.decision import Decide, DecisionList, Entry
from spdcheck.semantics.fields import SOURCE, address_interval
from spdcheck.semantics.predicate import TRUE, Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.host import Host, Service
    from spdcheck.semantics.predicate import Predicate
    from spdcheck.source import Span


class Verdict(Enum):
    """What a filter does with a packet; REJECT answers the sender, BLOCK is silent."""

    PASS = "pass"
    BLOCK = "block"
    REJECT = "reject"

    @property
    def passes(self) -> bool:
        """The packet goes on."""
        return self is Verdict.PASS


SAME = "="
"""The interface on which the connection became known, in a :class:`Crossing`."""


class Crossing(NamedTuple):
    """One way in which packets of a known connection pass a filter.

    ``direction`` is ``in`` or ``out``; ``back`` tells answers from packets like the first one; ``interface`` is the
    one they must use, :data:`SAME`, or empty for any.
    """

    direction: str
    back: bool
    interface: str = ""


class Detour(NamedTuple):
    """Where a rule sends packets past the routing table. ``word`` is the rule's own (``route-to``).

    Without an interface it is that of the route to the gateway; without a gateway the destination is on the link.
    ``only_nat`` says that NAT is the only thing that is asked on the way out.
    """

    word: str
    interface: str
    gateway: AddressRange | None = None
    only_nat: bool = False


@dataclass(frozen=True, slots=True)
class Connection:
    """What a filter remembers of a connection: where its packets meet it again, and whether they pass.

    ``detour`` is where packets like the first one are sent, ``back`` where answers are; None for the usual route.
    """

    crossings: tuple[Crossing, ...]
    passes: bool = True
    detour: Detour | None = None
    back: Detour | None = None


ANSWERS = Connection((Crossing("in", back=True), Crossing("out", back=True)))
"""Answers are known wherever they come."""


class Tracking(Enum):
    """What Linux's connection tracking does at a point: it knows a packet, translates it, remembers the connection."""

    TRACK = "track"
    TRANSLATE = "translate"
    CONFIRM = "confirm"


@dataclass(frozen=True, slots=True)
class FilterPoint:
    """One filter or NAT at one hook. ``translates`` marks NAT, whose verdict is always PASS.

    ``before`` is a translation that belongs to the same filter and is asked first (old pf): both share one state.
    ``tracking`` marks the points of Linux's connection tracking; the tables between them keep no states of their own.
    ``fragments`` says which packets that come in fragments the filter looks at piece by piece; None where it puts all
    together first, or never sees any. ``divisible`` are packets that lose their "don't fragment" before anything else.
    """

    name: str
    rules: DecisionList
    translates: bool = False
    before: DecisionList | None = None
    tracking: Tracking | None = None
    fragments: Predicate | None = None
    divisible: Predicate | None = None


class Heard(NamedTuple):
    """What is written to a log, by which target with which options."""

    target: str
    options: tuple[object, ...]


class RuleList(NamedTuple):
    """One list of a host's filters with the actions of its own language, for questions about the rules themselves.

    ``origin`` is the whole file, ``unknown`` says why the rules are not all known. ``logged`` are the places of rules
    that log, where the actions don't tell it; ``replaced`` are those in whose place another one would come if they were
    not there (policies of Shorewall), so that a list without them is not what the file without them means. ``either``
    says that a condition that no packet answers (a limit, a set) holds now and then, so that its rule is one that
    decides. ``heard`` is the list as it would be if logging decided, where rules log and let the list go on.
    """

    name: str
    origin: Span
    rules: DecisionList
    translates: bool = False
    unknown: str = ""
    logged: frozenset[Span] = frozenset()
    replaced: frozenset[Span] = frozenset()
    either: bool = False
    heard: DecisionList | None = None


def points(host: Host, hook: str, interface: str) -> tuple[FilterPoint, ...]:
    """The filters at a hook (``in``, ``out``, ``PREROUTING`` …) for packets on an interface, in the kernel's order."""
    found = (*_from_services(host, hook, interface), *_foreign(host, hook))
    if not (host.packet_filters or any(_loads_rules(service) for service in host.services)):
        return found
    if hook not in ("in", "out"):
        from spdcheck.semantics.filters_linux import netfilter

        return (*found, *netfilter(host, hook))
    from spdcheck.semantics.loaded_filters import loaded

    files = loaded(host, hook)
    return (*files, *found) if hook == "in" else (*found, *files)


def _foreign(host: Host, hook: str) -> Iterator[FilterPoint]:
    """Rules of a filter that the host's system does not have: what decides there is not known."""
    on_bsd = host.platform is not None and (host.platform.is_bsd or host.platform is Platform.SOLARIS)
    if hook not in (("in", "out") if on_bsd else ("INPUT", "FORWARD", "OUTPUT")):
        return
    for ruleset in host.packet_filters:
        if (ruleset.kind in LINUX_KINDS) is not on_bsd:
            continue
        path = ruleset.origin.file.path
        reason = f"which system {host.name} runs, and so when it asks the rules of {path}"
        if host.platform is not None:
            reason = f"{path} is for another system than {host.platform.title}; what filters there"
        entry = Entry(Unknown(reason), Decide(Verdict.BLOCK), ruleset.origin.file.span(0, 0))
        yield FilterPoint("filter", DecisionList((entry,), Decide(Verdict.BLOCK)))
        return


LINUX_KINDS = ("netfilter", "shorewall")
"""The languages of Linux's filter; all others are those of the BSDs and Solaris."""


def _loads_rules(service: Service) -> bool:
    return service.name in RULE_LOADERS and bool(service.enabled)


RULE_LOADERS = ("pf", "ipfilter", "ipnat")
"""Services that load a file of rules at boot."""


def _from_services(host: Host, hook: str, interface: str) -> Iterator[FilterPoint]:
    """ipfw and natd as ``rc.conf`` starts them: ``divert natd`` is rule 50, before everything else."""
    services = {service.name: service for service in host.services if service.enabled}
    firewall, natd = services.get("ipfw"), services.get("natd")
    if hook not in ("in", "out"):
        return
    if natd is not None and firewall is not None and _option(firewall, "type") in ("open", "client", "OPEN", "CLIENT"):
        found = _natd(host, natd, hook, interface)
        if found is not None:
            yield found
    if firewall is not None:
        yield FilterPoint("ipfw", _ipfw(firewall))


def _option(service: Service, name: str) -> str:
    return next((value for key, value in service.options if key == name), "")


def _natd(host: Host, natd: Service, hook: str, interface: str) -> FilterPoint | None:
    """libalias on one interface: what leaves gets the alias address, what has it already keeps it.

    What comes in is translated back only where a connection is known; the simulator's states do that, so that the
    list for what comes in is empty. natd remembers this host's own connections too.
    """
    device = _option(natd, "interface")
    if interface != device:
        return None
    if hook == "in":
        return FilterPoint("natd", DecisionList((), Decide(Verdict.PASS)), translates=True)
    alias = _alias_address(host, device)
    if alias is None:
        entry = Entry(Unknown(f"natd's address on {device} is not known"), Decide(Verdict.PASS), natd.origin)
        return FilterPoint("natd", DecisionList((entry,), Decide(Verdict.PASS)), translates=True)
    change = Assign(SOURCE, address_interval(alias)[0])
    own = Entry(source(alias), Decide(Verdict.PASS, (), ANSWERS), natd.origin)
    other = Entry(TRUE, Decide(Verdict.PASS, (change,), ANSWERS), natd.origin)
    return FilterPoint("natd", DecisionList((own, other), Decide(Verdict.PASS)), translates=True)


def _alias_address(host: Host, device: str) -> AddressRange | None:
    for interface in host.interfaces:
        if interface.name == device and not interface.dynamic:
            for address in interface.addresses:
                if address.address.family == 4:
                    return address.address
    return None


def _ipfw(firewall: Service) -> DecisionList:
    """The rule sets of etc/rc.firewall: ``open`` passes everything, ``closed`` only loopback; others are not known."""
    kind = _option(firewall, "type")
    if kind.lower() == "open":
        return DecisionList((Entry(TRUE, Decide(Verdict.PASS), firewall.origin),), Decide(Verdict.PASS))
    if kind.lower() == "closed":
        return DecisionList((Entry(TRUE, Decide(Verdict.BLOCK), firewall.origin),), Decide(Verdict.BLOCK))
    entry = Entry(
        Unknown(f"ipfw's rules ({kind or 'firewall_script'}) are not modelled"), Decide(Verdict.BLOCK), firewall.origin
    )
    return DecisionList((entry,), Decide(Verdict.BLOCK))
