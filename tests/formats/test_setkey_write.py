"""The model back to setkey's language."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from spdcheck.formats.base import Context
from spdcheck.formats.setkey import read
from spdcheck.formats.setkey.dialect import dialect_of
from spdcheck.formats.setkey.write import NotExpressible, write_association, write_policy
from spdcheck.model.addresses import AddressRange
from spdcheck.model.host import Platform
from spdcheck.model.selector import PortRange
from spdcheck.source import SourceFile

if TYPE_CHECKING:
    from spdcheck.model.policy import SecurityPolicy

LINUX = Context(platform=Platform.LINUX)
FREEBSD = Context(platform=Platform.FREEBSD)


def policy_of(text: str, context: Context = LINUX) -> SecurityPolicy:
    return read(SourceFile("setkey.conf", text), context).facts.policies[0]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("spdadd 10.1.0.0/16 10.2.0.1/32 any -P out none;", "spdadd 10.1.0.0/16 10.2.0.1 any -P out none;"),
        ("spdadd 10.0.0.1 10.0.0.2 50 -P out discard;", "spdadd 10.0.0.1 10.0.0.2 50 -P out discard;"),
        ("spdadd 10.0.0.1[80] 10.0.0.2[any] 6 -P in none;", "spdadd 10.0.0.1[80] 10.0.0.2 tcp -P in none;"),
        ("spdadd ::1 ::2 58 -P in prio 5 none;", "spdadd ::1 ::2 icmp6 -P in prio 5 none;"),
        ("spdadd 10.0.0.1 10.0.0.2 icmp 3,4 -P fwd none;", "spdadd 10.0.0.1 10.0.0.2 icmp 3,4 -P fwd none;"),
        ("spdadd 10.0.0.1 10.0.0.2 gre 1.2.3.4 -P out none;", "spdadd 10.0.0.1 10.0.0.2 gre 1.2.3.4 -P out none;"),
        (
            "spdadd ::1 ::2 any -P out ipsec esp/transport ah/tunnel/::1-::2/unique:3;",
            "spdadd ::1 ::2 any -P out ipsec\n\tesp/transport//require\n\tah/tunnel/::1-::2/unique:3;",
        ),
    ],
)
def test_policy(text: str, written: str) -> None:
    assert write_policy(policy_of(text), dialect_of(LINUX)) == written


def test_an_implied_policy_needs_no_statement() -> None:
    policy = replace(policy_of("spdadd 10.0.0.1 10.0.0.2 any -P fwd none;"), implied="because")
    assert write_policy(policy, dialect_of(LINUX)) == ""


def test_a_range_that_is_no_prefix_becomes_several_statements() -> None:
    policy = policy_of("spdadd 10.0.0.0/30 10.0.0.9 any -P out none;")
    policy = replace(policy, selector=policy.selector._replace(source=AddressRange(4, 10 << 24, (10 << 24) + 2)))
    assert write_policy(policy, dialect_of(LINUX)).splitlines() == [
        "spdadd 10.0.0.0/31 10.0.0.9 any -P out none;",
        "spdadd 10.0.0.2 10.0.0.9 any -P out none;",
    ]


def test_priorities_are_for_linux_only() -> None:
    policy = policy_of("spdadd 10.0.0.1 10.0.0.2 any -P out prio high none;")
    assert " prio 1073741824 " in write_policy(policy, dialect_of(LINUX))
    assert " prio 1073741824 " in write_policy(policy, dialect_of(Context()))
    assert "prio" not in write_policy(policy, dialect_of(FREEBSD))


def test_what_setkey_has_no_words_for() -> None:
    policy = policy_of("spdadd 10.0.0.1 10.0.0.2 tcp -P out none;")
    ports = replace(policy, selector=policy.selector._replace(source_port=PortRange(1, 9)))
    with pytest.raises(NotExpressible, match="ranges of ports"):
        write_policy(ports, dialect_of(LINUX))
    forward = policy_of("spdadd 10.0.0.1 10.0.0.2 tcp -P fwd none;")
    with pytest.raises(NotExpressible, match="forwarded"):
        write_policy(forward, dialect_of(FREEBSD))
    typed = policy_of("spdadd 10.0.0.1 10.0.0.2 icmp 8,0 -P out none;")
    with pytest.raises(NotExpressible, match="types of icmp"):
        write_policy(typed, dialect_of(FREEBSD))
    keyed = replace(policy, selector=policy.selector._replace(protocol=47, gre_key=1234))
    with pytest.raises(NotExpressible, match="half that is 0"):
        write_policy(keyed, dialect_of(LINUX))
    tunnel = policy_of("spdadd 10.0.0.1 10.0.0.2 any -P out ipsec esp/tunnel/10.0.0.1-10.0.0.2/require;")
    open_ends = replace(tunnel, templates=(replace(tunnel.templates[0], source=None),))
    with pytest.raises(NotExpressible, match="without end points"):
        write_policy(open_ends, dialect_of(LINUX))


def test_an_association_without_its_keys() -> None:
    text = 'add 10.0.0.1 10.0.0.2 esp 0x1000 -m tunnel -u 5 -r 32 -lh 60 -E aes-cbc "0123456789abcdef" -A null;'
    reading = read(SourceFile("setkey.conf", text), LINUX)
    written = write_association(reading.facts.associations[0])
    assert written == (
        "# add 10.0.0.1 10.0.0.2 esp 0x1000 -m tunnel -u 5 -r 32 -lh 60 -E aes-cbc KEY-OF-128-BITS -A null;"
    )
    assert read(SourceFile("setkey.conf", written), LINUX).statements == 0
