"""Traces to draw: made up by hand, so that their texts may be as hostile as they like."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st

from spdcheck.engine.trace import Disposition, Mark, Step, Trace, Wire
from spdcheck.model.host import Host, Platform, Site
from spdcheck.semantics.packet import Packet
from spdcheck.source import SourceFile

if TYPE_CHECKING:
    from spdcheck.source import Span

PACKET = Packet(167772161, 167772162, protocol=6, source_port=40000, destination_port=443, df=1)


def span(path: str = "a/ipsec.conf", text: str = "spdadd 10.0.0.1 10.0.0.2 any -P out ipsec;\n") -> Span:
    return SourceFile(path, text).span(0, len(text.rstrip()))


def site(*names: str) -> Site:
    return Site("sample", tuple(Host(name=name, platform=Platform.LINUX, release=(6, 1)) for name in names))


def trace(*steps: Step | Wire, disposition: Disposition = Disposition.DELIVERED, where: str = "b") -> Trace:
    return Trace(PACKET, disposition, f"delivered to {where} itself", True, where, "eth0", steps)


words = st.text(max_size=30)
hosts = st.text(min_size=1, max_size=12)
steps = st.builds(
    Step,
    host=hosts,
    stage=st.sampled_from(("SPD out", "FILTER in", "ROUTE")),
    mark=st.sampled_from(Mark),
    verdict=words,
    detail=words,
    interface=words,
    origin=st.one_of(st.none(), st.builds(span, words.map(lambda text: text or "x"), words)),
    packet=st.one_of(st.none(), st.just(PACKET)),
    length=st.integers(0, 65535),
)
wires = st.builds(
    Wire,
    host=hosts,
    interface=words,
    packet=st.just(PACKET),
    form=st.sampled_from(("tcp", "esp{tcp}", "gif{tcp}")),
    length=st.integers(20, 65535),
    untrusted=st.booleans(),
    spi=st.one_of(st.none(), st.integers(0, 0xFFFFFFFF)),
)
ways = st.builds(
    Trace,
    packet=st.just(PACKET),
    disposition=st.sampled_from(Disposition),
    sentence=words,
    protected=st.booleans(),
    where=hosts,
    interface=words,
    steps=st.lists(st.one_of(steps, wires), max_size=12).map(tuple),
    counter=words,
)
traces = st.one_of(
    ways,
    st.tuples(ways, ways).map(
        lambda pair: Trace(
            pair[0].packet, pair[0].disposition, pair[0].sentence, pair[0].protected, pair[0].where,
            pair[0].interface, pair[0].steps, pair[0].counter, pair[1],
        )
    ),
)  # fmt: skip
