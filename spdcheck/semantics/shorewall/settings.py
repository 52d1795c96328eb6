"""What shorewall.conf says, and what counts where it says nothing: the values of the shipped files.

The shipped file is a whole one, and users change single lines of it; so a directory that says only some settings means
the shipped values of the others. Sources: shorewall.conf(5) of 5.2.8, shorewall.conf of 2.3.0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spdcheck.model.shorewall import Shorewall
    from spdcheck.source import Span

_SHIPPED_5 = {
    "ACCEPT_DEFAULT": "none", "BLACKLIST": "NEW,INVALID,UNTRACKED", "BLACKLIST_DISPOSITION": "DROP",
    "BLACKLIST_DEFAULT": "Broadcast(DROP),Multicast(DROP),dropNotSyn,dropInvalid,DropDNSrep", "CLAMPMSS": "No",
    "COMPLETE": "No", "DETECT_DNAT_IPADDRS": "No", "DROP_DEFAULT": "Broadcast(DROP),Multicast(DROP)",
    "EXPAND_POLICIES": "Yes", "FASTACCEPT": "No", "FORWARD_CLEAR_MARK": "Yes", "IMPLICIT_CONTINUE": "No",
    "INVALID_DISPOSITION": "CONTINUE", "MACLIST_DISPOSITION": "REJECT", "MACLIST_TABLE": "filter", "MULTICAST": "No",
    "NFQUEUE_DEFAULT": "none", "QUEUE_DEFAULT": "none", "REJECT_DEFAULT": "Broadcast(DROP),Multicast(DROP)",
    "RELATED_DISPOSITION": "ACCEPT", "RPFILTER_DISPOSITION": "DROP", "ROUTE_FILTER": "Yes",
    "SFILTER_DISPOSITION": "DROP", "SMURF_DISPOSITION": "DROP", "TCP_FLAGS_DISPOSITION": "DROP",
    "UNTRACKED_DISPOSITION": "CONTINUE", "MANGLE_ENABLED": "Yes", "TC_BITS": "8", "MASK_BITS": "8",
    "PROVIDER_BITS": "8", "PROVIDER_OFFSET": "0", "ZONE_BITS": "0", "AUTOHELPERS": "No",
    "MARK_IN_FORWARD_CHAIN": "No", "DOCKER": "No", "DYNAMIC_BLACKLIST": "Yes", "RELATED_LOG_LEVEL": "",
    "INVALID_LOG_LEVEL": "", "UNTRACKED_LOG_LEVEL": "", "BLACKLIST_LOG_LEVEL": "",
}  # fmt: skip

_SHIPPED_6 = _SHIPPED_5 | {
    "BLACKLIST_DEFAULT": "AllowICMPs,Broadcast(DROP),Multicast(DROP),dropNotSyn,dropInvalid,DropDNSrep",
    "DROP_DEFAULT": "AllowICMPs,Broadcast(DROP),Multicast(DROP)",
    "REJECT_DEFAULT": "AllowICMPs,Broadcast(DROP),Multicast(DROP)", "ROUTE_FILTER": "No",
}  # fmt: skip

_SHIPPED_2 = {
    "NEWNOTSYN": "Yes", "DROPINVALID": "No", "CLAMPMSS": "No", "BLACKLIST_DISPOSITION": "DROP",
    "MACLIST_DISPOSITION": "REJECT", "TCP_FLAGS_DISPOSITION": "DROP", "DETECT_DNAT_IPADDRS": "No",
    "BLACKLISTNEWONLY": "Yes", "RFC1918_STRICT": "No", "MULTICAST": "No", "DYNAMIC_ZONES": "No", "PKTTYPE": "Yes",
    "ADD_SNAT_ALIASES": "No",
}  # fmt: skip

_NO = frozenset({"", "no", "none", "off"})


class Settings:
    """The settings of one directory."""

    def __init__(self, source: Shorewall) -> None:
        self._written = source.settings
        self._shipped = _SHIPPED_2 if source.dialect == 2 else _SHIPPED_6 if source.family == 6 else _SHIPPED_5
        self._whole = source.origin

    def text(self, name: str) -> str:
        """The value; empty where it is set to nothing and the release has no built-in one."""
        written = self._written.get(name)
        if written is not None and (written.value or name not in _BUILT_IN):
            return written.value
        return _BUILT_IN.get(name, "") if written is not None else self._shipped.get(name, "")

    def on(self, name: str) -> bool:
        """A Yes."""
        return self.text(name).lower() not in _NO

    def number(self, name: str) -> int:
        """A number; 0 where it is none."""
        text = self.text(name)
        return int(text, 0) if text.isdigit() else 0

    def origin(self, name: str) -> Span:
        """Where the setting is written; the whole configuration where it is not."""
        written = self._written.get(name)
        return self._whole if written is None else written.origin


_BUILT_IN = {
    "DROP_DEFAULT": "none", "REJECT_DEFAULT": "none", "ACCEPT_DEFAULT": "none", "QUEUE_DEFAULT": "none",
    "NFQUEUE_DEFAULT": "none", "BLACKLIST_DEFAULT": "none", "RELATED_DISPOSITION": "ACCEPT",
    "INVALID_DISPOSITION": "CONTINUE", "UNTRACKED_DISPOSITION": "CONTINUE", "MACLIST_DISPOSITION": "REJECT",
    "SMURF_DISPOSITION": "DROP", "TCP_FLAGS_DISPOSITION": "DROP", "SFILTER_DISPOSITION": "DROP",
    "RPFILTER_DISPOSITION": "DROP", "BLACKLIST_DISPOSITION": "DROP", "FORWARD_CLEAR_MARK": "Yes", "TC_BITS": "8",
    "MASK_BITS": "8", "PROVIDER_BITS": "8", "MACLIST_TABLE": "filter", "MANGLE_ENABLED": "Yes",
}  # fmt: skip
"""What ``NAME=`` without a value means."""
