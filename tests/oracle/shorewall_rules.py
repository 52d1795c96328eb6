"""Random lines of rules and blrules, and macros and actions of the user that they call."""

# ruff: noqa: E501 (a line of Shorewall stands whole)
from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

    from tests.oracle.shorewall_places import Places

SECTIONS = ("ALL", "ESTABLISHED", "RELATED", "INVALID", "UNTRACKED", "NEW")
MACROS = (
    "SSH", "Web", "DNS", "FTP", "Ping", "Trcrt", "SMB", "SMTP", "IPsec", "IPsecnat", "GRE", "NTP", "DHCPfwd", "Mail",
    "OpenVPN", "L2TP", "PPtP", "SNMP", "TFTP", "SIP", "IRC", "Auth", "HTTPS", "Squid", "VNC", "Zabbix", "mDNS", "Rdate",
)  # fmt: skip
VERDICTS = ("ACCEPT", "ACCEPT", "ACCEPT", "DROP", "REJECT")
STANDARD = (
    "AllowICMPs", "Broadcast(DROP)", "Broadcast(ACCEPT)", "Multicast(DROP)", "allowBcast", "dropBcast", "dropMcast",
    "dropInvalid", "dropNotSyn", "rejNotSyn", "DropSmurfs", "TCPFlags", "NotSyn(DROP)", "RST(ACCEPT)", "FIN(DROP)",
    "Invalid(DROP)", "Untracked(DROP)", "Related(ACCEPT)", "New(ACCEPT)", "DropDNSrep", "GlusterFS(3,1)", "DNSAmp",
    "SetEvent(Knock)", "ResetEvent(Knock,DROP,dst)", "IfEvent(Knock,ACCEPT,60,2,src,reset)", "Limit(Few,3,60)",
    "AutoBL(Guess,60,5,2,300)", "allowinUPnP", "Established(DROP)", "TCPFlags(audit)", "dropInvalid(audit)",
)  # fmt: skip


def rules(draw: random.Random, places: Places) -> dict[str, str]:
    """The files rules, blrules, actions, macro.* and action.*."""
    files = _bodies(draw, places)
    sections = [name for name in SECTIONS if name == "NEW" or draw.random() < 0.15]
    lines: list[str] = []
    for name in sections:
        if len(sections) > 1 or draw.random() < 0.8:
            lines.append(f"?SECTION {name}")
        for _ in range(draw.choice((3, 5, 8)) if name == "NEW" else draw.choice((1, 2))):
            lines += line(draw, places, name, called=[n for n in files if "." in n])
    files["rules"] = "\n".join(lines) + "\n"
    if draw.random() < 0.3:
        files["blrules"] = "\n".join(_blacklisted(draw, places) for _ in range(draw.choice((1, 2, 3)))) + "\n"
    return files


def line(draw: random.Random, places: Places, section: str, called: list[str]) -> list[str]:
    """A line, perhaps with a directive around it."""
    if section == "NEW":
        made = _new(draw, places, called)
    else:
        action = draw.choice(("ACCEPT", "DROP", "REJECT", "LOG:info", "A_DROP"))
        made = f"{action} {places.source(draw)} {places.dest(draw)} {_packets(draw, places)}"
    if draw.random() < 0.06:
        word = draw.choice(("__IPV4", "$HOME_NET eq 'x'", "0", "1 && ! 0", "defined $HOME_NET", "__ADDRTYPE"))
        return [f"?IF {word}", made, "?ELSE", f"DROP {places.source(draw)} {places.dest(draw)} udp 7", "?ENDIF"]
    if draw.random() < 0.04:
        return ["?COMMENT what follows", made, "?COMMENT"]
    if draw.random() < 0.04:
        return [made.replace(" ", " \\\n    ", 1)]
    return [made]


