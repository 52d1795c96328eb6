"""Phase 1 SAs that a key daemon holds against its sections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.finding import Severity
from spdcheck.checks.running_difference import Difference
from spdcheck.model.ike import ExchangeMode
from spdcheck.semantics.own_addresses import known_addresses
from spdcheck.semantics.remote_selection import to_answer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.model.host import Host
    from spdcheck.model.running import Dump

_EXCHANGES = {"M": ExchangeMode.MAIN, "A": ExchangeMode.AGGRESSIVE, "B": ExchangeMode.BASE}


def phase1_differences(host: Host, dump: Dump) -> Iterator[Difference]:
    """Peers without a section, exchanges that no section has, own ends that are not this host."""
    racoons = [daemon for daemon in host.daemons if daemon.program == "racoon"]
    for sa in dump.phase1:
        who = f"the phase 1 SA with {sa.remote}"
        if sa.local is not None and host.addresses and not host.owns(sa.local):
            yield Difference(
                "phase1-end", sa.origin, who, "{who} begins at " + f"{sa.local}, which is no address of this host",
                label="not this host", mend="take the listing on this host, or give its addresses in spdcheck.toml",
                severity=Severity.ERROR if known_addresses(host, sa.local.family).complete else Severity.WARNING,
            )  # fmt: skip
        if not racoons:
            continue
        sections = [section for daemon in racoons for section in to_answer(daemon, sa.remote)]
        if not sections:
            yield Difference(
                "phase1-peer", sa.origin, who, "no remote section of racoon.conf fits {who}",
                label="no section", mend="write the section, or end the SA (racoonctl delete-sa isakmp)",
            )  # fmt: skip
            continue
        exchange = _EXCHANGES.get(sa.exchange)
        modes = [mode for section in sections for mode in section.modes]
        if exchange is not None and modes and exchange not in modes:
            wanted = " or ".join(dict.fromkeys(mode.value for mode in modes))
            section = sections[0]
            yield Difference(
                "phase1-mode", sa.origin, who, "{who} came up in " + f"{exchange.value} mode, its section has {wanted}",
                label=f"{exchange.value} mode", against=section.modes_origin or section.heading, says=f"{wanted} here",
                mend="reload racoon's configuration, and let phase 1 be negotiated again",
            )  # fmt: skip
