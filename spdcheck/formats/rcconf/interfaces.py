"""Interfaces, their addresses and tunnels, from all the variables that speak of each.

Sources: FreeBSD's network.subr of 2006 and of 14, NetBSD's rc.d/network.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.formats.rcconf.aliases import alias_list, numbered, pairs
from spdcheck.formats.rcconf.drafts import Draft, Drafts, exists
from spdcheck.formats.rcconf.flags import is_none, is_yes
from spdcheck.formats.rcconf.ifconfig import Configured, Problem, configure, tunnel_ends
from spdcheck.formats.rcconf.value import Word, shown
from spdcheck.model.diagnostic import Part
from spdcheck.model.host import Interface, Tunnel

if TYPE_CHECKING:
    from spdcheck.formats.base import Context
    from spdcheck.formats.rcconf.value import Value
    from spdcheck.formats.rcconf.variables import Variable, Variables

_IF = r"(?P<name>[A-Za-z]\w*?)"
_NOT_INTERFACES = frozenset({"wait_dad_flags", "DEFAULT"})
_MOBILE_BEFORE = (11,)
"""The first release of FreeBSD whose gre(4) always speaks GRE; before, ``-link0`` meant MOBILE (RFC 2004)."""


def convert(variables: Variables, context: Context, flavour: str) -> None:
    """Adds an :class:`Interface` for every interface that the boot configures."""
    found = Drafts(variables, context, flavour)
    renamed = _renamed(variables)
    if flavour == "freebsd":
        _created(found)
        _freebsd(found, renamed)
    elif flavour == "netbsd":
        _netbsd(found)
    _default_arguments(variables)
    for draft in found.drafts.values():
        if exists(found, draft, renamed):
            variables.reading.facts.interfaces.append(_interface(draft, context, found.flavour))


def _created(found: Drafts) -> None:
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
            words = variable.value.words()
            if len(words) == 1 and re.fullmatch(r"[\w.-]{1,15}", words[0].text):
                renamed[match["name"]] = variable
            else:
                message = f"found `{shown(variable.value.text)}`, expected a name of at most 15 characters"
                variables.unreadable(variable, variable.value.span, message, Part.INTERFACES)
    return renamed


def _freebsd(found: Drafts, renamed: dict[str, Variable]) -> None:
    variables = found.variables
    for old, variable in renamed.items():
        if variable.value is not None and old in found.drafts:
            draft = found.drafts.pop(old)
            draft.name = variable.value.words()[0].text
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
    new = renaming.value.words()[0].text if renaming.value is not None else "another name"
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


def _aliases(found: Drafts) -> None:
    release = found.context.release
    for name, variable in numbered(found.variables, "", _IF, release):
        found.apply(variable, alias_list, name)
    for name, variable in numbered(found.variables, "ipv6_", _IF, release):
        found.apply(variable, lambda value, into: alias_list(value, into, family=6), name)
    for match, variable in found.variables.matching(rf"ifconfig_{_IF}_aliases|ipv4_addrs_(?P<plain>[A-Za-z]\w*)"):
        found.apply(variable, alias_list, match["name"] or match["plain"])


def _netbsd(found: Drafts) -> None:
    """``ifconfig_xxN``, one call of ifconfig a line or between semicolons, and ``ifaliases_xxN``."""
    variables = found.variables
    for match, variable in variables.matching(rf"ifconfig_{_IF}"):
        if match["name"] not in _NOT_INTERFACES:
            found.apply(variable, _lines, match["name"])
            found.draft(found.real_name(match["name"]), variable.span).created = True
    for match, variable in variables.matching(rf"ifaliases_{_IF}"):
        found.apply(variable, pairs, match["name"])
        found.draft(found.real_name(match["name"]), variable.span).created = True
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


def _interface(draft: Draft, context: Context, flavour: str) -> Interface:
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


def _tunnel_kind(draft: Draft, context: Context, flavour: str) -> str:
    if draft.kind == "me":
        return "mobile"
    if draft.kind != "gre":
        return "gif"
    always = flavour == "freebsd" and context.release >= _MOBILE_BEFORE
    return "gre" if draft.configured.gre or always else "mobile"
