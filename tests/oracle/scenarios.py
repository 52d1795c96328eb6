"""Random small set-ups of two Linux gateways: policies, associations, devices, iptables, sysctls, and probes for them.

Everything is drawn from a seed, so that a difference can be run again. Many set-ups are broken on purpose: a policy of
one side is missing, wider, narrower, of another mode or reqid; an SA is missing or has another key; NAT takes what a
tunnel should; a filter has no opening.
"""

from __future__ import annotations

import random
from typing import Any

from tests.oracle.netfilter import PUBLISHED, tables

PROBES = 10
EVERYWHERE = ["HA", "A", "B", "HB"]
QUIET = {"net.ipv4.tcp_synack_retries": "0", "net.ipv4.icmp_ratelimit": "1000000000"}
"""No answer is sent again a second later, and no errors of ICMP: both would be counted with other probes."""
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


def _device(kind: str, me: str) -> list[str]:
    """The commands that make a tunnel device and route the other network into it."""
    near, far = (A, B) if me == "A" else (B, A)
    number, other = (1, 2) if me == "A" else (2, 1)
    ttl = " ttl 64" if kind == "gre" else ""
    return [
        f"ip tunnel add {kind}1 mode {kind} local {near} remote {far}{ttl}", f"ip link set {kind}1 up",
        f"ip addr add 172.31.0.{number}/30 dev {kind}1", f"ip route add 10.0.{other}.0/24 dev {kind}1",
    ]  # fmt: skip


def scenario(seed: int) -> dict[str, Any]:
    """One set-up with its probes."""
    draw = random.Random(seed)
    kind = draw.choices(("tunnel", "transport", "gre", "ipip"), (8, 2, 2, 1))[0]
    algorithm = draw.choice(ALGORITHMS)
    config: dict[str, dict[str, Any]] = {}
    for me in ("A", "B"):
        lines = _associations(draw, me, "tunnel" if kind == "tunnel" else "transport", algorithm)
        lines += _policies(draw, me, kind)
        config[me] = {"xfrm": lines}
        commands = _device(kind, me) if kind in ("gre", "ipip") else []
        if draw.random() < 0.04:
            commands.append("echo 0 > /proc/sys/net/ipv4/ip_forward")
        if commands:
            config[me]["commands"] = commands
        if draw.random() < 0.8:
            config[me]["iptables"] = tables(draw, me)
        switches = _switches(draw)
        if switches:
            config[me]["sysctl"] = switches
    for node in EVERYWHERE:
        config.setdefault(node, {}).setdefault("sysctl", {}).update(QUIET)
    return {"name": f"seed {seed}", "config": config, "probes": _probes(draw)}


def _switches(draw: random.Random) -> dict[str, str]:
    """Sysctls of the datapath."""
    found = {}
    for name, chance in (("rp_filter", 0.2), ("disable_policy", 0.05), ("disable_xfrm", 0.03), ("accept_local", 0.04)):
        if draw.random() < chance:
            scope = draw.choice(("all", "wan0", "lan0"))
            found[f"net.ipv4.conf.{scope}.{name}"] = draw.choice(("1", "2")) if name == "rp_filter" else "1"
    return found


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
    upper = {"gre": "proto gre ", "ipip": "proto 4 ", "transport": draw.choice(("", "proto udp "))}.get(kind, "")
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
    if kind == "tunnel" and draw.random() < 0.12:
        lines.insert(draw.randrange(len(lines) + 1), _overlapping(draw, local, remote))
    if draw.random() < 0.03:
        lines.append(f"policy setdefault {draw.choice(('in', 'fwd', 'out'))} block")
    return _distinct(lines)


def _overlapping(draw: random.Random, local: str, remote: str) -> str:
    """A second tunnel policy over more or less than the first, before or behind it."""
    direction = draw.choice(("out", "in", "fwd"))
    ends = (local, remote) if direction == "out" else (remote, local)
    source, target = draw.choice(
        (("0.0.0.0/0", "0.0.0.0/0"), ("10.0.0.0/8", "10.0.0.0/8"), ("0.0.0.0/0", "10.0.0.0/16"))
    )
    reqid = draw.choices((1, 2), (3, 1))[0]
    template = f"tmpl src {ends[0]} dst {ends[1]} proto esp reqid {reqid} mode tunnel"
    return f"policy add src {source} dst {target} dir {direction} priority {draw.choice((0, 4, 8, 12))} {template}"


def _distinct(lines: list[str]) -> list[str]:
    """Without a second policy of one selector and direction, which a kernel refuses."""
    seen: dict[str, str] = {}
    for line in lines:
        index = line.partition(" tmpl ")[0].partition(" action ")[0].partition(" priority ")[0].strip()
        seen.setdefault(index, line)
    return list(seen.values())


def _probes(draw: random.Random) -> list[dict[str, Any]]:
    """The first one opens the port that translations lead to, at every node."""
    probes: list[dict[str, Any]] = []
    pinged: set[tuple[str, str]] = set()
    for number in range(PROBES):
        start = draw.choice(("HA", "HA", "HA", "HB", "A", "B"))
        probe: dict[str, Any] = {"from": start, "dst": _target(draw, start)}
        probe |= {"type": draw.choice(("udp", "udp", "udp", "ping", "tcp"))}
        probe |= {"sport": 20000 + number, "dport": draw.choice((5000, 5000, 5001)) if number else 5000}
        if number == 0:
            probe["type"] = "udp"
        if start in ("A", "B") and not probe["dst"].startswith(("192.", "127.")) and draw.random() < 0.7:
            probe["src"] = "10.0.1.1" if start == "A" else "10.0.2.1"
        if start in ("HA", "HB") and number and draw.random() < 0.12:
            probe |= {"type": "udp", "src": draw.choice(_FORGED), "spoof": True}
        ends = (start, probe["dst"])
        if probe["type"] == "ping" and (ends in pinged or start in ("A", "B")):
            # To a model without identifiers, a second one would belong to the first. A gateway would send it by a raw
            # socket, whose packets no selector knows.
            probe["type"] = "udp"
        if probe["type"] == "ping":
            pinged |= {ends, ends[::-1]}
        if probe["type"] == "udp" and draw.random() < 0.4:
            probe["echo"] = True
        probe["listen"] = EVERYWHERE
        probes.append(probe)
    return probes


_FORGED = (
    "10.0.2.55", "10.0.1.77", "10.0.1.77", "203.0.113.9", "192.0.2.9", "10.0.1.1", "10.0.2.1", "192.0.2.1", "127.0.0.1",
)  # fmt: skip
"""Source addresses that a host has not."""


def _target(draw: random.Random, start: str) -> str:
    if start in ("HA", "HB"):
        far, near = ("10.0.2", "10.0.1") if start == "HA" else ("10.0.1", "10.0.2")
        own, peer = (A, B) if start == "HA" else (B, A)
        return draw.choice((f"{far}.10",) * 8 + (f"{far}.1", f"{far}.1", f"{near}.1", own, peer, PUBLISHED, f"{far}.99",
                                                  "10.0.7.10" if start == "HB" else "10.0.8.10"))  # fmt: skip
    own, peer, near, far = (A, B, "10.0.1", "10.0.2") if start == "A" else (B, A, "10.0.2", "10.0.1")
    return draw.choice((peer, f"{far}.10", f"{far}.10", f"{far}.1", f"{near}.10", own, f"{near}.1", PUBLISHED))
