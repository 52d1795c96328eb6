"""What a format read, as text for golden files: its facts as JSON, what it says as lines."""

from __future__ import annotations

import json
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from spdcheck.model.addresses import AddressRange
from spdcheck.source import Span

if TYPE_CHECKING:
    from spdcheck.formats.base import Reading

_COUNTS = ("statements", "inert", "unmodelled", "unparsed", "dialect")
_SAID = ("diagnostics", "gaps")


def model_json(reading: Reading) -> str:
    """The facts of a file and the count of its statements. What has its default value is left out."""
    counts = {name: getattr(reading, name) for name in _COUNTS if getattr(reading, name)}
    facts = {f.name: _plain(getattr(reading.facts, f.name)) for f in fields(reading.facts) if f.name not in _SAID}
    return json.dumps(counts | {k: v for k, v in facts.items() if v}, indent=1, ensure_ascii=False) + "\n"


def said(reading: Reading) -> str:
    """Every diagnostic with its notes and its mend, then the gaps."""
    lines = []
    for item in reading.facts.diagnostics:
        severity = "warning" if item.warning else "error"
        lines.append(f"{item.code} {_place(item.span)} {severity}: {item.message}")
        lines += [f"  note {_place(note.span)}: {note.text}" for note in item.notes]
        if item.mend:
            lines.append(f"  help: {item.mend}")
    lines += [f"gap {gap.part.name} {gap.span.where}: {gap.reason}" for gap in reading.facts.gaps]
    counts = ", ".join(f"{getattr(reading, name)} {name}" for name in _COUNTS[:4])
    return "\n".join([*lines, counts]) + "\n"


def _place(span: Span) -> str:
    return f"{span.begin.line}:{span.begin.column} {_short(span.text)}"


def _short(text: str) -> str:
    flat = text.replace("\n", "␊").replace("\r", "␍").replace("\t", "→")
    return f"`{flat}`" if len(flat) <= 60 else f"`{flat[:57]}…`"


def _plain(value: Any) -> Any:
    """A value of the model as JSON: spans as place and text, addresses and enumerations as people write them."""
    if isinstance(value, Span):
        return _place(value)
    if isinstance(value, AddressRange):
        return str(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, dict):
        return {str(_plain(key)): _plain(item) for key, item in value.items()}
    if hasattr(value, "_asdict"):
        return {key: _plain(item) for key, item in value._asdict().items()}
    if isinstance(value, (set, frozenset)):
        return sorted(_plain(item) for item in value)
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value) if getattr(value, f.name) != _default(f)}
    return value if isinstance(value, (str, int, float, bool, type(None))) else repr(value)


def _default(field: Any) -> Any:
    if field.default is not MISSING:
        return field.default
    return field.default_factory() if field.default_factory is not MISSING else MISSING
