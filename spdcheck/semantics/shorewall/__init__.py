"""What a Shorewall configuration means: the netfilter tables that the real compiler makes of it.

Every rule's origin is Shorewall's own line: that of rules, policy, tunnels, snat …; what nobody wrote as a line comes
from the setting, zone or interface that causes it. Names of chains are those of the real ones where they have one.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from spdcheck.semantics.same_host import SameHost

if TYPE_CHECKING:
    from spdcheck.model.host import Host
    from spdcheck.model.netfilter import NetfilterRuleset
    from spdcheck.model.shorewall import Shorewall


def compiled(source: Shorewall, host: Host) -> NetfilterRuleset:
    """The tables of a directory on a host, whose addresses stand for those found when the firewall starts."""
    return _compiled(source, SameHost(host))


@lru_cache(maxsize=64)
def _compiled(source: Shorewall, same: SameHost) -> NetfilterRuleset:
    if source.dialect == 2:
        from spdcheck.semantics.shorewall import two

        return two.compiled(source, same.host)
    from spdcheck.semantics.shorewall import five

    return five.compiled(source, same.host)
