"""What setkey -D and -DP really print, on three systems: every line is read.

Two listings have placeholders instead of addresses; those are refused, and nothing else of them. The others show what
real daemons made of real policies, so that CFG007 must not find anything odd about them, alone or beside the policies
that made them.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from spdcheck.checks.run import run
from spdcheck.site.load import load_site
from tests.conformance.case import Case
from tests.conformance.reading import Expectation, folder_cases, read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.formats.base import Reading
    from tests.conformance.readme_table import Row


def is_dump(name: str) -> bool:
    """The file is a program's output."""
    return name.startswith("dump-") or "-dump-" in name


def cases(root: Path) -> Iterator[Case]:
    """Every listing of the folder of setkey."""
    yield from folder_cases(root / "setkey", "setkeydump", is_dump, _expect)
    for associations in sorted((root / "setkey").glob("dump-*-D.txt")):
        name = associations.name.removesuffix("-D.txt")
        policies = associations.with_name(f"{name}-DP.txt")
        for beside in ("", _script(policies)):
            found = _oddities(associations, policies, beside)
            what = "beside its policies" if beside else "alone"
            yield Case(f"setkey/{name} {what}", not found, "; ".join(found))


def _script(policies: Path) -> str:
    """The setkey script whose policies a listing shows (those that are bound to no interface)."""
    (dump,) = read_setkeydump(policies).facts.dumps
    lines = []
    for policy in dump.policies:
        source, destination = policy.selector.source, policy.selector.destination
        rules = " ".join(
            f"{t.protocol.value}/{t.mode.value if t.mode else ''}/{t.source}-{t.destination}/{t.level.value}"
            for t in policy.templates
        )
        if not policy.interface:
            lines.append(f"spdadd {source} {destination} any -P {policy.direction.value} ipsec {rules};\n")
    return "".join(lines)


def _oddities(associations: Path, policies: Path, script: str) -> list[str]:
    with TemporaryDirectory() as folder:
        host = Path(folder) / "west"
        host.mkdir()
        (host / "setkey-D.txt").write_text(associations.read_text(encoding="utf-8"), encoding="utf-8")
        (host / "setkey-DP.txt").write_text(policies.read_text(encoding="utf-8"), encoding="utf-8")
        if script:
            (host / "ipsec.conf").write_text(script, encoding="utf-8")
        report = run(load_site(Path(folder)), ["CFG007"])
    return [finding.message for finding in report.findings]


def read_setkeydump(path: Path) -> Reading:
    """One listing."""
    found = read("setkeydump", path, None)
    if isinstance(found, str):
        raise TypeError(found)
    return found


def _expect(name: str, row: Row | None) -> list[Expectation]:
    placeholders = row is not None and "placeholder" in row.note and not name.startswith("dump-")
    return [(None, not placeholders)]
