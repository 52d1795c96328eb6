"""Further addresses of an interface: FreeBSD's numbered aliases and lists, NetBSD's pairs of address and mask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.formats.rcconf.addresses import expand_range, parse_host
from spdcheck.formats.rcconf.ifconfig import Configured, Problem, configure
from spdcheck.formats.rcconf.value import Word
from spdcheck.model.diagnostic import Part

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.formats.rcconf.value import Value
    from spdcheck.formats.rcconf.variables import Variable, Variables

_FAMILY_WORDS = frozenset({"inet", "inet6", "link", "ether"})
_MOST_ADDRESSES = 2048
_GAPS_SINCE = (12,)
"""FreeBSD's release from which on the numbers of ``ifconfig_IF_aliasN`` may have holes (network.subr)."""


def numbered(
    variables: Variables, prefix: str, interface: str, release: tuple[int, ...]
) -> Iterator[tuple[str, Variable]]:
    """``(interface, variable)`` for the aliases that this release reads, in the order of their numbers."""
    found: dict[str, dict[int, Variable]] = {}
    for match, variable in variables.matching(rf"{prefix}ifconfig_{interface}_alias(?P<number>\d{{1,6}})"):
        found.setdefault(match["name"], {})[int(match["number"])] = variable
    for name, aliases in found.items():
        missing = 0
        for number in sorted(aliases):
            missing += missing == number
            if missing > number or release >= _GAPS_SINCE or _beyond(variables, aliases[number], missing, release):
                yield name, aliases[number]


def _beyond(variables: Variables, variable: Variable, missing: int, release: tuple[int, ...]) -> bool:
    """CFG010: older releases stop at the number that is missing. Whether this one may read the alias all the same."""
    stem = variable.name.rstrip("0123456789")
    variables.take(variable.name, Part.INTERFACES)
    variables.reading.accident(
        variable.span,
        f"FreeBSD before {_GAPS_SINCE[0]}.0 does not get here: it stops at {stem}{missing}, which is not set",
        mend="number the aliases from 0 without a hole",
    )
    if not release:
        variables.reading.gap(variable.span, f"{variable.span.where} is read by some releases only", Part.INTERFACES)
    return not release


def alias_list(value: Value, into: Configured, family: int = 4) -> None:
    """Addresses, each behind its family's word (or none), with ranges spelled out.

    This is the value of ``ifconfig_IF_aliasN`` (one address), ``ifconfig_IF_aliases`` and ``ipv4_addrs_IF``.
    """
    for group in _groups(value.arguments()):
        if len(into.addresses) > _MOST_ADDRESSES:
            why = f"more than {_MOST_ADDRESSES} addresses on one interface are not modelled"
            into.problems.append(Problem(group[0].span, why, unmodelled=True))
            break
        at = 1 if group[0].text in ("inet", "inet6") else 0
        address = group[at : at + 1]
        for text in expand_range(address[0].text) if address else ("",):
            words = [*group[:at], *(Word(text, word.span) for word in address), *group[at + 1 :]]
            configure(words, into, family)
            if any(not problem.unmodelled for problem in into.problems):
                break


def _groups(words: tuple[Word, ...]) -> Iterator[list[Word]]:
    """The arguments of each call of ifconfig: a family's word starts one, an address behind a bare address too."""
    group: list[Word] = []
    for word in words:
        plain = len(group) == 1 and group[0].text not in _FAMILY_WORDS
        if group and (word.text in _FAMILY_WORDS or (plain and _is_prefix(word))):
            yield group
            group = []
        group.append(word)
    if group:
        yield group


def _is_prefix(word: Word) -> bool:
    address, slash, _ = word.text.partition("/")
    return bool(slash) and parse_host(address.partition("-")[0], 4) is not None


def pairs(value: Value, into: Configured) -> None:
    """NetBSD's ``ifaliases_IF``: address and netmask in turn, ``-`` for the mask of the address's class."""
    words = value.words()
    for address, mask in zip(words[::2], words[1::2], strict=False):
        masked = () if mask.text == "-" else (Word("netmask", mask.span), mask)
        configure((Word("inet", address.span), address, *masked), into)
    if len(words) % 2:
        into.problems.append(Problem(words[-1].span, "expected a netmask (or -) behind every address"))
