"""One assertion after the other: which libkeynote takes, which it drops, and what the others grant by mistake."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spdcheck.formats.keynote.fields import Misplaced, fields
from spdcheck.formats.keynote.parse import Fault, FieldParser
from spdcheck.model.diagnostic import Note, Part
from spdcheck.model.keynote import ANYONE, NOBODY, Assertion

if TYPE_CHECKING:
    from spdcheck.formats.base import Reading
    from spdcheck.formats.keynote.fields import Block, Field
    from spdcheck.source import Span

_STARTS = {
    "keynote-version": "version", "local-constants": "constants", "authorizer": "key", "licensees": "licensees",
    "conditions": "conditions", "signature": "key",
}  # fmt: skip
_DROPS = ("keynote-version", "local-constants")
_VERSION = "2"


class AssertionReader:
    """Reads assertions into ``facts.assertions``; ``text`` is the file before it was masked."""

    def __init__(self, reading: Reading, text: str) -> None:
        self._reading = reading
        self._file = reading.file
        self._parser = FieldParser(reading.file, text)

    def assertion(self, block: Block) -> None:
        """Reads the assertion between two empty lines; a block of comments is none."""
        found: dict[str, Field] = {}
        last = ""
        for item in fields(self._file.text, block):
            if isinstance(item, Misplaced):
                self._drop(self._span(item.start, item.end), item.message, item.mend)
                return
            if last == "signature":
                self._drop(self._span(item.start, item.value), "a field stands behind the signature", "remove it")
                return
            if item.name in found:
                first = found[item.name]
                note = Note(self._span(first.start, first.value), "the first one")
                message = f"a second `{item.name}` field: libkeynote drops the whole assertion"
                mend = "an empty line must stand between two assertions"
                self._drop(self._span(item.start, item.value), message, mend, (note,))
                return
            if item.name == "keynote-version" and found:
                self._drop(self._span(item.start, item.value), "the version must be the first field", "move it up")
                return
            found[item.name] = item
            last = item.name
        if found:
            self._fields(found, self._span(min(f.start for f in found.values()), block.end))

    def _fields(self, found: dict[str, Field], origin: Span) -> None:
        if "authorizer" not in found:
            self._drop(
                origin, "an assertion without an authorizer: libkeynote drops it", 'write `Authorizer: "POLICY"`'
            )
            return
        values: dict[str, Any] = {}
        faults: dict[str, Fault] = {}
        for name, field in found.items():
            if name not in _STARTS:
                continue
            value = self._parser.parse(_STARTS[name], field.value, field.end)
            if isinstance(value, Fault):
                faults[name] = value
            else:
                values[name] = value
        if self._is_dropped(found, values, faults):
            return
        self._reading.statements += 1
        for name, fault in faults.items():
            self._fault(name, fault)
        if any(not fault.is_ours for fault in faults.values()):
            self._reading.unparsed += 1
        elif faults:
            self._reading.unmodelled += 1
        if any(fault.is_ours for fault in faults.values()) or "authorizer" not in values:
            return
        self._reading.facts.assertions.append(
            Assertion(
                authorizer=values["authorizer"],
                licensees=values.get("licensees", NOBODY if "licensees" in found else ANYONE),
                conditions=values.get("conditions", () if "conditions" in found else None),
                constants=tuple((self._name(token), value) for token, value in values.get("local-constants", ())),
                origin=origin,
                is_signed="signature" in found,
            )
        )

    def _is_dropped(self, found: dict[str, Field], values: dict[str, Any], faults: dict[str, Fault]) -> bool:
        for name in _DROPS:
            if name in faults and not faults[name].is_ours:
                fault = faults[name]
                self._drop(self._span(fault.start, fault.end), f"{fault.message}: libkeynote drops the assertion", "")
                return True
        version = values.get("keynote-version")
        if version is not None and version.strip('"') != _VERSION:
            field = found["keynote-version"]
            message = "this version is not known to libkeynote, which drops the assertion"
            self._drop(self._span(field.start, field.end), message, f"write `KeyNote-Version: {_VERSION}`")
            return True
        seen: dict[str, Any] = {}
        for token, _ in values.get("local-constants", ()):
            name = self._name(token)
            if name in seen or name.startswith("_"):
                why = "is defined twice" if name in seen else "begins with an underscore"
                message = f"the constant `{name}` {why}: libkeynote drops the whole assertion"
                self._drop(self._span(token.start, token.end), message, "give it another name")
                return True
            seen[name] = token
        return False

    def _fault(self, name: str, fault: Fault) -> None:
        place = self._span(fault.start, fault.end)
        if fault.is_ours:
            self._reading.say("CFG002", place, fault.message, mend="write it more simply", warning=True)
            self._reading.gap(place, f"{place.where} is not modelled", Part.IKE)
            return
        effect = {
            "authorizer": "nobody grants anything by this assertion",
            "licensees": "it licenses nobody",
            "conditions": "the assertion never grants anything",
        }.get(name, "the signature is not valid")
        self._reading.say("CFG001", place, f"{fault.message}; to libkeynote {effect}", mend="correct the field")

    def _drop(self, span: Span, message: str, mend: str, notes: tuple[Note, ...] = ()) -> None:
        self._reading.statements += 1
        self._reading.unparsed += 1
        self._reading.say("CFG001", span, message, mend=mend, notes=notes)

    def _span(self, start: int, end: int) -> Span:
        return self._file.span(start, end)

    def _name(self, token: Any) -> str:
        return self._file.text[token.start : token.end]
