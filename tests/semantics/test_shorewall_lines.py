"""Lines of Shorewall and the rules that 5.2.8 makes of them; random directories are read without any exception."""

from __future__ import annotations

import pytest

from spdcheck.semantics.shorewall import compiled
from tests.conformance.nf_equal import compare
from tests.formats.shorewall_folder import read_text, shorewall_of, shown
from tests.oracle.shorewall_compiler import FOUND, firewall, our_reading, real_rules
from tests.oracle.shorewall_directories import directory

ZONES = (
    "=== zones\nfw firewall\nnet ipv4\nloc ipv4\n=== interfaces\n?FORMAT 2\nnet eth0 tcpflags=0\nloc eth1 tcpflags=0\n"
)
POLICY = "=== policy\nall all DROP:none\n"
STATES = "-A {0} -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT\n"
FRAME = """*nat
:PREROUTING ACCEPT [0:0]
:net_dnat - [0:0]
-A PREROUTING -i eth0 -j net_dnat
{nat}COMMIT
*mangle
:PREROUTING ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
-A FORWARD -j MARK --set-mark 0/0xff
{mangle}COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
:loc-net - [0:0]
:net-loc - [0:0]
:all - [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -i eth0 -j ACCEPT
-A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -i eth1 -j ACCEPT
-A OUTPUT -o lo -j ACCEPT
-A OUTPUT -m conntrack --ctstate ESTABLISHED,RELATED -o eth0 -j ACCEPT
-A OUTPUT -m conntrack --ctstate ESTABLISHED,RELATED -o eth1 -j ACCEPT
-A FORWARD -i eth1 -o eth0 -j loc-net
-A FORWARD -i eth0 -o eth1 -j net-loc
-A loc-net -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
-A net-loc -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
{filter}COMMIT
"""


def _alike(files: str, **tables: str) -> None:
    expected = FRAME.format(**({"nat": "", "mangle": "", "filter": ""} | tables))
    source = shorewall_of(read_text(ZONES + POLICY + files, (5, 2, 8)))
    assert source.refused is None
    compare(real_rules(expected, 4), compiled(source, firewall(4)))


@pytest.mark.parametrize(
    ("line", "rules"),
    [
        ("NFQUEUE(3:5c) loc net", "-A loc-net -j NFQUEUE --queue-balance 3:5 --queue-cpu-fanout\n"),
        ("IPTABLES(REJECT) loc net", "-A loc-net -j REJECT\n"),
        ("INLINE(ACCEPT) loc net tcp 99", "-A loc-net -p tcp --dport 99 -j ACCEPT\n"),
        ("SetEvent(Knock,ACCEPT,dst) loc net", "-A loc-net -m recent --name Knock --set --rdest -j ACCEPT\n"),
        ("Limit(Few,3,60) loc net",
         "-A loc-net -m recent --name Few --update --seconds 60 --hitcount 4 -j DROP\n-A loc-net -j ACCEPT\n"),
        ("IfEvent(Knock,ACCEPT,60,2) loc net",
         "-A loc-net -m recent --rcheck --seconds 60 --hitcount 2 --name Knock --rsource -j ACCEPT\n"),
        ("ACCEPT loc net:&eth0", f"-A loc-net -d {FOUND['SW_ETH0_ADDRESS'][0]} -j ACCEPT\n"),
        ("CONTINUE loc net:1.2.3.0/24!1.2.3.4\nACCEPT loc net",
         ("-A loc-net -j MARK --and-mark 0xfffffeff\n-A loc-net -d 1.2.3.4 -j MARK --or-mark 0x100\n"
          "-A loc-net -d 1.2.3.0/24 -m mark --mark 0/0x100 -j RETURN\n-A loc-net -j ACCEPT\n")),
    ],
)  # fmt: skip
def test_rules(line: str, rules: str) -> None:
    _alike(f"=== rules\n{line}\n", filter=rules)


@pytest.mark.parametrize(
    ("line", "rules"),
    [
        ("MARK(1):P eth1", "-A PREROUTING -i eth1 -j MARK --set-mark 1\n"),
        ("MARK(1-2):P eth1",
         ("-A PREROUTING -i eth1 -m statistic --mode nth --every 2 --packet 0 -j MARK --set-mark 0x1/0xff\n"
          "-A PREROUTING -i eth1 -m statistic --mode nth --every 2 --packet 1 -j MARK --set-mark 0x2/0xff\n")),
        ("TCPMSS(1400) eth1 eth0",
         "-A FORWARD -i eth1 -o eth0 -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 1400\n"),
        ("TPROXY(3128) eth1 - tcp 80",
         "-A PREROUTING -i eth1 -p tcp --dport 80 -j TPROXY --on-port 3128 --tproxy-mark 0x200/0x200\n"),
        ("MARK(3):P - - { scp=EF }", "-A PREROUTING -m dscp --dscp 46 -j MARK --set-mark 3\n"),
    ],
)  # fmt: skip
def test_mangle(line: str, rules: str) -> None:
    _alike(f"=== mangle\n{line}\n", mangle=rules)


