"""One directory, file after file in the order of the compiler, becomes one value of the model."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from spdcheck.formats.shorewall import plain, topology, translation
from spdcheck.formats.shorewall.bodies import called, calls_of, declaration, read_bodies
from spdcheck.formats.shorewall.columns import Refused
from spdcheck.formats.shorewall.draft import Draft
from spdcheck.formats.shorewall.params import read_params
from spdcheck.formats.shorewall.policies import policy
from spdcheck.formats.shorewall.reader import LineReader
from spdcheck.formats.shorewall.rules import Sections, rule
from spdcheck.formats.shorewall.setting_values import check_settings
from spdcheck.formats.shorewall.settings import read_settings
from spdcheck.formats.shorewall.tables import KEPT, SCRIPTS
from spdcheck.formats.shorewall.whole import (
    DEFAULTS,
    check_default_actions,
    check_needed,
    check_policies,
    check_rules,
    check_zones,
)
from spdcheck.model.shorewall import Shorewall

if TYPE_CHECKING:
    from collections.abc import Callable

    from spdcheck.formats.shorewall.desk import Desk
    from spdcheck.formats.shorewall.lines import Line
    from spdcheck.source import SourceFile

_TYPED = re.compile(r"^[ \t]*[\w:,]+[ \t]+(?:ip(?:v[46])?|ipsec[46]?|firewall)(?:[ \t#]|\r?$)", re.MULTILINE)
_NEW = re.compile(
    r"(?i:^[ \t]*\?(?:FORMAT|SECTION|IF|COMMENT|SET|ELSE|ENDIF|INCLUDE|BEGIN|ERROR|REQUIRE)\b)", re.MULTILINE
)
_ENTRY = re.compile(r"^[ \t]*[^#\s]", re.MULTILINE)


def dialect_of(desk: Desk) -> int:
    """2 where zones have no types, as until 2.5; else 5.

    The release that the site file gives decides; without it a firewall line or a type tells, then any directive.
    """
    if desk.told:
        return 2 if desk.release < (2, 5) else 5
    zones = desk.files.get("zones")
    if zones is not None and _TYPED.search(zones.text):
        return 5
    if any(_NEW.search(file.text) for name, file in desk.files.items() if name not in SCRIPTS and name != "params"):
        return 5
    return 2 if zones is not None and _ENTRY.search(zones.text) else 5


def read_directory(desk: Desk, origin: SourceFile) -> Shorewall:
    """Everything that the directory says. Never raises."""
    desk.dialect = dialect_of(desk)
    draft = Draft()
    if "params" in desk.files:
        read_params(desk, desk.files["params"])
    for name in ("shorewall.conf", "shorewall6.conf"):
        if name in desk.files and (name == "shorewall6.conf") == (desk.family == 6):
            read_settings(desk, desk.files[name])
    check_settings(desk)
    if desk.dialect == 2:
        draft.firewall = desk.setting("FW", "fw")
        desk.variables.setdefault("FW", draft.firewall)
    draft.open_zones = "zones" not in desk.files
    draft.open_interfaces = "interfaces" not in desk.files
    _topology(desk, draft)
    check_needed(desk, "policy")
    _each(desk, "actions", lambda line: declaration(desk, draft, line))
    _each(desk, "policy", lambda line: policy(desk, draft, line))
    check_default_actions(desk, draft)
    table = check_policies(desk, draft)
    _translations(desk, draft)
    if desk.dialect == 2:
        _each(desk, "tunnels", lambda line: topology.tunnel(desk, draft, line), comments=True, fatal=False)
    known = len(desk.refusals)
    _rules(desk, draft)
    check_rules(desk, draft, table)
    desk.earliest(known, ("blrules", "rules"))
    _conntrack(desk, draft)
    if desk.dialect == 5:
        _each(desk, "tunnels", lambda line: topology.tunnel(desk, draft, line), comments=True)
    _others(desk, draft)
    return Shorewall(
        origin=origin.span(),
        family=desk.family,
        dialect=desk.dialect,
        release=desk.release if desk.told else (),
        folder=origin.path.rpartition("/")[0],
        files=tuple(desk.readings),
        refused=desk.refused,
        firewall=draft.firewall,
        settings=desk.settings,
        params=desk.params,
        zones=tuple(draft.zones.values()),
        interfaces=tuple(draft.interfaces.values()),
        hosts=tuple(draft.hosts),
        tunnels=tuple(draft.tunnels),
        policies=tuple(draft.policies),
        rules=tuple(draft.rules),
        blrules=tuple(draft.blrules),
        macros=tuple(draft.macros.values()),
        actions=tuple(draft.actions.values()),
        snat=tuple(draft.snat),
        nat=tuple(draft.nat),
        netmap=tuple(draft.netmap),
        proxyarp=tuple(draft.proxyarp),
        routestopped=tuple(draft.routestopped),
        stoppedrules=tuple(draft.stoppedrules),
        blacklist=tuple(draft.blacklist),
        conntrack=tuple(draft.conntrack),
        mangle=tuple(draft.mangle),
        maclist=tuple(draft.maclist),
        kept=tuple(draft.kept),
    )


def _each(
    desk: Desk,
    name: str,
    take: Callable[[Line], None],
    *,
    comments: bool = False,
    section: Callable[..., None] | None = None,
    spoilt: Callable[[Line], None] | None = None,
    fatal: bool = True,
) -> None:
    """Every line of a file that is there. ``spoilt`` saves from a refused line what others lean on.

    Where an error is not ``fatal`` (tunnels of 2.x) Shorewall says so and goes on without the line.
    """
    file = desk.files.get(name)
    if file is None or not desk.reads(name):
        return
    for line in LineReader(desk, file, comments=comments, section=section):
        try:
            take(line)
        except Refused as refused:
            (desk.refuse if fatal else desk.pass_over)(refused.span, refused.message, refused.mend)
            if spoilt is not None:
                spoilt(line)


def _numbered(desk: Desk, reader: LineReader, take: Callable[[Line, int], None]) -> None:
    """Every line with the ?FORMAT that holds for it."""
    for line in reader:
        number = reader.format
        try:
            take(line, number)
        except Refused as refused:
            desk.refuse(refused.span, refused.message, refused.mend)


def _topology(desk: Desk, draft: Draft) -> None:
    check_needed(desk, "zones")
    saved = partial(topology.spoilt, draft)
    _each(desk, "zones", lambda line: topology.zone(desk, draft, line), spoilt=saved)
    check_zones(desk, draft)
    check_needed(desk, "interfaces")
    if desk.dialect == 2 or desk.setting("IPSECFILE") == "ipsec":
        _each(desk, "ipsec", lambda line: topology.ipsec_2(desk, draft, line))
    if "interfaces" in desk.files:
        reader = LineReader(desk, desk.files["interfaces"], most_format=2 if desk.dialect == 5 else 1)
        _numbered(desk, reader, lambda line, number: topology.interface(desk, draft, line, number))
    _each(desk, "hosts", lambda line: topology.host(desk, draft, line))


def _translations(desk: Desk, draft: Draft) -> None:
    _each(desk, "proxyarp", lambda line: translation.proxyarp(desk, draft, line))
    snat = desk.files.get("snat")
    if snat is not None and desk.dialect == 5:
        reader = LineReader(desk, snat, most_format=2, comments=True)
        _numbered(desk, reader, lambda line, number: translation.snat(desk, draft, line, number))
    if not draft.snat:
        _each(desk, "masq", lambda line: translation.masq(desk, draft, line), comments=True)
    _each(desk, "nat", lambda line: translation.nat(desk, draft, line), comments=True)
    _each(desk, "netmap", lambda line: translation.netmap(desk, draft, line), comments=True)


def _rules(desk: Desk, draft: Draft) -> None:
    if desk.dialect == 5:
        _each(desk, "blrules", lambda line: rule(desk, draft, line, "BLACKLIST"), comments=True)
    sections = Sections()
    enter = sections.enter if desk.dialect == 5 else None
    _each(desk, "rules", lambda line: rule(desk, draft, line, sections.current), comments=True, section=enter)
    calls = called((*draft.blrules, *draft.rules))
    for entry in draft.policies:
        calls += entry.defaults or ()
    for name in DEFAULTS:
        setting = desk.settings.get(name)
        if setting is not None:
            calls += calls_of(setting.value, setting.origin)
    read_bodies(desk, draft, calls)


def _conntrack(desk: Desk, draft: Draft) -> None:
    for name, most in (("conntrack", 3), ("notrack", 2)):
        file = desk.files.get(name)
        if file is not None and desk.reads(name) and not draft.conntrack:
            reader = LineReader(desk, file, most_format=most, comments=True)
            _numbered(desk, reader, lambda line, number: plain.conntrack(desk, draft, line, number))


def _others(desk: Desk, draft: Draft) -> None:
    _each(desk, "mangle", lambda line: plain.mangle(desk, draft, line), comments=True)
    if not draft.mangle:
        _each(desk, "tcrules", lambda line: plain.tcrules(desk, draft, line), comments=True)
    _each(desk, "stoppedrules", lambda line: plain.stoppedrules(desk, draft, line), comments=True)
    _each(desk, "routestopped", lambda line: plain.routestopped(desk, draft, line))
    _each(desk, "blacklist", lambda line: plain.blacklist(desk, draft, line), comments=True)
    _each(desk, "maclist", lambda line: plain.maclist(desk, draft, line), comments=True)
    for name in sorted(KEPT):
        file = desk.files.get(name)
        if file is not None and desk.reads(name):
            for line in LineReader(desk, file, most_format=3, comments=True, section=lambda _name, _span: None):
                plain.kept(draft, line, name)
                desk.reading(line.file).inert += 1
