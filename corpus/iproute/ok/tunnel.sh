#!/bin/sh
# Two gateways, keys given by hand.
set -e
ip xfrm state flush
ip xfrm policy flush
ip xfrm state add src 192.0.2.1 dst 198.51.100.2 proto esp spi 0x1001 reqid 1 mode tunnel \
	enc 'cbc(aes)' 0x9f1c7b20e4d853a6017f2c9be8d46035 \
	auth-trunc 'hmac(sha256)' 0x51c0a93e7b64d2f81835ea06c79d4b2fa3e85c11907f64bd28d3f05ae16c9b47 128 replay-window 32
ip xfrm state add src 198.51.100.2 dst 192.0.2.1 proto esp spi 0x2002 reqid 1 mode tunnel aead 'rfc4106(gcm(aes))' 0x70d2a84f6be31c95e80d5a17c4f3b926aabbccdd 128
ip xfrm policy add src 10.1.0.0/16 dst 10.2.0.0/16 dir out priority 100 tmpl src 192.0.2.1 dst 198.51.100.2 proto esp reqid 1 mode tunnel
ip xfrm policy add src 10.2.0.0/16 dst 10.1.0.0/16 dir in tmpl src 198.51.100.2 dst 192.0.2.1 proto esp reqid 1 mode tunnel
ip xfrm policy add src 10.2.0.0/16 dst 10.1.0.0/16 dir fwd tmpl src 198.51.100.2 dst 192.0.2.1 proto esp reqid 1 mode tunnel level use
ip xfrm policy add src 10.1.0.0/16 dst 10.2.0.0/16 proto tcp dport 22 dir out action allow priority 10
ip xfrm policy add src 10.1.0.0/16 dst 10.9.0.0/16 dir out action block
ip xfrm policy setdefault in accept fwd block out accept
/sbin/ip tunnel add gre1 mode gre local 192.0.2.1 remote 198.51.100.2 ttl 64
ip link set gre1 up mtu 1400
ip addr add 172.31.0.1/30 dev gre1
ip route add 10.7.0.0/16 via 172.31.0.2
ip route add 10.8.0.0/16 dev gre1
ip route add blackhole 10.66.0.0/16
sysctl -w net.ipv4.ip_forward=1
echo 0 > /proc/sys/net/ipv4/conf/eth0/rp_filter