def _new(draw: random.Random, places: Places, called: list[str]) -> str:
    kind = draw.choices(("plain", "macro", "dnat", "redirect", "standard", "own", "odd"), (8, 4, 3, 2, 2, 2, 2))[0]
    source, dest = places.source(draw), places.dest(draw)
    if kind == "plain":
        return _plain(draw, places)
    if kind == "macro":
        name, verdict = (
            draw.choice(MACROS),
            draw.choice((*VERDICTS, "ACCEPT:info", "NFQUEUE(2)", "A_ACCEPT", "CONTINUE")),
        )
        call = f"{name}({verdict})" if draw.random() < 0.85 or "(" in verdict or ":" in verdict else f"{name}/{verdict}"
        rest = draw.choice(("", "", "", f"- - - {places.host(draw)}", "- - - - 5/min:10", "- - - - s:3/hour"))
        return f"{call} {source} {dest} {rest}".rstrip()
    if kind == "dnat":
        return _dnat(draw, places)
    if kind == "redirect":
        modifier, port = draw.choice(("", "", "-")), draw.choice(("3128", "8000-8010", "3128", "53:random"))
        asked = draw.choice(("tcp 80", "udp 53", "tcp 80,8080", f"tcp 80 - !{places.host(draw)}", "tcp www - - 2/sec"))
        return f"REDIRECT{modifier} {places.source(draw)} {port} {asked}"
    if kind == "standard":
        return f"{draw.choice(STANDARD)}{draw.choice(('', '', ':info'))} {source} {dest}"
    if kind == "own" and called:
        return f"{_call(draw, draw.choice(called))} {source} {dest} {draw.choice(('', '', 'tcp', 'tcp 4000'))}".rstrip()
    return _odd(draw, places)


def _plain(draw: random.Random, places: Places) -> str:
    action = draw.choice((*VERDICTS, "ACCEPT!", "A_ACCEPT", "CONTINUE", "COUNT", "NFQUEUE(1)", "QUEUE", "ACCEPT+",
                          "REJECT(icmp-host-unreachable)"))  # fmt: skip
    if places.family == 6 and action.startswith("REJECT("):
        action = "REJECT(icmp6-adm-prohibited)"
    log = draw.choice(("", "", "", "", ":info", ":warn:tag", ":NFLOG(1)", ":none"))
    text = f"{action}{log} {places.source(draw)} {places.dest(draw)} {_packets(draw, places)}"
    if draw.random() < 0.3:
        pairs = ["mark=1", "mark=!0x2/0xf", "connlimit=10:24", "time=timestart=09:00&timestop=17:00&weekdays=Mon,Fri",
                 f"origdest={places.host(draw)}", "time=monthdays=1,15&utc", "connlimit=d:5", "mark=3:C"]  # fmt: skip
        if "DROP" not in action and "REJECT" not in action:
            pairs += ["rate=10/min:20", "rate=s:2/sec", "rate=d:Name:20/hour:5", "rate=s:5/sec,d:9/min"]
        chosen = draw.sample(pairs, draw.choice((1, 1, 2)))
        if len({pair.partition("=")[0] for pair in chosen}) == len(chosen):
            text += " { " + " ".join(f'{p.partition("=")[0]}="{p.partition("=")[2]}"' for p in chosen) + " }"
    return text


def _packets(draw: random.Random, places: Places) -> str:
    """PROTO, DPORT, SPORT."""
    icmp: tuple[str, ...] = (
        ("icmp 8", "icmp echo-request", "icmp 3/4,11", "icmp !8") if places.family == 4 else ("ipv6-icmp 128", "58")
    )
    return draw.choice((
        "tcp 22", "udp 53", "tcp 80,443", "tcp 1024:2000", "udp 137:139,445", "tcp ssh,smtp", "tcp !25", "tcp :1023",
        "tcp 80 1024:", "tcp 80,443 =", "tcp,udp 53", "tcp:syn 25", "tcp:!syn", "udp - 53", "esp", "ah", "50,51", "47",
        "!tcp", "sctp 99", "all", "", "tcp", "udp 1:3,5,7:9 100,200:300", *icmp,
    ))  # fmt: skip


def _dnat(draw: random.Random, places: Places) -> str:
    zone, host = places.inner_host(draw)
    if places.family == 6:
        host = f"[{host}]"
    port = draw.choice(("", "", ":8080", ":8080-8090", ":80:random"))
    asked = draw.choice(("tcp 80", "udp 53", "tcp 80,443", "tcp 8000:8010", "tcp,udp 53"))
    original = draw.choice(
        ("", "", f"- {places.own}", f"- {places.own},{places.host(draw)}", f"- !{places.host(draw)}")
    )
    rest = draw.choice(("", "", "", " { rate=4/min }", " { mark=1 }"))
    if draw.random() < 0.15 and not original:
        return f"DNAT- {places.source(draw)} {zone}:{host}{port} {asked}"
    action = draw.choice(("DNAT", "DNAT", "DNAT", "DNAT:info", "DNAT-"))
    return f"{action} {places.source(draw)} {zone}:{host}{port} {asked} {original}{rest}"


