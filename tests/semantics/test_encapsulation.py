"""Sizes on the wire: the figures of a real kernel, and that the two directions of the formula agree."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spdcheck.model.algorithms import CIPHERS, INTEGRITY
from spdcheck.model.policy import Mode
from spdcheck.semantics.encapsulation import UNKNOWN_ESP, ah, device_length, esp, largest_inner, protected_length


@pytest.mark.parametrize(
    ("cipher", "integrity", "udp", "limit", "outer_of_100"),
    [
        ("aes-cbc", "hmac-sha1", False, 1438, 168),
        ("3des-cbc", "hmac-md5", False, 1446, 152),
        ("aes-cbc", "hmac-sha2-256", False, 1438, 172),
        ("aes-gcm-16", None, False, 1446, 156),
        ("aes-cbc", "hmac-sha1", True, 1422, 176),
    ],
)
def test_as_measured_on_a_linux_kernel(
    cipher: str, integrity: str | None, udp: bool, limit: int, outer_of_100: int
) -> None:
    overhead = esp(cipher, integrity)
    assert largest_inner(1500, 4, 4, Mode.TUNNEL, overhead, udp=udp) == limit
    assert protected_length(100, 4, 4, Mode.TUNNEL, overhead, udp=udp) == outer_of_100


def test_gre_in_transport_mode() -> None:
    overhead = esp("aes-cbc", "hmac-sha1")
    assert protected_length(device_length(1400, "gre", 4), 4, 4, Mode.TRANSPORT, overhead, udp=False) == 1464
    assert largest_inner(1500, 4, 4, Mode.TRANSPORT, overhead, udp=False) - 24 == 1434


def test_blowfish_tunnel_of_the_gateways() -> None:
    assert largest_inner(1500, 4, 4, Mode.TUNNEL, esp("blowfish-cbc", "hmac-sha1"), udp=False) == 1446


def test_authentication_header() -> None:
    assert ah("hmac-sha1", 4).fixed == 24
    assert ah("hmac-sha2-256", 4).fixed == 28
    assert ah("hmac-sha2-256", 6).fixed == 32


def test_unknown_algorithms_are_the_largest() -> None:
    for cipher in CIPHERS.values():
        for integrity in INTEGRITY.values():
            known = esp(cipher.name, integrity.name)
            assert known.fixed <= UNKNOWN_ESP.fixed
            assert known.align <= UNKNOWN_ESP.align
    assert esp("rot13", None) is UNKNOWN_ESP


@given(
    st.sampled_from(sorted(CIPHERS)),
    st.sampled_from(sorted(INTEGRITY)),
    st.integers(576, 9000),
    st.sampled_from([Mode.TUNNEL, Mode.TRANSPORT]),
    st.sampled_from([4, 6]),
    st.booleans(),
)
def test_the_largest_packet_fits_and_one_byte_more_does_not(
    cipher: str, integrity: str, mtu: int, mode: Mode, family: int, udp: bool
) -> None:
    overhead = esp(cipher, integrity)
    limit = largest_inner(mtu, family, family, mode, overhead, udp=udp)
    assert protected_length(limit, family, family, mode, overhead, udp=udp) <= mtu
    assert protected_length(limit + 1, family, family, mode, overhead, udp=udp) > mtu
