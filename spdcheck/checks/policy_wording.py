"""How checks speak of several policies with one fate."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.model.diagnostic import Note

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spdcheck.model.policy import Direction, SecurityPolicy

_SHOWN = 4
_OF_IP = re.compile(r"(?:/\S*/)?ip\s")


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


def is_of_ip(policy: SecurityPolicy) -> bool:
    """The policy was written as a command of ip(8), not as a statement of setkey."""
    return _OF_IP.match(policy.origin.text) is not None


def direction_option(policy: SecurityPolicy, direction: Direction) -> str:
    """How the program that wrote a policy names a direction."""
    return f"dir {direction.value}" if is_of_ip(policy) else f"-P {direction.value}"
