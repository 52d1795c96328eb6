"""NAT002: a host translates its own key exchange or ESP."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Certainty, Finding, Severity, Undecided
from spdcheck.engine.carriers import Cargo, carriers, leaving
from spdcheck.engine.trace import Mark, Step
from spdcheck.model.diagnostic import Note

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context
    from spdcheck.engine.carriers import Carrier
    from spdcheck.engine.exploration import Ending
    from spdcheck.model.host import Host


class CarrierTranslated(Check):
    """This host's NAT takes its own key exchange or ESP, and changes it or may change it.

    ## What it does

    Sends the packets that make and carry every tunnel out of the host. If a translation rule of the host changes their
    addresses or ports, that is proved with the packet. If the NAT only takes them into its table (natd diverts all of
    an interface, `map … 0/0`), they pass unchanged as long as nobody behind the host uses the same ports with the same
    peer; that is possible, not proved.

    ## Why it matters

    IKE that comes from another port is refused by peers that expect 500, and answers to ESP go to whoever is first in
    the table.

    ## Example

    ```
    === gw/etc/rc.conf
    ifconfig_em0="inet 192.0.2.1 netmask 255.255.255.0"
    ifconfig_em1="inet 10.1.0.1 netmask 255.255.0.0"
    gateway_enable="YES"
    firewall_enable="YES"
    firewall_type="open"
    natd_enable="YES"
    natd_interface="em0"
    ipsec_enable="YES"
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
    ipsec_enable="YES"
    === gw/etc/ipnat.rules
    map em0 10.1.0.0/16 -> 0/32
    === gw/etc/ipsec.conf
    spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    spdadd 10.2.0.0/16 10.1.0.0/16 any -P in ipsec esp/tunnel/198.51.100.2-192.0.2.1/require;
    ```

    ## References

    RFC 3715 section 2.1; natd(8), libalias(3); pf.conf(5), "static-port".
    """

    code = "NAT002"
    name = "carrier-translated"
    severity = Severity.WARNING

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """Every carrier of every host that has filters."""
        for host in context.hosts:
            if not context.ways.is_filtered(host):
                continue
            taken: dict[object, tuple[Step, Carrier, Ending, list[str]]] = {}
            for carrier in carriers(host):
                if carrier.cargo is Cargo.NAT_T:
                    continue
                ending = leaving(context.ways.simulator, carrier)
                step = _taken(host, ending)
                if step is not None:
                    key = (step.origin, step.mark)
                    taken.setdefault(key, (step, carrier, ending, []))[3].append(f"{carrier.cargo.value}")
            for step, carrier, ending, cargos in taken.values():
                yield self._translated(host, step, carrier, ending, list(dict.fromkeys(cargos)))

    def _translated(
        self, host: Host, step: Step, carrier: Carrier, ending: Ending, cargos: list[str]
    ) -> Finding | Undecided:
        changed = step.mark is Mark.CHANGE
        trace = ending.replayed()
        if trace is None:
            return self.not_replayed(host, "the translation of a carrier", step.origin)
        what = " and ".join(cargos)
        text = (
            f"{step.detail} translates this host's own {what}"
            if changed
            else f"{step.detail} takes this host's own {what} too, and may translate it"
        )
        return self.finding(
            host,
            step.origin or carrier.policy.origin,
            text,
            label="translated here" if changed else "takes everything",
            notes=[Note(carrier.policy.origin, "needed for this policy")],
            mend="translate only what comes from the network behind this host",
            trace=trace,
            certainty=None if changed else Certainty.POSSIBLE,
        )


def _taken(host: Host, ending: Ending) -> Step | None:
    """The step at which a NAT of the host changes the packet, or takes it into its table unchanged."""
    steps = [step for step in ending.situation.steps if isinstance(step, Step) and step.host == host.name]
    changed = next((step for step in steps if step.verdict == "translated"), None)
    if changed is not None:
        return changed
    tables = {state.point for state in ending.situation.states if state.host == host.name}
    return next((step for step in steps if step.stage.startswith("NAT ") and step.detail in tables), None)