@pytest.mark.parametrize("seed", range(1, 25))
def test_random_directories_are_read(seed: int) -> None:
    """Twice the same, and compiled without an exception where nothing is refused."""
    drawn = directory(seed)
    _, first = our_reading(drawn.files)
    _, second = our_reading(drawn.files)
    assert shown(first) == shown(second)
    if first.refused is None:
        assert compiled(first, firewall(drawn.family)).tables


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("rules", "MARK(0x10/0xf0) loc net"), ("rules", "MARK(256) loc net"), ("rules", "Broadcast(FOO) net fw"),
        ("rules", "TCPFlags(DROP) net fw"), ("rules", "SetEvent net fw"), ("rules", "GlusterFS(0) loc fw"),
        ("rules", "ACCEPT loc net tcp 21 { helper=foo }"), ("rules", "ACCEPT loc net udp 21 { helper=ftp }"),
        ("rules", "DNAT net loc:192.168.1.0/24 tcp 80"), ("rules", "REDIRECT loc fw:3128 tcp 80"),
        ("rules", "SSH(DROP) net fw - - - - 5/min"), ("rules", "ACCEPT loc net tcp 22 - - 10/minute"),
        ("mangle", "HL(+1) eth1"), ("mangle", "MARK(1):NP eth1"), ("mangle", "1:P eth1"),
        ("mangle", "MARK(256):P eth1"),
        ("snat", "SNAT(1.2.3.0/24) - eth0"), ("snat", "MASQUERADE() - eth0"), ("conntrack", "CT loc"),
        ("shorewall.conf", "CLAMPMSS=x"), ("shorewall.conf", "MACLIST_TABLE=mangle"),
        ("shorewall.conf", "FASTACCEPT=x"),
        ("shorewall.conf", "BLACKLIST=FOO"), ("shorewall.conf", "TCP_FLAGS_LOG_LEVEL=foo"),
    ],
)  # fmt: skip
def test_what_the_compiler_refuses(file: str, line: str) -> None:
    refused = shorewall_of(read_text(f"{ZONES}{POLICY}=== {file}\n{line}\n", (5, 2, 8))).refused
    assert refused is not None
    assert refused.where == f"{file}:1"


@pytest.mark.parametrize(
    "line", ["HELPER loc - tcp 21 { helper=ftp }", "SSH(DNAT-) net 192.168.1.3", "DropDNSrep net fw tcp 99"]
)
def test_what_it_takes(line: str) -> None:
    assert shorewall_of(read_text(f"{ZONES}{POLICY}=== rules\n{line}\n", (5, 2, 8))).refused is None


def test_a_continued_line_is_named_by_where_it_begins() -> None:
    text = f"{ZONES}{POLICY}=== rules\nACCEPT loc net\nPing(REJECT) \\\n   loc net - - - - 5/min\n"
    refused = shorewall_of(read_text(text, (5, 2, 8))).refused
    assert refused is not None
    assert refused.where == "rules:2"


def test_netmap_ignores_its_ports() -> None:
    line = "SNAT 192.168.1.0/24 eth0 10.9.1.0/24{}"
    one, other = (
        compiled(shorewall_of(read_text(f"{ZONES}{POLICY}=== netmap\n{text}\n", (5, 2, 8))), firewall(4))
        for text in (line.format(""), line.format(" - tcp 80"))
    )
    compare(one, other)


@pytest.mark.parametrize(("policy", "verdict"), [("all all REJECT:none", "REJECT"), ("all+ all REJECT:none", "DROP")])
def test_a_marked_policy_is_not_found_at_the_end(policy: str, verdict: str) -> None:
    """What comes in by an interface that no zone has ends as the built-in chain does."""
    made = compiled(shorewall_of(read_text(f"{ZONES}=== policy\n{policy}\n", (5, 2, 8))), firewall(4))
    (table,) = [table for table in made.tables if table.name == "filter"]
    chain = table.chain("INPUT")
    assert chain is not None
    target = chain.rules[-1].target
    assert target is not None
    assert target.name == verdict.replace("REJECT", "reject")


@pytest.mark.parametrize(
    ("line", "inside"), [("ACCEPT all+ loc", True), ("ACCEPT all+ loc,net", False), ("ACCEPT all+ loc,net+", True)]
)
def test_the_sign_for_the_inside_of_a_zone(line: str, *, inside: bool) -> None:
    made = compiled(shorewall_of(read_text(f"{ZONES}{POLICY}=== rules\n{line}\n", (5, 2, 8))), firewall(4))
    (table,) = [table for table in made.tables if table.name == "filter"]
    chain = table.chain("loc-loc")
    accepts = (
        [rule for rule in chain.rules if rule.target is not None and not rule.matches] if chain is not None else []
    )
    assert bool(accepts) is inside
