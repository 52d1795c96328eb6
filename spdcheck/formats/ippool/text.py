"""Tables of the model as ippool(8) would read them again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.formats.ipf_text import entry_text, network_text
from spdcheck.model.addresses import address_text
from spdcheck.model.ipfilter import NetworkAddress

if TYPE_CHECKING:
    from spdcheck.model.ipfilter import PoolEntry, Target
    from spdcheck.model.ippool import Pool


def pool_text(pool: Pool) -> str:
    """The table as ippool.conf has it."""
    if pool.kind == "dstlist":
        policy = f" policy {pool.policy};" if pool.policy else ""
        entries = " ".join(f"{_target(target)};" for target in pool.targets)
        return f"pool {pool.role}/dstlist (name {pool.name};{policy}) {{ {entries} }};"
    head = [f"role = {pool.role}"]
    if pool.kind == "group-map":
        head.insert(0, f"group-map {pool.direction.value if pool.direction else 'in'}")
    else:
        head = ["table", *head, f"type = {pool.kind}"]
    head.append(f"{'number' if pool.name.isdigit() else 'name'} = {pool.name}")
    if pool.group is not None:
        head.append(f"group = {pool.group}")
    head += [f"{word} = {value}" for word, value in (("size", pool.size), ("seed", pool.seed)) if value is not None]
    entries = " ".join(f"{_entry(entry)};" for entry in pool.entries) or ";"
    return f"{' '.join(head)} {{ {entries} }};"


def _entry(entry: PoolEntry) -> str:
    return entry_text(entry) if entry.group is None else f"{entry_text(entry)}, group = {entry.group}"


def _target(target: Target) -> str:
    gateway = target.gateway
    if isinstance(gateway, NetworkAddress):
        text = address_text(gateway.family, gateway.value)
    else:
        text = "" if gateway is None else network_text(gateway)
    return f"{target.interface}:{text}" if target.interface else text
