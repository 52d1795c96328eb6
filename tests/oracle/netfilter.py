"""Random rules of iptables for one gateway: tables that restrict, translate, mark and exempt the scenarios' traffic.

Only what a packet answers is drawn (no limits, no sets): whatever the kernel does with it can be said beforehand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

ENDS = {"A": ("192.0.2.1", "192.0.2.2"), "B": ("192.0.2.2", "192.0.2.1")}
NETWORKS = {"A": ("10.0.1.0/24", "10.0.2.0/24"), "B": ("10.0.2.0/24", "10.0.1.0/24")}
INNER = {"A": "10.0.1", "B": "10.0.2"}
INWARD = ("PREROUTING", "INPUT")
OUTWARD = ("OUTPUT", "POSTROUTING")
PUBLISHED = "198.51.100.7"
"""An address that only DNAT knows."""


def tables(draw: random.Random, me: str) -> str:
    """The text that iptables-restore gets."""
    found = [_filter(draw, me)]
    if draw.random() < 0.55:
        found.append(_nat(draw, me))
    if draw.random() < 0.35:
        found.append(_mangle(draw, me))
    if draw.random() < 0.12:
        found.append(_raw(draw, me))
    draw.shuffle(found)
    return "\n".join(found)


def _filter(draw: random.Random, me: str) -> str:
    lines = ["*filter"]
    restricted = []
    for hook in ("INPUT", "FORWARD", "OUTPUT"):
        policy = "DROP" if draw.random() < 0.3 else "ACCEPT"
        lines.append(f":{hook} {policy} [0:0]")
        if policy == "DROP":
            restricted.append(hook)
    lines += [":one - [0:0]", ":two - [0:0]"]
    for hook in ("INPUT", "FORWARD", "OUTPUT"):
        if hook in restricted:
            lines += [f"-A {hook} {opening}" for opening in _openings(draw, hook)]
        for _ in range(draw.choice((0, 1, 1, 2, 3))):
            lines.append(f"-A {hook}{_conditions(draw, me, hook)} {_verdict(draw, ('one', 'two'))}")
    for chain, further in (("one", ("two",)), ("two", ())):
        for _ in range(draw.choice((1, 2, 3))):
            lines.append(f"-A {chain}{_conditions(draw, me, chain)} {_verdict(draw, further)}")
    return "\n".join([*lines, "COMMIT"])


def _openings(draw: random.Random, hook: str) -> list[str]:
    """What an administrator opens behind a policy of DROP, most of it."""
    usual = {
        "INPUT": ("-i lo -j ACCEPT", "-p esp -j ACCEPT", "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
                  "-m policy --dir in --pol ipsec -j ACCEPT", "-p icmp -j ACCEPT", "-i lan0 -j ACCEPT"),
        "FORWARD": ("-m state --state RELATED,ESTABLISHED -j ACCEPT", "-m policy --dir in --pol ipsec -j ACCEPT",
                    "-m policy --dir out --pol ipsec -j ACCEPT", "-i lan0 -o wan0 -j ACCEPT"),
        "OUTPUT": ("-p esp -j ACCEPT", "-m conntrack --ctstate NEW,RELATED,ESTABLISHED -p udp -j ACCEPT",
                   "-p icmp -j ACCEPT", "-m policy --dir out --pol ipsec -j ACCEPT", "-o lo -j ACCEPT"),
    }[hook]  # fmt: skip
    return [opening for opening in usual if draw.random() < 0.75]


def _verdict(draw: random.Random, chains: tuple[str, ...]) -> str:
    kinds = ["-j ACCEPT"] * 4 + ["-j DROP"] * 3 + ["-j RETURN", "-j REJECT", '-j LOG --log-prefix "seen "', ""]
    kinds += [f"-j {chain}" for chain in chains] + [f"-g {chain}" for chain in chains]
    return draw.choice(kinds)


def _conditions(draw: random.Random, me: str, chain: str) -> str:
    """Up to three matches that can stand in the chain, each with a blank before it."""
    found: list[str] = []
    protocol = draw.choice(("", "", "udp", "udp", "esp", "icmp", "tcp", "4", "gre"))
    if protocol:
        found.append(("! " if draw.random() < 0.08 else "") + f"-p {protocol}")
    plain = protocol and not found[0].startswith("!")
    kinds = draw.sample(tuple(_KINDS), draw.choice((0, 1, 1, 1, 2)))
    for kind in kinds:
        text = _KINDS[kind](draw, me, chain, protocol if plain else "")
        if text:
            found.append(text)
    return "".join(f" {text}" for text in found)


def _negated(draw: random.Random, text: str) -> str:
    return f"! {text}" if draw.random() < 0.15 else text


def _address(draw: random.Random, me: str, chain: str, protocol: str) -> str:
    del chain, protocol
    near, far = NETWORKS[me]
    own, peer = ENDS[me]
    value = draw.choice((near, far, far, f"{INNER[me]}.10", "10.0.0.0/16", own, peer, "192.0.2.0/24",
                         f"{INNER[me]}.1", "10.0.0.10/255.255.0.255"))  # fmt: skip
    return _negated(draw, f"{draw.choice(('-s', '-d'))} {value}")


def _interface(draw: random.Random, me: str, chain: str, protocol: str) -> str:
    del me, protocol
    ways = ["-i", "-o"]
    if chain in INWARD:
        ways.remove("-o")
    if chain in OUTWARD:
        ways.remove("-i")
    return _negated(draw, f"{draw.choice(ways)} {draw.choice(('wan0', 'lan0', 'wan+', 'lo', 'gre1', 'ipip1'))}")


def _ports(draw: random.Random, me: str, chain: str, protocol: str) -> str:
    del me, chain
    if protocol not in ("udp", "tcp"):
        return ""
    if draw.random() < 0.4:
        return "-m multiport " + _negated(
            draw, draw.choice(("--dports 53,5000", "--sports 20000:20004", "--ports 5001,5002"))
        )
    return f"-m {protocol} " + _negated(draw, draw.choice(("--dport 5000", "--dport 5001:6000", "--sport 20000:20005")))


def _state(draw: random.Random, me: str, chain: str, protocol: str) -> str:
    del me, chain, protocol
    if draw.random() < 0.25:
        return "-m state " + _negated(draw, f"--state {draw.choice(('NEW', 'ESTABLISHED', 'INVALID', 'UNTRACKED'))}")
    states = draw.choice(("NEW", "RELATED,ESTABLISHED", "INVALID", "NEW,ESTABLISHED", "DNAT", "SNAT", "UNTRACKED"))
    return "-m conntrack " + _negated(draw, f"--ctstate {states}")


def _origin(draw: random.Random, me: str, chain: str, protocol: str) -> str:
    """Where the connection's first packet came from and went, before any NAT."""
    del chain
    near, far = NETWORKS[me]
    asked = [
        f"--ctorigdst {draw.choice((PUBLISHED, far, f'{INNER[me]}.10', ENDS[me][0]))}",
        f"--ctorigsrc {draw.choice((near, far, ENDS[me][1]))}",
        f"--ctrepldst {draw.choice((near, far))} --ctstate NEW",
    ]
    if protocol in ("udp", "tcp"):
        asked += ["--ctorigdstport 5001", "--ctorigsrcport 20000:20005"]
    return "-m conntrack " + _negated(draw, draw.choice(asked))


