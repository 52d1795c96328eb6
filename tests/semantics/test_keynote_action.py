"""What isakmpd tells its policy about a suite, from the configuration to the answer."""

from __future__ import annotations

import pytest

from spdcheck.formats.base import Context
from spdcheck.formats.isakmpd import read as read_configuration
from spdcheck.formats.keynote import read as read_policy
from spdcheck.semantics.keynote import query
from spdcheck.semantics.keynote_action import OPEN_ACTION, offered
from spdcheck.source import SourceFile


def answer(suite: str, conditions: str) -> tuple[str, str]:
    """The answer to the first choice of a suite."""
    text = f"[Phase 2]\nConnections=c\n[c]\nISAKMP-peer=p\nConfiguration=q\n[q]\nSuites={suite}\n"
    daemon = read_configuration(SourceFile("isakmpd.conf", text), Context()).facts.daemons[0]
    assert daemon.isakmpd is not None
    protocols = daemon.isakmpd.connections[0].suites[0].protocols
    policy = f'Authorizer: "POLICY"\nConditions: {conditions}\n'
    assertions = read_policy(SourceFile("isakmpd.policy", policy), Context()).facts.assertions
    return query(assertions, ["me"], offered((item.protocol, item.transforms[0]) for item in protocols))


YES, NO, MAYBE = ("true", "true"), ("false", "false"), ("false", "true")


@pytest.mark.parametrize(
    ("suite", "conditions", "expected"),
    [
        (
            "QM-ESP-AES-SHA-PFS-SUITE",
            'esp_present == "yes" && esp_enc_alg == "aes" && esp_auth_alg == "hmac-sha";',
            YES,
        ),
        ("QM-ESP-AES-SHA-PFS-SUITE", 'pfs == "yes" && @esp_group_desc == 2 && @esp_key_length >= 128;', YES),
        ("QM-ESP-AES-SHA-SUITE", 'pfs == "yes";', NO),
        ("QM-ESP-AES-SHA-SUITE", 'ah_present == "no" && ah_auth_alg == "";', YES),
        ("QM-ESP-AES-SHA-SUITE", 'esp_encapsulation ~= "tunnel$" && esp_encapsulation != "transport";', YES),
        ("QM-ESP-AES-SHA-SUITE", 'remote_filter == "010.001.000.000-010.001.255.255";', MAYBE),
        ("QM-ESP-AES-SHA-SUITE", 'no_attribute_of_isakmpd == "";', YES),
        ("QM-AH-MD5-SUITE", 'ah_auth_alg == "md5";', NO),
        ("QM-AH-MD5-SUITE", 'ah_auth_alg == "hmac-md5" && ah_hash_alg == "md5";', YES),
        ("QM-AH-SHA2-256-SUITE", 'ah_auth_alg == "hmac-sha2-256" && ah_hash_alg == "";', YES),
    ],
)
def test_what_a_suite_tells(suite: str, conditions: str, expected: tuple[str, str]) -> None:
    assert answer(suite, conditions) == expected


def test_nothing_is_known_of_an_open_action() -> None:
    policy = 'Authorizer: "POLICY"\nConditions: esp_enc_alg == "aes" -> "true"; esp_enc_alg == "rot13" -> "true";\n'
    assertions = read_policy(SourceFile("isakmpd.policy", policy), Context()).facts.assertions
    assert query(assertions, ["me"], OPEN_ACTION) == MAYBE
