"""What a change does to findings: looking only where it can touch gives what two whole checks give."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from spdcheck.checks import CHECKS, load
from spdcheck.checks.base import Context
from spdcheck.checks.change import compare
from spdcheck.checks.run import run
from spdcheck.records import replace
from spdcheck.site.load import load_site
from tests.golden import CORPUS
from tests.test_sites import SITES, VARIANTS, apply

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from spdcheck.checks.finding import Finding
    from spdcheck.model.host import Site

CODES = [code for code, _, _ in CHECKS]
LOCAL = [code for code in CODES if load(code).local]


def _prints(findings: Iterable[Finding]) -> list[str]:
    return sorted(finding.fingerprint for finding in findings)


def _base_of(variant: Path, folder: Path) -> Site:
    name = variant.read_text(encoding="utf-8").split()[1]
    shutil.copytree(CORPUS / "sites" / name, folder / "base")
    return load_site(folder / "base", shown="")


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda path: path.stem)
def test_the_findings_are_those_of_two_whole_checks(variant: Path, tmp_path: Path) -> None:
    old = _base_of(variant, tmp_path)
    new = load_site(apply(variant, tmp_path), shown="")
    new = replace(new, name=old.name)
    codes = [code for code in CODES if code != "INT001"]
    for before, after in ((old, new), (new, old)):
        change = compare(before, after, codes)
        whole = [_prints(run(site, codes).findings) for site in (before, after)]
        gone, come = list(whole[0]), []
        for fingerprint in whole[1]:
            if fingerprint in gone:
                gone.remove(fingerprint)
            else:
                come.append(fingerprint)
        assert _prints(change.appeared) == come
        assert _prints(change.disappeared) == gone


@pytest.mark.parametrize("site", SITES, ids=lambda path: path.name)
def test_a_site_is_not_different_from_itself(site: Path) -> None:
    change = compare(load_site(site, shown=""), load_site(site, shown=""), CODES)
    assert not change.changed
    assert not change.appeared
    assert not change.disappeared
    assert not change.newly_open


@pytest.mark.parametrize("site", SITES, ids=lambda path: path.name)
def test_a_local_check_needs_one_host_at_a_time(site: Path) -> None:
    whole = load_site(site)
    for code in LOCAL:
        together = set(load(code)().run(Context(whole)))
        alone = {
            said
            for number, host in enumerate(whole.hosts)
            for said in load(code)().run(
                Context(replace(whole, hosts=(host,), diagnostics=whole.diagnostics if number == 0 else ()))
            )
        }
        assert together == alone, code
