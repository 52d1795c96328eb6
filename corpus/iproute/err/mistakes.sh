ip xfrm policy add src 10.1.0.0/16 dst 10.2.0.0/16 dir sideways tmpl proto esp mode tunnel
ip xfrm state add src 192.0.2.1 proto esp spi 0x1001 enc 'cbc(aes)' 0x9f1c7b20e4d853a6017f2c9be8d46035
ip xfrm policy add src 10.1.0.0/33 dst 10.2.0.0/16 dir out
ip xfrm policy add src 10.1.0.0/16 dst 2001:db8::/32 dir out
ip xfrm policy add src 10.1.0.0/16 dst 10.2.0.0/16 dir out mark 5 tmpl proto esp mode tunnel
ip xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi 1 enc 'cbc(rot13)' 0x11223344556677889900aabbccddeeff
ip xfrm policy add src 10.1.0.0/16 dst 10.3.0.0/16 dir out
ip xfrm policy add src 10.1.0.0/16 dst 10.3.0.0/16 dir out action block
ip xfrm frobnicate
ip addr add banana dev eth0
iptables -A INPUT -p esp -j ACCEPT
if [ -x /sbin/foo ]; then /sbin/foo; fi
ip -n red addr add 10.9.0.1/24 dev eth0
ip rule add fwmark 7 table 100
ip rule show
ip route add default via 192.0.2.9 table 100
ip xfrm state deleteall src 192.0.2.1
ip xfrm policy flush ptype sub
ip xfrm state flush proto esp
ip xfrm policy add src 10.1.0.0/16 dst 10.4.0.0/16 dir out ptype sub tmpl proto esp mode tunnel
ip xfrm policy add src 10.1.0.0/16 dst 10.5.0.0/16 dir out tmpl src 192.0.2.1 dst 192.0.2.2 proto esp mode tunnel level use
ip xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi 2 encap espintcp 4500 4500 0.0.0.0
