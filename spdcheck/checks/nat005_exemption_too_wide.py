"""NAT005: an exemption from translation is wider than the tunnel that it was made for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Finding, Severity, Undecided
from spdcheck.checks.wording import flow_in_words
from spdcheck.engine.exploration import explore, witness
from spdcheck.engine.trace import Disposition, Step
from spdcheck.engine.ways import clear_wire, left_protected, protecting, translation
from spdcheck.model.addresses import EVERYTHING
from spdcheck.model.diagnostic import Note
from spdcheck.model.protocols import TCP
from spdcheck.semantics.beginning import first_packets
from spdcheck.semantics.conditions import destination, protocol, source
from spdcheck.semantics.fields import SOURCE
from spdcheck.semantics.intervals import overlaps

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from spdcheck.checks.base import Context
    from spdcheck.engine.exploration import Ending
    from spdcheck.model.host import Host


class ExemptionTooWide(Check):
    """Packets are exempted from translation for the sake of a tunnel that does not protect them.

    ## What it does

    On hosts that translate what their inner networks send, looks for packets of the same networks that leave on the
    untrusted wire neither translated nor protected, while others that are not translated go into a tunnel: the
    exemption that was made for the tunnel takes more than the tunnel's policies do.

    ## Why it matters

    These packets carry private source addresses into the Internet: no answer ever comes back, and everybody on the way
    can read them. Usually the policy for a network was forgotten when its exemption was written.

    ## Example

    ```
    === gw/etc/rc.conf
    ifconfig_em0="inet 192.0.2.1 netmask 255.255.255.0"
    ifconfig_em1="inet 10.1.0.1 netmask 255.255.0.0"
    gateway_enable="YES"
    ipnat_enable="YES"
    ipnat_rules="/etc/ipnat.conf"
    ipsec_enable="YES"
    === gw/etc/ipnat.conf
    map em0 from 10.1.0.0/16 ! to 10.0.0.0/8 -> 192.0.2.1/32
    === gw/etc/ipsec.conf
    spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    spdadd 10.2.0.0/16 10.1.0.0/16 any -P in ipsec esp/tunnel/198.51.100.2-192.0.2.1/require;
    ```

    ## Correction

    ```
    === gw/etc/rc.conf
    ifconfig_em0="inet 192.0.2.1 netmask 255.255.255.0"
    ifconfig_em1="inet 10.1.0.1 netmask 255.255.0.0"
    gateway_enable="YES"
    ipnat_enable="YES"
    ipnat_rules="/etc/ipnat.conf"
    ipsec_enable="YES"
    === gw/etc/ipnat.conf
    map em0 from 10.1.0.0/16 ! to 10.2.0.0/16 -> 192.0.2.1/32
    === gw/etc/ipsec.conf
    spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    spdadd 10.2.0.0/16 10.1.0.0/16 any -P in ipsec esp/tunnel/198.51.100.2-192.0.2.1/require;
    ```

    ## References

    RFC 1918 section 3; RFC 3715 section 2.1.
    """

    code = "NAT005"
    name = "exemption-too-wide"
    severity = Severity.WARNING

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """Every host that has filters and protects something."""
        for host in context.hosts:
            if context.ways.is_filtered(host) and any(True for _ in protecting(host)):
                yield from self._host(context, host)

    def _host(self, context: Context, host: Host) -> Iterator[Finding | Undecided]:
        inside = [
            addresses
            for addresses, place in context.ways.simulator.topology.networks
            if place.host is host and not addresses.is_host
        ]
        for family in sorted({addresses.family for addresses in inside}):
            own = source(*(addresses for addresses in inside if addresses.family == family))
            # Exemptions are about addresses; one protocol shows them as well as all.
            flow = first_packets(own & destination(EVERYTHING[family]) & protocol(TCP), family)
            exempted: list[Ending] = []
            translated: list[Ending] = []
            protected: list[Ending] = []
            for ending in explore(context.ways.supposing, flow, strangers=False):
                if ending.disposition is Disposition.UNKNOWN and ending.situation.host is host:
                    yield Undecided(self.code, host.name, ending.sentence, ending.place)
                    return
                at = clear_wire(ending, host)
                if at is None:
                    if left_protected(ending, host):
                        protected.append(ending)
                elif translation(ending, before=at) is None:
                    exempted.append(ending)
                else:
                    translated.append(ending)
            wrong = [e for e in exempted if _alike(e, translated) and _alike(e, protected)]
            if wrong:
                yield self._too_wide(host, wrong, translated)

    def _too_wide(self, host: Host, wrong: list[Ending], translated: list[Ending]) -> Finding | Undecided:
        steps = (step for ending in wrong for step in ending.situation.steps)
        origins = [
            step.origin
            for step in steps
            if isinstance(step, Step) and step.host == host.name and step.stage.startswith("NAT ")
        ]
        origins += [step.origin for e in translated if (step := translation(e)) is not None]
        place = next((origin for origin in origins if origin is not None), None)
        policy = next(protecting(host))
        trace = witness(wrong)
        if trace is None:
            return self.not_replayed(host, f"the exemption of {flow_in_words(wrong, upper=False)}", place)
        return self.finding(
            host,
            place or policy.selector_origin,
            f"{flow_in_words(wrong, upper=False)} is not translated, and no policy protects it: it leaves {host.name} "
            "in clear with its private source address",
            label="exempted or not taken here" if place is not None else "protects less than is exempted",
            notes=[Note(policy.selector_origin, "protected is only this, and what the other policies select")]
            if place is not None
            else [],
            mend="make the exemption as narrow as the policies, or add the policy that is missing",
            trace=trace,
        )


def _alike(ending: Ending, others: Iterable[Ending]) -> bool:
    """Some of the others are packets of the same sources."""
    return any(overlaps(ending.began.side(SOURCE), other.began.side(SOURCE)) for other in others)
