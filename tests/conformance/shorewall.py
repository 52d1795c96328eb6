"""Shorewall: our compilation against the real compiler's, and against what the real netfilter did with packets.

``expected.rules`` is what the real compiler (5.2.8, or 2.3.0 for the directories of 2.x) made of a directory. Both rule
sets are proved to treat every packet the same, hook by hook. ``expected.fates.jsonl`` are verdicts of the kernel on the
real rules: the same packets go through our compilation, and through the real rules as our netfilter reads them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.formats.base import Context
from spdcheck.formats.iptables import read as read_iptables
from spdcheck.model.addresses import parse_prefix
from spdcheck.model.host import Host, Interface, Platform, Route
from spdcheck.semantics.shorewall import compiled
from spdcheck.source import SourceFile
from tests.conformance.case import Case
from tests.conformance.nf_equal import Difference, compare
from tests.conformance.reading import text_of
from tests.conformance.shorewall_fates import firewall, read_fates, wrong
from tests.conformance.shorewall_reading import reading_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from spdcheck.model.netfilter import NetfilterRuleset
    from spdcheck.model.shorewall import Shorewall

GROUPS = {"scenarios": "scenarios/*", "samples": "samples/*/*", "realworld": "realworld/*"}
ROUTED = {"eth1": "192.168.1.0/24", "eth2": "192.168.2.0/24"}
"""What the machine of the dry run of 2.3.0 had behind its interfaces: a masq line may name them only."""


def cases(root: Path) -> Iterator[Case]:
    """Each directory with expected rules, then each line of the fates."""
    base = root / "shorewall"
    for group, pattern in GROUPS.items():
        for folder in sorted(base.glob(pattern)):
            if (folder / "expected.rules").is_file():
                reason = reason_of(folder)
                yield Case(folder.relative_to(base).as_posix(), not reason, reason, group)
    for path in sorted(base.glob("scenarios/*/expected.fates.jsonl")):
        yield from _fates(path)


def reason_of(folder: Path) -> str:
    """Why our compilation is not the real one; empty where both do the same."""
    source = configuration(folder)
    if source.refused is not None:
        return f"{source.refused.where} is refused"
    try:
        compare(real_rules(folder / "expected.rules"), compiled(source, _machine()))
    except (Difference, RuntimeError) as found:
        return str(found)
    return ""


def configuration(folder: Path) -> Shorewall:
    """The configuration of a directory."""
    old = folder.name.endswith("-2x") or "upstream-2" in folder.parent.name
    return reading_of(folder, (2, 3, 0) if old else (5, 2, 8)).facts.packet_filters[0]  # type: ignore[return-value]


def real_rules(path: Path) -> NetfilterRuleset:
    """What the real compiler wrote."""
    reading = read_iptables(SourceFile(path.name, text_of(path)), Context())
    assert not reading.facts.diagnostics, reading.facts.diagnostics[0]
    return reading.facts.packet_filters[0]  # type: ignore[return-value]


def _machine() -> Host:
    routes = []
    for name, text in ROUTED.items():
        net = parse_prefix(text)
        assert net is not None
        routes.append(Route(net, None, name, None))
    interfaces = tuple(Interface(name) for name in ROUTED)
    return Host(name="firewall", platform=Platform.LINUX, interfaces=interfaces, routes=tuple(routes))


def _fates(path: Path) -> Iterator[Case]:
    head, fates = read_fates(path)
    name = path.parent.name
    for group, rules in (("fates", configuration(path.parent)), ("kernel", real_rules(path.parent / "expected.rules"))):
        for fate, reason in wrong(firewall(head, (rules,)), fates):
            yield Case(f"{name}/{path.name}:{fate.number}", not reason, reason, group)
