"""Static routes, default routers and whether the host forwards.

Sources: FreeBSD's rc.d/routing, NetBSD's rc.d/network.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.formats.rcconf.flags import is_none, is_yes, yes_or_no
from spdcheck.formats.rcconf.route import RouteArguments
from spdcheck.formats.rcconf.value import Word, shown
from spdcheck.model.diagnostic import Part
from spdcheck.model.host import Flag

if TYPE_CHECKING:
    from spdcheck.formats.rcconf.variables import Variable, Variables

_DEFAULT_ROUTERS = {
    "freebsd": {"defaultrouter": 4, "ipv6_defaultrouter": 6},
    "netbsd": {"defaultroute": 4, "defaultroute6": 6},
    "openbsd": {},
}
_OTHER_TABLES = r"(?:ipv6_)?defaultrouter_fib\d+"


def convert(variables: Variables, flavour: str) -> None:
    """Adds every :class:`Route` that the boot sets, and the forwarding flags."""
    for name, family in _DEFAULT_ROUTERS[flavour].items():
        variable = variables.take(name, Part.INTERFACES)
        if variable is not None and variable.value is not None and not is_none(variable.value.text):
            words = variable.value.words()
            _add(variables, variable, (Word("default", variable.value.span), *words), family)
    if flavour == "freebsd":
        _static_routes(variables, "static_routes", "route_", 4)
        _static_routes(variables, "ipv6_static_routes", "ipv6_route_", 6)
        for _, variable in variables.matching(_OTHER_TABLES):
            if variable.value is None or not is_none(variable.value.text):
                variables.take(variable.name, Part.INTERFACES)
                why = "the default route of another routing table, which is not modelled"
                variables.not_modelled(variable, variable.span, why, Part.INTERFACES)
    _forwarding(variables, flavour)


def _static_routes(variables: Variables, list_name: str, before: str, family: int) -> None:
    """The routes that a list names, each by a variable of its own."""
    listed = variables.take(list_name, Part.INTERFACES)
    words = () if listed is None or listed.value is None or is_none(listed.value.text) else listed.value.words()
    names = {}
    for word in words:
        name = word.text.partition(":")[0]
        names[re.sub(r"[.\-/+]", "_", name)] = word
    for name, word in names.items():
        variable = variables.take(f"{before}{name}", Part.INTERFACES)
        if variable is None:
            variables.reading.say(
                "CFG003",
                word.span,
                f"{list_name} names the route {shown(word.text)}, but {before}{name} is not set",
                mend=f'write {before}{name}="DESTINATION GATEWAY", or take {shown(word.text)} out of the list',
            )
        elif variable.value is not None:
            _add(variables, variable, variable.value.words(), family)
    if listed is None or listed.value is not None:
        _unlisted(variables, list_name, before, set(names))


def _unlisted(variables: Variables, list_name: str, before: str, names: set[str]) -> None:
    for match, variable in variables.matching(rf"{before}(?P<name>\w+)"):
        if match["name"] not in names and variable.value is not None and len(variable.value.words()) > 1:
            variables.take(variable.name, Part.INTERFACES)
            variables.reading.accident(
                variable.span,
                f"this route is never set: {list_name} does not name {match['name']}",
                mend=f"add {match['name']} to {list_name}",
            )


def _add(variables: Variables, variable: Variable, words: tuple[Word, ...], family: int) -> None:
    arguments = RouteArguments(family, words, variable.span)
    route, problem = arguments.route(), arguments.problem
    if route is not None:
        variables.reading.facts.routes.append(route)
    elif problem is not None and problem.unmodelled:
        variables.not_modelled(variable, problem.span, problem.message, Part.INTERFACES, mend=problem.mend)
    elif problem is not None:
        variables.unreadable(variable, problem.span, problem.message, Part.INTERFACES, mend=problem.mend)


def _forwarding(variables: Variables, flavour: str) -> None:
    forwarding = variables.reading.facts.forwarding
    if flavour == "freebsd":
        for name, family in (("gateway_enable", 4), ("ipv6_gateway_enable", 6)):
            answer, variable = yes_or_no(variables, name, Part.INTERFACES), variables.get(name)
            if answer is not None and variable is not None:
                forwarding[family] = Flag(answer, variable.span)
    elif flavour == "netbsd":
        mode = variables.take("ip6mode", Part.INTERFACES)
        old = variables.take("ip6forwarding", Part.INTERFACES)
        if mode is not None and mode.value is not None:
            forwarding[6] = Flag(mode.value.text == "router", mode.span)
        elif old is not None and old.value is not None:
            forwarding[6] = Flag(is_yes(old.value.text), old.span)
