"""The stage that asks packet filters and NAT."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.engine.situation import Move
from spdcheck.engine.trace import Mark, Step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.engine.simulate import Simulator
    from spdcheck.engine.situation import Situation
    from spdcheck.semantics.datapath.stages import Stage


def pass_filters(simulator: Simulator, situation: Situation, stage: Stage) -> Iterator[Move]:
    """Asks every filter and NAT of the host at this hook, in the platform's order."""
    del simulator
    if stage.unless_decrypted and situation.arrived:
        step = Step(
            situation.host.name, "FILTER in", Mark.SKIP, "skipped", stage.unless_decrypted, situation.in_interface
        )
        yield Move(situation.with_(step))
        return
    yield Move(situation)
