"""What stands behind ``-P``: direction, priority, action and templates, as libipsec reads them.

Everything that follows from the shape alone is worked out once for a shape (:class:`_Plan`); what is left to do for a
statement are the words that differ.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.formats.setkey.dialect import DEFAULT_PRIORITY
from spdcheck.formats.setkey.problems import NotLoaded, NotModelled, Problem, Refused
from spdcheck.formats.setkey.statement import Accident
from spdcheck.formats.setkey.syntax import (
    AnyMe,
    BasedPriority,
    DirectionOnly,
    Ends,
    MeAny,
    Policy,
    PortedEnds,
    Priority,
    TemplateWithoutEnds,
)
from spdcheck.formats.setkey.words import number, read_address
from spdcheck.model.host import Platform
from spdcheck.model.policy import Action, Direction, Level, Mode, Protocol, Template
from spdcheck.named_tuples import NamedTuple
from spdcheck.records import dataclass, replace

if TYPE_CHECKING:
    from spdcheck.formats.setkey.dialect import Dialect
    from spdcheck.formats.setkey.statement import Statement
    from spdcheck.formats.setkey.syntax import Template as TemplateSyntax
    from spdcheck.formats.shapes import Slot
    from spdcheck.model.addresses import AddressRange
    from spdcheck.source import Span

MAX_MANUAL_REQID = 0x3FFF
"""The biggest N of ``unique:N`` that a kernel keeps (IPSEC_MANUAL_REQID_MAX)."""

_DIRECTIONS = {"P_OUT": Direction.OUT, "P_IN": Direction.IN, "P_FWD": Direction.FWD}
_ACTIONS = {"P_DISCARD": Action.DISCARD, "P_NONE": Action.BYPASS, "P_IPSEC": Action.PROTECT}
_PROTOCOLS = {"P_ESP": Protocol.ESP, "P_AH": Protocol.AH, "P_IPCOMP": Protocol.IPCOMP}
_MODES = {"P_TRANSPORT": Mode.TRANSPORT, "P_TUNNEL": Mode.TUNNEL}
_LEVELS = {
    "P_DEFAULT": Level.DEFAULT,
    "P_USE": Level.USE,
    "P_REQUIRE": Level.REQUIRE,
    "P_UNIQUE": Level.UNIQUE,
    "P_UNIQUE_ID": Level.UNIQUE,
}
_BASES = {"P_LOW": 0xC000_0000, "P_DEF": DEFAULT_PRIORITY, "P_HIGH": 0x4000_0000}


class PolicyValue(NamedTuple):
    """What a policy demands, without its selector. ``priority`` is None where the text gives none."""

    direction: Direction
    action: Action
    templates: tuple[Template, ...]
    priority: int | None


class _TemplatePlan(NamedTuple):
    """Where the words of a template stand; ``last`` is its last token."""

    protocol: Protocol
    mode: Mode
    level: Level
    first: int
    last: int
    source: Slot | None
    destination: Slot | None
    reqid: Slot | None


@dataclass(frozen=True, slots=True)
class _Plan:
    """What the shape of a policy says. ``problem`` makes what every statement of this shape is answered with."""

    direction: Direction
    action: Action
    templates: tuple[_TemplatePlan, ...]
    priority: Priority | BasedPriority | None
    accidents: tuple[Accident, ...]
    problem: tuple[type[Problem], int, str, str] | None


class Policies:
    """Reads the policies of one script."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._plans: dict[Policy | DirectionOnly, _Plan] = {}
        self._end_points: dict[str, AddressRange] = {}

    def direction(self, node: Policy | DirectionOnly, statement: Statement) -> Direction:
        """The direction, all that the kernel looks at for ``spddelete``; setkey reads the rest all the same."""
        plan = self._plan(node)
        for template in plan.templates:
            self._template(template, plan, statement)
        if plan.problem is not None and plan.problem[0] is Refused:
            raise Refused(*plan.problem[1:])
        return plan.direction

    def read(self, node: Policy | DirectionOnly, statement: Statement) -> PolicyValue:
        """The policy of a statement."""
        plan = self._plan(node)
        templates = tuple([self._template(template, plan, statement) for template in plan.templates])
        priority = None if plan.priority is None else self._priority(plan.priority, statement)
        if plan.problem is not None:
            kind, at, message, mend = plan.problem
            raise kind(at, message, mend)
        if plan.accidents:
            statement.accidents.extend(plan.accidents)
        if isinstance(node, DirectionOnly):
            priority = 0
        if plan.action is not Action.PROTECT:
            templates = ()
        return PolicyValue(plan.direction, plan.action, templates, priority)

    def _plan(self, node: Policy | DirectionOnly) -> _Plan:
        plan = self._plans.get(node)
        if plan is None:
            plan = self._plans[node] = _only_direction(node) if isinstance(node, DirectionOnly) else self._full(node)
            if node.direction.name == "P_FWD" and not self._dialect.forward:
                message = "libipsec takes `fwd` for `in` where the kernel has no forward policies"
                accident = Accident(node.direction.at, message, "write `in`, or leave it out")
                plan = replace(plan, direction=Direction.IN, accidents=(*plan.accidents, accident))
                self._plans[node] = plan
        return plan

    def _full(self, node: Policy) -> _Plan:
        action = _ACTIONS.get(node.action.name, Action.BYPASS)
        accidents: list[Accident] = []
        problem: tuple[type[Problem], int, str, str] | None = None
        at = node.action.at
        if node.action.name not in _ACTIONS:
            message = "this is for sockets only: the kernel answers `Invalid argument` to such a policy in the SPD"
            problem = (NotLoaded, at, message, "write `none` to let packets pass in clear")
        elif action is not Action.PROTECT and node.templates:
            message = "the rules behind it have no effect"
            accidents.append(Accident(at, message, "write `ipsec` if packets are to be protected", error=True))
        elif action is Action.PROTECT and not node.templates:
            if self._dialect.platform is Platform.LINUX:
                action = Action.BYPASS
                message = "`ipsec` without a rule protects nothing: Linux lets the packets pass in clear"
                accidents.append(Accident(at, message, "add a rule like `esp/transport//require`", error=True))
            elif self._dialect.unknown:
                message = "`ipsec` without a rule: Linux lets the packets pass in clear, the BSDs refuse the policy"
                problem = (NotModelled, at, message, "add a rule like `esp/transport//require`")
            else:
                message = "`ipsec` without a rule: the kernel answers `Invalid argument`"
                problem = (NotLoaded, at, message, "add a rule like `esp/transport//require`")
        templates = []
        for item in node.templates:
            plan, refused = _template_plan(item, node, needs_ends=node.action.name == "P_IPSEC")
            templates.append(plan)
            if refused is not None and (problem is None or problem[0] is not Refused):
                problem = (Refused, *refused)
        return _Plan(
            _DIRECTIONS[node.direction.name], action, tuple(templates), node.priority, tuple(accidents), problem
        )

    def _template(self, plan: _TemplatePlan, policy: _Plan, statement: Statement) -> Template:
        source = destination = None
        if plan.source is not None and plan.destination is not None:
            source = self._end_point(plan.source, statement)
            destination = self._end_point(plan.destination, statement)
            if source.family != destination.family and policy.action is Action.PROTECT:
                raise Refused(plan.destination.at, "the end points are of different families (address family mismatch)")
        reqid = 0
        if plan.reqid is not None:
            reqid = number(statement.texts[plan.reqid.at].partition(":")[2])
            if reqid > MAX_MANUAL_REQID:
                message = f"{reqid} is above {MAX_MANUAL_REQID}: the kernel takes a number of its own instead"
                statement.odd(plan.reqid, message, f"use a number up to {MAX_MANUAL_REQID}")
                reqid = 0
        origin: Span = statement.between(plan.first, plan.last)
        return Template(plan.protocol, plan.mode, source, destination, self._level(plan.level), reqid, origin)

    def _level(self, level: Level) -> Level:
        """What the kernel makes of a level: Linux has no sysctl behind ``default``, all but ``use`` is mandatory.

        Source: net/key/af_key.c ``parse_ipsecrequest``.
        """
        mandatory = level is Level.DEFAULT and self._dialect.platform is Platform.LINUX
        return Level.REQUIRE if mandatory else level

    def _end_point(self, slot: Slot, statement: Statement) -> AddressRange:
        word = statement.texts[slot.at]
        known = self._end_points.get(word)
        if known is None:
            address = read_address(word, slot.at, names=False)
            known = address.host
            if address.accident:
                statement.odd(slot, address.accident, f"write `{known}` if that is meant")
            else:
                self._end_points[word] = known
        return known

    def _priority(self, node: Priority | BasedPriority, statement: Statement) -> int:
        """The kernel's number (setkey(8), libipsec's policy_parse.y): lower is asked first."""
        base = DEFAULT_PRIORITY if isinstance(node, Priority) else _BASES[node.base.name]
        if node.amount is None:
            return base
        sign = node.minus if isinstance(node, Priority) else node.sign
        less = sign is not None and statement.texts[sign.at] == "-"
        amount = number(statement.texts[node.amount.at])
        if isinstance(node, Priority):
            limit = 0x7FFF_FFFF if less else 0x8000_0000
        else:
            limit = 0x3FFF_FFFF if less else 0x4000_0000
        if amount > limit:
            raise Refused(node.amount.at, f"found the offset {amount}, expected at most {limit}")
        return (base + amount if less else base - amount) & 0xFFFF_FFFF


