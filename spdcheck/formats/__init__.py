"""One configuration language each: text to statements, statements to syntax, syntax to the model.

``FORMATS`` is the list of them; a file's name is asked first, in this order, then its content.
"""

from __future__ import annotations

from spdcheck.formats.base import Format

FORMATS: tuple[Format, ...] = (
    Format(
        name="racoon",
        title="racoon.conf(5)",
        module="spdcheck.formats.racoon",
        paths=(r"racoon[\w.-]*\.conf", r"[\w.-]*\.racoon\.conf", r"racoon/remote/[\w.-]+\.conf"),
        content=r"^\s*(?:remote\s+\S+[^;{]*\{|sainfo\s+\S+[^;{]*\{|listen\s*\{|path\s+pre_shared_key\b)",
    ),
    Format(
        name="psk",
        title="racoon's psk.txt",
        module="spdcheck.formats.psk",
        paths=(r"psk[\w-]*\.txt", r"[\w.-]*\.psk\.txt", r"racoon/psk"),
        content="",
    ),
    Format(
        name="rcconf",
        title="rc.conf(5)",
        module="spdcheck.formats.rcconf",
        paths=(r"[\w-]*\.?rc\.conf(?:\.local)?", r"rc\.conf\.d/[\w.-]+"),
        content=r"^\s*#?\s*(?:ifconfig_\w+|gateway_enable|ipsec_enable|firewall_enable|defaultrouter)=",
    ),
    Format(
        name="iproute",
        title="ip(8) commands",
        module="spdcheck.formats.iproute",
        paths=(r"ip-?xfrm[\w.-]*", r"[\w.-]+\.xfrm", r"iproute[\w.-]*\.sh"),
        content=r"^\s*(?:sudo\s+)?(?:/\S*/)?ip\s+(?:-\S+\s+)*xfrm\s+(?:state|policy)\s+(?:add|update)",
    ),
    Format(
        name="setkey",
        title="setkey(8)",
        module="spdcheck.formats.setkey",
        paths=(r"setkey[\w.-]*\.conf", r"ipsec-tools\.conf", r"ipsec-tools\.d/[\w.-]+\.conf", r"ipsec\.conf",
               r"[\w.-]*\.(?:setkey|ipsec)\.conf", r"[\w.-]+\.setkey"),
        content=r"^\s*(?:spdadd|spdflush|spdupdate|flush\s*;|add\s+(?:-\S+\s+)?\S+\s+\S+\s+(?:esp|ah|ipcomp|tcp))\b"
                r"|^[^#\n]*\|\s*(?:sudo\s+)?(?:/\S*/)?setkey\s+-",
    ),
    Format(
        name="pf",
        title="pf.conf(5)",
        module="spdcheck.formats.pf",
        paths=(r"pf[\w-]*\.conf", r"[\w.-]*\.pf\.conf"),
        content=r"^\s*(?:(?:pass|block|match)\s+(?:in|out|on|log|quick|return|drop|all|inet6?|proto|from)\b[^;]*$"
        r"|set\s+(?:skip\s+on|block-policy|state-policy|require-order)\b|(?:nat|rdr|binat)\s+(?:pass\s+)?on\s"
        r"|antispoof\s|table\s+<)",
    ),
    Format(
        name="ipfilter",
        title="ipf.conf(5)",
        module="spdcheck.formats.ipfilter",
        paths=(r"[\w.-]*ipf6?[\w.-]*\.(?:conf|rules)",),
        content=r"^\s*(?:block|pass|log|count)\s+(?:return-\S+\s+)?(?:in|out)\s.*"
                r"(?:\bhead\s+\w+|\bgroup\s+\w+|\bwith\s+(?:short|frag|ipopts|opt)\b|\bkeep\s+frags?\b)",
    ),
    Format(
        name="ipnat",
        title="ipnat.conf(5)",
        module="spdcheck.formats.ipnat",
        paths=(r"[\w.-]*ipnat[\w.-]*\.(?:conf|rules)",),
        content=r"^\s*(?:map|bimap|map-block|rdr)\s+(?!on\b|pass\b)\S+\s.*->",
    ),
    Format(
        name="ippool",
        title="ippool.conf(5)",
        module="spdcheck.formats.ippool",
        paths=(r"[\w.-]*ippool[\w.-]*\.(?:conf|rules)",),
        content=r"^\s*(?:table\s+role\s*=|group-map\s+(?:in|out)\s|pool\s+(?:ipf|nat|auth|count|all)/)",
    ),
    Format(
        name="isakmpd",
        title="isakmpd.conf(5)",
        module="spdcheck.formats.isakmpd",
        paths=(r"isakmpd[\w-]*\.conf", r"[\w.-]*\.isakmpd\.conf"),
        content=r"^(?:\[Phase [12]\]|ISAKMP-peer[ \t]*=|EXCHANGE_TYPE[ \t]*=)",
        comment="#;",
    ),
    Format(
        name="keynote",
        title="isakmpd.policy(5)",
        module="spdcheck.formats.keynote",
        paths=(r"isakmpd[\w-]*\.policy", r"[\w.-]*\.isakmpd\.policy"),
        content=r"(?i:^keynote-version:\s*\"?2|^authorizer:\s*\"POLICY\")",
    ),
    Format(
        name="shorewall",
        title="shorewall(5)",
        module="spdcheck.formats.shorewall",
        paths=(
            (r"shorewall6?/(?:zones|interfaces|hosts|policy|rules|blrules|tunnels|params|actions|snat|masq|nat|netmap|ipsec"
            r"|proxyarp|proxyndp|routestopped|stoppedrules|blacklist|conntrack|notrack|mangle|tcrules|maclist|accounting"
            r"|providers|rtrules|route_rules|routes|tos|ecn|secmarks|arprules|tc(?:classes|devices|filters|interfaces|pri)"
            r"|rfc1918|bogons|init|initdone|start|started|stop|stopped|clear|refresh|refreshed|restored|tcclear|tcstart"
            r"|isusable|lib\.private|scfilter|findgw|continue|postcompile|compile|newnotsyn"
            r"|(?:macro|action)\.[\w!-]+)"),
            r"shorewall6?\.conf",
        ),
        content=r"^(?:STARTUP_ENABLED=|\s*[\w:]+[ \t]+firewall[ \t]*$)",
    ),
    Format(
        name="iptables",
        title="iptables-save(8)",
        module="spdcheck.formats.iptables",
        paths=(r"[\w.-]+\.ip6?tables", r"ip6?tables(?:\.rules)?", r"ip6?tables-save[\w.-]*", r"rules\.v[46]"),
        content=r"^\*(?:raw|mangle|nat|filter|security)\s*$",
    ),
    Format(
        name="setkeydump",
        title="setkey -D",
        module="spdcheck.formats.setkeydump",
        paths=(r"setkey-D-?P?[\w.-]*\.txt", r"[\w.-]*dump-(?:[\w.-]+-)?DP?\.txt", r"[\w.-]+\.(?:sad|spd)",
               r"(?:racoonctl|show-sa)[\w.-]*\.txt"),
        content=r"^\s*(?:esp|ah|ipcomp|tcp|esp-udp)[ \t]+mode=\w+[ \t]+spi=|^\s*spid=\d+[ \t]+seq="
                r"|^No S[AP]D entries\.|\bCookies[ \t]+(?:ST[ \t]|Created)",
    ),
    Format(
        name="encap",
        title="netstat -rn -f encap",
        module="spdcheck.formats.encap",
        paths=(r"netstat[\w.-]*encap[\w.-]*", r"[\w.-]*encap\.txt", r"[\w.-]+\.encap"),
        content=r"^Encap:|SA\(Address/Proto/Type/Direction\)",
    ),
    Format(
        name="ipsecctl",
        title="ipsecctl -s all",
        module="spdcheck.formats.ipsecctl",
        paths=(r"ipsecctl[\w.-]*\.txt", r"[\w.-]+\.(?:sad|spd|ipsecctl)"),
        content=r"^FLOWS:$|^SAD:$|^No (?:flows|entries)$"
                r"|^(?:@\d+ )?flow[ \t]+(?:\w+[ \t]+)?(?:in|out)[ \t].*\btype[ \t]+\w+"
                r"|^(?:@\d+ )?(?:esp|ah|ipcomp|ipip) (?:tunnel|transport) from \S+ to \S+ [sc]pi 0x[0-9a-f]{8} \w+ ",
    ),
    Format(
        name="xfrmdump",
        title="ip xfrm",
        module="spdcheck.formats.xfrmdump",
        paths=(r"(?:ip-?)?xfrm[\w.-]*\.txt", r"[\w.-]+\.(?:sad|spd)"),
        content=r"^src[ \t]+\S+[ \t]+dst[ \t]+\S+[^\n]*\n"
                r"[ \t]*(?:proto[ \t]+\w+[ \t]+spi|(?:dir|socket)[ \t]+(?:in|out|fwd))",
    ),
    Format(
        name="sysctl",
        title="sysctl.conf(5)",
        module="spdcheck.formats.sysctl",
        paths=(r"[\w.-]*sysctl[\w.-]*\.conf", r"sysctl\.d/[\w.@-]+\.conf"),
        content=r"^\s*-?net[./](?:ipv[46]|core|inet6?)[./]\S+\s*=",
    ),
)  # fmt: skip


def format_named(name: str) -> Format | None:
    """The format of this name, or None."""
    for item in FORMATS:
        if item.name == name:
            return item
    return None


def recognise(path: str, text: str | None = None) -> Format | None:
    """The format of a file by its path below the host's folder, then by its content; None for a stranger.

    OpenBSD's ``ipsec.conf`` has the name of a setkey script; a name that several languages share decides nothing if
    the content contradicts it.
    """
    by_path = [item for item in FORMATS if item.claims_path(path)]
    if by_path and (text is None or len(by_path) == 1 or not by_path[0].content):
        return by_path[0]
    if text is None:
        return None
    for item in (*by_path, *FORMATS):
        if item.claims_content(text):
            return item
    return by_path[0] if by_path else None
