"""A site of any size for the figures: hubs with a tunnel to each of their branches, as the files of real gateways."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_PF = """\
ext_if = "em0"
peers = "{{ {peers} }}"
set skip on lo0
block log all
pass on em1
pass on enc0
pass on $ext_if proto udp from $peers to any port 500
pass on $ext_if proto udp from any to $peers port 500
pass on $ext_if proto esp from $peers to any
pass on $ext_if proto esp from any to $peers
"""
_RC = """\
gateway_enable="YES"
ifconfig_em0="inet {outside} netmask 255.255.0.0"
ifconfig_em1="inet {inside} netmask 255.255.255.0"
defaultrouter="{router}"
ipsec_enable="YES"
ipsec_file="/etc/ipsec.conf"
racoon_enable="YES"
pf_enable="YES"
"""
_REMOTE = """\
remote {peer} [500] {{
	exchange_mode main;
	my_identifier address;
	peers_identifier address;
	verify_identifier on;
	lifetime time 8 hour;
	proposal {{
		encryption_algorithm aes 256;
		hash_algorithm sha256;
		authentication_method pre_shared_key;
		dh_group 14;
	}}
}}
sainfo address {own} any address {other} any {{
	pfs_group 14;
	lifetime time 1 hour;
	encryption_algorithm aes 256;
	authentication_algorithm hmac_sha256;
	compression_algorithm deflate;
}}
"""


def branch_ends(number: int) -> tuple[str, str]:
    """The outer address and the network of a branch."""
    outer = f"198.{18 + number // 62500}.{number // 250 % 250}.{number % 250 + 1}"
    return outer, f"10.{number // 256 + 1}.{number % 256}.0/24"


def hub_ends(number: int) -> tuple[str, str]:
    """The outer address and the network of a hub."""
    return f"192.0.{2 + number // 250}.{number % 250 + 1}", f"172.{16 + number // 256}.{number % 256}.0/24"


def write(folder: Path, branches: int, hubs: int = 1) -> None:
    """Writes so many hubs and the branches of each below a folder; every run writes the same."""
    for number in range(hubs):
        hub = hub_ends(number)
        numbers = range(number * branches, (number + 1) * branches)
        _host(folder / ("hub" if hubs == 1 else f"hub-{number:03}"), hub, [branch_ends(one) for one in numbers])
        for one in numbers:
            _host(folder / f"branch-{one:04}", branch_ends(one), [hub])


def _host(folder: Path, own: tuple[str, str], peers: list[tuple[str, str]]) -> None:
    outer, network = own
    policies, racoon, keys = ["flush;", "spdflush;"], ['path pre_shared_key "/usr/local/etc/racoon/psk.txt";'], []
    for peer, other in peers:
        policies.append(f"spdadd {network} {other} any -P out ipsec esp/tunnel/{outer}-{peer}/require;")
        policies.append(f"spdadd {other} {network} any -P in ipsec esp/tunnel/{peer}-{outer}/require;")
        racoon.append(_REMOTE.format(peer=peer, own=network, other=other))
        secret = hashlib.sha256(min(outer, peer).encode() + max(outer, peer).encode()).hexdigest()
        keys.append(f"{peer} {secret[:32]}")
    router = outer.rpartition(".")[0] + ".254"
    inside = network.replace(".0/24", ".1")
    texts = {
        "etc/rc.conf": _RC.format(outside=outer, inside=inside, router=router),
        "etc/ipsec.conf": "\n".join(policies) + "\n",
        "etc/pf.conf": _PF.format(peers=", ".join(peer for peer, _ in peers)),
        "usr/local/etc/racoon/racoon.conf": "\n".join(racoon),
        "usr/local/etc/racoon/psk.txt": "\n".join(keys) + "\n",
    }
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
