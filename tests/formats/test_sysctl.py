"""sysctl.conf: the corpus, no input that raises, and which value is in force."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spdcheck.formats.base import Context
from spdcheck.formats.sysctl import mask, read
from spdcheck.model.host import Host, Platform
from spdcheck.semantics.sysctls import own_value, switched_on, values
from spdcheck.source import SourceFile
from tests.formats.rendering import model_json, said
from tests.golden import CORPUS

if TYPE_CHECKING:
    from pathlib import Path

    from spdcheck.formats.base import Reading
    from tests.golden import Golden

OK = sorted((CORPUS / "sysctl" / "ok").glob("*.conf"))
ERR = sorted((CORPUS / "sysctl" / "err").glob("*.conf"))


def reading_of(text: str) -> Reading:
    return read(SourceFile("sysctl.conf", text), Context())


def host_of(text: str) -> Host:
    return Host(name="gw", platform=Platform.LINUX, settings=reading_of(text).facts.settings)


@pytest.mark.parametrize("path", OK, ids=lambda path: path.stem)
def test_good_file(path: Path, golden: Golden) -> None:
    reading = reading_of(path.read_text(encoding="utf-8"))
    assert reading.facts.diagnostics == []
    golden.check(path.with_suffix(".json"), model_json(reading))


@pytest.mark.parametrize("path", ERR, ids=lambda path: path.stem)
def test_bad_file(path: Path, golden: Golden) -> None:
    golden.check(path.with_suffix(".out"), said(reading_of(path.read_text(encoding="utf-8"))))


def test_an_interface_has_its_own_value_else_a_pattern_s_else_the_default() -> None:
    text = "net.ipv4.conf.default.rp_filter = 1\nnet.ipv4.conf.eth*.rp_filter = 2\nnet.ipv4.conf.eth1.rp_filter = 0\n"
    host = host_of(text + "-net.ipv4.conf.eth2.rp_filter\nnet.ipv4.conf.all.accept_local = 1\n")
    found = {
        name: [value for value, _ in values(host, name, "rp_filter")] for name in ("eth0", "eth1", "eth2", "wan0", "lo")
    }
    assert found == {"eth0": [2], "eth1": [0], "eth2": [1], "wan0": [1], "lo": []}
    given = [own_value(host, name, "rp_filter") for name in ("eth0", "eth1", "eth2", "wan0")]
    assert [None if value is None else value[0] for value in given] == [2, 0, None, None]
    place = switched_on(host, "eth7", "accept_local")
    assert place is not None
    assert place.begin.line == 5
    assert switched_on(host, "eth7", "disable_xfrm") is None


@given(
    st.text(max_size=80)
    | st.lists(st.sampled_from(["net.ipv4.ip_forward", "=", "-", " ", "1", "\n", "#", "x"])).map("".join)
)
def test_never_raises(text: str) -> None:
    reading = reading_of(text)
    assert mask(reading.file) is reading.file
