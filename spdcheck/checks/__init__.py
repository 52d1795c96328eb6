"""One question per file. ``CHECKS`` lists them in the order of their codes; modules are imported when they run."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spdcheck.checks.base import Check

CHECKS: tuple[tuple[str, str, str], ...] = (
    ("CFG001", "cfg001_unparsed_statement", "UnparsedStatement"),
    ("CFG002", "cfg002_unmodelled_statement", "UnmodelledStatement"),
    ("CFG003", "cfg003_undefined_name", "UndefinedName"),
    ("CFG004", "cfg004_duplicate_definition", "DuplicateDefinition"),
    ("CFG005", "cfg005_address_not_local", "AddressNotLocal"),
    ("CFG006", "cfg006_not_loaded", "NotLoaded"),
    ("CFG007", "cfg007_running_state_differs", "RunningStateDiffers"),
    ("CFG008", "cfg008_conflicting_paths", "ConflictingPaths"),
    ("CFG009", "cfg009_unused_suppression", "UnusedSuppression"),
    ("CFG010", "cfg010_accidental_syntax", "AccidentalSyntax"),
    ("CFG011", "cfg011_not_flushed", "NotFlushed"),
    ("CFG012", "cfg012_fixed_address", "FixedAddress"),
    ("SPD001", "spd001_unmirrored_policy", "UnmirroredPolicy"),
    ("SPD002", "spd002_one_way_policy", "OneWayPolicy"),
    ("SPD003", "spd003_missing_forward_policy", "MissingForwardPolicy"),
    ("SPD004", "spd004_selector_mismatch", "SelectorMismatch"),
    ("SPD005", "spd005_protection_mismatch", "ProtectionMismatch"),
    ("SPD006", "spd006_shadowed_policy", "ShadowedPolicy"),
    ("SPD007", "spd007_order_dependent_overlap", "OrderDependentOverlap"),
    ("SPD008", "spd008_optional_protection", "OptionalProtection"),
    ("SPD009", "spd009_captures_too_much", "CapturesTooMuch"),
    ("SPD010", "spd010_cleartext_leak", "CleartextLeak"),
    ("SPD011", "spd011_wrong_end_point", "WrongEndPoint"),
    ("SPD012", "spd012_tunnel_device_bypassed", "TunnelDeviceBypassed"),
    ("SPD013", "spd013_ports_never_match", "PortsNeverMatch"),
    ("SPD014", "spd014_not_forwarded", "NotForwarded"),
    ("SAD001", "sad001_duplicate_sa", "DuplicateSa"),
    ("SAD002", "sad002_overlapping_sas", "OverlappingSas"),
    ("SAD003", "sad003_unpaired_sa", "UnpairedSa"),
    ("SAD004", "sad004_sa_parameters_differ", "SaParametersDiffer"),
    ("SAD005", "sad005_shared_reqid", "SharedReqid"),
    ("SAD006", "sad006_no_replay_protection", "NoReplayProtection"),
    ("NAT001", "nat001_translated_before_protection", "TranslatedBeforeProtection"),
    ("NAT002", "nat002_carrier_translated", "CarrierTranslated"),
    ("NAT003", "nat003_ah_through_nat", "AhThroughNat"),
    ("NAT004", "nat004_nat_traversal_needed", "NatTraversalNeeded"),
    ("NAT005", "nat005_exemption_too_wide", "ExemptionTooWide"),
    ("FWL001", "fwl001_ike_not_open", "IkeNotOpen"),
    ("FWL002", "fwl002_esp_not_open", "EspNotOpen"),
    ("FWL003", "fwl003_nat_t_not_open", "NatTNotOpen"),
    ("FWL004", "fwl004_protected_traffic_blocked", "ProtectedTrafficBlocked"),
    ("FWL005", "fwl005_cleartext_accepted", "CleartextAccepted"),
    ("FWL006", "fwl006_shadowed_rule", "ShadowedRule"),
    ("FWL007", "fwl007_redundant_rule", "RedundantRule"),
    ("FWL008", "fwl008_path_mtu_blocked", "PathMtuBlocked"),
    ("FWL009", "fwl009_inner_source_unchecked", "InnerSourceUnchecked"),
    ("IKE001", "ike001_phase1_proposals", "Phase1Proposals"),
    ("IKE002", "ike002_phase2_proposals", "Phase2Proposals"),
    ("IKE003", "ike003_identity", "IdentityRefused"),
    ("IKE004", "ike004_credential", "Credential"),
    ("IKE005", "ike005_no_peer_section", "NoPeerSection"),
    ("IKE006", "ike006_ids_not_policy", "IdsNotPolicy"),
    ("IKE007", "ike007_pfs_group", "PfsGroup"),
    ("IKE008", "ike008_exchange_mode", "ExchangeModeDiffers"),
    ("IKE009", "ike009_lifetime", "LifetimeRefused"),
    ("IKE010", "ike010_keynote_refuses", "KeynoteRefuses"),
    ("IKE011", "ike011_one_initiator_only", "OneInitiatorOnly"),
    ("IKE012", "ike012_obeys_initiator", "ObeysInitiator"),
    ("IKE013", "ike013_answers_another_address", "AnswersAnotherAddress"),
    ("IKE014", "ike014_cannot_begin", "CannotBegin"),
    ("CRY001", "cry001_weak_cipher", "WeakCipher"),
    ("CRY002", "cry002_weak_hash", "WeakHash"),
    ("CRY003", "cry003_weak_group", "WeakGroup"),
    ("CRY004", "cry004_aggressive_psk", "AggressivePsk"),
    ("CRY005", "cry005_open_policy", "OpenPolicy"),
    ("CRY006", "cry006_weak_psk", "WeakPsk"),
    ("CRY007", "cry007_ikev1", "Ikev1"),
    ("CRY008", "cry008_keys_in_log", "KeysInLog"),
    ("CRY009", "cry009_manual_counter_mode", "ManualCounterMode"),
    ("CRY010", "cry010_unauthenticated_encryption", "UnauthenticatedEncryption"),
    ("CRY011", "cry011_keys_in_listing", "KeysInListing"),
    ("MTU001", "mtu001_exceeds_path", "ExceedsPath"),
    ("MTU002", "mtu002_clamp_missing", "ClampMissing"),
    ("INT001", "int001_intent_fails", "IntentFails"),
)
"""``(code, module, class)`` of every check."""


def load(code: str) -> type[Check]:
    """The class of a check by its code; raises KeyError for an unknown one."""
    for known, module, name in CHECKS:
        if known == code:
            found: type[Check] = getattr(import_module(f"{__name__}.{module}"), name)
            return found
    raise KeyError(code)


def load_all() -> tuple[type[Check], ...]:
    """Every check, in the order of the codes."""
    return tuple(load(code) for code, _, _ in CHECKS)
