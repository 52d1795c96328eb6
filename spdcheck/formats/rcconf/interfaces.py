"""Interfaces, their addresses and tunnels, from all the variables that speak of each.

Sources: FreeBSD's network.subr of 2006 and of 14, NetBSD's rc.d/network.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from spdcheck.formats.rcconf.aliases import alias_list, numbered, pairs
from spdcheck.formats.rcconf.flags import is_none, is_yes
from spdcheck.formats.rcconf.ifconfig import Configured, Problem, configure, tunnel_ends
from spdcheck.formats.rcconf.value import Word
from spdcheck.model.diagnostic import Note, Part
from spdcheck.model.host import Interface, Tunnel

if TYPE_CHECKING:
    from collections.abc import Callable

    from spdcheck.formats.base import Context
    from spdcheck.formats.rcconf.value import Value
    from spdcheck.formats.rcconf.variables import Variable, Variables
    from spdcheck.source import Span

_IF = r"(?P<name>[A-Za-z]\w*?)"
_NOT_INTERFACES = frozenset({"wait_dad_flags", "DEFAULT"})
_MOBILE_BEFORE = (11,)
"""The first release of FreeBSD whose gre(4) always speaks GRE; before, ``-link0`` meant MOBILE (RFC 2004)."""


@dataclass(slots=True)
class _Draft:
    """An interface while its variables are gathered."""

    name: str
    origin: Span
    configured: Configured = field(default_factory=Configured)
    kind: str = ""
    created: bool = False


class _Interfaces:
    """The interfaces of one configuration by name."""

    def __init__(self, variables: Variables, context: Context, flavour: str) -> None:
        self.variables = variables
        self.context = context
        self.flavour = flavour
        self.drafts: dict[str, _Draft] = {}
        self._written: dict[str, str] = {}
        """Interface names by the form they have inside a variable's name (``em0.7`` is ``em0_7`` there)."""

    def draft(self, name: str, origin: Span) -> _Draft:
        """The draft of an interface, made now if it is new."""
        return self.drafts.setdefault(name, _Draft(name, origin, kind=re.match(r"[A-Za-z]*", name)[0]))  # type: ignore[index]

    def create(self, word: Word) -> _Draft:
        """An interface that a list says is to be created."""
        name = word.text.partition(":")[0]
        self._written[re.sub(r"[.\-/+]", "_", name)] = name
        draft = self.draft(name, word.span)
        draft.created = True
        return draft

    def real_name(self, name: str) -> str:
        """The interface that a variable's name speaks of."""
        if name in self._written:
            return self._written[name]
        child = re.fullmatch(r"([a-z]+\d+)_(\d+)", name)
        return f"{child[1]}.{child[2]}" if child else name

    def apply(self, variable: Variable, run: Callable[[Value, Configured], None], name: str) -> None:
        """Runs ``run`` on the value of a variable and reports what was wrong in it."""
        self.variables.take(variable.name, Part.INTERFACES)
        draft = self.draft(self.real_name(name), variable.span)
        if variable.name.startswith("ifconfig_") and not draft.configured.addresses:
            draft.origin = variable.span
        if variable.value is None:
            return
        run(variable.value, draft.configured)
        report(self.variables, variable, draft.configured.problems)
        draft.configured.problems.clear()


def convert(variables: Variables, context: Context, flavour: str) -> None:
    """Adds an :class:`Interface` for every interface that the boot configures."""
    found = _Interfaces(variables, context, flavour)
    renamed = _renamed(variables)
    if flavour == "freebsd":
        _created(found)
        _freebsd(found, renamed)
    elif flavour == "netbsd":
        _netbsd(found)
    _default_arguments(variables)
    for draft in found.drafts.values():
        if _exists(found, draft, renamed):
            variables.reading.facts.interfaces.append(_interface(draft, context, found.flavour))


def report(variables: Variables, variable: Variable, problems: list[Problem]) -> None:
    """One diagnostic for all that is wrong with a value: the first problem, and the others as notes."""
    refused = [problem for problem in problems if not problem.unmodelled]
    unmodelled = [problem for problem in problems if problem.unmodelled]
    if refused:
        first, *others = refused
        notes = tuple(Note(problem.span, problem.message) for problem in others)
        variables.unreadable(variable, first.span, first.message, Part.INTERFACES, mend=first.mend, notes=notes)
    for problem in unmodelled[:1]:
        variables.not_modelled(variable, problem.span, problem.message, Part.INTERFACES, mend=problem.mend)


