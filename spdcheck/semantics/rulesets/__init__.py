"""How the rule languages are turned into decision lists.

:mod:`.last_match` is pf (last match, ``quick``, anchors), :mod:`.groups` is ipfilter (groups, ``head``, ``skip``),
:mod:`.chains` is netfilter (jump, goto, return). A first-match language (an SPD, ipfw without ``skipto``, NAT rules)
is a decision list already.
"""
