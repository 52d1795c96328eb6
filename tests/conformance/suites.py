"""The registry of suites. A new suite is one file beside this one and one line here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.conformance import (
    dumps,
    ipfilter,
    isakmpd,
    keynote,
    linux_kernel,
    pf,
    psk,
    racoon,
    rcconf,
    setkey,
    shorewall,
    shorewall_reading,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conformance.case import Case

SUITES: dict[str, Callable[[Path], Iterator[Case]]] = {
    "setkey": setkey.cases,
    "dumps": dumps.cases,
    "racoon": racoon.cases,
    "psk": psk.cases,
    "rcconf": rcconf.cases,
    "pf": pf.cases,
    "ipfilter": ipfilter.cases,
    "isakmpd": isakmpd.cases,
    "keynote": keynote.cases,
    "linux-kernel": linux_kernel.cases,
    "shorewall-reading": shorewall_reading.cases,
    "shorewall": shorewall.cases,
}
"""Every suite by name: a function from the root of the data to its cases (none where the data lacks its folder)."""
