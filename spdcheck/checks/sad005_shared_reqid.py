"""SAD005: request ids that bind a policy to the wrong association, or to none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Finding, Severity, Undecided
from spdcheck.model.diagnostic import Note, Part
from spdcheck.model.host import Platform
from spdcheck.model.policy import Action, Direction, Level
from spdcheck.semantics.manual_keys import ManualKeys, Obstacle, ends_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context
    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.association import SecurityAssociation
    from spdcheck.model.host import Host
    from spdcheck.model.policy import SecurityPolicy, Template


class SharedReqid(Check):
    """One request id is used for different tunnels, or a policy asks for one that no association has.

    ## What it does

    `unique:N` binds a policy to the associations with `-u N`. Reported are numbers that policies to different peers
    share, and policies whose associations are there but carry another number. On Linux a policy without a number takes
    only associations without one, and compares the numbers of what arrives as well.

    ## Why it matters

    A packet goes out under the SA of another tunnel and its receiver drops it: "inner packet doesn't match the
    negotiated policy". Or no SA is found, and nothing is sent at all.

    ## Example

    ```
    === gw/etc/ipsec.conf
    spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/unique:7;
    spdadd 10.1.0.0/16 10.3.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-203.0.113.3/unique:7;
    ```

    ## Correction

    ```
    === gw/etc/ipsec.conf
    spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/unique:7;
    spdadd 10.1.0.0/16 10.3.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-203.0.113.3/unique:8;
    ```

    ## References

    setkey(8) unique and -u; netipsec/key.c `key_cmpsaidx`; net/xfrm/xfrm_state.c `xfrm_state_find`, xfrm_policy.c
    `xfrm_state_ok`.
    """

    code = "SAD005"
    name = "shared-reqid"
    severity = Severity.ERROR
    local = True

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """Both ways to get a number wrong, on every host."""
        for host in context.hosts:
            yield from self._shared(host)
            if host.gap_in(Part.SAD) is not None:
                yield from self.undecided(host, (Part.SAD,))
            else:
                yield from self._unserved(host)

    def _shared(self, host: Host) -> Iterator[Finding]:
        """The same number towards different pairs of ends; both directions of one tunnel may share it."""
        users: dict[int, tuple[frozenset[AddressRange], Template]] = {}
        told = set()
        for policy, template in _templates(host):
            if template.reqid == 0:
                continue
            ends = ends_of(policy, template)
            if not (ends.source.is_host and ends.destination.is_host):
                continue
            pair = frozenset(ends)
            first, place = users.setdefault(template.reqid, (pair, template))
            if first == pair or (template.reqid, pair) in told:
                continue
            told.add((template.reqid, pair))
            yield self.finding(
                host,
                template.origin,
                f"request id {template.reqid} is used for {_text(pair)} and for {_text(first)}: packets of one may go "
                "out under the SA of the other",
                label=f"{_asked(template)} again",
                notes=[Note(place.origin, "used here first")],
                mend="give each tunnel a number of its own",
                subject=str(template.reqid),
            )

    def _unserved(self, host: Host) -> Iterator[Finding]:
        """Policies whose associations are there but for the number; with a key daemon, it makes others."""
        if host.daemons or not host.sad.associations:
            return
        told = set()
        by_hand = ManualKeys(host)
        for policy, template in _templates(host):
            if not _compares(host, policy, template) or by_hand.serving(policy, template):
                continue
            near = [
                association
                for association in by_hand.between(policy, template)
                if by_hand.obstacle(association, template) is Obstacle.REQID
            ]
            if not near or near[0] in told:
                continue
            told.add(near[0])
            yield self.finding(
                host,
                near[0].origin,
                f"{_why(host, template, near[0])}: {_consequence(policy)}",
                label=_given(template, near[0]),
                notes=[Note(template.origin, f"asks for {_asked(template)}")],
                mend=_mend(template),
            )


def _templates(host: Host) -> Iterator[tuple[SecurityPolicy, Template]]:
    for policy in host.spd.policies:
        if policy.action is Action.PROTECT and not policy.implied:
            for template in policy.templates:
                yield policy, template


def _compares(host: Host, policy: SecurityPolicy, template: Template) -> bool:
    """The kernel asks for the number: of what leaves everywhere, of what arrives on Linux where the policy has one."""
    if policy.direction is Direction.OUT:
        return True
    return host.platform is Platform.LINUX and (template.level is Level.UNIQUE or template.reqid != 0)


def _consequence(policy: SecurityPolicy) -> str:
    if policy.direction is Direction.OUT:
        return "the policy finds no SA"
    return "what arrives under it is dropped"


def _text(ends: frozenset[AddressRange]) -> str:
    return "↔".join(str(end) for end in sorted(ends))


def _asked(template: Template) -> str:
    """What the policy asks for, in the words of the program that wrote it: setkey's levels, or ip's reqid."""
    if template.reqid and template.level is not Level.UNIQUE:
        return f"reqid {template.reqid}"
    return f"{template.level.value}:{template.reqid}" if template.reqid else template.level.value


def _given(template: Template, association: SecurityAssociation) -> str:
    if template.reqid and template.level is not Level.UNIQUE:
        return f"reqid {association.reqid}"
    return f"-u {association.reqid}" if association.reqid else "no -u"


def _why(host: Host, template: Template, association: SecurityAssociation) -> str:
    own = f"request id {association.reqid}" if association.reqid else "no request id"
    if template.reqid:
        return f"the association has {own}, its policy asks for {_asked(template)}"
    if template.level is Level.UNIQUE:
        return f"the association has {own}, and unique without a number gets one of the kernel's"
    system = "Linux" if host.platform is Platform.LINUX else "the kernel"
    return f"the association has {own}, its policy has none, and {system} compares them"


def _mend(template: Template) -> str:
    if template.reqid:
        option = "-u" if template.level is Level.UNIQUE else "reqid"
        return f"write {option} {template.reqid} in the association"
    if template.level is Level.UNIQUE:
        return "write unique:N in the policy and -u N in its associations, or require without -u"
    return "remove -u from the association, or write unique:N with the same number in the policy"
