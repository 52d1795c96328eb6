"""NAT001: address translation makes protected traffic miss the SPD."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Finding, Severity, Undecided
from spdcheck.checks.wording import flow_in_words
from spdcheck.engine.exploration import witness
from spdcheck.engine.trace import Step
from spdcheck.engine.ways import clear_wire, translated_inside, translation, without_flow
from spdcheck.engine.zones import exemption
from spdcheck.model.diagnostic import Note, Part

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context
    from spdcheck.engine.exploration import Ending
    from spdcheck.model.host import Host
    from spdcheck.model.policy import SecurityPolicy


class TranslatedBeforeProtection(Check):
    """NAT changes packets that a policy protects before the policy is looked up, so that they leave in clear.

    ## What it does

    Sends every packet of every protecting `out` policy from where it begins. If NAT, on this host or on a router on the
    way to it, changes the packet first and the packet then leaves this host in clear, the finding names the translating
    line. On Linux that is a masquerading rule without an exemption before it; on the BSDs, where the SPD comes first,
    it is another router's NAT or a redirection. There, NAT on `enc0` changes what a policy has taken already: that is
    told where the peer has no policy for the new addresses.

    ## Why it matters

    The tunnel is up and stays idle, while its traffic crosses the Internet in clear under the address of the gateway.

    ## Example

    ```
    === spdcheck.toml
    [host.gw]
    platform = "freebsd"
    [host.gw.interface.em0]
    addresses = ["192.0.2.1/24"]
    [host.gw.interface.em1]
    addresses = ["10.0.0.1/24"]
    [[host.gw.route]]
    to = "0.0.0.0/0"
    via = "192.0.2.254"
    [host.router]
    platform = "freebsd"
    [host.router.interface.em0]
    addresses = ["10.0.0.2/24"]
    [host.router.interface.em1]
    addresses = ["10.1.0.1/16"]
    [[host.router.route]]
    to = "0.0.0.0/0"
    via = "10.0.0.1"
    === router/etc/rc.conf
    gateway_enable="YES"
    firewall_enable="YES"
    firewall_type="open"
    natd_enable="YES"
    natd_interface="em0"
    === gw/etc/ipsec.conf
    spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    ```

    ## Correction

    ```
    === spdcheck.toml
    [host.gw]
    platform = "freebsd"
    [host.gw.interface.em0]
    addresses = ["192.0.2.1/24"]
    [host.gw.interface.em1]
    addresses = ["10.0.0.1/24"]
    [[host.gw.route]]
    to = "0.0.0.0/0"
    via = "192.0.2.254"
    [host.router]
    platform = "freebsd"
    [host.router.interface.em0]
    addresses = ["10.0.0.2/24"]
    [host.router.interface.em1]
    addresses = ["10.1.0.1/16"]
    [[host.router.route]]
    to = "0.0.0.0/0"
    via = "10.0.0.1"
    === router/etc/rc.conf
    gateway_enable="YES"
    === gw/etc/ipsec.conf
    spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    ```

    ## References

    RFC 3715 section 2.1; net/xfrm/xfrm_policy.c and the order of hooks in `spdcheck/semantics/datapath`.
    """

    code = "NAT001"
    name = "translated-before-protection"
    severity = Severity.ERROR
    needs_peer = True

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """Every protecting out policy of every host."""
        for host in context.hosts:
            if host.gap_in(Part.SPD) is not None:
                yield from self.undecided(host, (Part.SPD,))
                continue
            for policy in context.protecting(host):
                groups: dict[tuple[str, object], tuple[Step, list[Ending]]] = {}
                for ending in context.ways.of(host, policy):
                    at = clear_wire(ending, host)
                    step = None if at is None else translation(ending, before=at)
                    if step is not None and not without_flow(ending, host) and not _is_exempt(ending, host):
                        groups.setdefault((step.host, step.origin), (step, []))[1].append(ending)
                for step, endings in groups.values():
                    yield self._translated(context, host, policy, step, endings)
                yield from self._inside(context, host, policy)

    def _inside(self, context: Context, host: Host, policy: SecurityPolicy) -> Iterator[Finding | Undecided]:
        """NAT between the look-up and the tunnel, to addresses that the peer has no policy for."""
        groups: dict[object, tuple[Step, Step, list[Ending]]] = {}
        for ending in context.ways.of(host, policy):
            found = translated_inside(ending, host)
            if found is not None:
                groups.setdefault(found[0].origin, (*found, []))[2].append(ending)
        for step, asked, endings in groups.values():
            trace = witness(endings)
            if trace is None:
                yield self.not_replayed(host, f"the translation of {flow_in_words(endings)}", step.origin)
                continue
            yield self.finding(
                host,
                step.origin or policy.selector_origin,
                f"{step.detail} translates {flow_in_words(endings)} behind the look-up of the policy: {asked.host} has "
                "no policy for what arrives in the tunnel, and its answers do not come back through it",
                label="translated here",
                notes=[Note(policy.selector_origin, "taken by this policy before")],
                mend=f"leave the tunnel's packets as they are, or give {asked.host} policies for the new addresses",
                trace=trace,
                subject=str(policy.selector),
            )

    def _translated(
        self, context: Context, host: Host, policy: SecurityPolicy, step: Step, endings: list[Ending]
    ) -> Finding | Undecided:
        trace = witness(endings)
        if trace is None:
            return self.not_replayed(host, f"the translation of {flow_in_words(endings)}", step.origin)
        notes = [] if step.origin is None else [Note(policy.selector_origin, "to be protected by this policy")]
        where = "" if step.host == host.name else f" of {step.host}"
        return self.finding(
            step.host,
            step.origin or policy.selector_origin,
            f"{step.detail}{where} translates {flow_in_words(endings)} before {host.name} looks for its policy: "
            "it leaves in clear",
            label="translated here",
            notes=notes,
            mend=f"exempt the protected flow{_how(context, step)}",
            trace=trace,
            subject=str(policy.selector),
        )


def _how(context: Context, step: Step) -> str:
    found = "" if step.origin is None else exemption(context.site.hosts, step.origin)
    return found or " before this line"


def _is_exempt(ending: Ending, host: Host) -> bool:
    """A none policy took the packets first: they were not to be protected."""
    steps = (step for step in ending.situation.steps if isinstance(step, Step) and step.host == host.name)
    asked = next((step for step in steps if step.stage == "SPD out"), None)
    return asked is not None and asked.verdict == "BYPASS"
