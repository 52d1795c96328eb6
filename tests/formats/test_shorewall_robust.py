"""No text makes the reader raise, every statement is accounted for, and every message has its place."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.formats.shorewall_folder import read_text

BASE = {
    "zones": "fw\tfirewall\nnet\tipv4\nloc\tipv4\nvpn\tipsec\n",
    "interfaces": "?FORMAT 2\nnet\teth0\ttcpflags\nloc\teth1\n",
    "hosts": "vpn\teth0:10.0.0.0/8\n",
    "policy": "loc\tnet\tACCEPT\nall\tall\tREJECT\tinfo\n",
}
WORDS = (
    "ACCEPT", "DNAT", "net", "loc", "$FW", "all+", "all!net", "-", "tcp", "icmp", "80", "80:90,22", "!", "+", ":",
    ",", "(", ")", "{", "}", ";", ";;", "<", ">", "[", "]", "\\", "\n", "?IF 1\n", "?IF $X eq 'a'\n", "?ELSE\n",
    "?ENDIF\n", "$X", "${X}", "'", '"', "`", "#", "\t", "é", "\0", "10.0.0.0/8", "10.0.0.1-10.0.0.9", "2001:db8::1",
    "~02-00-5E-00-53-01", "&eth0", "%eth0", "^DE", "+set[src]", "@1", "?SET X 1\n", "INCLUDE rules\n",
    "?BEGIN PERL\n", "?END\n", "?SHELL x\n", "\r\n", "SECTION NEW\n", "?SECTION ALL\n", "ipsec", "mode=tunnel",
    "reqid!=4", "s:x:3/min:7", "0x10/0xff:C", "MASQUERADE", "SNAT(1.2.3.4)", "eth0", "CT:helper:ftp:PO", "A=b\n",
    "A=$(x)\n", "if true\n", "fi\n", "SSH(ACCEPT)", "Act(a,b)", "DEFAULTS", "PARAM", "detect",
    "nets=(1.2.3.4,5.6.7.8)", "NFQUEUE(1:2,bypass)", "LOG:info:tag",
)  # fmt: skip
FILES = (
    "zones", "interfaces", "hosts", "policy", "rules", "blrules", "tunnels", "snat", "masq", "nat", "netmap",
    "proxyarp", "mangle", "tcrules", "conntrack", "notrack", "stoppedrules", "routestopped", "blacklist", "maclist",
    "accounting", "params", "shorewall.conf", "actions", "action.Act", "macro.Mac", "ipsec", "start", "rules.bak",
)  # fmt: skip

texts = st.one_of(
    st.text(max_size=80),
    st.lists(st.sampled_from(WORDS), max_size=20).map(" ".join),
    st.lists(st.sampled_from(WORDS), max_size=20).map("\t".join),
    st.lists(st.sampled_from(WORDS), max_size=12).map("".join),
)


@settings(deadline=None)
@given(
    st.dictionaries(st.sampled_from(FILES), texts, min_size=1, max_size=4),
    st.sampled_from([(), (2, 3, 0), (4, 4), (5, 2, 8)]),
    st.booleans(),
)
def test_any_text_is_read(files: dict[str, str], release: tuple[int, ...], six: bool) -> None:
    text = "".join(f"=== {name}\n{body}\n" for name, body in (BASE | files).items() if "=== " not in body)
    reading = read_text(text, release, "etc/shorewall6/" if six else "etc/shorewall/")
    for report in reading.reports():
        assert min(report.statements, report.inert, report.unmodelled, report.unparsed) >= 0
        assert report.inert + report.unmodelled + report.unparsed <= report.statements
        assert report.parsed == report.statements - report.unparsed
    for item in reading.facts.diagnostics:
        assert 0 <= item.span.start <= item.span.end <= len(item.span.file.text)
        assert item.span.begin.line >= 1
        for note in item.notes:
            assert 0 <= note.span.start <= note.span.end <= len(note.span.file.text)