def _created(found: _Interfaces) -> None:
    """The lists of interfaces that FreeBSD makes before it configures any."""
    variables = found.variables
    for name in ("cloned_interfaces", "gif_interfaces"):
        value = variables.value(name, Part.INTERFACES)
        if value is None or is_none(value.text):
            continue
        for word in value.words():
            if word.text.startswith("epair") and word.text[-1:].isdigit():
                for side in "ab":
                    found.create(Word(word.text + side, word.span))
            elif found.create(word).kind != "gif" and name == "gif_interfaces":
                found.drafts[word.text.partition(":")[0]].kind = "gif"
    for match, variable in variables.matching(rf"(?:vlans|wlans)_{_IF}"):
        variables.take(variable.name, Part.INTERFACES)
        parent = found.real_name(match["name"])
        for word in variable.value.words() if variable.value is not None else ():
            is_number = word.text.isdigit() and variable.name.startswith("vlans")
            found.create(Word(f"{parent}.{word.text}" if is_number else word.text, word.span))


def _renamed(variables: Variables) -> dict[str, Variable]:
    """``ifconfig_IF_name``: old names, whose own variables are not looked at any more, and what renamed them."""
    renamed = {}
    for match, variable in variables.matching(rf"ifconfig_{_IF}_name"):
        if variables.take(variable.name, Part.INTERFACES) and variable.value is not None:
            renamed[match["name"]] = variable
    return renamed


def _freebsd(found: _Interfaces, renamed: dict[str, Variable]) -> None:
    variables = found.variables
    for old, variable in renamed.items():
        if variable.value is not None and old in found.drafts:
            draft = found.drafts.pop(old)
            draft.name = variable.value.text
            found.drafts[draft.name] = draft
    for match, variable in variables.matching(rf"gifconfig_{_IF}"):
        found.apply(variable, _gifconfig, match["name"])
    for match, variable in variables.matching(rf"create_args_{_IF}"):
        found.apply(variable, lambda value, into: configure(value.arguments(), into), match["name"])
    for match, variable in variables.matching(rf"ifconfig_{_IF}(?P<ipv6>_ipv6)?"):
        if match["name"] in _NOT_INTERFACES or re.search(r"_(?:alias\d*|aliases|name|descr|ipx|ipv6)$", match["name"]):
            continue
        if match["name"] in renamed:
            variables.take(variable.name, Part.INTERFACES)
            _renamed_away(variables, variable, renamed[match["name"]])
        else:
            found.apply(variable, _ifconfig6 if match["ipv6"] else _ifconfig, match["name"])
    for match, variable in variables.matching(rf"ipv6_ifconfig_{_IF}"):
        if not re.search(r"_alias\d+$", match["name"]):
            found.apply(variable, _ifconfig6, match["name"])
    _aliases(found)
    for match, variable in variables.matching(rf"ipv6_prefix_{_IF}"):
        if variable.value is None or variable.value.text.strip():
            variables.take(variable.name, Part.INTERFACES)
            found.draft(found.real_name(match["name"]), variable.span)
            why = "the host parts of these prefixes come from the network card, which is not modelled"
            variables.not_modelled(variable, variable.span, why, Part.INTERFACES)


def _renamed_away(variables: Variables, variable: Variable, renaming: Variable) -> None:
    new = renaming.value.text if renaming.value is not None else "another name"
    variables.reading.accident(
        variable.span,
        f"nothing reads {variable.name}: the interface is renamed to {new} before it is configured",
        mend=f"write ifconfig_{new}",
    )


def _gifconfig(value: Value, into: Configured) -> None:
    """``gifconfig_IF="[inet6] SOURCE DESTINATION"``."""
    words = value.words()
    if words and words[0].text in ("inet", "inet6"):
        words = words[1:]
    if not words:
        return
    if len(words) != 2:
        span = words[0].span.join(words[-1].span)
        into.problems.append(Problem(span, "expected the tunnel's own address and its peer's, and nothing else"))
        return
    into.tunnel = tunnel_ends(words[0], words[1], into.problems)


def _ifconfig(value: Value, into: Configured) -> None:
    configure(value.arguments(), into)


def _ifconfig6(value: Value, into: Configured) -> None:
    configure(value.arguments(), into, family=6)


def _aliases(found: _Interfaces) -> None:
    release = found.context.release
    for name, variable in numbered(found.variables, "", _IF, release):
        found.apply(variable, alias_list, name)
    for name, variable in numbered(found.variables, "ipv6_", _IF, release):
        found.apply(variable, lambda value, into: alias_list(value, into, family=6), name)
    for match, variable in found.variables.matching(rf"ifconfig_{_IF}_aliases|ipv4_addrs_(?P<plain>[A-Za-z]\w*)"):
        found.apply(variable, alias_list, match["name"] or match["plain"])


