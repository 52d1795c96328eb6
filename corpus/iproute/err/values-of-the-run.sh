#!/bin/sh
SRC="$1"; DST=`getent hosts peer | cut -d' ' -f1`
[ -n "$2" ] && NET=$2
ip xfrm policy add src 10.1.0.0/16 dst 10.2.0.0/16 dir out tmpl src $SRC dst ${DST} proto esp mode tunnel
if [ "$3" = wide ]; then
	ip xfrm policy add src 10.0.0.0/8 dst 10.0.0.0/8 dir out action allow
else
	ip xfrm policy add src 10.1.0.0/16 dst 10.3.0.0/16 dir out action allow
fi
ssh root@$DST <<EOF
ip xfrm policy flush
EOF
eval "$COMMAND"
$RUN ip xfrm policy flush
WORD=10.4.0.0/160
ip xfrm policy add src 10.1.0.0/16 dst $WORD dir out action allow
echo "the rest
ip xfrm policy flush
