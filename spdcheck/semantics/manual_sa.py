"""Which SA given by hand a kernel takes: on the way out for a policy's template, on arrival by SPI.

Sources: netipsec/key.c ``key_allocsa_policy`` (KAME, FreeBSD, NetBSD), net/xfrm/xfrm_state.c ``xfrm_state_find``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.host import Platform
from spdcheck.model.policy import Level, Mode

if TYPE_CHECKING:
    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.association import SecurityAssociation
    from spdcheck.model.host import Host
    from spdcheck.model.policy import Template


def outgoing(
    host: Host, template: Template, source: AddressRange, destination: AddressRange
) -> SecurityAssociation | None:
    """The SA that carries a packet under a template, or None.

    Linux wants the reqid and the mode equal, takes the SA that was added last, and gives ``unique`` without a number a
    reqid of its own that no manual SA has. The BSDs look at the reqid only for ``unique``, let ``any`` mode serve both,
    and take the oldest SA (net.key.preferred_oldsa=1).
    """
    linux = host.platform is Platform.LINUX
    fitting = [
        sa
        for sa in host.sad.associations
        if (sa.source, sa.destination) == (source, destination)
        and _protocol(sa) == template.protocol.value
        and _mode_fits(sa.mode, template.mode, linux=linux)
        and _reqid_fits(sa.reqid, template, linux=linux)
    ]
    if not fitting:
        return None
    return fitting[-1] if linux else fitting[0]


def _protocol(association: SecurityAssociation) -> str:
    return {"esp-udp": "esp", "esp-old": "esp", "ah-old": "ah"}.get(association.protocol, association.protocol)


def _mode_fits(actual: Mode, wanted: Mode, *, linux: bool) -> bool:
    if actual is Mode.ANY:
        return not linux or wanted is Mode.TRANSPORT
    return actual is wanted


def _reqid_fits(actual: int, template: Template, *, linux: bool) -> bool:
    if template.level is Level.UNIQUE:
        return template.reqid != 0 and actual == template.reqid
    return actual == template.reqid if linux else True


def arriving(host: Host, destination: AddressRange, protocol: str, spi: int) -> SecurityAssociation | None:
    """The SA of an arriving packet: destination, protocol and SPI (RFC 4301 section 4.1), or None."""
    for sa in host.sad.associations:
        if sa.destination == destination and _protocol(sa) == protocol and sa.spi == spi:
            return sa
    return None
