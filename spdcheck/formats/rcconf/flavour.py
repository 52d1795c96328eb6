"""Whose boot configuration a file is: the three BSDs share the name rc.conf, but hardly a variable."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.model.host import Platform

if TYPE_CHECKING:
    from spdcheck.formats.base import Context
    from spdcheck.source import SourceFile

_BSD = {Platform.FREEBSD: "freebsd", Platform.NETBSD: "netbsd", Platform.OPENBSD: "openbsd"}
_MARKS = {
    "freebsd": r"(?:\w+_enable|cloned_interfaces|gif_interfaces|gifconfig_\w+|static_routes|defaultrouter"
    r"|ipsec_file|firewall_\w+)=",
    "netbsd": r"(?:rc_configured|auto_ifconfig|net_interfaces|ip6mode|defaultroute6?|ifaliases_\w+|wscons"
    r"|(?:racoon|npf|dhcpcd|sshd|ntpd|named|postfix|syslogd|ipfilter|ipnat)=)",
    "openbsd": r"(?:\w+_flags[ \t]*=[ \t]*\"?NO\b|isakmpd_flags|iked_flags|sasyncd_flags|pkg_scripts|library_aslr"
    r"|ipsec_rules|check_quotas)",
}
_SHELL = re.compile(
    r"^[ \t]*(?:\[|(?:if|for|case|while|unset|export|test)\b|[.:][ \t]|\w+[ \t]*\(\))"
    r"|^[^#\n=]*+=(?:[^#\n$]++|\$(?![{(\w]))*+\$[{(\w]",
    re.MULTILINE,
)


def flavour(file: SourceFile, context: Context) -> str:
    """``freebsd``, ``netbsd`` or ``openbsd``: the host's system where it is known, else whose variables these are."""
    if context.platform in _BSD:
        return _BSD[context.platform]
    counts = {
        name: len(re.findall(rf"^[ \t]*#?[ \t]*{marks}", file.text, re.MULTILINE)) for name, marks in _MARKS.items()
    }
    best = max(counts, key=lambda name: counts[name])
    if counts[best] == 0 and file.path.endswith("rc.conf.local"):
        return "openbsd"
    return best


def is_line_based(file: SourceFile, context: Context) -> bool:
    """OpenBSD reads its rc.conf line by line since 5.7 (rc.subr, ``_rc_parse_conf``) and ran it as a script before.

    Where the release is not known, a file that holds shell commands is taken for an older one.
    """
    if context.release:
        return context.release >= (5, 7)
    return _SHELL.search(file.text) is None
