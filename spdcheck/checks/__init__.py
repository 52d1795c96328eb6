"""One question per file. ``CHECKS`` lists them in the order of their codes; modules are imported when they run."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spdcheck.checks.base import Check

CHECKS: tuple[tuple[str, str, str], ...] = (
    ("CFG001", "cfg001_unparsed_statement", "UnparsedStatement"),
    ("CFG002", "cfg002_unmodelled_statement", "UnmodelledStatement"),
    ("SPD001", "spd001_unmirrored_policy", "UnmirroredPolicy"),
    ("SPD002", "spd002_one_way_policy", "OneWayPolicy"),
    ("SPD003", "spd003_missing_forward_policy", "MissingForwardPolicy"),
    ("SPD004", "spd004_selector_mismatch", "SelectorMismatch"),
    ("SPD005", "spd005_protection_mismatch", "ProtectionMismatch"),
    ("SPD006", "spd006_shadowed_policy", "ShadowedPolicy"),
    ("SPD007", "spd007_order_dependent_overlap", "OrderDependentOverlap"),
    ("SPD008", "spd008_optional_protection", "OptionalProtection"),
    ("SPD009", "spd009_captures_too_much", "CapturesTooMuch"),
    ("SPD011", "spd011_wrong_end_point", "WrongEndPoint"),
    ("SPD012", "spd012_tunnel_device_bypassed", "TunnelDeviceBypassed"),
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
