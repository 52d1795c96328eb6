"""Yes or no, as rc.subr's ``checkyesno`` reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.formats.rcconf.value import shown

if TYPE_CHECKING:
    from spdcheck.formats.rcconf.value import Value
    from spdcheck.formats.rcconf.variables import Variables
    from spdcheck.model.diagnostic import Part

YES = frozenset({"yes", "true", "on", "1"})
NO = frozenset({"no", "false", "off", "0"})


def is_yes(text: str) -> bool:
    """``checkyesno`` returns true for this value."""
    return text.lower() in YES


def is_none(text: str) -> bool:
    """The value of a list or an address that says "none": ``NO`` in any case, or nothing."""
    return not text.strip() or text.strip().lower() == "no"


def yes_or_no(variables: Variables, name: str, *parts: Part) -> bool | None:
    """What ``checkyesno NAME`` says; None where the file does not set it or its value is not known.

    Anything but yes and no in their spellings counts as no, which rc.subr only warns about at boot.
    """
    value = variables.value(name, *parts)
    if value is None:
        return None
    warn_about(variables, name, value)
    return is_yes(value.text)


def warn_about(variables: Variables, name: str, value: Value) -> None:
    """CFG010 for a value that is neither yes nor no."""
    text = value.text
    if text.lower() in YES | NO:
        return
    found = f"`{shown(text)}`" if text else "nothing"
    message = f"{name} is not set properly: found {found}, which counts as NO"
    variables.reading.accident(value.span, message, mend='write "YES" or "NO"')
