"""SAD001: two security associations that an arriving packet can't tell apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Finding, Severity, Undecided
from spdcheck.model.diagnostic import Note, Part
from spdcheck.semantics.manual_keys import family_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context
    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.association import SecurityAssociation


class DuplicateSa(Check):
    """Two associations have the same destination, protocol and SPI.

    ## What it does

    A packet that arrives names its SA by destination address, protocol and SPI, nothing else. Associations given by
    hand that agree in these three are reported. (TCP-MD5 is the exception: all its associations have SPI 0x1000 and are
    told apart by their sources.)

    ## Why it matters

    The kernel refuses the second one ("File exists"), and setkey goes on without a word in its exit status; old BSD
    kernels keep both and never find one of them. What its peer sends is dropped.

    ## Example

    ```
    === gw/etc/ipsec.conf
    add 192.0.2.1 198.51.100.2 esp 0x1001 -E null -A hmac-sha2-256 0x71f20d5bb1a64ce9a8f3620c19be4d5770aa1c83d94e2fb6650f8de2379b14c5;
    add 203.0.113.3 198.51.100.2 esp 0x1001 -E null -A hmac-sha2-256 0x9a3c5de1f08b7264a90d3f1c6e5b82d7410fa6c3b98e7d255c1f0a8be46d9372;
    ```

    ## Correction

    ```
    === gw/etc/ipsec.conf
    add 192.0.2.1 198.51.100.2 esp 0x1001 -E null -A hmac-sha2-256 0x71f20d5bb1a64ce9a8f3620c19be4d5770aa1c83d94e2fb6650f8de2379b14c5;
    add 203.0.113.3 198.51.100.2 esp 0x1002 -E null -A hmac-sha2-256 0x9a3c5de1f08b7264a90d3f1c6e5b82d7410fa6c3b98e7d255c1f0a8be46d9372;
    ```

    ## References

    RFC 4301 section 4.1; netipsec/key.c `key_add`; net/xfrm/xfrm_state.c `xfrm_state_add`.
    """  # noqa: E501 (a key has the length that it has)

    code = "SAD001"
    name = "duplicate-sa"
    severity = Severity.ERROR
    local = True

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """Every association that comes after one with the same three values."""
        for host in context.hosts:
            seen: dict[tuple[AddressRange, str, int], SecurityAssociation] = {}
            for association in host.sad.associations:
                family = family_of(association.protocol)
                if family == "tcp":
                    continue
                key = (association.destination, family, association.spi)
                first = seen.setdefault(key, association)
                if first is association:
                    continue
                yield self.finding(
                    host,
                    association.origin,
                    f"{family} SPI {association.spi:#x} to {association.destination} is taken already: "
                    "only one of the two associations is ever used",
                    label="the second one",
                    notes=[Note(first.origin, "the first one")],
                    mend="give it an SPI of its own, at both peers",
                )
            yield from self.undecided(host, (Part.SAD,))
