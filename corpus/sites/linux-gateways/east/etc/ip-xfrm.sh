#!/bin/sh
# east: addresses, routes, SAs and policies of the tunnel to the other gateway.
set -e
ip addr add 203.0.113.1/24 dev eth0
ip addr add 10.1.0.1/24 dev eth1
ip route add default via 203.0.113.254

ip xfrm state flush
ip xfrm policy flush
ip xfrm state add src 203.0.113.1 dst 198.51.100.2 proto esp spi 0x1001 reqid 1 mode tunnel replay-window 32 \
    auth-trunc 'hmac(sha256)' 0x8d3f0b52c7e94a168d3f0b52c7e94a168d3f0b52c7e94a168d3f0b52c7e94a16 128 enc 'cbc(aes)' 0x4be29c70f1a3d5864be29c70f1a3d586
ip xfrm state add src 198.51.100.2 dst 203.0.113.1 proto esp spi 0x2002 reqid 1 mode tunnel replay-window 32 \
    auth-trunc 'hmac(sha256)' 0x15c8e2a94f7b3d6015c8e2a94f7b3d6015c8e2a94f7b3d6015c8e2a94f7b3d60 128 enc 'cbc(aes)' 0xb07d41e69a2c58f3b07d41e69a2c58f3
ip xfrm policy add src 10.1.0.0/24 dst 10.2.0.0/24 dir out tmpl src 203.0.113.1 dst 198.51.100.2 proto esp reqid 1 mode tunnel
ip xfrm policy add src 10.2.0.0/24 dst 10.1.0.0/24 dir in tmpl src 198.51.100.2 dst 203.0.113.1 proto esp reqid 1 mode tunnel
ip xfrm policy add src 10.2.0.0/24 dst 10.1.0.0/24 dir fwd tmpl src 198.51.100.2 dst 203.0.113.1 proto esp reqid 1 mode tunnel
