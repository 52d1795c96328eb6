"""Events and limits by the match ``recent``: what earlier packets did decides, and nobody knows it beforehand.

Sources: the files action.IfEvent, SetEvent, ResetEvent, AutoBL, AutoBLL and Limit of 5.2.8.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from spdcheck.model.netfilter import Bits, Match, Option, Target
from spdcheck.semantics.shorewall import matches as m
from spdcheck.semantics.shorewall.words import action_of

if TYPE_CHECKING:
    from spdcheck.model.shorewall import RuleEntry
    from spdcheck.semantics.shorewall.chains import Chain, Matches
    from spdcheck.semantics.shorewall.rules import Rules, Where
    from spdcheck.source import Span


def recent(origin: Span, name: str, *flags: str, **numbers: str) -> Matches:
    """``-m recent --name NAME`` with these flags and numbers."""
    made = [Option("name", name, False, origin)]
    made += [Option(flag, None, False, origin) for flag in flags]
    made += [Option(key, value, False, origin) for key, value in numbers.items()]
    return (Match("recent", tuple(made), origin),)


def _parameters(line: RuleEntry, *defaults: str) -> list[str]:
    given = list(line.action.parameters[: len(defaults)])
    given += [""] * (len(defaults) - len(given))
    return [default if value in ("", "-") else value for value, default in zip(given, defaults, strict=True)]


def _end(way: str) -> str:
    return "rdest" if way == "dst" else "rsource"


def _verdict(rules: Rules, line: RuleEntry, word: str) -> Target | Chain | str | None:
    return rules.target(replace(line, action=action_of(word, line.origin)))


def if_event(rules: Rules, line: RuleEntry, where: Where) -> None:
    """IfEvent(event, action, seconds, hits, src|dst, command[:reap][:ttl])."""
    event, word, seconds, hits, way, command, _ = _parameters(line, "", "ACCEPT", "", "1", "src", "check", "")
    kind, *extra = command.split(":")
    numbers = {"hitcount": hits} | ({"seconds": seconds} if seconds else {})
    flags = [_end(way), *(["reap"] if "reap" in extra else []), *(["rttl"] if "ttl" in extra else [])]
    verdict = _verdict(rules, line, word)
    origin = line.origin
    asked = recent(origin, event, "update" if kind == "update" else "rcheck", *flags, **numbers)
    if kind != "reset":
        rules.add(line, where, verdict, asked=asked)
        return
    mark = rules.making.event_mark
    clear = Target("MARK", (Option("and-mark", mark ^ 0xFFFFFFFF, False, origin),), origin)
    note = Target("MARK", (Option("or-mark", mark, False, origin),), origin)
    rules.add(line, where, clear)
    rules.add(line, where, note, asked=asked)
    armed = (m.one("mark", "mark", Bits(mark, mark), origin), *recent(origin, event, "remove", _end(way)))
    rules.add(line, where, verdict, asked=armed)


def set_event(rules: Rules, line: RuleEntry, where: Where) -> None:
    """SetEvent(event, action, src|dst): remembers the address, and does what the action says."""
    _noting(rules, line, where, "set")


def reset_event(rules: Rules, line: RuleEntry, where: Where) -> None:
    """ResetEvent(event, action, src|dst): forgets it."""
    _noting(rules, line, where, "remove")


def _noting(rules: Rules, line: RuleEntry, where: Where, what: str) -> None:
    event, word, way = _parameters(line, "", "ACCEPT", "src")
    rules.add(line, where, _verdict(rules, line, word), asked=recent(line.origin, event, what, _end(way)))


def auto_blacklist(rules: Rules, line: RuleEntry, where: Where) -> None:
    """AutoBL(event, interval, hits, successive, time, disposition): who comes too often is shut out for a while."""
    event, interval, hits, successive, time, word, _ = _parameters(line, "", "60", "5", "2", "300", "DROP", "info")
    origin, listed, verdict = line.origin, f"{event}_BL", rules.making.verdict(word)
    chain = rules.making.tables.fresh("filter", "autobl")
    entering = rules.making.tables.fresh("filter", "autobll")
    entering.jump(recent(origin, listed, "set", "rsource"), verdict, origin)
    chain.jump(recent(origin, listed, "rcheck", "reap", "rsource", seconds=time, hitcount="1"), verdict, origin)
    often = recent(origin, event, "rcheck", "reap", "rsource", seconds=interval, hitcount=hits)
    chain.jump(often, entering, origin)
    if successive != "0":
        again = recent(origin, event, "update", "rsource", seconds=successive, hitcount="1")
        chain.jump(again, verdict, origin)
    chain.jump(recent(origin, event, "set", "rsource"), "ACCEPT", origin)
    rules.jump(line, where, chain)


def limit(rules: Rules, line: RuleEntry, where: Where) -> None:
    """Limit(set, connections, seconds), or the same as a log tag: what is beyond that is dropped."""
    given = list(line.action.parameters)
    if not given and line.action.log is not None:
        given = line.action.log.tag.split(",")
    if len(given) != 3 or not given[1].isdigit():
        rules.unknown(line, where, "it has no set, number and time")
        return
    name, most, seconds = given
    origin = line.origin
    chain = rules.making.tables.fresh("filter", "limit")
    chain.add(recent(origin, name, "set"), None, origin)
    chain.jump(recent(origin, name, "update", seconds=seconds, hitcount=str(int(most) + 1)), "DROP", origin)
    chain.jump((), "ACCEPT", origin)
    rules.jump(line, where, chain)
