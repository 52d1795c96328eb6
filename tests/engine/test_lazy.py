from __future__ import annotations

import subprocess
import sys

_SCRIPT = """
import sys
from spdcheck.engine.concrete import matches
from spdcheck.engine.ladder import Ladder
from spdcheck.engine.answer import Limits
from spdcheck.engine import cover, selectors
from spdcheck.semantics.fields import DESTINATION_PORT, MARK
from spdcheck.semantics.predicate import in_set, masked
rules = [in_set(DESTINATION_PORT, (0, 80)), in_set(DESTINATION_PORT, (80, 90)), in_set(DESTINATION_PORT, (50, 85))]
ladder = Ladder(rules)
assert [type(ladder.covered(n)).__name__ for n in range(3)] == ["Fails", "Fails", "Holds"]
assert "z3" not in sys.modules and "netaddr" not in sys.modules, "loaded too early"
hard = [masked(MARK, 0x55555555, 0), in_set(DESTINATION_PORT, (1, 2))]
assert type(Ladder(hard).covered(1)).__name__ == "Fails"
assert type(Ladder([hard[0], hard[0] & hard[1], hard[0]]).covered(1)).__name__ == "Holds"
assert "z3" in sys.modules, "never loaded"
"""


def test_the_solver_is_loaded_only_when_a_question_reaches_its_rung() -> None:
    subprocess.run([sys.executable, "-c", _SCRIPT], check=True)
