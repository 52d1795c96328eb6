"""IKE005: policies whose SAs nothing negotiates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Certainty, Finding, Severity, Undecided
from spdcheck.checks.negotiated import concerns_isakmpd, findings
from spdcheck.checks.policy_wording import count_of, others, without_sas
from spdcheck.model.diagnostic import Note, Part
from spdcheck.semantics.counterpart import peers_of
from spdcheck.semantics.ike.outcome import Cause
from spdcheck.semantics.manual_keys import ManualKeys, Obstacle, negotiated
from spdcheck.semantics.near_miss import nearest
from spdcheck.semantics.own_addresses import known_addresses
from spdcheck.semantics.peering import far_address, near_address
from spdcheck.semantics.quick_mode import Sainfos, compares_upper_layer, differences, ids_of
from spdcheck.semantics.remote_selection import Remotes, listens_on

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context
    from spdcheck.model.addresses import AddressRange
    from spdcheck.model.host import Host
    from spdcheck.model.ike import KeyDaemon, Phase2Proposal
    from spdcheck.model.policy import SecurityPolicy


class NoPeerSection(Check):
    """A policy needs SAs, but no `remote` section, no `sainfo` or no daemon at all would negotiate them.

    ## What it does

    For every policy without associations given by hand, racoon's choice is repeated: the `remote` section by the peer's
    address, then the `sainfo` by the policy's selector, whose addresses must be equal to the letter. What comes nearest
    is named with the one thing that differs. racoon must also listen on the address from which the policy speaks, and
    the peer must have a section that answers.

    ## Why it matters

    racoon logs "no configuration found for 198.51.100.2" or "failed to get sainfo", and every packet of the policy is
    dropped.

    ## Example

    ```
    === gw/etc/ipsec.conf
    spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    === gw/etc/racoon.conf
    remote 198.51.100.2 {
        exchange_mode main;
        proposal {
            encryption_algorithm aes 256;
            hash_algorithm sha256;
            authentication_method pre_shared_key;
            dh_group 14;
        }
    }
    sainfo address 10.1.0.0/16 any address 10.2.0.0/24 any {
        encryption_algorithm aes 256;
        authentication_algorithm hmac_sha256;
        compression_algorithm deflate;
    }
    ```

    ## Correction

    ```
    === gw/etc/ipsec.conf
    spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
    === gw/etc/racoon.conf
    remote 198.51.100.2 {
        exchange_mode main;
        proposal {
            encryption_algorithm aes 256;
            hash_algorithm sha256;
            authentication_method pre_shared_key;
            dh_group 14;
        }
    }
    sainfo address 10.1.0.0/16 any address 10.2.0.0/16 any {
        encryption_algorithm aes 256;
        authentication_algorithm hmac_sha256;
        compression_algorithm deflate;
    }
    ```

    ## References

    racoon.conf(5) remote, sainfo; ipsec-tools src/racoon/remoteconf.c `getrmconf`, sainfo.c `getsainfo`, pfkey.c
    `pk_recvacquire`.
    """

    code = "IKE005"
    name = "no-peer-section"
    severity = Severity.ERROR

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """Every host that has policies without associations."""
        for host in context.hosts:
            if host.gap_in(Part.IKE, Part.SAD) is not None:
                yield from self.undecided(host, (Part.IKE, Part.SAD))
                continue
            policies = [policy for policy, _ in negotiated(host) if not _is_swapped(host, policy)]
            if not policies:
                continue
            if not host.daemons:
                yield from self._nobody(context, host)
            daemon = next((daemon for daemon in host.daemons if daemon.program == "racoon"), None)
            if daemon is None:
                continue
            if not daemon.peers and not daemon.phase2:
                yield self._empty(host, daemon, policies)
                continue
            yield from self._sections(host, daemon, policies)
            yield from self._sockets(host, daemon, policies)
            yield from self._sainfo(host, daemon, policies)
            yield from self._answers(context, host, policies)
        yield from findings(self, context, Cause.NO_PEER, only=concerns_isakmpd)

    def _nobody(self, context: Context, host: Host) -> Iterator[Finding]:
        """No daemon at all: certain where an association is there that does not fit, else perhaps only not shown."""
        unserved = []
        by_hand = ManualKeys(host)
        for policy, templates in negotiated(host):
            near = [
                (association, by_hand.obstacle(association, template))
                for template in templates
                for association in by_hand.between(policy, template)
            ]
            wrong_mode = next((sa for sa, why in near if why is Obstacle.MODE), None)
            if wrong_mode is not None:
                how = "without -m tunnel" if wrong_mode.mode.value == "any" else f"in {wrong_mode.mode.value} mode"
                yield self.finding(
                    host,
                    wrong_mode.origin,
                    f"this association is {how}, so that it does not serve its policy, and nothing negotiates another",
                    label="another mode than the policy's",
                    notes=[Note(policy.origin, f"needs {templates[0].mode.value} mode")],
                    mend=f"write -m {templates[0].mode.value} in the association",
                )
            elif not near:
                unserved.append(policy)
        if unserved and not context.site.single_file:
            yield self.finding(
                host,
                unserved[0].origin,
                f"neither an association given by hand nor a key exchange daemon of {host.name} serves "
                f"{count_of(unserved)}: {without_sas(unserved)}",
                label="who makes its SAs?",
                notes=others(unserved),
                mend="add racoon.conf to the host's folder, or associations to the script",
                severity=Severity.WARNING,
                certainty=Certainty.POSSIBLE,
            )

    def _empty(self, host: Host, daemon: KeyDaemon, policies: list[SecurityPolicy]) -> Finding:
        return self.finding(
            host,
            policies[0].origin,
            f"{daemon.origin.file.path} describes no peer at all, neither remote nor sainfo: nothing negotiates the "
            f"SAs of {count_of(policies)}",
            label="needs a key exchange",
            notes=[Note(daemon.origin.file.span(0, 0), "no remote, no sainfo"), *others(policies)],
            mend=f"add remote {far_address(policies[0]) or 'anonymous'} {{ … }} and sainfo … {{ … }}",
        )

    def _sections(self, host: Host, daemon: KeyDaemon, policies: list[SecurityPolicy]) -> Iterator[Finding]:
        by_peer: dict[AddressRange | None, list[SecurityPolicy]] = {}
        for policy in policies:
            by_peer.setdefault(far_address(policy), []).append(policy)
        remotes = Remotes(daemon)
        for address, users in by_peer.items():
            if address is None:
                if not daemon.peers:
                    yield self._no_section(host, daemon, None, users)
                continue
            choice = remotes.to_initiate(address)
            if choice.rivals:
                yield self.finding(
                    host,
                    choice.rivals[-1].heading,
                    f"{len(choice.rivals)} remote sections fit {address} equally well: racoon 0.8 and later refuse to "
                    "choose (multiple non-exact configurations found), older ones take the last",
                    label="fits too",
                    notes=[
                        *(Note(rival.heading, "fits as well") for rival in choice.rivals[:-1]),
                        Note(users[0].origin, "the policy that needs one"),
                    ],
                    mend="keep one of them, or make the others passive",
                )
            elif choice.section is None and not choice.passive:
                yield self._no_section(host, daemon, address, users)

    def _no_section(
        self, host: Host, daemon: KeyDaemon, address: AddressRange | None, users: list[SecurityPolicy]
    ) -> Finding:
        notes = []
        if address is not None:
            sections = {peer.address: peer for peer in daemon.peers if peer.address is not None}
            close = nearest(address, sections)
            if close is not None:
                notes.append(Note(sections[close].heading, f"the nearest section is for {close}"))
        return self.finding(
            host,
            users[0].origin,
            f"no remote section fits {address or 'its peers'}: nothing negotiates the SAs of {count_of(users)}",
            label="needs a key exchange",
            notes=[*notes, *others(users)],
            mend=f"add remote {address or 'anonymous'} {{ … }}",
            subject=str(address),
        )

    def _sockets(self, host: Host, daemon: KeyDaemon, policies: list[SecurityPolicy]) -> Iterator[Finding]:
        deaf: dict[AddressRange, list[SecurityPolicy]] = {}
        for policy in policies:
            near = near_address(policy)
            if near is not None and not listens_on(daemon, near):
                deaf.setdefault(near, []).append(policy)
        for near, users in deaf.items():
            known = known_addresses(host, near.family)
            own = {item.address for item in known.addresses}
            if known.complete and (near not in own or not any(item.address in own for item in daemon.listeners)):
                continue  # one of the two addresses is wrong, which CFG005 says
            yield self.finding(
                host,
                users[0].origin,
                f"racoon does not listen on {near} and ignores what the kernel asks for from there: nothing negotiates "
                f"the SAs of {count_of(users)}",
                label=f"speaks from {near}",
                notes=[Note(listener.origin, f"listens on {listener.address}") for listener in daemon.listeners[:3]],
                mend=f"add isakmp {near}; to listen",
                subject=f"listen {near}",
            )

    def _sainfo(self, host: Host, daemon: KeyDaemon, policies: list[SecurityPolicy]) -> Iterator[Finding]:
        strict = compares_upper_layer(host)
        sainfos, remotes = Sainfos(daemon), Remotes(daemon)
        missing: dict[Phase2Proposal | None, list[SecurityPolicy]] = {}
        for policy in policies:
            ids, far = ids_of(policy), far_address(policy)
            section = remotes.for_peer(far) if far is not None else None
            found = sainfos.select(ids, ph1id=section.ph1id if section else 0, strict=strict is True)
            if found.proposal is None:
                near = sainfos.nearest(ids)
                missing.setdefault(near[0] if near else None, []).append(policy)
            elif found.by_addresses and strict is None:
                yield self._upper_layer(host, policy, found.proposal)
        for proposal, users in missing.items():
            yield self._no_sainfo(host, daemon, sainfos, proposal, users)

    def _upper_layer(self, host: Host, policy: SecurityPolicy, proposal: Phase2Proposal) -> Finding:
        words = " and ".join(differences(proposal, ids_of(policy)))
        return self.finding(
            host,
            policy.selector_origin,
            f"the only sainfo for {ids_of(policy)} differs: {words}; racoon before 0.7 says failed to get sainfo",
            label="compared by old releases",
            notes=[Note(proposal.heading, "this sainfo")],
            mend="write the policy's protocol and ports in the sainfo",
            severity=Severity.WARNING,
            certainty=Certainty.POSSIBLE,
        )

    def _no_sainfo(
        self,
        host: Host,
        daemon: KeyDaemon,
        sainfos: Sainfos,
        proposal: Phase2Proposal | None,
        users: list[SecurityPolicy],
    ) -> Finding:
        first = ids_of(users[0])
        message, notes = f"no sainfo fits {first}", []
        if proposal is None:
            message += f", since {daemon.origin.file.path} has none"
        else:
            near = sainfos.nearest(first)
            words = near[1] if near else ()
            said = " and ".join(words) or "it belongs to another remote section (remoteid)"
            notes.append(Note(proposal.heading, f"the nearest one: {said}"))
        notes += [Note(user.origin, f"nor {ids_of(user)}") for user in users[1:5]]
        return self.finding(
            host,
            users[0].selector_origin,
            f"{message}: {without_sas(users)}",
            label="not in any sainfo",
            notes=notes,
            mend=f"add {first.as_sainfo} {{ … }}" + (", or mend the nearest one" if notes else ""),
            subject="sainfo",
        )

    def _answers(self, context: Context, host: Host, policies: list[SecurityPolicy]) -> Iterator[Finding]:
        """A peer that has no section for us answers nothing; where its own policies need one, it is told there."""
        told = set()
        for policy in policies:
            near = host.public_address or near_address(policy)
            if near is None:
                continue
            for peer in peers_of(context.peering, host, policy):
                racoons = [daemon for daemon in peer.daemons if daemon.program == "racoon"]
                if peer.external or not racoons or (peer.name, near) in told:
                    continue
                told.add((peer.name, near))
                if any(section.address in (None, near) for daemon in racoons for section in daemon.peers):
                    continue
                asks_itself = any(far_address(other) == near for other, _ in negotiated(peer))
                if asks_itself or peer.gap_in(Part.IKE) is not None:
                    continue
                yield self.finding(
                    host,
                    policy.origin,
                    f"{peer.name} has no remote section for {near} and answers nothing",
                    label=f"negotiates with {peer.name}",
                    notes=[Note(racoons[0].origin.file.span(0, 0), f"{peer.name}'s sections")],
                    mend=f"add remote {near} {{ … }} to {peer.name}",
                    subject=f"answer {near}",
                )


def _is_swapped(host: Host, policy: SecurityPolicy) -> bool:
    """The policy leads to this host itself, which SPD011 says."""
    far = far_address(policy)
    return far is not None and host.owns(far)
