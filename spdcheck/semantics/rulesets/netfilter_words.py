"""What several matches of netfilter share: networks, and how to say that nobody knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.netfilter import Network
from spdcheck.semantics import conditions
from spdcheck.semantics.fields import SPACE_OF_FAMILY
from spdcheck.semantics.predicate import Unknown, in_set

if TYPE_CHECKING:
    from spdcheck.model.netfilter import Match, Option
    from spdcheck.semantics.fields import Field
    from spdcheck.semantics.predicate import Predicate


def network(field: Field, item: object, option: Option) -> Predicate:
    """The address lies in a network; the name of a host is unknown."""
    if not isinstance(item, Network):
        return Unknown(f"{option.origin.where}: the addresses of `{item}`")
    space = SPACE_OF_FAMILY[item.family][0]
    free = (space[1] - space[0]) & ~item.mask
    if free & (free + 1) == 0:
        return in_set(field, (space[0] + item.value, space[0] + (item.value | free)))
    return conditions.address_mask(field, item.family, item.mask, item.value) & in_set(field, space)


def unknown(match: Match, option: Option | None = None) -> Unknown:
    """What no field of a packet answers, with its place and why."""
    place = match.origin if option is None else option.origin
    return Unknown(f"{place.where}: `{place.text}`, {_WHY.get(match.module, 'which is not modelled')}")


_WHY = {
    "limit": "which depends on how many packets came before", "hashlimit": "which depends on earlier packets",
    "recent": "which depends on earlier packets", "set": "whose members are in no file",
    "mac": "since link-layer addresses are not known", "owner": "since the owner of a socket is not known",
    "statistic": "which matches by chance or in turn", "time": "which depends on the time of the day",
    "connlimit": "which depends on other connections", "quota": "which depends on earlier packets",
}  # fmt: skip
