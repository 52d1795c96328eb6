"""The order of hooks, as data: one tuple of stages for each way through a host, per platform and release.

Simulator, solver, documentation and ``trace`` all read these tuples; there is no second place that knows in which
order a kernel does things.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.host import Platform

if TYPE_CHECKING:
    from spdcheck.model.host import Host
    from spdcheck.semantics.datapath.stages import Datapath


def datapath_of(host: Host) -> Datapath:
    """The datapath of a host by platform and release; Linux's where nothing tells the platform."""
    if host.platform is Platform.FREEBSD:
        from spdcheck.semantics.datapath.freebsd import freebsd

        return freebsd(host)
    if host.platform is Platform.OPENBSD:
        from spdcheck.semantics.datapath.openbsd import OPENBSD

        return OPENBSD
    if host.platform in (Platform.NETBSD, Platform.SOLARIS):
        from spdcheck.semantics.datapath.netbsd import NETBSD

        return NETBSD
    from spdcheck.semantics.datapath.linux import LINUX

    return LINUX
