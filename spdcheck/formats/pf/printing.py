"""A ruleset written out again, one rule a line, in the order of words that ``pfctl -sr`` uses.

What is printed can be read again and gives the same model. Numbers stay numbers; macros and lists are gone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.model.addresses import address_text
from spdcheck.model.pf import AnchorCall, PfRule, ScrubRule, Translation
from spdcheck.model.pf_conditions import Anywhere, Literal, Named, NoRoute, RouteLabel, TableName
from spdcheck.model.pf_labels import protocol_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from spdcheck.model.pf import FilterEntry, PfRuleset, Pool, StateKeeping, Table
    from spdcheck.model.pf_conditions import Condition, NumberTest, OnInterface, Peer, PfAddress

_FLAGS = "FSRPAUEW"


def ruleset_text(ruleset: PfRuleset) -> str:
    """The whole ruleset: options, tables, then the rules of every list."""
    lines = [setting.text for setting in ruleset.settings]
    lines += [table_text(table) for table in ruleset.tables]
    for entry in ruleset.scrub:
        lines += entry_lines(entry, modern=ruleset.modern)
    lines += [queue.text for queue in ruleset.queues]
    for translation in (*ruleset.binat, *ruleset.nat, *ruleset.rdr):
        lines += entry_lines(translation, modern=ruleset.modern)
    for rule in ruleset.rules:
        lines += entry_lines(rule, modern=ruleset.modern)
    return "".join(f"{line}\n" for line in lines)


def entry_lines(entry: FilterEntry | Translation | ScrubRule, *, modern: bool, indent: str = "") -> Iterator[str]:
    """A rule, or an anchor with what is inside."""
    if isinstance(entry, PfRule):
        yield indent + rule_text(entry, modern=modern)
    elif isinstance(entry, Translation):
        yield indent + translation_text(entry)
    elif isinstance(entry, ScrubRule):
        yield indent + scrub_text(entry)
    else:
        text = indent + _anchor(entry)
        if entry.body is None:
            yield text
            return
        yield f"{text} {{"
        for inner in entry.body:
            yield from entry_lines(inner, modern=modern, indent=f"{indent}  ")
        yield f"{indent}}}"


def rule_text(rule: PfRule, *, modern: bool) -> str:
    """A filter rule."""
    words = [f"block {rule.answer}" if rule.action == "block" else rule.action]
    words += _direction(rule.condition)
    words += [rule.log] if rule.log else []
    words += ["quick"] if rule.quick else []
    words += _on(rule.condition.interface)
    if rule.route and not modern:
        words.append(f"{rule.route.kind} {pool_text(rule.route.pool, 'route')}")
    words += _peers(rule.condition)
    words += _options(rule.condition, stateful=rule.state is not None)
    words += [text for text in rule.kept if modern or text.startswith("set (")]
    words += _state(rule, rule.state)
    words += [text for text in rule.condition.other if text.startswith("probability")]
    words += ["fragment"] if rule.condition.fragment else []
    words += [f"scrub ({', '.join(rule.scrub)})"] if rule.scrub else []
    words += ["allow-opts"] if rule.allow_opts else []
    words += [f"label {_quoted(label)}" for label in rule.labels]
    words += [text for text in rule.kept if not (modern or text.startswith("set ("))]
    words += ["once"] if rule.once else []
    words += _tags(rule.tag, rule.condition)
    words += [f"rtable {rule.rtable}"] if rule.rtable is not None else []
    words += [rule.divert] if rule.divert else []
    if rule.af_to is not None:
        family = "inet" if rule.af_to.family == 4 else "inet6"
        words.append(f"af-to {family} from {pool_text(rule.af_to.source, 'nat')}")
        words += [f"to {pool_text(rule.af_to.destination, 'rdr')}"] if rule.af_to.destination else []
    words += [f"nat-to {pool_text(rule.nat, 'nat')}"] if rule.nat else []
    words += [f"rdr-to {pool_text(rule.rdr, 'rdr')}"] if rule.rdr else []
    if rule.route and modern:
        words.append(f"{rule.route.kind} {pool_text(rule.route.pool, 'route')}")
    return " ".join(words)


def translation_text(rule: Translation) -> str:
    """An old ``nat``, ``rdr`` or ``binat``."""
    words = [f"no {rule.kind}" if rule.exempts else rule.kind]
    words += ["pass"] if rule.passes else []
    words += [rule.log] if rule.log else []
    words += _on(rule.condition.interface)
    words += _peers(rule.condition)
    words += _tags(rule.tag, rule.condition)
    words += [f"rtable {rule.rtable}"] if rule.rtable is not None else []
    if rule.pool is not None:
        words.append(f"-> {pool_text(rule.pool, rule.kind)}")
    return " ".join(words)


def scrub_text(rule: ScrubRule) -> str:
    """An old ``scrub``."""
    words = ["no scrub" if rule.exempts else "scrub", *_direction(rule.condition)]
    words += [rule.log] if rule.log else []
    words += _on(rule.condition.interface)
    words += _peers(rule.condition)
    words += rule.options
    words += [f"rtable {rule.rtable}"] if rule.rtable is not None else []
    words += _tags("", rule.condition)
    return " ".join(words)


def _anchor(call: AnchorCall) -> str:
    words = [call.kind, *([_quoted(call.name)] if call.name else []), *_direction(call.condition)]
    words += ["quick"] if call.quick else []
    words += _on(call.condition.interface)
    words += _peers(call.condition)
    words += _options(call.condition, stateful=False)
    words += [text for text in call.condition.other if text.startswith("probability")]
    words += [f"label {_quoted(label)}" for label in call.labels]
    return " ".join([*words, *call.kept, *_tags(call.tag, call.condition)])


def table_text(table: Table) -> str:
    """The definition of a table."""
    words = [f"table <{table.name}>", *table.flags, *(f"file {_quoted(path)}" for path in table.files)]
    if table.entries and not table.files:
        inside = (f"{'! ' if entry.negated else ''}{address(entry.address)}" for entry in table.entries)
        words.append(f"{{ {', '.join(inside)} }}")
    elif table.given and not table.files:
        words.append("{ }")
    return " ".join(words)


def pool_text(pool: Pool, kind: str) -> str:
    """A pool: ``kind`` says which ports go without saying."""
    shown = [
        _weighted(_hop(item, interface), weight)
        for item, interface, weight in zip(
            pool.addresses,
            pool.interfaces or ("",) * len(pool.addresses),
            pool.weights or (0,) * len(pool.addresses),
            strict=True,
        )
    ]
    words = [shown[0] if len(shown) == 1 else f"{{ {', '.join(shown)} }}"]
    ports = (pool.first_port, pool.last_port)
    if ports not in ((0, 0), (50001, 65535) if kind == "nat" else (0, 0)):
        first, last = ports
        words.append(f"port {first}" if first == last else f"port {first}:{last}")
    words += [pool.how] if pool.how else []
    return " ".join([*words, *pool.options])


def _hop(item: PfAddress, interface: str) -> str:
    if not interface:
        return address(item)
    return interface if isinstance(item, Anywhere) else f"({interface} {address(item)})"


def _weighted(text: str, weight: int) -> str:
    return f"{text} weight {weight}" if weight else text


def _direction(condition: Condition) -> list[str]:
    return [condition.direction] if condition.direction else []


def _on(test: OnInterface | None, word: str = "on") -> list[str]:
    if test is None:
        return []
    return [f"{word}{' !' if test.negated else ''} {test.name if test.rdomain is None else f'rdomain {test.rdomain}'}"]


def _peers(condition: Condition) -> list[str]:
    words = {4: ["inet"], 6: ["inet6"]}.get(condition.family or 0, [])
    if condition.protocol is not None:
        words = [*words, f"proto {protocol_text(condition.protocol)}"]
    os = next((text for text in condition.other if text.startswith("os ")), "")
    if condition.source == condition.destination == (Anywhere(), False, None) and not os:
        return [*words, "all"]
    return [*words, "from", _peer(condition.source), *([os] if os else []), "to", _peer(condition.destination)]


def _peer(peer: Peer) -> str:
    text = f"{'! ' if peer.negated else ''}{address(peer.address)}"
    return text if peer.port is None else f"{text} port {_test(peer.port)}"


def address(item: PfAddress) -> str:
    """An address as pf writes it."""
    if isinstance(item, Anywhere):
        return "any"
    if isinstance(item, Literal):
        return _literal(item)
    if isinstance(item, TableName):
        return f"<{item.name}>"
    if isinstance(item, RouteLabel):
        return f"route {_quoted(item.label)}"
    if isinstance(item, NoRoute):
        return "no-route"
    if not isinstance(item, Named):
        return "urpf-failed"
    text = f"{item.name}{item.which and f':{item.which}'}{':0' if item.first_only else ''}"
    text = f"({text})" if item.dynamic else text
    return text if item.length is None else f"{text}/{item.length}"


def _literal(item: Literal) -> str:
    family, first, last = item.addresses
    length = item.addresses.prefix_length
    if length is None:
        return f"{address_text(family, first)} - {address_text(family, last)}"
    zone = f"%{item.scope}" if item.scope else ""
    text = f"{address_text(family, first)}{zone}"
    return text if item.addresses.is_host else f"{text}/{length}"


def _test(test: NumberTest) -> str:
    if test.operator == ":":
        return f"{test.first}:{test.last}"
    if test.operator in ("><", "<>"):
        return f"{test.first} {test.operator} {test.last}"
    return f"{test.operator} {'unknown' if test.first is None else test.first}"


def _options(condition: Condition, *, stateful: bool) -> list[str]:
    words = _on(condition.received_on, "received-on") if condition.received_on else []
    if condition.received_on and condition.received_on.negated:
        words = [f"! received-on {condition.received_on.name}"]
    words += [f"user {_test(condition.user)}"] if condition.user else []
    words += [f"group {_test(condition.group)}"] if condition.group else []
    if condition.flags is not None:
        words.append(f"flags {_letters(condition.flags.value)}/{_letters(condition.flags.mask)}")
    elif stateful and condition.protocol in (None, 6) and not condition.fragment:
        words.append("flags any")
    if condition.icmp is not None:
        words.append(f"{'icmp-type' if condition.protocol == 1 else 'icmp6-type'} {condition.icmp.kind}")
        words += [f"code {condition.icmp.code}"] if condition.icmp.code is not None else []
    words += [f"tos 0x{condition.tos:02x}"] if condition.tos is not None else []
    return words + [text for text in condition.other if text.startswith(("prio ", "max-pkt-rate"))]


def _letters(flags: int) -> str:
    return "".join(letter for bit, letter in enumerate(_FLAGS) if flags >> bit & 1)


def _state(rule: PfRule, state: StateKeeping | None) -> list[str]:
    if state is None:
        return ["no state"] if rule.action == "pass" else []
    options = [*state.options]
    options.insert(0, "if-bound" if state.if_bound else "floating")
    return [f"{state.kind} state ({', '.join(options)})"]


def _tags(tag: str, condition: Condition) -> list[str]:
    words = [f"tag {_quoted(tag)}"] if tag else []
    if condition.tagged is not None:
        words.append(f"{'! ' if condition.tagged.negated else ''}tagged {_quoted(condition.tagged.name)}")
    return words


def _quoted(text: str) -> str:
    return f'"{text}"'


def lines(entries: Iterable[FilterEntry], *, modern: bool) -> list[str]:
    """The lines of filter rules."""
    return [line for entry in entries for line in entry_lines(entry, modern=modern)]
