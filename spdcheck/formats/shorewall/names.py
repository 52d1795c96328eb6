"""Names that rules can call without any file of the user: targets, standard actions, standard macros.

What they do is the compiler's knowledge; here only whether a name exists matters, and since or until when. Sources:
shorewall-rules(5), actions.std and the list of macros of 5.2.8; actions.std of 2.3.0; release notes of 4.4 to 5.2.
"""

from __future__ import annotations


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


TARGETS = _names("""
ACCEPT ADD AUDIT A_ACCEPT A_DROP A_REJECT CONNMARK CONTINUE COUNT DEL DNAT DROP HELPER INLINE IPTABLES IP6TABLES LOG
MARK NFLOG NFQUEUE NONAT QUEUE REDIRECT REJECT TARPIT ULOG WHITELIST SAME """)

TARGETS_2 = _names("ACCEPT CONTINUE DNAT DROP LOG QUEUE REDIRECT REJECT NONAT USER")

ACTIONS = _names("""
A_REJECT AllowICMPs AutoBL AutoBLL BLACKLIST Broadcast DNSAmp DropDNSrep DropSmurfs Established FIN GlusterFS IfEvent
Invalid Limit Multicast New NotSyn RST Related ResetEvent SetEvent TCPFlags Untracked allowBcast allowInvalid allowMcast
allowinUPnP dropBcast dropBcasts dropInvalid dropMcast dropNotSyn forwardUPnP rejNotSyn """)

ACTIONS_4 = _names("A_REJECT DNSAmp GlusterFS Limit allowinUPnP")
"""Those of them that shorewall6 has not."""

ACTIONS_GONE = _names("""
Drop Reject A_Drop A_Reject DropSMB RejectSMB SMB RejectAuth allowoutUPnP
""")
"""Standard actions of 3.x to 5.1 that 5.2 has no more."""

ACTIONS_2 = _names("""
dropBcast allowBcast dropNonSyn rejNonSyn dropNotSyn rejNotSyn dropInvalid allowInvalid allowinUPnP allowoutUPnP
forwardUPnP DropSMB RejectSMB DropUPnP RejectAuth DropPing DropDNSrep AllowPing AllowFTP AllowDNS AllowSSH AllowWeb
AllowSMB AllowAuth AllowSMTP AllowPOP3 AllowICMPs AllowIMAP AllowTelnet AllowVNC AllowVNCL AllowNTP AllowRdate AllowNNTP
AllowTrcrt AllowSNMP AllowPCA Drop Reject """)

MACROS = _names("""
AMQP A_AllowICMPs A_DropDNSrep A_DropUPnP ActiveDir AllowICMPs Amanda Apcupsd Auth BGP BitTorrent BitTorrent32 Bitcoin
BitcoinRPC BitcoinRegtest BitcoinTestnet BitcoinTestnetRPC BitcoinZMQ CVS Citrix Cockpit DAAP DCC DHCPfwd DNS Distcc
DropDNSrep DropUPnP Edonkey FTP Finger FreeIPA GNUnet GRE Git Gnutella Goto-Meeting HKP HTTP HTTPS ICPV2 ICQ ILO IMAP
IMAPS IPFS-API IPFS-gateway IPFS-swarm IPIP IPMI IPP IPPbrd IPPserver IPsec IPsecah IPsecnat IRC JAP Jabber JabberPlain
JabberSecure Jabberd Jetdirect Kerberos Kpasswd L2TP LDAP LDAPS MSA MSNP MSSQL Mail MongoDB Munin MySQL NFS NNTP NNTPS
NTP NTPbi NTPbrd ONCRPC OSPF OpenVPN PCA POP3 POP3S PPtP Ping PostgreSQL Printer Puppet QUIC RDP RIPbi RNDC Razor Rdate
Redis RedisCluster RedisSecure RedisSentinel Reject Rfc1918 Rsync Rwhois SANE SIP SMB SMBBI SMBswat SMTP SMTPS SNMP
SNMPtrap SPAMD SSDP SSDPserver SSH SVN Sieve SixXS Squid Submission Syslog TFTP Telnet Telnets Teredo Time Tinc Tor
TorBrowserBundle TorControl TorDirectory TorSocks Trcrt VNC VNCL VRRP WUDO Web Webcache Webmin Whois Xymon Zabbix mDNS
mDNSbi """)


def exists(name: str, dialect: int) -> bool:
    """A rule can call this name in some release of the dialect."""
    if dialect == 2:
        return name in TARGETS_2 or name in ACTIONS_2
    return name in TARGETS or name in ACTIONS or name in MACROS or name in ACTIONS_GONE
