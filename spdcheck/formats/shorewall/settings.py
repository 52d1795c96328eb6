"""shorewall.conf: which settings there are, which are gone, and how its lines are read.

Names and fates are those of 5.2.8 (shorewall.conf(5)), and of the files that 2.x and 3.x shipped.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.formats.shorewall.columns import Refused
from spdcheck.formats.shorewall.lines import ExpansionLoop, Joiner, expand
from spdcheck.model.shorewall import Setting

if TYPE_CHECKING:
    from spdcheck.formats.shorewall.desk import Desk
    from spdcheck.formats.shorewall.lines import Line
    from spdcheck.source import SourceFile


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


KNOWN = _names("""
ACCEPT_DEFAULT ACCOUNTING ACCOUNTING_TABLE ADD_IP_ALIASES ADD_SNAT_ALIASES ADMINISABSENTMINDED ARPTABLES AUTOCOMMENT
AUTOHELPERS AUTOMAKE BALANCE_PROVIDERS BASIC_FILTERS BLACKLIST BLACKLIST_DEFAULT BLACKLIST_DISPOSITION
BLACKLIST_LOG_LEVEL BRIDGING CLAMPMSS CLEAR_TC COMPLETE CONFIG_PATH DEFER_DNS_RESOLUTION DELAYBLACKLISTLOAD
DELETE_THEN_ADD DETECT_DNAT_IPADDRS DISABLE_IPV6 DOCKER DOCKER_BRIDGE DONT_LOAD DROP_DEFAULT DYNAMIC_BLACKLIST
DYNAMIC_ZONES EXPAND_POLICIES EXPORTMODULES FASTACCEPT FAST_STOP FIREWALL FORWARD_CLEAR_MARK GEOIPDIR HELPERS
IGNOREUNKNOWNVARIABLES IMPLICIT_CONTINUE INVALID_DISPOSITION INVALID_LOG_LEVEL IP IP6TABLES IPSET IPSET_WARNINGS
IPTABLES IP_FORWARDING KEEP_RT_TABLES LEGACY_RESTART LOCKFILE LOGALLNEW LOGFILE LOGFORMAT LOGLIMIT LOGTAGONLY
LOG_BACKEND LOG_LEVEL LOG_MARTIANS LOG_VERBOSITY LOG_ZONE MACLIST_DISPOSITION MACLIST_LOG_LEVEL MACLIST_TABLE
MACLIST_TTL MANGLE_ENABLED MARK_IN_FORWARD_CHAIN MASK_BITS MINIUPNPD MODULESDIR MULTICAST MUTEX_TIMEOUT NFACCT
NFQUEUE_DEFAULT NULL_ROUTE_RFC1918 OPTIMIZE OPTIMIZE_ACCOUNTING PAGER PATH PERL PERL_HASH_SEED PKTTYPE PROVIDER_BITS
PROVIDER_OFFSET QUEUE_DEFAULT RCP_COMMAND REJECT_ACTION REJECT_DEFAULT RELATED_DISPOSITION RELATED_LOG_LEVEL
RENAME_COMBINED REQUIRE_INTERFACE RESTART RESTOREFILE RESTORE_DEFAULT_ROUTE RESTORE_ROUTEMARKS RETAIN_ALIASES
RFC1918_LOG_LEVEL RFC1918_STRICT ROUTE_FILTER RPFILTER_DISPOSITION RPFILTER_LOG_LEVEL RSH_COMMAND SAVE_ARPTABLES
SAVE_IPSETS SFILTER_DISPOSITION SFILTER_LOG_LEVEL SHOREWALL_COMPILER SHOREWALL_SHELL SMURF_DISPOSITION SMURF_LOG_LEVEL
STARTUP_ENABLED STARTUP_LOG SUBSYSLOCK TC TCP_FLAGS_DISPOSITION TCP_FLAGS_LOG_LEVEL TC_BITS TC_ENABLED TC_EXPERT
TC_PRIOMAP TRACK_PROVIDERS TRACK_RULES UNTRACKED_DISPOSITION UNTRACKED_LOG_LEVEL USE_ACTIONS USE_DEFAULT_RT
USE_NFLOG_SIZE USE_PHYSICAL_NAMES USE_RT_NAMES VERBOSE_MESSAGES VERBOSITY WARNOLDCAPVERSION WORKAROUNDS ZERO_MARKS
ZONE2ZONE ZONE_BITS
""")
"""Settings of 5.2; some of them do nothing any more."""

SUPERSEDED = _names("""
BLACKLISTNEWONLY HIGH_ROUTE_MARKS LOGBURST LOGRATE WIDE_TC_MARKS
""")
"""Settings at which 5.2 stops."""

GONE = _names("""
CHAIN_SCRIPTS EXPORTPARAMS INLINE_MATCHES IPSECFILE LEGACY_FASTSTART LOAD_HELPERS_ONLY MAPOLDACTIONS MODULE_SUFFIX
""")
"""Settings that 5.2 passes over with a warning."""

OLD = _names("""
ALLOWRELATED BLACKLIST_LOGLEVEL BOGON_LOG_LEVEL CROSSBEAM CROSSBEAM_BACKBONE DROPINVALID FUNCTIONS FW IPSEC_LOG_LEVEL
LOGGING LOGNEWNOTSYN LOGUNCLEAN LOG_UNCLEAN MANGLE_FORWARD MARK_IN_FORWARD MULTIPORT NAT_ENABLED NEWNOTSYN NOSTARTUP
ONLY_IPSEC ROUTESTOPPED SHARED_DIR STATEDIR
""")
"""Settings of releases before 4.0 that nothing knows any more."""

RENAMED = {"AUTO_COMMENT": "AUTOCOMMENT", "BLACKLIST_LOGLEVEL": "BLACKLIST_LOG_LEVEL"}

_LINE = re.compile(r"\s*([A-Za-z]\w*)=(.*)", re.DOTALL)
_QUOTED = re.compile(r"\"([^\"]*)\"$")


def read_settings(desk: Desk, file: SourceFile) -> None:
    """Every setting of shorewall.conf; a later line for the same name counts."""
    desk.has_conf = True
    reading = desk.reading(file)
    for line in _lines(file):
        reading.statements += 1
        match = _LINE.fullmatch(line.text)
        if match is None:
            desk.refuse(line.whole, f"`{line.text.strip()[:60]}` is no setting", "write NAME=value")
            continue
        try:
            _setting(desk, line, match)
        except Refused as refused:
            desk.refuse(refused.span, refused.message, refused.mend)


def _lines(file: SourceFile) -> list[Line]:
    found, joiner, position = [], None, 0
    while position < len(file.text):
        stop = file.text.find("\n", position)
        stop = len(file.text) if stop < 0 else stop
        joiner = joiner or Joiner(file, position)
        line = joiner.add(file.text[position:stop].rstrip("\r"), position)
        position = stop + 1
        if line is not None:
            joiner = None
            if line.text.strip():
                found.append(line)
    return found


def _setting(desk: Desk, line: Line, match: re.Match[str]) -> None:
    name, span = match[1], line.whole
    name = RENAMED.get(name, name)
    reading = desk.reading(line.file)
    place = line.span(*match.span(1))
    if desk.dialect != 2 and name in SUPERSEDED:
        desk.refused_since((5, 0), place, f"the setting {name} is superseded", "run `shorewall update`")
    elif desk.dialect != 2 and name in GONE:
        reading.inert += 1
    elif name not in KNOWN and name not in OLD and name not in GONE and name not in SUPERSEDED:
        message = f"there is no setting {name}: Shorewall passes over the line"
        desk.warn(place, message, _near(name))
    value = _value(desk, line, match)
    desk.settings[name] = Setting(name, value, span)


def _value(desk: Desk, line: Line, match: re.Match[str]) -> str:
    start = match.start(2)
    text = match[2]
    if "$" in text and not (text.startswith("'") and text.endswith("'")):

        def variable(name: str, made: Line, first: int, last: int) -> str:
            if first < start:
                return ""
            found = desk.value(name)
            if name in desk.unknown or found is None:
                desk.undefined(name, made.span(first, last))
                return ""
            return found

        try:
            text = expand(line, variable).text[start:]
        except ExpansionLoop:
            raise Refused(line.whole, "a variable's value names the variable itself, without end") from None
    text = text.strip()
    quoted = _QUOTED.search(text)
    if quoted is not None:
        return quoted[1]
    if len(text) > 1 and text[0] == text[-1] == "'":
        return text[1:-1]
    return text


def _near(name: str) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name, sorted(KNOWN | SUPERSEDED | GONE), 1)
    return f"{close[0]} is meant?" if close else "correct the name, or remove the line"
