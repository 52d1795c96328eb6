"""FreeBSD: the SPD before pfil on output, no pfil for decrypted packets on input.

Sources: sys/netinet/{ip_input,ip_output,ip_ipsec,in_gif}.c, sys/netipsec/{ipsec_input,ipsec_output,xform_ipip}.c of
5.3, 6 and modern. What matches an out policy is never seen in clear by ipfw, pf, ipfilter or natd on the way out; the
packet that IPsec makes goes through ip_output, and pfil, anew. Up to 11.0 what a tunnel SA delivers is still wrapped
in its outer header, and a gif device with the same outer addresses takes it; from 11.1 on IPsec strips it itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.records import replace
from spdcheck.semantics.datapath.stages import Datapath, Kind, Stage

if TYPE_CHECKING:
    from spdcheck.model.host import Host

_NO_PFIL = "decrypted packets skip the filters (net.inet.ipsec.filtertunnel=0)"

MODERN = Datapath(
    name="FreeBSD",
    receive=(
        Stage(Kind.ARRIVE),
        Stage(Kind.FILTER, "in", unless_decrypted=_NO_PFIL),
        Stage(Kind.ROUTE, "arrival"),
    ),
    local=(
        Stage(Kind.SA_IN),
        Stage(Kind.DECAPSULATE),
        Stage(Kind.SPD_IN),
        Stage(Kind.DEVICE_IN),
        Stage(Kind.DELIVER),
    ),
    forward=(
        Stage(Kind.SPD_IN),
        Stage(Kind.SPD_OUT),
        Stage(Kind.SA_OUT),
        Stage(Kind.ENCAPSULATE),
        Stage(Kind.FILTER, "out"),
        Stage(Kind.MTU),
        Stage(Kind.DEVICE_OUT),
        Stage(Kind.LEAVE),
    ),
    send=(
        Stage(Kind.ROUTE),
        Stage(Kind.SPD_OUT),
        Stage(Kind.SA_OUT),
        Stage(Kind.ENCAPSULATE),
        Stage(Kind.FILTER, "out"),
        Stage(Kind.MTU),
        Stage(Kind.DEVICE_OUT),
        Stage(Kind.LEAVE),
    ),
    carrier=(
        Stage(Kind.ROUTE),
        Stage(Kind.SPD_OUT),
        Stage(Kind.SA_OUT),
        Stage(Kind.ENCAPSULATE),
        Stage(Kind.FILTER, "out"),
        Stage(Kind.MTU),
        Stage(Kind.LEAVE),
    ),
    device=(
        Stage(Kind.ROUTE),
        Stage(Kind.SPD_OUT),
        Stage(Kind.SA_OUT),
        Stage(Kind.ENCAPSULATE),
        Stage(Kind.FILTER, "out"),
        Stage(Kind.MTU),
        Stage(Kind.LEAVE),
    ),
    forwards_without_ports=True,
)

OLD = replace(MODERN, name="FreeBSD up to 11.0", device_takes_tunnel=True)


_ENC_OUT = Stage(Kind.FILTER, "out", interface="enc0")
_ENC_OUT_OUTER = Stage(Kind.FILTER, "out", interface="enc0", outer=True)
_ENC_OUTER = Stage(Kind.FILTER, "in", interface="enc0", outer=True)
_ENC_INNER = Stage(Kind.FILTER, "in", interface="enc0")


def freebsd(host: Host) -> Datapath:
    """The datapath of a FreeBSD host by its release; a modern one where the release is not known.

    ``net.inet.ipsec.filtertunnel=1`` (or ``options IPSEC_FILTERGIF``) among the host's settings makes the filters see
    decrypted packets too. So does an interface enc0, as its masks say (:func:`_with_enc`).
    """
    path = OLD if host.release and host.release < (11, 1) else MODERN
    setting = host.settings.get("net.inet.ipsec.filtertunnel")
    if setting is not None and setting[0] == "1":
        receive = tuple(replace(stage, unless_decrypted="") for stage in path.receive)
        path = replace(path, receive=receive)
    return _with_enc(path, host) if any(interface.name == "enc0" for interface in host.interfaces) else path


def _with_enc(path: Datapath, host: Host) -> Datapath:
    """Filters on enc0 (if_enc(4)): by default the outer header of what arrives, the inner packet of what leaves.

    Of ``net.enc.in.ipsec_filter_mask``, 1 is the outer header and 2 the inner packet; of
    ``net.enc.out.ipsec_filter_mask``, 1 is the packet before IPsec wraps it and 2 the packet in its new header, before
    it is encrypted.
    """
    came, leaves = (_mask(host, f"net.enc.{way}.ipsec_filter_mask") for way in ("in", "out"))
    receive = list(path.receive)
    receive[1:1] = [stage for bit, stage in ((1, _ENC_OUTER), (2, _ENC_INNER)) if came & bit]

    def out(way: tuple[Stage, ...]) -> tuple[Stage, ...]:
        found: list[Stage] = []
        for stage in way:
            if stage.kind is Kind.ENCAPSULATE:
                found += [seen for bit, seen in ((1, _ENC_OUT), (2, _ENC_OUT_OUTER)) if leaves & bit]
            found.append(stage)
        return tuple(found)

    return replace(
        path, receive=tuple(receive), forward=out(path.forward), send=out(path.send), carrier=out(path.carrier),
        device=out(path.device),
    )  # fmt: skip


def _mask(host: Host, name: str) -> int:
    found = host.settings.get(name)
    try:
        return 1 if found is None else int(found[0], 0)
    except ValueError:
        return 1
