"""How checks speak of several policies with one fate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.diagnostic import Note

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spdcheck.model.policy import SecurityPolicy

_SHOWN = 4


def count_of(policies: Sequence[SecurityPolicy]) -> str:
    """``this policy`` or ``3 policies``."""
    return "this policy" if len(policies) == 1 else f"{len(policies)} policies"


def others(policies: Sequence[SecurityPolicy]) -> list[Note]:
    """Notes for the policies behind the first, which the finding itself names."""
    return [Note(policy.origin, "this one too") for policy in policies[1 : _SHOWN + 1]]


def without_sas(policies: Sequence[SecurityPolicy]) -> str:
    """What happens to the packets of policies for which no SA can come up."""
    whose = "their" if len(policies) > 1 else "its"
    leak = all(policy.is_optional for policy in policies)
    return f"{whose} packets {'leave in clear' if leak else 'are dropped'}"
