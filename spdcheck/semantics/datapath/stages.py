"""Stages: what can happen to a packet in a host, and the ways that are made of them."""

from __future__ import annotations

from enum import Enum

from spdcheck.records import dataclass


class Kind(Enum):
    """What a stage does."""

    ARRIVE = "arrive"
    FILTER = "filter"
    ROUTE = "route"
    SPD_OUT = "spd-out"
    SPD_AGAIN = "spd-again"
    SPD_IN = "spd-in"
    SPD_FWD = "spd-fwd"
    SA_OUT = "sa-out"
    SA_IN = "sa-in"
    ENCAPSULATE = "encapsulate"
    DECAPSULATE = "decapsulate"
    DEVICE_OUT = "device-out"
    DEVICE_IN = "device-in"
    MTU = "mtu"
    DELIVER = "deliver"
    LEAVE = "leave"

    @property
    def word(self) -> str:
        """The word that ``trace`` shows."""
        return _WORDS[self]


_WORDS = {
    Kind.ARRIVE: "IN",
    Kind.FILTER: "FILTER",
    Kind.ROUTE: "ROUTE",
    Kind.SPD_OUT: "SPD out",
    Kind.SPD_AGAIN: "SPD out",
    Kind.SPD_IN: "SPD in",
    Kind.SPD_FWD: "SPD fwd",
    Kind.SA_OUT: "SA",
    Kind.SA_IN: "SA",
    Kind.ENCAPSULATE: "ENCAP",
    Kind.DECAPSULATE: "DECAP",
    Kind.DEVICE_OUT: "DEVICE",
    Kind.DEVICE_IN: "DEVICE",
    Kind.MTU: "MTU",
    Kind.DELIVER: "DELIVER",
    Kind.LEAVE: "OUT",
}


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of a way.

    ``hook`` is the place of filters and NAT in the platform's own words (``PREROUTING``, ``in``); for a route it tells
    the decision on ``arrival`` (is it for us?) from the one on departure. ``unless_decrypted``
    is the reason why the stage is left out for packets that came out of IPsec; empty where it is not. ``interface``
    is the interface on which filters see the packet there (``enc0``); empty for the real one. Where packets come in,
    such a stage is only about what IPsec has just unwrapped, and ``outer`` says that filters see the outer header.
    ``only_nat`` leaves out everything that only filters.
    """

    kind: Kind
    hook: str = ""
    unless_decrypted: str = ""
    interface: str = ""
    outer: bool = False
    only_nat: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Datapath:
    """Every way of a packet through one kernel.

    ``receive`` ends with a route: ``local`` follows for this host's own addresses, ``forward`` for others. ``send`` is
    for packets that this host makes. ``carrier`` is the way of a packet that IPsec has just wrapped, ``device`` that
    of one that a tunnel device has. What IPsec or a device unwraps goes through ``receive`` again.

    * ``tunnel_needs_policy``: what a tunnel SA delivers must match an in (or fwd) policy, or it is dropped.
    * ``forward_policies``: forwarded packets are checked against fwd policies instead of in.
    * ``templates_are_checked``: the SAs that a packet arrived under must fit the templates of the policy it matches;
      elsewhere any decrypted packet will do.
    * ``peer_is_checked``: a packet under the SA of another peer than the policy's counts as a clear one.
    * ``device_takes_tunnel``: a gif device with the same outer addresses takes what a tunnel SA delivers.
    * ``forwards_without_ports``: forwarded packets, and packets checked on arrival, are looked up without ports.
    * ``refuses_martians``: what arrives from an address of this host, or from one that nobody has, is dropped.
    * ``own_packets_leave``: a host's packets to itself leave by lo and come in by it, through the hooks of both ways.
    * ``filters_see_carrier``: to filters, a packet that a tunnel SA is to wrap leaves by the interface of the packet
      around it.
    * ``filter_translates``: NAT is part of the filter hook (pf, ipfilter, ipfw), not a table of its own.
    """

    name: str
    receive: tuple[Stage, ...]
    local: tuple[Stage, ...]
    forward: tuple[Stage, ...]
    send: tuple[Stage, ...]
    carrier: tuple[Stage, ...]
    device: tuple[Stage, ...]
    tunnel_needs_policy: bool = False
    forward_policies: bool = False
    templates_are_checked: bool = False
    peer_is_checked: bool = False
    device_takes_tunnel: bool = False
    forwards_without_ports: bool = False
    loopback_is_exempt: bool = False
    refuses_martians: bool = False
    own_packets_leave: bool = False
    filters_see_carrier: bool = False
