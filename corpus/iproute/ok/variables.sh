#!/bin/bash
LEFT=192.0.2.1 RIGHT="198.51.100.2"
near=10.1.0.0/16
readonly ID=7
KEY=0x9f1c7b20e4d853a6017f2c9be8d46035
AUTH='hmac(sha256)'
INTEGRITY_KEY="0x51c0a93e7b64d2f81835ea06c79d4b2fa3e85c11907f64bd28d3f05ae16c9b47"

sa() {
	ip xfrm state add src "$1" dst "$2" proto esp spi "$3" reqid $ID mode tunnel \
		enc 'cbc(aes)' "$KEY" auth-trunc "$AUTH" "${INTEGRITY_KEY}" 128 2>/dev/null || exit 1
}

tunnel() {
	local net=$1
	ip xfrm policy add src $near dst $net dir out \
		tmpl src $LEFT dst $RIGHT proto esp reqid ${ID} mode tunnel
	for direction in in fwd; do
		ip xfrm policy add src "${net}" dst "$near" dir $direction tmpl src $RIGHT dst $LEFT \
			proto esp reqid "${ID:-1}" mode tunnel
	done
}

ip xfrm state flush && ip xfrm policy flush
case "$1" in
start|up)
	sa $LEFT $RIGHT 0x1001
	sa $RIGHT $LEFT 0x2002
	for net in 10.2.0.0/16 10.3.0.0/16; do tunnel $net; done
	sysctl -w net.ipv4.ip_forward=1 >/dev/null
	;;
stop)
	ip xfrm policy flush
	ip xfrm state flush
	;;
esac
echo "1" > /proc/sys/net/ipv4/conf/all/rp_filter
