"""Interfaces while their variables are gathered, and whether the boot makes and configures them at all."""

from __future__ import annotations

import re
from dataclasses import field
from typing import TYPE_CHECKING

from spdcheck.formats.rcconf.flags import is_yes
from spdcheck.formats.rcconf.ifconfig import Configured, Problem
from spdcheck.formats.rcconf.value import Word, shown
from spdcheck.model.diagnostic import Note, Part
from spdcheck.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable

    from spdcheck.formats.base import Context
    from spdcheck.formats.rcconf.value import Value
    from spdcheck.formats.rcconf.variables import Variable, Variables
    from spdcheck.source import Span


@dataclass(slots=True)
class Draft:
    """An interface while its variables are gathered."""

    name: str
    origin: Span
    configured: Configured = field(default_factory=Configured)
    kind: str = ""
    created: bool = False


class Drafts:
    """The interfaces of one configuration by name."""

    def __init__(self, variables: Variables, context: Context, flavour: str) -> None:
        self.variables = variables
        self.context = context
        self.flavour = flavour
        self.drafts: dict[str, Draft] = {}
        self._written: dict[str, str] = {}
        """Interface names by the form they have inside a variable's name (``em0.7`` is ``em0_7`` there)."""

    def draft(self, name: str, origin: Span) -> Draft:
        """The draft of an interface, made now if it is new."""
        return self.drafts.setdefault(name, Draft(name, origin, kind=re.match(r"[A-Za-z]*", name)[0]))  # type: ignore[index]

    def create(self, word: Word) -> Draft:
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


def report(variables: Variables, variable: Variable, problems: list[Problem]) -> None:
    """One diagnostic for all that is wrong with a value: the first problem, and the others as notes."""
    refused = [problem for problem in problems if not problem.unmodelled]
    unmodelled = [problem for problem in problems if problem.unmodelled]
    if refused:
        first, *others = refused
        notes = tuple(Note(problem.span, problem.message) for problem in others)
        variables.unreadable(variable, first.span, first.message, Part.INTERFACES, mend=first.mend, notes=notes)
    if unmodelled:
        first, parts = unmodelled[0], tuple({part: None for problem in unmodelled for part in problem.parts})
        variables.not_modelled(variable, first.span, first.message, parts, mend=first.mend)


def exists(found: Drafts, draft: Draft, renamed: dict[str, Variable]) -> bool:
    """The boot makes and configures the interface; says so where something speaks of one that it does not."""
    variables = found.variables
    lists = [variables.get(name) for name in ("cloned_interfaces", "gif_interfaces")]
    known = not any(variable is not None and variable.value is None for variable in lists)
    names = {variable.value.text.strip() for variable in renamed.values() if variable.value is not None}
    if draft.kind in ("gif", "gre", "me") and not draft.created and known and draft.name not in names:
        wanted = "gif_interfaces or cloned_interfaces" if draft.kind == "gif" else "cloned_interfaces"
        message = f"nothing creates {shown(draft.name)}: it is not in {wanted}, so that this line has no effect"
        variables.reading.accident(draft.origin, message, mend=f'write cloned_interfaces="{draft.name}"')
        variables.reading.gap(
            draft.origin, f"{draft.origin.where}: nothing creates {shown(draft.name)}", Part.INTERFACES
        )
        return False
    listed = _configured_list(found)
    if listed is None or draft.created or draft.name in listed[1]:
        return True
    name, (words_span, _) = draft.name, listed
    variables.reading.accident(
        draft.origin,
        f"{shown(name)} is not configured: the list of interfaces does not name it",
        mend=f"add {name} to the list at {words_span.where}, or remove the list",
    )
    return False


def _configured_list(found: Drafts) -> tuple[Span, frozenset[str]] | None:
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