def _odd(draw: random.Random, places: Places) -> str:
    source, dest = places.zone(draw), places.zone(draw)
    return draw.choice((
        f"NONAT {places.source(draw)} - tcp 80", "ACCEPT $FW net tcp 22 { user=root }", "DROP $FW net { user=!root:daemon }",
        f"HELPER {places.inner(draw)} - tcp 21 {{ helper=ftp }}", f"ACCEPT {source} {dest} tcp 21 {{ helper=ftp }}",
        f"{{ action=ACCEPT, source={source}, dest={dest}, proto=tcp, dport=2222 }}", f"LOG:info {source} {dest} tcp",
        f"MARK(5) {source} {dest} tcp 99", f"CONNMARK(|4) {source} {dest}", f"ACCEPT none {dest} tcp",
        f"REJECT(tcp-reset) {source} {dest} tcp 139", f"ACCEPT {places.inner(draw)}:~02-00-08-E3-FA-55 {dest}",
        f"NFLOG(1) {source} {dest} udp 9", f"AUDIT(accept) {source} {dest} tcp 9", f"A_REJECT {source} {dest} tcp 9",
        f"NFQUEUE(3:5,bypass) {source} {dest} tcp 9", f"INLINE(ACCEPT) {source} {dest} tcp 98",
    ))  # fmt: skip


def _blacklisted(draw: random.Random, places: Places) -> str:
    action = draw.choice(
        ("DROP", "DROP", "REJECT", "WHITELIST", "ACCEPT", "BLACKLIST", "DROP:info", "SSH(DROP)", "A_DROP")
    )
    who = places.host(draw) if draw.random() < 0.6 else places.hosts(draw)
    return f"{action} {draw.choice(('net', 'all'))}:{who} {draw.choice(('all', '$FW', places.inner(draw)))}"


def _call(draw: random.Random, file: str) -> str:
    kind, _, name = file.partition(".")
    if kind == "macro":
        return f"{name}({draw.choice(VERDICTS)})"
    if name == "Given":
        return draw.choice(("Given", "Given(DROP)", "Given(ACCEPT,udp)", "Given(-,tcp)"))
    return name


def _bodies(draw: random.Random, places: Places) -> dict[str, str]:
    """Files of macros and actions, and the file that declares them."""
    files, declared = {}, []
    host = places.host(draw)
    if draw.random() < 0.4:
        files["macro.Own"] = draw.choice((
            "PARAM - - tcp 7001\nPARAM - - udp 7001:7003\n", "PARAM - - tcp 7001\nPARAM DEST SOURCE tcp 7002\n",
            f"PARAM SOURCE DEST:{host} tcp 7001\n" if places.family == 4 else "PARAM - - 47\n",
            "SSH(PARAM) - -\nWeb(ACCEPT) - -\nDROP - - udp 99\n",
        ))  # fmt: skip
    if draw.random() < 0.4:
        files["action.Own"] = draw.choice((
            "ACCEPT - - tcp 7100\nDROP - - udp\n", f"DROP {host}\nSSH(ACCEPT) - -\nRETURN - - icmp\n".replace("RETURN", "CONTINUE"),
            "Web(ACCEPT)\nLOG:info - - tcp\n", f"ACCEPT - {host} tcp 9 - - 3/min\n", "Broadcast(DROP)\ndropInvalid\nACCEPT - - 47\n",
        ))  # fmt: skip
        declared.append(f"Own {draw.choice(('', '', 'inline', 'noinline', 'nolog'))}".rstrip())
    if draw.random() < 0.3:
        files["action.Given"] = (
            "DEFAULTS ACCEPT,tcp\n?if \"$2\" eq 'tcp'\n$1 - - $2 7200\n?else\n$1 - - udp 7201\n?endif\n"
        )
        declared.append("Given")
    if declared:
        files["actions"] = "\n".join(declared) + "\n"
    return files
