"""Which association given by hand serves a template, on which system."""

from __future__ import annotations

import pytest

from spdcheck.model.policy import Direction
from spdcheck.semantics.manual_keys import ManualKeys, Obstacle, ends_of, negotiated
from tests.semantics.hosts import host

ENC = "-E aes-cbc 0x3f9c1ad87be2504d6e91c75a08f2b36d"
AUTH = "-A hmac-sha2-256 0x71f20d5bb1a64ce9a8f3620c19be4d5770aa1c83d94e2fb6650f8de2379b14c5"
TUNNEL = "spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/{level};\n"


def obstacles(platform: str, level: str, extensions: str) -> list[Obstacle | None]:
    toml = f'=== spdcheck.toml\n[host.gw]\nplatform = "{platform}"\n' if platform else ""
    script = TUNNEL.format(level=level) + f"add 192.0.2.1 198.51.100.2 esp 0x1001 {extensions} {ENC} {AUTH};\n"
    gw = host(f"{toml}=== gw/setkey.conf\n{script}")
    keys = ManualKeys(gw)
    (policy,) = gw.spd.of(Direction.OUT)
    (template,) = policy.templates
    return [keys.obstacle(association, template) for association in keys.between(policy, template)]


@pytest.mark.parametrize(
    ("platform", "level", "extensions", "expected"),
    [
        ("freebsd", "require", "-m tunnel", None),
        ("freebsd", "require", "", None),
        ("freebsd", "require", "-m transport", Obstacle.MODE),
        ("freebsd", "require", "-m tunnel -u 7", None),
        ("freebsd", "unique:7", "-m tunnel -u 7", None),
        ("freebsd", "unique:7", "-m tunnel -u 8", Obstacle.REQID),
        ("freebsd", "unique:7", "-m tunnel", Obstacle.REQID),
        ("freebsd", "unique", "-m tunnel", Obstacle.REQID),
        ("linux", "require", "-m tunnel", None),
        ("linux", "require", "", Obstacle.MODE),
        ("linux", "require", "-m tunnel -u 7", Obstacle.REQID),
        ("linux", "unique:7", "-m tunnel -u 7", None),
        ("", "require", "", None),
        ("", "require", "-u 7", None),
    ],
)
def test_obstacle(platform: str, level: str, extensions: str, expected: Obstacle | None) -> None:
    assert obstacles(platform, level, extensions) == [expected]


def test_bundle_behind_a_tunnel_runs_between_its_ends() -> None:
    gw = host(
        "=== gw/setkey.conf\nspdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec "
        "esp/tunnel/192.0.2.1-198.51.100.2/require ah/transport//require;\n"
    )
    (policy,) = gw.spd.of(Direction.OUT)
    ends = ends_of(policy, policy.templates[1])
    assert (str(ends.source), str(ends.destination)) == ("192.0.2.1", "198.51.100.2")


def test_transport_towards_a_network_takes_any_of_its_hosts() -> None:
    gw = host(
        "=== gw/setkey.conf\nspdadd 192.0.2.1 198.51.100.0/24 any -P out ipsec ah/transport//require;\n"
        f"add 192.0.2.1 198.51.100.7 ah 0x1001 {AUTH};\nadd 192.0.2.1 203.0.113.3 ah 0x1002 {AUTH};\n"
    )
    (policy,) = gw.spd.of(Direction.OUT)
    found = list(ManualKeys(gw).between(policy, policy.templates[0]))
    assert [association.spi for association in found] == [0x1001]
    assert not list(negotiated(gw))


def test_negotiated_names_what_is_missing() -> None:
    gw = host(
        "=== gw/setkey.conf\nspdadd 192.0.2.1 198.51.100.2 any -P out ipsec esp/transport//require "
        f"ah/transport//require;\nadd 192.0.2.1 198.51.100.2 ah 0x1001 {AUTH};\n"
    )
    ((_, templates),) = negotiated(gw)
    assert [template.protocol.value for template in templates] == ["esp"]
