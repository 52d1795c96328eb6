"""OpenBSD: flows before pf on output, pf on enc0 for what IPsec wraps and unwraps.

Sources: sys/netinet/{ip_output,ip_ipsp,ipsec_input,ip_ipip}.c, pf.conf(5), enc(4). A flow is looked up with the
addresses before any NAT of the outgoing interface; pf sees the inner packet on enc0 and the ESP packet on the real
interface. On input pf sees ESP on the real interface; on enc0 what a tunnel carried, first as a packet of protocol
ipencap between the gateways, then the inner packet. Then a clear packet that matches a flow is dropped, unless the flow
is optional (``use``), and so is one that came under the SA of another peer; one that matches no flow is accepted.
"""

from __future__ import annotations

from spdcheck.semantics.datapath.stages import Datapath, Kind, Stage

_OUTPUT = (
    Stage(Kind.SPD_OUT),
    Stage(Kind.SA_OUT),
    Stage(Kind.FILTER, "out", interface="enc0"),
    Stage(Kind.ENCAPSULATE),
    Stage(Kind.FILTER, "out"),
    Stage(Kind.MTU),
    Stage(Kind.DEVICE_OUT),
    Stage(Kind.LEAVE),
)

OPENBSD = Datapath(
    name="OpenBSD",
    receive=(
        Stage(Kind.ARRIVE),
        Stage(Kind.FILTER, "in", interface="enc0", outer=True),
        Stage(Kind.FILTER, "in"),
        Stage(Kind.ROUTE, "arrival"),
    ),
    local=(
        Stage(Kind.SA_IN),
        Stage(Kind.DECAPSULATE, interface="enc0"),
        Stage(Kind.SPD_IN),
        Stage(Kind.DEVICE_IN),
        Stage(Kind.DELIVER),
    ),
    forward=(Stage(Kind.SPD_IN), *_OUTPUT),
    send=(Stage(Kind.ROUTE), *_OUTPUT),
    carrier=(
        Stage(Kind.ROUTE),
        Stage(Kind.FILTER, "out"),
        Stage(Kind.MTU),
        Stage(Kind.LEAVE),
    ),
    device=(Stage(Kind.ROUTE), *_OUTPUT),
    peer_is_checked=True,
)
