"""How a block answers, and the words of ``scrub (…)``, as pf prints them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.formats.automaton import Slot
from spdcheck.formats.pf import names
from spdcheck.formats.pf.lexer import Refused
from spdcheck.formats.pf.parse import Node, number, text

if TYPE_CHECKING:
    from spdcheck.formats.pf.lexer import Statement


def block_answer(statement: Statement, node: Node) -> str:
    """How a block answers, as pf prints it; the codes of ``return-icmp`` for both families are settled later."""
    if not node.items:
        return ""
    kind = node.items[0]
    assert isinstance(kind, Node)
    slots = [slot for slot in kind.items if isinstance(slot, Slot)]
    words = [(text(statement, slot), slot.name == "NUMBER") for slot in slots]
    if kind.rule == "return_rst" and slots:
        ttl = number(statement, slots[0])
        if not 0 <= ttl <= 255:
            raise Refused(f"illegal ttl value {ttl}", slots[0].at)
        return f"return-rst(ttl {ttl})" if ttl else "return-rst"
    if kind.rule in ("return_icmp", "return_icmp6"):
        # A single code leaves the other family its default, or (pfctl's slip) the default of IPv4.
        codes = {4: 3, 6: 4}
        if kind.rule == "return_icmp6" and words:
            codes[6] = names.return_code(*words[0], 6)
        elif words:
            codes[4] = names.return_code(*words[0], 4)
            codes[6] = names.return_code(*words[1], 6) if len(words) > 1 else 3
        return f"return-icmp({codes[4]}, {codes[6]})"
    return {"drop": "drop", "return_": "return", "return_rst": "return-rst"}[kind.rule]


def for_family(answer: str, family: int | None) -> str:
    """``return-icmp`` with the codes that count for the family."""
    if not answer.startswith("return-icmp("):
        return answer
    four, six = answer[12:-1].split(", ")
    if family == 4:
        return f"return-icmp({four})"
    return f"return-icmp6({six})" if family == 6 else answer


def scrub_text(scrub: dict[str, str]) -> tuple[str, ...]:
    """Options of ``scrub (…)`` in pf's order; values of 0 are no options."""
    names = ("no-df", "random-id", "min-ttl", "set-tos", "fragment", "reassemble", "max-mss")
    return tuple(f"{name} {scrub[name]}".rstrip() for name in names if scrub.get(name, "0") != "0")
