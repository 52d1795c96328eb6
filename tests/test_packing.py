"""Packed values come back as they were; nothing else can be unpacked, and a secret can't be packed."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spdcheck.checks.run import run
from spdcheck.checks.site_digest import files_of
from spdcheck.model.secret import Secret
from spdcheck.packing import pack, unpack
from spdcheck.site.load import load_site
from tests.golden import CORPUS


@pytest.mark.parametrize("name", ["sensor-gif", "gre-ospf", "roaming-isakmpd-as-printed", "shorewall-gateways"])
def test_a_report_comes_back_as_it_was(name: str) -> None:
    site = load_site(CORPUS / "sites" / name)
    report = run(site, ["SPD001", "SPD004", "SPD010", "FWL001", "FWL005", "CRY001", "CFG001", "MTU001"])
    packed = pack(report, files_of(site))
    assert packed is not None
    again = unpack(packed, files_of(site))
    assert again == report
    assert [f.trace for f in again.findings] == [f.trace for f in report.findings]
    assert all(f.span.file is g.span.file for f, g in zip(again.findings, report.findings, strict=True))
    assert unpack(packed, {}) is None


def test_a_secret_is_not_packed() -> None:
    assert pack((1, Secret(b"a key"))) is None
    site = load_site(CORPUS / "sites/sensor-mended")
    assert pack(site) is None


class Evil:
    def __reduce__(self) -> tuple[object, ...]:
        return eval, ("1 + 1",)


@pytest.mark.parametrize("value", [Evil(), print, {"a": Evil()}])
def test_foreign_things_are_not_unpacked(value: object) -> None:
    assert unpack(pickle.dumps(value)) is None


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_or_plain(body: bytes) -> None:
    unpack(body)
