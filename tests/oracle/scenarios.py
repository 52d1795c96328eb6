"""Random small set-ups of two Linux gateways: policies, associations, levels, modes, GRE, and probes for them.

Everything is drawn from a seed, so that a difference can be run again. Many set-ups are broken on purpose: a policy of
one side is missing, wider, narrower, of another mode or reqid; an SA is missing or has another key.
"""

from __future__ import annotations

import random
from typing import Any

A, B = "192.0.2.1", "192.0.2.2"
NETWORKS = {"A": "10.0.1.0/24", "B": "10.0.2.0/24"}
WIDER = {"10.0.1.0/24": "10.0.0.0/16", "10.0.2.0/24": "10.0.0.0/16"}
NARROWER = {"10.0.1.0/24": "10.0.1.10/32", "10.0.2.0/24": "10.0.2.10/32"}
ALGORITHMS = (
    "enc cbc(aes) 0x" + "11" * 16 + " auth hmac(sha1) 0x" + "22" * 20,
    "enc cbc(des3_ede) 0x" + "0123456789abcdef1123456789abcdef2123456789abcdef" + " auth hmac(md5) 0x" + "22" * 16,
    "enc cbc(aes) 0x" + "11" * 32 + " auth-trunc hmac(sha256) 0x" + "22" * 32 + " 128",
    "aead rfc4106(gcm(aes)) 0x" + "11" * 20 + " 128",
)
GRE = {
    "A": [f"ip tunnel add gre1 mode gre local {A} remote {B} ttl 64", "ip link set gre1 up",
          "ip addr add 172.31.0.1/30 dev gre1", "ip route add 10.0.2.0/24 dev gre1"],
    "B": [f"ip tunnel add gre1 mode gre local {B} remote {A} ttl 64", "ip link set gre1 up",
          "ip addr add 172.31.0.2/30 dev gre1", "ip route add 10.0.1.0/24 dev gre1"],
}  # fmt: skip


def scenario(seed: int) -> dict[str, Any]:
    """One set-up with its probes."""
    draw = random.Random(seed)
    kind = draw.choices(("tunnel", "transport", "gre"), (7, 2, 2))[0]
    algorithm = draw.choice(ALGORITHMS)
    config: dict[str, dict[str, Any]] = {}
    for me in ("A", "B"):
        lines = _associations(draw, me, "tunnel" if kind == "tunnel" else "transport", algorithm)
        lines += _policies(draw, me, kind)
        config[me] = {"xfrm": lines}
        if kind == "gre":
            config[me]["commands"] = list(GRE[me])
        if draw.random() < 0.05:
            config[me]["commands"] = [*config[me].get("commands", []), "echo 0 > /proc/sys/net/ipv4/ip_forward"]
    return {"name": f"seed {seed}", "config": config, "probes": _probes(draw)}


def _associations(draw: random.Random, me: str, mode: str, algorithm: str) -> list[str]:
    lines = []
    for source, target, spi in ((A, B, 0x1001), (B, A, 0x2002)):
        if draw.random() < 0.06:
            continue
        reqid = draw.choices((1, 2), (12, 1))[0]
        chosen = mode if draw.random() < 0.96 else {"tunnel": "transport", "transport": "tunnel"}[mode]
        keys = algorithm if draw.random() < 0.95 else algorithm.replace("2222", "2322", 1)
        lines.append(f"state add src {source} dst {target} proto esp spi {spi:#x} reqid {reqid} mode {chosen} {keys}")
    del me
    return lines


def _policies(draw: random.Random, me: str, kind: str) -> list[str]:
    local, remote = (A, B) if me == "A" else (B, A)
    if kind == "tunnel":
        ours, theirs = NETWORKS[me], NETWORKS["B" if me == "A" else "A"]
    else:
        ours, theirs = f"{local}/32", f"{remote}/32"
    upper = {"gre": "proto gre ", "transport": draw.choice(("", "proto udp ")), "tunnel": ""}[kind]
    mode = "tunnel" if kind == "tunnel" else "transport"
    lines = []
    directions = ["out", "in", "fwd"] if kind == "tunnel" else ["out", "in"]
    for direction in directions:
        if draw.random() < 0.07:
            continue
        source, target = (ours, theirs) if direction == "out" else (theirs, ours)
        ends = (local, remote) if direction == "out" else (remote, local)
        if kind == "tunnel" and draw.random() < 0.2:
            table = draw.choice((WIDER, NARROWER))
            source, target = (table[source], target) if draw.random() < 0.5 else (source, table[target])
        reqid = draw.choices((1, 0, 2), (14, 1, 1))[0]
        level = " level use" if direction != "out" and draw.random() < 0.08 else ""
        template = f"tmpl src {ends[0]} dst {ends[1]} proto esp reqid {reqid} mode {mode}{level}"
        priority = f"priority {draw.choice((1, 5, 9))} " if draw.random() < 0.3 else ""
        port = "dport 53 " if upper == "" and kind == "tunnel" and draw.random() < 0.05 else ""
        proto = "proto udp " if port else upper
        lines.append(f"policy add src {source} dst {target} {proto}{port}dir {direction} {priority}{template}")
        if draw.random() < 0.12:
            action = draw.choice(("block", "allow"))
            narrow = NARROWER.get(source, source)
            rank = draw.choice((0, 3, 7))
            extra = f"policy add src {narrow} dst {target} {upper}dir {direction} action {action} priority {rank}"
            lines.insert(draw.randrange(len(lines) + 1), extra)
    return _distinct(lines)


def _distinct(lines: list[str]) -> list[str]:
    """Without a second policy of one selector and direction, which a kernel refuses."""
    seen: dict[str, str] = {}
    for line in lines:
        index = line.partition(" tmpl ")[0].partition(" action ")[0].partition(" priority ")[0].strip()
        seen.setdefault(index, line)
    return list(seen.values())


def _probes(draw: random.Random) -> list[dict[str, Any]]:
    probes: list[dict[str, Any]] = []
    for _ in range(6):
        start = draw.choice(("HA", "HA", "HB", "A", "B"))
        far = {"HA": ("10.0.2.10", "10.0.2.1"), "HB": ("10.0.1.10", "10.0.1.1")}
        if start in far:
            target = draw.choice((far[start][0], far[start][0], far[start][1]))
            probes.append({"from": start, "dst": target, "type": draw.choice(("udp", "udp", "ping"))})
        else:
            other = draw.choice((B, "10.0.2.10", "10.0.2.1") if start == "A" else (A, "10.0.1.10", "10.0.1.1"))
            probe = {"from": start, "dst": other, "type": "udp"}
            if not other.startswith("192.") and draw.random() < 0.7:
                probe["src"] = "10.0.1.1" if start == "A" else "10.0.2.1"
            probes.append(probe)
        if draw.random() < 0.3:
            probes[-1]["echo"] = True
    return probes
