"""SPD011: a template whose end points are swapped, or are not the two peers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Finding, Severity, Undecided
from spdcheck.engine.selectors import some_packet
from spdcheck.model.diagnostic import Note
from spdcheck.model.policy import Action, Direction
from spdcheck.semantics.counterpart import same_selector

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context
    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.host import Host
    from spdcheck.model.policy import SecurityPolicy, Template


class WrongEndPoint(Check):
    """The end points of this template are swapped, or are not the two hosts whose policies fit.

    ## What it does

    In an `out` policy the first end point is this host and the second the peer; in an `in` policy the other way round.
    A template that has them swapped is reported. So is one that names an address which nobody has, while another host
    of the site holds the counterpart of the policy, and one whose own end point is an address of another host.

    ## Why it matters

    setkey takes any addresses. The kernel then asks for an SA from the peer to itself, IKE never starts or goes to a
    stranger, and every packet of the policy is dropped.

    ## Example

    ```
    === east/etc/ipsec.conf
    spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec esp/tunnel/198.51.100.2-192.0.2.1/require;
    spdadd 10.2.0.0/16 10.1.0.0/16 any -P in ipsec esp/tunnel/198.51.100.2-192.0.2.1/require;
    === west/etc/ipsec.conf
    spdadd 10.1.0.0/16 10.2.0.0/16 any -P in ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    spdadd 10.2.0.0/16 10.1.0.0/16 any -P out ipsec esp/tunnel/198.51.100.2-192.0.2.1/require;
    ```

    ## Correction

    ```
    === east/etc/ipsec.conf
    spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    spdadd 10.2.0.0/16 10.1.0.0/16 any -P in ipsec esp/tunnel/198.51.100.2-192.0.2.1/require;
    === west/etc/ipsec.conf
    spdadd 10.1.0.0/16 10.2.0.0/16 any -P in ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    spdadd 10.2.0.0/16 10.1.0.0/16 any -P out ipsec esp/tunnel/198.51.100.2-192.0.2.1/require;
    ```

    ## References

    setkey(8): "the end points of the SA are src and dst, in the direction of the packets".
    """

    code = "SPD011"
    name = "wrong-end-point"
    severity = Severity.ERROR

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """Every template with end points."""
        for host in context.hosts:
            for policy in host.spd.policies:
                if policy.action is Action.PROTECT and not policy.implied:
                    for template in policy.templates:
                        if template.source is not None and template.destination is not None:
                            yield from self._template(context, host, policy, template)

    def _template(self, context: Context, host: Host, policy: SecurityPolicy, template: Template) -> Iterator[Finding]:
        near, far = template.source, template.destination
        if near is None or far is None:
            return
        if policy.direction is not Direction.OUT:
            near, far = far, near
        owner = context.peering.owner
        if host.owns(far) and not host.owns(near):
            yield self._finding(
                host, policy, template, f"the end points are swapped: in an {policy.direction.value} policy "
                f"{'the first is this host' if policy.direction is Direction.OUT else 'the second is this host'}, {far}"
            )  # fmt: skip
            return
        near_owner, far_owner = owner(near), owner(far)
        if near_owner is not None and near_owner is not host:
            yield self._finding(
                host, policy, template, f"the near end point {near} is {near_owner.name}'s address, not {host.name}'s"
            )
            return
        twins = [other for other in same_selector(context.peering, host, policy) if not other.external]
        if far_owner is None and len(twins) == 1:
            expected = _expected(twins[0], policy)
            if expected is not None and expected != far:
                yield self._finding(
                    host,
                    policy,
                    template,
                    f"the far end point {far} is nobody's address; the counterpart is at {twins[0].name}, {expected}",
                    _places(twins[0], policy),
                )

    def _finding(
        self, host: Host, policy: SecurityPolicy, template: Template, message: str, notes: list[Note] | None = None
    ) -> Finding:
        return self.finding(
            host,
            template.origin,
            message,
            label=f"{template.source} → {template.destination}",
            notes=notes or [],
            mend="write the addresses of the two peers in the direction of the packets",
            witness=some_packet(policy.selector),
        )


def _expected(twin: Host, policy: SecurityPolicy) -> AddressRange | None:
    """The near end point that the peer itself uses for this flow."""
    for other in twin.spd.policies:
        if other.selector == policy.selector and other.direction is not policy.direction:
            for template in other.templates:
                return template.source if other.direction is Direction.OUT else template.destination
    return None


def _places(twin: Host, policy: SecurityPolicy) -> list[Note]:
    return [
        Note(other.templates[0].origin, f"{twin.name}'s own end points")
        for other in twin.spd.policies
        if other.selector == policy.selector
        and other.direction is not policy.direction
        and other.direction is not Direction.FWD
        and other.templates
    ]