def _netbsd(found: _Interfaces) -> None:
    """``ifconfig_xxN``, one call of ifconfig a line or between semicolons, and ``ifaliases_xxN``."""
    variables = found.variables
    for match, variable in variables.matching(rf"ifconfig_{_IF}"):
        if match["name"] not in _NOT_INTERFACES:
            found.apply(variable, _lines, match["name"])
            found.draft(match["name"], variable.span).created = True
    for match, variable in variables.matching(rf"ifaliases_{_IF}"):
        found.apply(variable, pairs, match["name"])
        found.draft(match["name"], variable.span).created = True
    dhcpcd = variables.value("dhcpcd", Part.INTERFACES)
    if dhcpcd is not None and is_yes(dhcpcd.text):
        for draft in found.drafts.values():
            draft.configured.dynamic = draft.configured.dynamic or not draft.configured.addresses


def _lines(value: Value, into: Configured) -> None:
    for line in value.lines(r"\n" if "\n" in value.text else ";"):
        words = line.arguments()
        if words and words[0].text.startswith("!"):
            span = words[0].span.join(words[-1].span)
            into.problems.append(Problem(span, "a command is run here, which is not modelled", unmodelled=True))
        elif words and not words[0].text.startswith("#"):
            configure(words, into)


def _default_arguments(variables: Variables) -> None:
    """``ifconfig_DEFAULT`` is for all interfaces that have no variable of their own."""
    variable = variables.take("ifconfig_DEFAULT", Part.INTERFACES)
    if variable is not None and (variable.value is None or variable.value.text.strip()):
        why = "this configures every interface that has no line of its own, and which those are is not known"
        variables.not_modelled(variable, variable.span, why, Part.INTERFACES)


def _exists(found: _Interfaces, draft: _Draft, renamed: dict[str, Variable]) -> bool:
    """The boot makes and configures the interface; says so where something speaks of one that it does not."""
    variables = found.variables
    lists = [variables.get(name) for name in ("cloned_interfaces", "gif_interfaces")]
    known = not any(variable is not None and variable.value is None for variable in lists)
    names = {variable.value.text for variable in renamed.values() if variable.value is not None}
    if draft.kind in ("gif", "gre", "me") and not draft.created and known and draft.name not in names:
        wanted = "gif_interfaces or cloned_interfaces" if draft.kind == "gif" else "cloned_interfaces"
        message = f"nothing creates {draft.name}: it is not in {wanted}, so that this line has no effect"
        variables.reading.accident(draft.origin, message, mend=f'write cloned_interfaces="{draft.name}"')
        variables.reading.gap(draft.origin, f"{draft.origin.where}: nothing creates {draft.name}", Part.INTERFACES)
        return False
    listed = _configured_list(found)
    if listed is None or draft.created or draft.name in listed[1]:
        return True
    name, (words_span, _) = draft.name, listed
    variables.reading.accident(
        draft.origin,
        f"{name} is not configured: the list of interfaces does not name it",
        mend=f"add {name} to the list at {words_span.where}, or remove the list",
    )
    return False


def _configured_list(found: _Interfaces) -> tuple[Span, frozenset[str]] | None:
    """The interfaces that are configured where a variable lists them, with its place; None for all there are."""
    variables = found.variables
    name = "network_interfaces"
    if found.flavour == "netbsd":
        automatic = variables.value("auto_ifconfig", Part.INTERFACES)
        if automatic is None or is_yes(automatic.text):
            return None
        name = "net_interfaces"
    value = variables.value(name, Part.INTERFACES)
    if value is None or value.text.lower() == "auto":
        return None
    return value.span, frozenset(word.text for word in value.words())


def _interface(draft: _Draft, context: Context, flavour: str) -> Interface:
    configured = draft.configured
    if not configured.automatic:
        return Interface(draft.name, origin=draft.origin)
    tunnel = None
    if configured.tunnel is not None:
        source, destination, span = configured.tunnel
        tunnel = Tunnel(_tunnel_kind(draft, context, flavour), source, destination, span)
    return Interface(
        name=draft.name,
        addresses=tuple(dict.fromkeys(configured.addresses)),
        mtu=configured.mtu,
        tunnel=tunnel,
        dynamic=configured.dynamic,
        origin=draft.origin,
    )


def _tunnel_kind(draft: _Draft, context: Context, flavour: str) -> str:
    if draft.kind == "me":
        return "mobile"
    if draft.kind != "gre":
        return "gif"
    always = flavour == "freebsd" and context.release >= _MOBILE_BEFORE
    return "gre" if draft.configured.gre or always else "mobile"
