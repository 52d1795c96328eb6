"""What is known while a directory is read: its files, variables and settings, and what there is to say about them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.formats.base import Reading
from spdcheck.formats.shorewall.settings import KNOWN
from spdcheck.formats.shorewall.tables import CONVERTED, LATER
from spdcheck.model.diagnostic import Diagnostic, Part
from spdcheck.model.host import HostFacts
from spdcheck.source import Span

if TYPE_CHECKING:
    from spdcheck.formats.base import Context
    from spdcheck.model.diagnostic import Note
    from spdcheck.model.shorewall import Setting
    from spdcheck.source import SourceFile

BOTH = (Part.FILTER, Part.NAT)
"""What is not known where a line is not: a directory is loaded as a whole or not at all."""

_PLACES = {
    "CONFDIR": "/etc",
    "SHAREDIR": "/usr/share",
    "VARDIR": "/var/lib",
    "SBINDIR": "/sbin",
    "LIBEXECDIR": "/usr/share",
    "PERLLIBDIR": "/usr/share/shorewall",
    "VARLIB": "/var/lib",
    "PREFIX": "/usr",
    "HOST": "linux",
    "PRODUCT": "shorewall",
}  # fmt: skip """Variables that the installation sets (shorewallrc)."""


class Desk:
    """One directory for one family while it is read.

    ``release`` is the one that the site file gives, else what the files look like (and then ``told`` is False).
    ``unknown`` are the variables whose value only running params would tell. ``refused`` is the first place at which
    the real program stops, in the order in which it reads.
    """

    def __init__(self, context: Context, files: dict[str, SourceFile], family: int) -> None:
        self.context, self.files, self.family = context, files, family
        self.facts = HostFacts()
        self.readings: dict[SourceFile, Reading] = {}
        self.told = "shorewall" in context.tools
        self.release: tuple[int, ...] = context.tools.get("shorewall", ())
        self.dialect = 5
        self.variables: dict[str, str] = dict(_PLACES)
        self.unknown: dict[str, Span] = {}
        self.settings: dict[str, Setting] = {}
        self.params: dict[str, Setting] = {}
        self.has_conf = False
        self.refused: Span | None = None
        self.refusals: list[Span] = []

    def reading(self, file: SourceFile) -> Reading:
        """The counts of one file; all share the same facts."""
        found = self.readings.get(file)
        if found is None:
            found = self.readings[file] = Reading(file=file, format="shorewall", facts=self.facts)
        return found

    def refuse(self, span: Span, message: str, mend: str = "", notes: tuple[Note, ...] = ()) -> None:
        """Shorewall stops here, and loads nothing."""
        self.reading(span.file).unreadable(span, message, part=BOTH, mend=mend, notes=notes)
        self._refuse(span)

    def refuse_whole(self, span: Span, message: str, mend: str = "", notes: tuple[Note, ...] = ()) -> None:
        """As :meth:`refuse`, where every line was read but what they say together is refused."""
        self.facts.diagnostics.append(Diagnostic(code="CFG001", span=span, message=message, mend=mend, notes=notes))
        self.reading(span.file).gap(span, f"{span.where} is refused by Shorewall", BOTH)
        self._refuse(span)

    def pass_over(self, span: Span, message: str, mend: str = "") -> None:
        """Shorewall says that a line is wrong and goes on without it, so that nothing is unknown."""
        reading = self.reading(span.file)
        reading.unparsed += 1
        reading.say("CFG001", span, f"{message}; 2.x goes on without this line", mend=mend)

    def _refuse(self, span: Span) -> None:
        self.refusals.append(_first_line(span))
        if self.refused is None:
            self.refused = self.refusals[-1]

    def earliest(self, known: int, files: tuple[str, ...]) -> None:
        """Lines of these files are judged one after the other: of the refusals since, the first line counts.

        ``known`` is how many refusals there were before.
        """
        fresh = self.refusals[known:]
        if known or not fresh or any(span.file.path.rpartition("/")[2] not in files for span in fresh):
            return
        self.refused = min(fresh, key=lambda span: (files.index(span.file.path.rpartition("/")[2]), span.start))

    def refused_since(self, release: tuple[int, ...], span: Span, message: str, mend: str = "") -> None:
        """Releases from this one on stop here; older ones read it. Without a known release it is a warning."""
        if self.told and self.release >= release:
            self.refuse_whole(span, message, mend)
        elif not self.told:
            since = ".".join(map(str, release))
            text = f"{message} (since Shorewall {since}; releases before it read it)"
            self.warn(span, text, mend)

    def warn(self, span: Span, message: str, mend: str = "", notes: tuple[Note, ...] = ()) -> None:
        """Something that is read, but that its author should know."""
        self.reading(span.file).say("CFG001", span, message, mend=mend, notes=notes, warning=True)

    def unmodelled(self, span: Span, message: str, mend: str = "", part: Part | tuple[Part, ...] = BOTH) -> None:
        """Something that Shorewall reads and we do not model."""
        self.reading(span.file).not_modelled(span, message, part=part, mend=mend)

    def undefined(self, name: str, span: Span) -> bool:
        """A variable that nothing sets: an error (True), or nothing at all, as IGNOREUNKNOWNVARIABLES has it."""
        setting = self.settings.get("IGNOREUNKNOWNVARIABLES")
        ignored = self.dialect == 2 or (setting is not None and setting.value.lower() in ("yes", ""))
        message = f"nothing sets the variable ${name}"
        message += ", so that nothing stands here" if ignored else ": Shorewall refuses it"
        mend = f"set {name} in params, or correct the name"
        self.reading(span.file).say("CFG003", span, message, mend=mend, warning=ignored)
        if not ignored:
            self.reading(span.file).gap(span, f"{span.where} has an undefined variable", BOTH)
            self._refuse(span)
        return not ignored

    def value(self, name: str) -> str | None:
        """The value of a variable or setting; None where there is none."""
        found = self.variables.get(name)
        if found is not None:
            return found
        setting = self.settings.get(name)
        if setting is not None:
            return setting.value
        if name == "LOG_LEVEL":
            return "info"
        return "" if name in KNOWN else None

    def reads(self, name: str) -> bool:
        """This release reads a file of this name."""
        if self.dialect == 2:
            return name not in LATER
        return not (self.told and self.release >= (5, 0) and name in CONVERTED)

    def setting(self, name: str, default: str = "") -> str:
        """What shorewall.conf says, or the default."""
        found = self.settings.get(name)
        return found.value if found is not None and found.value else default

    def mark_mask(self) -> int:
        """The bits that are compared where a mark has no mask (MASK_BITS)."""
        bits = self.setting("MASK_BITS")
        if bits.isdigit() and 0 < int(bits) <= 32:
            return (1 << int(bits)) - 1
        return 0xFFFF if self.setting("WIDE_TC_MARKS").lower() == "yes" else 0xFF

    def find(self, name: str, beside: SourceFile) -> tuple[SourceFile | None, str]:
        """A file that is included: from the directory where the name has no folder in it; or why it can't be had."""
        if "/" not in name:
            found = self.files.get(name)
            if found is not None:
                return found, ""
        files, why = self.context.includes.find(name, beside)
        return (files[0], "") if files else (None, why)


def _first_line(span: Span) -> Span:
    """A continued line is named by where it begins."""
    text, start = span.file.text, span.start
    begin = text.rfind("\n", 0, start) + 1
    while begin > 1 and text[:begin].rstrip("\r\n").endswith("\\"):
        begin = text.rfind("\n", 0, begin - 1) + 1
        start = begin
    return span if start == span.start else Span(span.file, start, max(span.end, start))
