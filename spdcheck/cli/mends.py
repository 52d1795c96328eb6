"""``check --diff`` and ``check --fix``: the mends that prove themselves, as a patch or in the files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.output.summary import counted
from spdcheck.output.terminal import write

if TYPE_CHECKING:
    from spdcheck.cli.dispatch import Streams
    from spdcheck.mending.fixes import Fix
    from spdcheck.output.summary import Checked, Summary


def _fixes(checked: Checked) -> tuple[Fix, ...]:
    from spdcheck.mending.fixes import MENDED, fixes

    wanted = [finding for finding in checked.report.findings if finding.code in MENDED]
    if not wanted or checked.site.single_file:
        return ()
    return fixes(checked.site, wanted, checked.report.checks_run)


def show(summary: Summary, streams: Streams) -> None:
    """Prints one patch with the mends of every site; a word on stderr where there is none."""
    from spdcheck.checks.site_digest import files_of
    from spdcheck.mending.edit import patch

    count = 0
    for checked in summary.checked:
        found = _fixes(checked)
        count += len(found)
        for line in patch([fix.edit for fix in found], files_of(checked.site)):
            write(streams.stdout, line)
    streams.stdout.flush()
    write(streams.stderr, f"{counted(count, 'finding')} can be mended so\n")


def apply(summary: Summary, streams: Streams) -> bool:
    """Writes the mends of every site into its files; True if anything was written."""
    from pathlib import Path

    from spdcheck.mending.edit import write as into_files
    from spdcheck.mending.proof import place_of

    written = False
    for checked in summary.checked:
        found = _fixes(checked)
        edits = [fix.edit for fix in found]
        root = Path(checked.site.folder or ".")
        into_files(edits, {edit.path: place_of(checked.site, edit.path, root) for edit in edits})
        for fix in found:
            write(streams.stderr, f"mended {fix.finding.code} at {fix.finding.span.where}: {fix.edit.why}\n")
        written = written or bool(found)
    return written
