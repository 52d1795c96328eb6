"""Whether a host passes on what is not for it: the kernel's switch, by sysctl or rc.conf."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.host import Platform
from spdcheck.semantics.sysctls import own_value

if TYPE_CHECKING:
    from spdcheck.model.host import Host
    from spdcheck.source import Span


def forwards(host: Host, family: int, interface: str) -> tuple[bool, str, Span | None]:
    """Whether a host forwards packets that come in by an interface, and what says that it does not."""
    flag = host.forwarding.get(family)
    if flag is not None and not flag.value:
        return False, "forwarding is switched off", flag.origin
    own = own_value(host, interface, "forwarding") if family == 4 else None
    if own is not None and not own[0]:
        return False, f"forwarding is switched off for what comes in by {interface}", own[1]
    if flag is None and "rc.conf" in host.settings and host.platform in (Platform.FREEBSD, Platform.NETBSD):
        return False, "its rc.conf does not set gateway_enable", None
    return True, "", None
