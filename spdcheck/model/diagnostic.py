"""What a format has to say about the text itself: statements it can't read, names that mean nothing, accidents.

Diagnostics become findings of the CFG family; a :class:`Gap` is what a diagnostic costs: the part of the model that is
not known any more, so that every verdict that depends on it is UNKNOWN.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from spdcheck.named_tuples import NamedTuple
from spdcheck.records import dataclass

if TYPE_CHECKING:
    from spdcheck.source import Span


class Part(Enum):
    """A part of a host's model that can be incomplete."""

    SPD = "security policies"
    SAD = "security associations"
    IKE = "key exchange"
    CREDENTIALS = "credentials"
    FILTER = "packet filter"
    NAT = "address translation"
    INTERFACES = "interfaces and routes"
    SERVICES = "which services are started"
    RUNNING = "running state"


class Note(NamedTuple):
    """A second place that belongs to a message, and what it says there."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One message of a format about its text: the finding's code, where, what was found and what to do.

    ``code`` is one of the CFG family: CFG001 (can't be read), CFG002 (read, not modelled), CFG003 (undefined name),
    CFG004 (defined twice), CFG010 (accepted by accident). ``message`` is a sentence without a full stop that says
    what was found and what was expected; ``mend`` says what to do. ``warning`` lowers an error to a warning.
    """

    code: str
    span: Span
    message: str
    mend: str = ""
    label: str = ""
    notes: tuple[Note, ...] = ()
    warning: bool = False


class Gap(NamedTuple):
    """A part of the model that is not known because of this place."""

    part: Part
    span: Span
    reason: str