def _policy(draw: random.Random, me: str, chain: str, protocol: str) -> str:
    del protocol
    ways = ["in", "out"]
    if chain in INWARD:
        ways.remove("out")
    if chain in OUTWARD:
        ways.remove("in")
    way = draw.choice(ways)
    if draw.random() < 0.35:
        return f"-m policy --dir {way} --pol none"
    own, peer = ENDS[me]
    ends = (peer, own) if way == "in" else (own, peer)
    detail = draw.choice(("", "", " --reqid 1", " --mode tunnel", " --mode transport", " --proto esp",
                          f" --strict --mode tunnel --tunnel-src {ends[0]} --tunnel-dst {ends[1]}"))  # fmt: skip
    return f"-m policy --dir {way} --pol ipsec{detail}"


def _mark(draw: random.Random, me: str, chain: str, protocol: str) -> str:
    del me, chain, protocol
    return "-m mark " + _negated(draw, f"--mark {draw.choice(('0x1', '0x1/0x1', '0x0/0x2', '0x2'))}")


def _kind_of_address(draw: random.Random, me: str, chain: str, protocol: str) -> str:
    del me, chain, protocol
    return "-m addrtype " + _negated(
        draw, f"{draw.choice(('--src-type', '--dst-type'))} {draw.choice(('LOCAL', 'UNICAST', 'BROADCAST,MULTICAST'))}"
    )


def _range(draw: random.Random, me: str, chain: str, protocol: str) -> str:
    del me, chain, protocol
    return "-m iprange " + _negated(
        draw,
        f"{draw.choice(('--src-range', '--dst-range'))} {draw.choice(('10.0.2.5-10.0.2.20', '10.0.1.0-10.0.1.9'))}",
    )


def _length(draw: random.Random, me: str, chain: str, protocol: str) -> str:
    del me, chain, protocol
    return "-m length " + _negated(draw, f"--length {draw.choice(('0:50', '41', '60:65535'))}")


