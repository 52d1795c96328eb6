"""shorewall.conf: values at which 5.2.8 stops, because no such choice exists or two of them contradict."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.formats.shorewall.action import LEVELS

if TYPE_CHECKING:
    from spdcheck.formats.shorewall.desk import Desk


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SWITCHES = _names("""
ADD_IP_ALIASES ADD_SNAT_ALIASES DETECT_DNAT_IPADDRS CLEAR_TC RETAIN_ALIASES ADMINISABSENTMINDED DISABLE_IPV6
STARTUP_ENABLED LOGTAGONLY FASTACCEPT IMPLICIT_CONTINUE TC_EXPERT EXPAND_POLICIES KEEP_RT_TABLES USE_RT_NAMES
DELETE_THEN_ADD AUTOCOMMENT MULTICAST MARK_IN_FORWARD_CHAIN RENAME_COMBINED TRACK_RULES BASIC_FILTERS WORKAROUNDS
DOCKER MANGLE_ENABLED USE_DEFAULT_RT RESTORE_DEFAULT_ROUTE TRACK_PROVIDERS BALANCE_PROVIDERS USE_NFLOG_SIZE ACCOUNTING
OPTIMIZE_ACCOUNTING REQUIRE_INTERFACE FORWARD_CLEAR_MARK COMPLETE EXPORTMODULES USE_PHYSICAL_NAMES IPSET_WARNINGS
AUTOHELPERS RESTORE_ROUTEMARKS IGNOREUNKNOWNVARIABLES WARNOLDCAPVERSION DEFER_DNS_RESOLUTION MINIUPNPD
VERBOSE_MESSAGES ZERO_MARKS
""")
"""Yes or No."""

_STATES = frozenset({"NEW", "ESTABLISHED", "RELATED", "INVALID", "UNTRACKED", "ALL"})
_CHOICES = {
    "BLACKLIST_DISPOSITION": r"(A_)?(DROP|REJECT)", "MACLIST_DISPOSITION": r"(A_)?(REJECT|DROP)|ACCEPT",
    "RELATED_DISPOSITION": r"(A_)?(ACCEPT|REJECT|DROP)|CONTINUE", "INVALID_DISPOSITION": r"(A_)?(REJECT|DROP)|CONTINUE",
    "UNTRACKED_DISPOSITION": r"(A_)?(ACCEPT|REJECT|DROP)|CONTINUE", "SMURF_DISPOSITION": r"(A_)?DROP",
    "TCP_FLAGS_DISPOSITION": r"(A_)?(REJECT|DROP).*|.*ACCEPT", "SFILTER_DISPOSITION": r"(A_)?(DROP|REJECT)",
    "RPFILTER_DISPOSITION": r"(A_)?DROP", "MACLIST_TABLE": r"filter|mangle", "ZONE2ZONE": r"[2-]",
    "IP_FORWARDING": r"(?i:on|off|keep|yes|no)", "CLAMPMSS": r"(?i:yes|no)|\d+", "MUTEX_TIMEOUT": r"0*[1-9]\d*",
    "TC_ENABLED": r"(?i:yes|no|simple|shared|internal)", "RESTART": r"restart|reload",
    "TC_PRIOMAP": r"\s*\d(\s+\d){15}\s*", "ROUTE_FILTER": r"(?i:on|off|yes|no|keep)|[012]",
}  # fmt: skip
"""What a setting may say, if anything. A REJECT of rpfilter would stand in the table mangle, which has none."""

_NUMBERS = ("TC_BITS", "MASK_BITS", "PROVIDER_BITS", "PROVIDER_OFFSET", "ZONE_BITS")
_HELPERS = _names("amanda ftp h323 irc netbios_ns none pptp sane sip snmp tftp")


def check_settings(desk: Desk) -> None:
    """Every value that is written."""
    if desk.dialect == 2 or not (desk.told and desk.release >= (5, 0)):
        return
    for name, setting in desk.settings.items():
        why = _wrong(name, setting.value) if setting.value else ""
        if why:
            desk.refuse_whole(setting.origin, f"{name}: {why}")
    for name in ("ROUTE_FILTER", "LOG_MARTIANS", "DOCKER"):
        known = desk.settings.get(name)
        if desk.family == 6 and known is not None and known.value.lower() in ("yes", "on"):
            desk.refuse_whole(known.origin, f"{name} is for IPv4 only")
    if desk.setting("MACLIST_TABLE") == "mangle" and desk.setting("MACLIST_DISPOSITION", "REJECT") in (
        "REJECT", "A_REJECT",
    ):  # fmt: skip
        where = desk.settings["MACLIST_TABLE"].origin
        desk.refuse_whole(where, "the table mangle can't reject: MACLIST_DISPOSITION must be DROP or ACCEPT with it")
    blacklisted = desk.settings.get("BLACKLIST")
    fast = desk.setting("FASTACCEPT").lower() == "yes"
    if fast and blacklisted is not None and "ESTABLISHED" in blacklisted.value.split(","):
        desk.refuse_whole(blacklisted.origin, "with FASTACCEPT=Yes no established packet comes to the blacklists")
    mangles = desk.setting("MANGLE_ENABLED", "Yes").lower() == "yes"
    if not mangles and desk.setting("FORWARD_CLEAR_MARK", "Yes").lower() == "yes":
        where = desk.settings["MANGLE_ENABLED"].origin
        desk.refuse_whole(where, "without the table mangle FORWARD_CLEAR_MARK must be No")


def _wrong(name: str, value: str) -> str:
    """What is wrong with a value; empty where nothing is."""
    if name in _SWITCHES and value.lower() not in ("yes", "no"):
        return f"`{value}` is neither Yes nor No"
    form = _CHOICES.get(name)
    if form is not None and not re.fullmatch(form, value):
        return f"`{value}` is no choice"
    if name == "BLACKLIST":
        unknown = [word for word in value.split(",") if word.strip() not in _STATES]
        return f"`{unknown[0]}` is no state" if unknown else ""
    if name in _NUMBERS and not (value.isdigit() and int(value) <= 32):
        return f"`{value}` is no number of bits"
    if name == "HELPERS":
        unknown = [word for word in value.split(",") if word.strip().replace("-", "_").lower() not in _HELPERS]
        return f"there is no helper `{unknown[0]}`" if unknown else ""
    if name == "VERBOSITY" and not re.fullmatch(r"-1|[0-2]", value):
        return f"`{value}` is not -1 to 2"
    if name.endswith("LOG_LEVEL") or name == "LOGALLNEW":
        word = value.partition("(")[0].rstrip("!").lower()
        if word.partition(":")[0] not in LEVELS and not re.fullmatch(r"[0-7]", word):
            return f"`{value}` is no log level"
    return ""