def _only_direction(node: DirectionOnly) -> _Plan:
    message = "a policy without an action discards: type 0 is DISCARD to the kernel"
    mend = "write `discard` if that is meant"
    accident = Accident(node.direction.at, message, mend, error=True)
    return _Plan(_DIRECTIONS[node.direction.name], Action.DISCARD, (), None, (accident,), None)


def _template_plan(
    item: TemplateSyntax | TemplateWithoutEnds, policy: Policy, *, needs_ends: bool
) -> tuple[_TemplatePlan, tuple[int, str, str] | None]:
    """The plan of a template, and why setkey refuses it."""
    ends = None if isinstance(item, TemplateWithoutEnds) else item.ends
    level = item.level
    mode = _MODES[item.mode.name]
    refused = None
    if isinstance(ends, MeAny | AnyMe):
        wanted = "P_OUT" if isinstance(ends, MeAny) else "P_IN"
        if policy.direction.name != wanted:
            word = "me-any" if isinstance(ends, MeAny) else "any-me"
            direction = _DIRECTIONS[wanted].value
            refused = (ends.source.at, f"found `{word}`, which is for `{direction}` policies", "write the addresses")
    if needs_ends and mode is Mode.TUNNEL and not isinstance(ends, Ends | PortedEnds):
        refused = refused or (
            item.mode.at, "a tunnel without its end points (setkey: `Invalid address specification`)",
            "write them: `tunnel/OURS-THEIRS/require`",
        )  # fmt: skip
    if level is not None:
        last = level.at
    elif ends is None:
        last = item.mode.at
    else:
        last = ends[-1].at
    addressed = ends if isinstance(ends, Ends | PortedEnds) else None
    return _TemplatePlan(
        protocol=_PROTOCOLS[item.protocol.name],
        mode=mode,
        level=Level.DEFAULT if level is None else _LEVELS[level.name],
        first=item.protocol.at,
        last=last,
        source=addressed.source if addressed else None,
        destination=addressed.destination if addressed else None,
        reqid=level if level is not None and level.name == "P_UNIQUE_ID" else None,
    ), refused
