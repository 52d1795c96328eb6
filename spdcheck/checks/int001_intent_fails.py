"""INT001: a flow does not end as its owner expects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Finding, Severity, Undecided
from spdcheck.checks.wording import flow_in_words
from spdcheck.engine.answers import answers
from spdcheck.engine.expectations import judge
from spdcheck.engine.exploration import explore, is_sent
from spdcheck.engine.trace import ARRIVED, Disposition
from spdcheck.engine.tracing import trace
from spdcheck.errors import UsageError
from spdcheck.model.diagnostic import Note
from spdcheck.semantics.beginning import first_packets
from spdcheck.semantics.conditions import destination, source
from spdcheck.semantics.fields import DESTINATION
from spdcheck.semantics.flow import parse_flow
from spdcheck.semantics.intervals import EMPTY, contains

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context
    from spdcheck.engine.exploration import Ending
    from spdcheck.engine.simulate import Simulator
    from spdcheck.engine.trace import Trace
    from spdcheck.engine.traffic import Traffic
    from spdcheck.model.host import Intent
    from spdcheck.semantics.flow import Flow


class IntentFails(Check):
    """An intent of `spdcheck.toml` does not hold for some packet of its flow.

    ## What it does

    Reads each `[[intent]]` the way `spdcheck trace` reads a flow, follows all of its packets (prefixes and port ranges
    mean every address and port in them, but for broadcast addresses and source port 0, which no machine has) through
    the datapaths of all hosts, and compares every end with the words of `expect`: `delivered`, `protected`, `denied`,
    `replied`. One packet that ends otherwise is shown with its way. Where the key exchange or the packets of the tunnel
    are what fails, what else would stop the flow is told as well.

    ## Why it matters

    An intent is what the owner of the site promises; every other finding is about how that is kept.

    ## Example

    ```
    === spdcheck.toml
    [host.gw]
    platform = "freebsd"
    [host.gw.interface.em0]
    addresses = ["192.0.2.1/24"]
    [host.gw.interface.em1]
    addresses = ["10.1.0.1/16"]
    [[intent]]
    flow = "tcp 10.1.0.0/16 10.2.0.0/16:443"
    expect = ["protected"]
    === gw/etc/ipsec.conf
    spdadd 10.1.0.0/17 10.2.0.0/16 any -P out discard;
    ```

    ## Correction

    ```
    === spdcheck.toml
    [host.gw]
    platform = "freebsd"
    [host.gw.interface.em0]
    addresses = ["192.0.2.1/24"]
    [host.gw.interface.em1]
    addresses = ["10.1.0.1/16"]
    [[intent]]
    flow = "tcp 10.1.0.0/17 10.2.0.0/16:443"
    expect = ["denied"]
    === gw/etc/ipsec.conf
    spdadd 10.1.0.0/17 10.2.0.0/16 any -P out discard;
    ```

    ## References

    `docs/cli.md`, "trace"; RFC 4301 section 5.
    """

    code = "INT001"
    name = "intent-fails"
    severity = Severity.ERROR
    needs_peer = True

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """Every intent, for all packets of its flow."""
        for intent in context.intents:
            try:
                flow = parse_flow(intent.flow, context.site)
                endings = _endings(context.ways.simulator, flow)
                if not endings:
                    trace(context.ways.simulator, flow.packet())  # says why nobody could send it
                    why = f"nothing of {intent.flow} begins at a machine whose files are ours"
                    yield Undecided(self.code, context.site.name, why, intent.origin)
            except UsageError as error:
                yield self.finding("", intent.origin, f"this flow can't be followed: {error}", subject=intent.flow)
                continue
            told = set()
            for result in self._intent(context.ways.simulator, intent, endings):
                told.add(_reason(result))
                yield result
            if any(told) and any(host.daemons for host in context.site.hosts):
                yield from self._besides(context, intent, flow, told)

    def _besides(self, context: Context, intent: Intent, flow: Flow, told: set[str]) -> Iterator[Finding | Undecided]:
        """What would stop the flow if IKE came to an end and every tunnel were open."""
        endings = _endings(context.ways.through, flow)
        for result in self._intent(context.ways.through, intent, endings, "once the tunnel is up: "):
            if _reason(result) and _reason(result) not in told:
                yield result

    def _intent(
        self, simulator: Simulator, intent: Intent, endings: list[Ending], when: str = ""
    ) -> Iterator[Finding | Undecided]:
        failing: dict[str, list[tuple[Ending, Traffic]]] = {}
        for ending in endings:
            if ending.disposition is Disposition.UNKNOWN:
                yield Undecided(self.code, ending.situation.host.name, ending.sentence, ending.place)
                continue
            for word in intent.expect:
                if word == "replied":
                    yield from self._replies(simulator, ending, failing)
                elif not _holds(ending, word):
                    failing.setdefault(word, []).append((ending, ending.began))
        groups: dict[tuple[int, ...], list[str]] = {}
        for word, found in failing.items():
            groups.setdefault(tuple(id(ending) for ending, _ in found), []).append(word)
        for words in groups.values():
            yield self._fails(simulator, intent, words, failing[words[0]], when)

    def _replies(
        self, simulator: Simulator, ending: Ending, failing: dict[str, list[tuple[Ending, Traffic]]]
    ) -> Iterator[Undecided]:
        if not ending.arrived:
            failing.setdefault("replied", []).append((ending, ending.began))
            return
        silent = True
        for answer, asked in answers(simulator, ending):
            silent = False
            if answer.disposition is Disposition.UNKNOWN:
                yield Undecided(self.code, answer.situation.host.name, answer.sentence, answer.place)
            elif not answer.arrived:
                failing.setdefault("replied", []).append((ending, asked or ending.began))
        if silent:
            failing.setdefault("replied", []).append((ending, ending.began))

    def _fails(
        self, simulator: Simulator, intent: Intent, words: list[str], found: list[tuple[Ending, Traffic]], when: str
    ) -> Finding | Undecided:
        shown = _shown(simulator, words, [traffic for _, traffic in found])
        host, expected = found[0][0].situation.host, _joined(words)
        if shown is None:
            return self.not_replayed(host, f"that {intent.flow} is not {expected}", intent.origin)
        part = shown.reply if words == ["replied"] and shown.reply is not None else shown
        last = part.steps[-1] if part.steps else None
        origin = getattr(last, "origin", None)
        return self.finding(
            part.where,
            intent.origin,
            f"{when}expected {expected}, but {flow_in_words(ending for ending, _ in found)} is not: "
            f"{part.disposition.value}, {part.sentence}",
            label=f"expected {expected}",
            notes=[Note(origin, "decided here")] if origin is not None else [],
            trace=shown,
            subject=f"{when}{intent.flow} {expected}",
        )


def _joined(words: list[str]) -> str:
    return " and ".join(words) if len(words) < 3 else f"{', '.join(words[:-1])} and {words[-1]}"


def _reason(result: Finding | Undecided) -> str:
    """Why a flow does not end as expected, without how much of it: what a second finding need not repeat."""
    return result.message.rpartition(" is not: ")[2] if isinstance(result, Finding) else ""


def _endings(simulator: Simulator, flow: Flow) -> list[Ending]:
    """Everything that becomes of a flow; one without a protocol begins connections of every protocol.

    What goes to a broadcast address is part of it only where the flow names that address.
    """
    packets = flow.predicate()
    if flow.protocol is None:
        packets = first_packets(source(flow.source) & destination(flow.destination), flow.source.family)
    everyone = EMPTY if flow.destination.is_host else simulator.topology.broadcasts
    found = (ending for ending in explore(simulator, packets) if is_sent(simulator, ending.began))
    return [ending for ending in found if not contains(everyone, ending.began.side(DESTINATION))]


def _holds(ending: Ending, word: str) -> bool:
    if word == "delivered":
        return ending.arrived
    if word == "denied":
        return ending.disposition not in ARRIVED
    crossed = ending.situation.wires_protected > 0 and not ending.in_clear
    return crossed and ending.disposition is Disposition.DELIVERED


def _shown(simulator: Simulator, words: list[str], parts: list[Traffic]) -> Trace | None:
    """A single packet for which none of the words holds, with its way there and back."""
    for part in parts:
        found = trace(simulator, part.example())
        if judge(found, tuple(words)) == (words, False):
            return found
    return None
