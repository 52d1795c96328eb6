"""Linux: netfilter and xfrm, in the order that a 6.1 kernel was seen to follow.

Sources: net/ipv4/{ip_input,ip_forward,ip_output,xfrm4_*}.c, net/xfrm/xfrm_policy.c; the order of the hooks was traced
on a real kernel. The SPD is asked at routing time, before FORWARD and OUTPUT, and its SAs are looked up with it
(``xfrm_lookup``); from then on the packet leaves, to filters, by the interface of the packet around it. The SPD is
asked again after POSTROUTING's NAT has changed the packet. Decrypted packets come in again on the same interface. The
fwd check comes before FORWARD, the in check at the transport, behind INPUT.
"""

from __future__ import annotations

from spdcheck.semantics.datapath.stages import Datapath, Kind, Stage

LINUX = Datapath(
    name="Linux",
    receive=(
        Stage(Kind.ARRIVE),
        Stage(Kind.FILTER, "PREROUTING"),
        Stage(Kind.ROUTE, "arrival"),
    ),
    local=(
        Stage(Kind.FILTER, "INPUT"),
        Stage(Kind.SA_IN),
        Stage(Kind.DECAPSULATE),
        Stage(Kind.SPD_IN),
        Stage(Kind.DEVICE_IN),
        Stage(Kind.DELIVER),
    ),
    forward=(
        Stage(Kind.SPD_FWD),
        Stage(Kind.SPD_OUT),
        Stage(Kind.SA_OUT),
        Stage(Kind.MTU),
        Stage(Kind.FILTER, "FORWARD"),
        Stage(Kind.FILTER, "POSTROUTING"),
        Stage(Kind.SPD_AGAIN),
        Stage(Kind.ENCAPSULATE),
        Stage(Kind.DEVICE_OUT),
        Stage(Kind.LEAVE),
    ),
    send=(
        Stage(Kind.ROUTE),
        Stage(Kind.SPD_OUT),
        Stage(Kind.SA_OUT),
        Stage(Kind.FILTER, "OUTPUT"),
        Stage(Kind.ROUTE, "again"),
        Stage(Kind.SPD_AGAIN),
        Stage(Kind.MTU),
        Stage(Kind.FILTER, "POSTROUTING"),
        Stage(Kind.SPD_AGAIN),
        Stage(Kind.ENCAPSULATE),
        Stage(Kind.DEVICE_OUT),
        Stage(Kind.LEAVE),
    ),
    carrier=(
        Stage(Kind.ROUTE),
        Stage(Kind.FILTER, "OUTPUT"),
        Stage(Kind.FILTER, "POSTROUTING"),
        Stage(Kind.MTU),
        Stage(Kind.LEAVE),
    ),
    device=(
        Stage(Kind.ROUTE),
        Stage(Kind.SPD_OUT),
        Stage(Kind.SA_OUT),
        Stage(Kind.FILTER, "OUTPUT"),
        Stage(Kind.SPD_AGAIN),
        Stage(Kind.MTU),
        Stage(Kind.FILTER, "POSTROUTING"),
        Stage(Kind.SPD_AGAIN),
        Stage(Kind.ENCAPSULATE),
        Stage(Kind.LEAVE),
    ),
    tunnel_needs_policy=True,
    forward_policies=True,
    templates_are_checked=True,
    loopback_is_exempt=True,
    refuses_martians=True,
    own_packets_leave=True,
    filters_see_carrier=True,
)
