"""A site made by hand: two peers of whom one protects only half of what the other sends."""

from __future__ import annotations

from spdcheck.checks.finding import Certainty, Finding, Report, Severity, Undecided
from spdcheck.model.diagnostic import Note
from spdcheck.model.host import FileReport, Host, Platform, Site
from spdcheck.output.summary import Checked
from spdcheck.source import SourceFile, Span

EAST = SourceFile(
    "east/etc/ipsec.conf",
    """\
spdflush;
spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
spdadd 10.2.0.0/16 10.1.0.0/16 any
\t-P in ipsec
\tesp/tunnel/198.51.100.2-192.0.2.1/require;
add 192.0.2.1 198.51.100.2 esp 0x1000 -E aes-cbc "••••••••••••••••";
""",
)
WEST = SourceFile(
    "west/etc/ipsec.conf",
    "spdadd 10.1.0.0/17 10.2.0.0/16 any -P in ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;\n",
)
EMPTY = SourceFile("west/etc/racoon.conf", "")


def place(file: SourceFile, text: str, behind: str = "") -> Span:
    """The first occurrence of a text in a file, behind another text."""
    start = file.text.index(text, file.text.index(behind))
    return file.span(start, start + len(text))


class Witness:
    """Stands for a packet: all that an output knows of one is its text."""

    def __str__(self) -> str:
        return "tcp 10.1.128.1:40000 → 10.2.0.9:443"


MISMATCH = Finding(
    code="SPD004",
    name="selector-mismatch",
    severity=Severity.ERROR,
    certainty=Certainty.PROVED,
    host="east",
    span=place(EAST, "10.1.0.0/16"),
    message="west protects only half of what east sends",
    label="all of 10.1.0.0/16",
    notes=(Note(place(WEST, "10.1.0.0/17"), "only 10.1.0.0/17"),),
    mend="write 10.1.0.0/16 at west",
    witness=Witness(),  # type: ignore[arg-type]
)
WEAK = Finding(
    code="CRY001",
    name="weak-cipher",
    severity=Severity.WARNING,
    certainty=Certainty.MODELLED,
    host="east",
    span=place(EAST, '"••••••••••••••••"'),
    message="this key is used by hand",
    mend="write:\nremote 198.51.100.2 { }",
)
UNOPENED = Finding(
    code="CFG001",
    name="unparsed-statement",
    severity=Severity.ERROR,
    certainty=Certainty.POSSIBLE,
    host="west",
    span=EMPTY.span(0, 0),
    message="west/etc/racoon.conf can't be opened: Permission denied",
)
OPEN = Undecided("IKE005", "west", "west/etc/racoon.conf can't be opened", EMPTY.span(0, 0))


def site() -> Site:
    return Site(
        "branch",
        (
            Host(name="east", platform=Platform.FREEBSD, files=(FileReport(EAST, "setkey", 4, 4, 0, 0, 0),)),
            Host(
                name="west",
                platform=Platform.FREEBSD,
                files=(FileReport(WEST, "setkey", 1, 1, 0, 0, 0), FileReport(EMPTY, "racoon", 1, 0, 0, 0, 1)),
            ),
        ),
    )


def checked(*findings: Finding, undecided: tuple[Undecided, ...] = (), fail_on: str = "warning") -> Checked:
    return Checked(site(), Report(findings, undecided, ("CFG001", "SPD004", "CRY001")), fail_on)
