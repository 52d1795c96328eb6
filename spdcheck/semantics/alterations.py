"""How far a host differs from what it was: not at all, in some policies, or anyhow.

Places in files mean nothing here: a line more above a rule alters no rule.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import fields, is_dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from spdcheck.records import dataclass
from spdcheck.source import SourceFile, Span

if TYPE_CHECKING:
    from spdcheck.model.host import Host
    from spdcheck.model.selector import TrafficSelector

_TEXT_ONLY = frozenset({"spd", "files", "diagnostics", "inferences", "scripts", "folder"})
"""What tells of texts and not of the host, and the policies, which are compared one by one."""


@dataclass(frozen=True, slots=True)
class Alteration:
    """A host that is not as it was.

    ``selectors`` are those of the policies in which alone it differs (none, where only its files' texts do); None says
    that it may differ in anything.
    """

    name: str
    selectors: frozenset[TrafficSelector] | None = None


def alteration(old: Host | None, new: Host | None) -> Alteration | None:
    """How two states of a host differ; None where they say the same. A host that only one state has differs anyhow."""
    if old is None or new is None:
        known = old or new
        return None if known is None else Alteration(known.name)
    compared = (item.name for item in fields(new) if item.name not in _TEXT_ONLY and not item.name.startswith("_"))
    if not all(same(getattr(old, name), getattr(new, name)) for name in compared):
        return Alteration(new.name)
    selectors = _changed_policies(old, new)
    return Alteration(new.name, selectors) if selectors or _texts(old) != _texts(new) else None


def _texts(host: Host) -> list[tuple[str, str]]:
    return [(report.file.path, report.file.text) for report in host.files]


def _changed_policies(old: Host, new: Host) -> frozenset[TrafficSelector]:
    """The selectors of all policies that are not in both lists, in the same order."""
    before, after = ([_plain(policy) for policy in host.spd.policies] for host in (old, new))
    kept = SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
    stay = (
        {number for block in kept for number in range(block.a, block.a + block.size)},
        {number for block in kept for number in range(block.b, block.b + block.size)},
    )
    return frozenset(
        policy.selector
        for host, numbers in zip((old, new), stay, strict=True)
        for number, policy in enumerate(host.spd.policies)
        if number not in numbers
    )


def _plain(value: object) -> Hashable:
    """A value without places, such that equal texts give equal values."""
    if isinstance(value, (Span, SourceFile)):
        return None
    if is_dataclass(value) and not isinstance(value, type):
        compared = (item.name for item in fields(value) if not item.name.startswith("_"))
        return (type(value).__name__, *(_plain(getattr(value, name)) for name in compared))
    if isinstance(value, tuple):
        return tuple(map(_plain, value))
    return value if isinstance(value, Hashable) else repr(value)


def same(old: object, new: object) -> bool:
    """Two values say the same, wherever they were written."""
    if old is new:
        return True
    if type(old) is not type(new):
        return False
    if isinstance(old, (Span, SourceFile)):
        return True
    if is_dataclass(old):
        return all(
            same(getattr(old, item.name), getattr(new, item.name))
            for item in fields(old)
            if not item.name.startswith("_")
        )
    if isinstance(old, dict) and isinstance(new, dict):
        return old.keys() == new.keys() and all(same(value, new[key]) for key, value in old.items())
    if isinstance(old, (tuple, list)) and isinstance(new, (tuple, list)):
        return len(old) == len(new) and all(map(same, old, new))
    return bool(old == new)
