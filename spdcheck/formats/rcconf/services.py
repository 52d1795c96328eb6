"""Which services a boot configuration starts, and with which files and flags.

Sources: /etc/defaults/rc.conf and the rc.d scripts of FreeBSD 5 to 14 and of its ports racoon and isakmpd; NetBSD's
/etc/defaults/rc.conf and rc.d; OpenBSD's /etc/rc.conf and /etc/rc.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.formats.rcconf.commands import Shape, commands
from spdcheck.formats.rcconf.flags import is_yes, warn_about
from spdcheck.formats.rcconf.syntax import Literal, parse
from spdcheck.formats.rcconf.value import shown
from spdcheck.model.diagnostic import Part
from spdcheck.model.host import Platform, Service
from spdcheck.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.formats.rcconf.value import Value
    from spdcheck.formats.rcconf.variables import Variable, Variables
    from spdcheck.source import Span


@dataclass(frozen=True, slots=True)
class Switch:
    """How one system starts a service.

    ``enable`` is the variable that decides: by yes and no, by anything but ``NO`` (``unless_no``: OpenBSD, where the
    value may be the daemon's flags). ``file`` is what the service loads unless the variable ``file_name`` or the
    option ``file_option`` of its flags names another. Every other variable that starts with ``prefix`` is an option.
    """

    service: str
    enable: str
    prefix: str
    file: str | None = None
    file_name: str = ""
    file_option: str = ""
    unless_no: bool = False


FREEBSD = (
    Switch("ipsec", "ipsec_enable", "ipsec_", "/etc/ipsec.conf", "ipsec_file"),
    Switch("racoon", "racoon_enable", "racoon_", "/usr/local/etc/racoon/racoon.conf", file_option="f"),
    Switch("isakmpd", "isakmpd_enable", "isakmpd_", "/usr/local/etc/isakmpd/isakmpd.conf", file_option="c"),
    Switch("pf", "pf_enable", "pf_", "/etc/pf.conf", "pf_rules"),
    Switch("ipfilter", "ipfilter_enable", "ipfilter_", "/etc/ipf.rules", "ipfilter_rules"),
    Switch("ipnat", "ipnat_enable", "ipnat_", "/etc/ipnat.rules", "ipnat_rules"),
    Switch("firewall_nat", "firewall_nat_enable", "firewall_nat_"),
    Switch("ipfw", "firewall_enable", "firewall_", "/etc/rc.firewall", "firewall_script"),
    Switch("natd", "natd_enable", "natd_", file_option="f"),
)
NETBSD = (
    Switch("ipsec", "ipsec", "ipsec_", "/etc/ipsec.conf"),
    Switch("racoon", "racoon", "racoon_", "/etc/racoon/racoon.conf", file_option="f"),
    Switch("isakmpd", "isakmpd", "isakmpd_", "/etc/isakmpd/isakmpd.conf", file_option="c"),
    Switch("pf", "pf", "pf_", "/etc/pf.conf", "pf_rules"),
    Switch("npf", "npf", "npf_", "/etc/npf.conf"),
    Switch("ipfilter", "ipfilter", "ipfilter_", "/etc/ipf.conf"),
    Switch("ipnat", "ipnat", "ipnat_", "/etc/ipnat.conf"),
)
OPENBSD = (
    Switch("ipsec", "ipsec", "ipsec_", "/etc/ipsec.conf", "ipsec_rules", unless_no=True),
    Switch("isakmpd", "isakmpd_flags", "isakmpd_", "/etc/isakmpd/isakmpd.conf", file_option="c", unless_no=True),
    Switch("pf", "pf", "pf_", "/etc/pf.conf", "pf_rules", unless_no=True),
    Switch("ipfilter", "ipfilter", "ipfilter_", "/etc/ipf.rules", "ipfilter_rules", unless_no=True),
    Switch("ipnat", "ipnat", "ipnat_", "/etc/ipnat.rules", "ipnat_rules", unless_no=True),
)
SWITCHES = {"freebsd": FREEBSD, "netbsd": NETBSD, "openbsd": OPENBSD}
_SYSTEMS = {flavour: Platform(flavour).title for flavour in SWITCHES}

_ENABLES = {s.enable for switches in SWITCHES.values() for s in switches if s.enable.endswith("_enable")} | {
    "ike_enable"
}

_UNREAD_DAEMONS = {
    "strongswan": (Part.IKE, "strongSwan negotiates SAs by a configuration that is not read"),
    "iked": (Part.IKE, "iked negotiates SAs by a configuration that is not read"),
    "openvpn": (Part.INTERFACES, "OpenVPN makes interfaces and routes that are not known"),
    "wireguard": (Part.INTERFACES, "WireGuard makes interfaces and routes that are not known"),
    "mpd": (Part.INTERFACES, "mpd makes interfaces and routes that are not known"),
    "mpd5": (Part.INTERFACES, "mpd makes interfaces and routes that are not known"),
    "ipv6_firewall": (Part.FILTER, "ip6fw filters by rules that are not read"),
    **{
        name: (Part.INTERFACES, f"{name} adds routes that are not known")
        for name in ("router", "ipv6_router", "routed", "route6d", "gated", "zebra", "quagga", "frr", "bird",
                     "openbgpd", "openospfd", "ospfd", "ospf6d", "bgpd", "ripd", "eigrpd")
    },
}  # fmt: skip
"""Daemons that change what packets meet, but whose configuration we do not read."""


def convert(variables: Variables, flavour: str) -> None:
    """Adds a :class:`Service` for every service that the file says something about."""
    facts = variables.reading.facts
    switches = (*SWITCHES[flavour], *_older_key_daemon(variables)) if flavour == "freebsd" else SWITCHES[flavour]
    commented = _commented_out(variables, {switch.enable for switch in switches})
    for switch in switches:
        service = _service(variables, switch, switches, commented.get(switch.enable))
        if service is not None:
            facts.services.append(service)
    _strangers(variables, flavour)
    for daemon, (part, why) in _UNREAD_DAEMONS.items():
        name = {"freebsd": f"{daemon}_enable", "netbsd": daemon, "openbsd": f"{daemon}_flags"}[flavour]
        variable = variables.get(name)
        if variable is not None and variable.value is not None and _starts(name, variable.value.text):
            variables.not_modelled(variable, variable.span, why, part)


def _starts(name: str, text: str) -> bool:
    """The value of this variable starts its service, whichever system it belongs to."""
    return text != "NO" if name.endswith("_flags") else is_yes(text)


def _service(
    variables: Variables, switch: Switch, switches: tuple[Switch, ...], comment: Span | None
) -> Service | None:
    decisive = variables.take(switch.enable, Part.SERVICES)
    others = tuple(_options(variables, switch, switches))
    places = (decisive.span if decisive else None, *(variable.span for variable in others), comment)
    if not any(places):
        return None
    enabled = False if decisive is None and comment is not None else None
    if decisive is not None and decisive.value is not None:
        enabled = _is_enabled(variables, switch, decisive.value)
    file, file_origin = _file(variables, switch)
    return Service(
        name=switch.service,
        enabled=enabled,
        file=file,
        origin=next(span for span in places if span is not None),
        commented_out=None if enabled else comment,
        file_origin=file_origin,
        options=tuple(
            (variable.name.removeprefix(switch.prefix), variable.value.text)
            for variable in others
            if variable.value is not None and variable.name != switch.file_name
        ),
    )


def _options(variables: Variables, switch: Switch, switches: tuple[Switch, ...]) -> Iterator[Variable]:
    """The variables that belong to this service and to none with a longer prefix."""
    longer = [s.prefix for s in switches if s.prefix.startswith(switch.prefix) and s.prefix != switch.prefix]
    for _, variable in variables.matching(rf"{switch.prefix}\w+"):
        if variable.name not in _ENABLES and not any(variable.name.startswith(prefix) for prefix in longer):
            variables.take(variable.name, Part.SERVICES)
            yield variable


def _is_enabled(variables: Variables, switch: Switch, value: Value) -> bool:
    if not switch.unless_no:
        warn_about(variables, switch.enable, value)
        return is_yes(value.text)
    if value.text != "NO" and value.text.strip().lower() in ("no", "off", "false"):
        variables.reading.accident(
            value.span,
            f"{switch.enable} is not NO: found `{shown(value.text.strip())}`, which starts {switch.service}",
            mend=f"write {switch.enable}=NO",
        )
    return value.text != "NO"


def _file(variables: Variables, switch: Switch) -> tuple[str | None, Span | None]:
    """What the service loads and where that is said: a variable, an option among its flags, or the default."""
    named = variables.value(switch.file_name, Part.SERVICES)
    if named is not None and named.text not in ("", switch.file):
        return named.text, named.span
    if switch.file_option and (value := variables.value(f"{switch.prefix}flags", Part.SERVICES)) is not None:
        words = value.arguments()
        for index, word in enumerate(words):
            if word.text == f"-{switch.file_option}" and index + 1 < len(words):
                return words[index + 1].text, words[index + 1].span
            if word.text.startswith(f"-{switch.file_option}") and len(word.text) > 2:
                return word.text[2:], word.span
    kind = variables.value("firewall_type", Part.SERVICES) if switch.service == "ipfw" else None
    if kind is not None and kind.text.startswith("/"):
        return kind.text, kind.span
    return switch.file, named.span if named is not None and named.text else None


def _older_key_daemon(variables: Variables) -> tuple[Switch, ...]:
    """``ike_enable`` starts the daemon that ``ike_program`` names, isakmpd unless it says otherwise (FreeBSD 5, 6)."""
    program = variables.value("ike_program", Part.SERVICES)
    daemon = "isakmpd" if program is None or not program.text else program.text.rpartition("/")[2]
    for switch in FREEBSD:
        if switch.service == daemon and daemon in ("isakmpd", "racoon"):
            return (Switch(daemon, "ike_enable", "ike_", switch.file, file_option=switch.file_option),)
    enabled = variables.value("ike_enable", Part.SERVICES)
    variable = variables.take("ike_program", Part.IKE)
    if variable is not None and enabled is not None and is_yes(enabled.text):
        why = f"{shown(daemon)} negotiates SAs by a configuration that is not read"
        variables.not_modelled(variable, variable.span, why, Part.IKE)
    return ()


def _commented_out(variables: Variables, names: set[str]) -> dict[str, Span]:
    """Commented assignments such as ``#ipsec_enable="YES"`` that would start a service, by variable."""
    found: dict[str, Span] = {}
    wanted = re.compile(rf"#[#\s]*(?={'|'.join(sorted(names))})")
    for comment in variables.comments:
        mark = wanted.match(comment.text)
        line = comment.file.line(comment.begin.line)
        if mark is None or not line.lstrip().startswith("#"):
            continue
        text = comment.text[mark.end() :]
        inside, _ = commands(text)
        if [command.shape for command in inside] != [Shape.SIMPLE]:
            continue
        simple = parse(text[inside[0].start : inside[0].end], 0)
        if simple is None or simple.kind != "assignments" or simple.words or len(simple.assigned) != 1:
            continue
        name, parts = simple.assigned[0].name, simple.assigned[0].parts
        value = "".join(part.text for part in parts if isinstance(part, Literal))
        if name in names and _starts(name, value):
            found[name] = comment
    return found


def _strangers(variables: Variables, flavour: str) -> None:
    """CFG010 for a line that starts a service on another BSD, and nothing here."""
    ours = {switch.enable: switch for switch in SWITCHES[flavour]}
    by_service = {switch.service: switch.enable for switch in SWITCHES[flavour]}
    for other, switches in SWITCHES.items():
        for switch in switches:
            variable = variables.get(switch.enable)
            if other == flavour or switch.enable in ours or variable is None or variable.value is None:
                continue
            ask = by_service.get(switch.service)
            if _starts(switch.enable, variable.value.text) and not variable.statement.relevant:
                variable.statement.relevant = True
                variables.reading.accident(
                    variable.span,
                    f"{switch.enable} is {_SYSTEMS[other]}'s variable: nothing on {_SYSTEMS[flavour]} reads it",
                    mend=f"{_SYSTEMS[flavour]} asks {ask}" if ask else "",
                )
