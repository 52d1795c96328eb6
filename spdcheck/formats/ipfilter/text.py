"""Rules of the model as ipf(8) would read them again: one line each, in the order of the grammar."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.formats import ipf_names as names
from spdcheck.formats.ipf_text import addresses_text, end_text, protocols_text
from spdcheck.model.addresses import address_text
from spdcheck.model.ipfilter import ANY_END, HostName, IpfAction, IpOptions, NetworkAddress, OptionClasses, Trait

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.model.ipfilter import Condition, IpfRule, KeepState, Log, Reply, Target, TcpFlags

_CODES = {code: name for name, code in names.ICMP_CODES.items()}


def rule_text(rule: IpfRule) -> str:
    """The rule as one line of ipf.conf."""
    return " ".join(_words(rule))


def _words(rule: IpfRule) -> Iterator[str]:
    if rule.insert is not None:
        yield f"@{rule.insert}"
    if rule.collection:
        yield str(rule.collection)
    yield from _action(rule)
    yield rule.direction.value
    yield from _options(rule)
    if rule.expression is not None:
        keyword = "exp" if rule.expression.kind == "exp" else "bpf-v4"
        yield f'{keyword} {{ "{rule.expression.text}" }}'
    else:
        yield from _body(rule)
    yield from _tail(rule)


def _action(rule: IpfRule) -> Iterator[str]:
    yield rule.action.value
    if rule.action is IpfAction.SKIP:
        yield str(rule.skip)
    if rule.call is not None:
        yield f"{'now ' if rule.call.now else ''}{rule.call.function}/{rule.call.number}"
    if rule.reply is not None:
        yield _reply(rule.reply)
    if rule.action is IpfAction.LOG and rule.log is not None:
        yield from _log_words(rule.log)


def _reply(reply: Reply) -> str:
    if reply.code is None:
        return reply.kind
    return f"{reply.kind}({_CODES.get(reply.code, reply.code)})"


def _log_words(log: Log) -> Iterator[str]:
    yield from log.words
    if log.level:
        yield f"level {log.level}"


def _options(rule: IpfRule) -> Iterator[str]:
    if rule.log is not None and rule.action is not IpfAction.LOG:
        yield " ".join(("log", *_log_words(rule.log)))
    if rule.quick:
        yield "quick"
    if rule.interfaces:
        via = ""
        if rule.via:
            via = f" {'out-via' if rule.direction.value == 'in' else 'in-via'} {','.join(rule.via)}"
        yield f"on {','.join(rule.interfaces)}{via}"
    if rule.fastroute:
        yield "fastroute"
    for word, target in (("to", rule.route_to), ("dup-to", rule.dup_to), ("reply-to", rule.reply_to)):
        if target is not None:
            yield f"{word} {_target(target)}"


def _target(target: Target) -> str:
    if target.list:
        return f"dstlist/{target.interface}"
    gateway = target.gateway
    if isinstance(gateway, NetworkAddress):
        return f"{target.interface}:{address_text(gateway.family, gateway.value)}"
    return f"{target.interface}:{gateway.name}" if isinstance(gateway, HostName) else target.interface


def _body(rule: IpfRule) -> Iterator[str]:
    if rule.family is not None:
        yield "inet" if rule.family == 4 else "inet6"
    if rule.tos is not None:
        yield f"tos {rule.tos:#x}"
    if rule.ttl is not None:
        yield f"ttl {rule.ttl}"
    if rule.protocols:
        yield f"proto {protocols_text(rule.protocols)}"
    bare = rule.source == ANY_END and rule.destination == ANY_END and rule.family is None
    yield "all" if bare else f"from {end_text(rule.source)} to {end_text(rule.destination)}"
    if rule.flags is not None:
        yield _flags(rule.flags)
    if rule.icmp_type is not None:
        code = "" if rule.icmp_code is None else f" code {rule.icmp_code}"
        yield f"icmp-type {rule.icmp_type}{code}"
    if rule.conditions:
        yield f"with {' '.join(map(_condition, rule.conditions))}"


def _flags(flags: TcpFlags) -> str:
    return f"flags {names.flag_letters(flags.value)}/{names.flag_letters(flags.mask) or '0'}"


def _condition(condition: Condition) -> str:
    text = "not " if condition.negated else ""
    if isinstance(condition, Trait):
        return text + condition.name
    if isinstance(condition, OptionClasses):
        return f"{text}opt sec-class {','.join(condition.names)}"
    if isinstance(condition, IpOptions):
        doi = "" if condition.doi is None else f" doi {condition.doi}"
        return f"{text}opt {','.join(condition.names)}{doi}"
    return f"{text}v6hdr {','.join(condition.names)}"


def _tail(rule: IpfRule) -> Iterator[str]:
    if rule.keep_state is not None:
        options = list(_state_options(rule.keep_state))
        yield f"keep state({', '.join(options)})" if options else "keep state"
    if rule.keep_frags is not None:
        yield "keep frags(strict)" if rule.keep_frags.strict else "keep frags"
    if rule.head is not None:
        yield f"head {rule.head}"
    if rule.group is not None:
        yield f"group {rule.group}"
    yield from _tags("set-tag", rule.set_log_tag, rule.set_nat_tag)
    yield from _tags("match-tag", rule.match_log_tag, rule.match_nat_tag)
    if rule.packets_per_second is not None:
        yield f"pps {rule.packets_per_second}"
    if rule.rule_ttl is not None:
        yield f"rule-ttl {rule.rule_ttl}"
    if rule.comment:
        yield f'comment "{rule.comment}"'


def _state_options(keep: KeepState) -> Iterator[str]:
    if keep.limit is not None:
        yield f"limit {keep.limit}"
    if keep.tracking:
        yield keep.tracking
    if not keep.icmp_errors:
        yield "no-icmp-err"
    if keep.age is not None:
        yield f"age {keep.age[0]}/{keep.age[1]}"
    if keep.icmp_head is not None:
        yield f"icmp-head {keep.icmp_head}"
    if keep.max_sources is not None:
        yield f"max-srcs {keep.max_sources}"
    if keep.max_per_source is not None:
        count, length = keep.max_per_source
        yield f"max-per-src {count}" if length is None else f"max-per-src {count}/{length}"
    yield from keep.words


def _tags(word: str, log: int | None, nat: str | None) -> Iterator[str]:
    tags = [*([f"log={log}"] if log is not None else []), *([f"nat={nat}"] if nat is not None else [])]
    if tags:
        yield f"{word}({', '.join(tags)})"


__all__ = ["addresses_text", "rule_text"]