def _detail(draw: random.Random, me: str, chain: str, protocol: str) -> str:
    """What only ICMP or TCP has."""
    del me, chain
    if protocol == "icmp":
        return "-m icmp " + _negated(draw, f"--icmp-type {draw.choice(('8', '0', '3/4', 'echo-request'))}")
    if protocol == "tcp":
        return "-m tcp " + _negated(draw, draw.choice(("--syn", "--tcp-flags SYN,ACK SYN,ACK")))
    return ""


_KINDS: dict[str, Callable[[random.Random, str, str, str], str]] = {
    "address": _address, "interface": _interface, "ports": _ports, "state": _state, "origin": _origin,
    "policy": _policy, "mark": _mark,
    "addrtype": _kind_of_address, "iprange": _range, "length": _length, "detail": _detail,
}  # fmt: skip


def _nat(draw: random.Random, me: str) -> str:
    near, far = NETWORKS[me]
    own = ENDS[me][0]
    lines = [
        "*nat",
        ":PREROUTING ACCEPT [0:0]",
        ":INPUT ACCEPT [0:0]",
        ":OUTPUT ACCEPT [0:0]",
        ":POSTROUTING ACCEPT [0:0]",
    ]
    exemptions = [
        "-A POSTROUTING -m policy --dir out --pol ipsec -j ACCEPT", f"-A POSTROUTING -d {far} -j ACCEPT",
        f"-A POSTROUTING -s {near} -d {far} -j RETURN", "-A POSTROUTING -p esp -j ACCEPT",
    ]  # fmt: skip
    sources = [
        "-A POSTROUTING -o wan0 -j MASQUERADE", f"-A POSTROUTING -s {near} -o wan0 -j SNAT --to-source {own}",
        f"-A POSTROUTING -s {near} -d {far} -j NETMAP --to {INNER[me]}.0/24",
        f"-A POSTROUTING -s {near} -p udp -m udp --dport 5000 -j SNAT --to-source {INNER[me]}.77",
        f"-A POSTROUTING -s {near} ! -d 10.0.0.0/8 -j MASQUERADE",
        f"-A POSTROUTING -s {near} -j SNAT --to-source {own}",
        f"-A INPUT -s {far} -p udp -j SNAT --to-source {INNER[me]}.88",
        "-A POSTROUTING -o wan0 -m mark --mark 0x1 -j MASQUERADE",
    ]  # fmt: skip
    inner = draw.choice(("10.0.1.10", "10.0.2.10", f"{INNER[me]}.10"))
    destinations = [
        f"-A PREROUTING -d {PUBLISHED} -j DNAT --to-destination {inner}",
        f"-A OUTPUT -d {PUBLISHED} -j DNAT --to-destination {inner}",
        f"-A PREROUTING -i wan0 -p udp -m udp --dport 5001 -j DNAT --to-destination {INNER[me]}.10:5000",
        "-A PREROUTING -p udp -m udp --dport 5001 -j REDIRECT --to-ports 5000",
        "-A OUTPUT -p udp -m udp --dport 5001 -j REDIRECT --to-ports 5000",
        f"-A PREROUTING -d {INNER[me]}.99 -j DNAT --to-destination {INNER[me]}.10",
        f"-A PREROUTING -d 10.0.{7 if me == 'A' else 8}.0/24 -j NETMAP --to {near}",
        f"-A PREROUTING -i wan0 -d {own} -p udp -m udp --dport 5001 -j DNAT --to-destination {INNER[me]}.10:5000",
    ]  # fmt: skip
    chosen = draw.sample(sources, draw.choice((0, 1, 1, 2)))
    if draw.random() < 0.5:
        chosen.insert(draw.randrange(len(chosen) + 1), draw.choice(exemptions))
    chosen += draw.sample(destinations, draw.choice((0, 1, 1, 2)))
    return "\n".join([*lines, *chosen, "COMMIT"])


def _mangle(draw: random.Random, me: str) -> str:
    lines = ["*mangle"]
    for _ in range(draw.choice((1, 2, 3))):
        chain = draw.choice(("PREROUTING", "PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"))
        target = draw.choice(("MARK --set-mark 1", "MARK --set-xmark 0x1/0x3", "MARK --or-mark 2", "MARK --and-mark 2",
                              "TOS --set-tos 16", "DROP", "ACCEPT"))  # fmt: skip
        lines.append(f"-A {chain}{_conditions(draw, me, chain)} -j {target}")
    return "\n".join([*lines, "COMMIT"])


def _raw(draw: random.Random, me: str) -> str:
    chain = draw.choice(("PREROUTING", "OUTPUT"))
    states = "-m conntrack --ctstate"
    condition = draw.choice(
        ("-p esp", "-p udp", f"-s {NETWORKS[me][1]}", "-p icmp", f"-p udp {states} INVALID", f"{states} NEW")
    )
    return "\n".join(["*raw", f"-A {chain} {condition} -j {draw.choice(('NOTRACK', 'CT --notrack'))}", "COMMIT"])
