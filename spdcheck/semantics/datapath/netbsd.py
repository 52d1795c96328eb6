"""NetBSD (and ipfilter on Solaris): the filters see the packet on the wire, not the decrypted one.

Sources: sys/netinet/{ip_input,ip_output}.c (``ipsec_skip_pfil``), sys/netipsec/ipsec_input.c,
tests/net/ipsec/t_ipsec_gif.sh.
"""

from __future__ import annotations

from spdcheck.records import replace
from spdcheck.semantics.datapath.freebsd import MODERN

NETBSD = replace(
    MODERN,
    name="NetBSD",
    receive=tuple(
        replace(stage, unless_decrypted="the filters look at the packet on the wire, not at the decrypted one")
        if stage.unless_decrypted
        else stage
        for stage in MODERN.receive
    ),
    device_takes_tunnel=True,
)
