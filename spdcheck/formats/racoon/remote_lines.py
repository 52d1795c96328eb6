"""The statements inside ``remote``: one method for each kind, found by the token that it starts with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.formats.racoon.identities import identity, names_a_file
from spdcheck.formats.racoon.values import address, lifetime, port
from spdcheck.model.diagnostic import Note, Part
from spdcheck.model.ike import ExchangeMode, ProposalCheck

if TYPE_CHECKING:
    from spdcheck.formats.racoon.desk import Desk
    from spdcheck.formats.racoon.paths import Paths
    from spdcheck.formats.racoon.peer import PeerDraft
    from spdcheck.formats.racoon.syntax import Node
    from spdcheck.source import Span

INERT = frozenset({"DOI", "NONCE_SIZE", "MATCH_EMPTY_CR", "WEAK_PHASE1_CHECK", "DPD_RETRY", "DPD_MAXFAIL", "SCRIPT"})
"""Statements without a part in the model."""

_SWITCHES = {
    "VERIFY_IDENTIFIER": "verify_identifier", "VERIFY_CERT": "verify_certificate", "SEND_CERT": "send_certificate",
    "SEND_CR": "send_certificate_request", "PASSIVE": "passive", "SUPPORT_PROXY": "support_proxy",
    "INITIAL_CONTACT": "initial_contact", "MODE_CFG": "mode_cfg", "DPD": "dpd",
}  # fmt: skip
_NUMBERS = {"DPD_DELAY": "dpd_delay", "PH1ID": "ph1id", "ESP_FRAG": "esp_fragment_bytes"}


class RemoteLines:
    """Writes the lines of one ``remote`` block into its draft."""

    def __init__(self, desk: Desk, draft: PeerDraft, paths: Paths) -> None:
        self._desk = desk
        self._draft = draft
        self._paths = paths

    def read(self, node: Node) -> None:
        """One line."""
        kind = node.first.type
        if kind in _SWITCHES:
            switch = node.find("SWITCH")
            setattr(self._draft, _SWITCHES[kind], switch is not None and switch.text == "on")
        elif kind in _NUMBERS:
            number = node.find("NUMBER")
            setattr(self._draft, _NUMBERS[kind], number.number if number else 0)
        else:
            method = getattr(self, f"_{kind.lower()}", None)
            if method is not None:
                method(node)

    def _remote_address(self, node: Node) -> None:
        draft = self._draft
        if draft.has_address:
            notes = (Note(draft.heading, "the address is taken from here"),)
            mend = "remove this line" if draft.parent is None else "a block that inherits has its parent's address"
            self._desk.refuse(node, "remote_address already specified", mend=mend, notes=notes)
            return
        token = node.find("ADDRSTRING")
        found = address(self._desk, token) if token else None
        draft.lost = found is None
        if found is not None:
            draft.address, draft.has_address = found, True
            draft.port = port(self._desk, node.find("PORT"))

    def _exchange_mode(self, node: Node) -> None:
        modes = tuple(ExchangeMode(token.text) for token in node.all("EXCHANGETYPE"))
        self._draft.modes, self._draft.modes_origin = modes or None, self._desk.span(node)

    def _my_identifier(self, node: Node) -> None:
        found = identity(self._desk, node)
        if found is not None:
            self._draft.my_identity = found
            self._key_id_file(node)

    def _peers_identifier(self, node: Node) -> None:
        found = identity(self._desk, node)
        if found is None:
            return
        self._draft.identities.append(found)
        self._key_id_file(node)
        if self._draft.parent is not None:
            self._desk.accident(
                node, f"racoon adds this identifier to the block that is inherited from ({self._draft.parent}) as well",
                mend="inherit from a block that no peer uses itself",
            )  # fmt: skip

    def _key_id_file(self, node: Node) -> None:
        token = names_a_file(node)
        if token is not None:
            self._paths.refer(self._desk, "key id", "", token)

    def _lifetime(self, node: Node) -> None:
        self._draft.lifetime = lifetime(self._desk, node, phase1=True) or self._draft.lifetime

    def _proposal_check(self, node: Node) -> None:
        level = node.find("PROPOSAL_CHECK_LEVEL")
        if level is not None:
            self._draft.proposal_check = ProposalCheck(level.text)
            self._draft.proposal_check_origin = self._desk.span(node)

    def _generate_policy(self, node: Node) -> None:
        level = node.find("SWITCH", "GENERATE_LEVEL")
        if level is not None:
            self._draft.generate_policy, self._draft.generate_policy_origin = level.text, self._desk.span(node)

    def _nat_traversal(self, node: Node) -> None:
        level = node.find("SWITCH", "FORCE")
        if level is not None:
            self._draft.nat_traversal, self._draft.nat_traversal_origin = level.text, self._desk.span(node)

    def _ike_frag(self, node: Node) -> None:
        level = node.find("SWITCH", "FORCE")
        self._draft.ike_fragmentation = level is not None and level.text != "off"

    def _rekey(self, node: Node) -> None:
        level = node.find("SWITCH", "FORCE")
        self._draft.rekey = level.text if level else "on"

    def _xauth_login(self, node: Node) -> None:
        value = node.find("ADDRSTRING", "QUOTEDSTRING")
        if value is None:
            self._desk.refuse(node, "failed to set identifer: `xauth_login` needs a name", mend='add `"user"`')
        else:
            self._draft.xauth_login = value.string

    def _situation(self, node: Node) -> None:
        kind = node.find("SITUATIONTYPE")
        if kind is not None and kind.text != "identity_only":
            self._desk.reading.not_modelled(
                self._desk.span(node), f"the situation `{kind.text}` wants labels that no peer sends", part=Part.IKE,
                mend="write `situation identity_only;`, which is the default",
            )  # fmt: skip

    def _dh_group(self, node: Node) -> None:
        self._desk.refuse(node, "dh_group cannot be defined here", mend="move it into `proposal`")

    def _certificate_type(self, node: Node) -> None:
        draft = self._draft
        if draft.certificate_origin is not None:
            self._twice(node, "certificate_type", draft.certificate_origin)
            return
        draft.certificate_origin = self._desk.span(node)
        files = node.all("QUOTEDSTRING")
        if node.find("CERT_X509"):
            draft.certificate_kind, draft.certificate = "x509", files[0].string
            self._paths.refer(self._desk, "own certificate", "certificate", files[0])
        else:
            draft.certificate_kind = "plain_rsa"
            # a plain key comes without a certificate: racoon turns off everything about them
            draft.send_certificate = draft.send_certificate_request = draft.verify_certificate = False
        draft.private_key = files[-1].string
        self._paths.refer(self._desk, "private key", "certificate", files[-1])

    def _peers_certfile(self, node: Node) -> None:
        draft = self._draft
        first = draft.peer_certificate_origin
        if first is not None and node.find("CERT_PLAINRSA") is None:
            self._twice(node, "peers_certfile", first)
            return
        if first is not None:
            self._desk.reading.say(
                "CFG004", self._desk.span(node),
                "peers_certfile already defined: racoon 0.8 and newer refuse a second key file",
                mend="put all public keys into one file", notes=(Note(first, "first here"),), warning=True,
            )  # fmt: skip
        draft.peer_certificate_origin = first or self._desk.span(node)
        draft.peer_certificate_kind = "plain_rsa" if node.find("CERT_PLAINRSA") else "x509"
        token = node.find("QUOTEDSTRING")
        if token is not None:
            draft.peer_certificates = (*draft.peer_certificates, token.string)
            self._paths.refer(self._desk, "peer certificate", "certificate", token)

    def _ca_type(self, node: Node) -> None:
        if self._draft.ca_origin is not None:
            self._twice(node, "ca_type", self._draft.ca_origin)
            return
        self._draft.ca_origin = self._desk.span(node)
        token = node.find("QUOTEDSTRING")
        if token is not None:
            self._draft.ca_certificate = token.string
            self._paths.refer(self._desk, "ca certificate", "certificate", token)

    def _script(self, node: Node) -> None:
        token = node.find("QUOTEDSTRING")
        if token is not None:
            self._paths.refer(self._desk, "script file", "script", token)

    def _twice(self, node: Node, word: str, first: Span) -> None:
        self._desk.refuse(
            node, f"{word} already defined", mend="keep one of the two", notes=(Note(first, "first here"),)
        )
