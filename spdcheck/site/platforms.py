"""Which operating system a host runs, as its files tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.formats.base import Context
from spdcheck.formats.pf.dialect import FREEBSD, detect
from spdcheck.formats.rcconf.flavour import flavour
from spdcheck.model.host import Platform
from spdcheck.site.files import decode
from spdcheck.source import SourceFile

if TYPE_CHECKING:
    from spdcheck.site.config import HostConfig
    from spdcheck.site.files import FoundFile

_LISTED_BY = {"encap": Platform.OPENBSD, "ipsecctl": Platform.OPENBSD, "xfrmdump": Platform.LINUX}
"""Programs that only one system has: a listing of theirs tells the system."""


def platform_of(found: list[FoundFile], config: HostConfig | None) -> tuple[Platform | None, str]:
    """The operating system and, where it is inferred, why we believe so."""
    if config is not None and config.platform is not None:
        return config.platform, ""
    paths = [item.below for item in found]
    names = {path.rpartition("/")[2] for path in paths}
    for item in found:
        if item.format.name == "rcconf":
            if item.path.name == "rc.conf.local":
                return Platform.OPENBSD, f"{item.below} is OpenBSD's"
            return _rcconf_platform(item)
    if any(item.format.name == "iproute" for item in found):
        return Platform.LINUX, "its script uses ip(8) of iproute2"
    if any(item.format.name == "shorewall" for item in found):
        return Platform.LINUX, "it has a directory of Shorewall"
    if any(item.format.name == "iptables" for item in found):
        return Platform.LINUX, "its rules are those of iptables"
    if "ipsec-tools.conf" in names or any("ipsec-tools.d/" in path for path in paths):
        return Platform.LINUX, "its files lie where Linux distributions keep them"
    if any(path.startswith("usr/local/etc/") or "/usr/local/etc/" in path for path in paths):
        return Platform.FREEBSD, "its files lie below /usr/local/etc, where FreeBSD keeps ports"
    for item in found:
        if item.format.name in _LISTED_BY:
            return _LISTED_BY[item.format.name], f"{item.below} lists what {item.format.title} prints there"
    formats = {item.format.name for item in found}
    if "isakmpd" in formats and not formats & {"setkey", "racoon"}:
        return Platform.OPENBSD, "isakmpd is OpenBSD's, and nothing speaks of another system"
    return next((told for item in found if item.format.name == "pf" and (told := _pf_platform(item))), (None, ""))


def _pf_platform(item: FoundFile) -> tuple[Platform, str] | None:
    """What the language of a pf.conf tells; the old one was that of three systems."""
    dialect = detect(_head(item), Context())
    if dialect.vocabulary == FREEBSD:
        return Platform.FREEBSD, f"{item.below} is in the language of FreeBSD's pf"
    if dialect.modern and not dialect.assumed:
        return Platform.OPENBSD, f"{item.below} is in the language of OpenBSD's pf since 4.7"
    return None


def _head(item: FoundFile) -> str:
    try:
        return decode(item.path.read_bytes()[:65536])
    except OSError:
        return ""


def _rcconf_platform(item: FoundFile) -> tuple[Platform, str]:
    platform = Platform(flavour(SourceFile(item.below, _head(item)), Context()))
    return platform, f"{item.below} is written as {platform.title}'s rc.conf(5) is"
