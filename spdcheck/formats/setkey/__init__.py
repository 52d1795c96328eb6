"""setkey(8) scripts: SPD entries and manually keyed SAs.

One straight line: text → keys masked → statements → tokens → syntax (one value a shape) → model. Which setkey it is
(ipsec-tools on Linux or NetBSD, FreeBSD's own) decides what is accepted and what it means.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.formats.base import Reading
from spdcheck.formats.collector import paused
from spdcheck.formats.setkey.commands import Commands
from spdcheck.formats.setkey.dialect import dialect_of
from spdcheck.formats.setkey.script import Script
from spdcheck.formats.setkey.secrets import Keys, mask_keys
from spdcheck.formats.setkey.shell import fed, is_shell
from spdcheck.model.diagnostic import Part

if TYPE_CHECKING:
    from spdcheck.formats.base import Context
    from spdcheck.formats.setkey.dialect import Dialect
    from spdcheck.source import SourceFile

__all__ = ["mask", "read"]


def read(file: SourceFile, context: Context) -> Reading:
    """Policies and associations as the script leaves them in the kernel. Never raises for any text."""
    dialect = dialect_of(context)
    with paused(file.text):
        if is_shell(file.text):
            return _read_shell(file, dialect)
        masked, keys = mask_keys(file)
        reading = Reading(file=masked, format="setkey", dialect=dialect.name)
        Script(reading, dialect, keys).run()
    return reading


def _read_shell(file: SourceFile, dialect: Dialect) -> Reading:
    """A shell script that runs setkey: each text that it gets is a script of its own on the same data bases."""
    found = fed(file)
    reading = Reading(file=found.script, format="setkey", dialect=dialect.name)
    reading.statements = reading.inert = found.programs - len(found.feeds) - len(found.others)
    commands = Commands(reading, dialect, Keys(""))
    for text, keys in found.feeds:
        commands.take(keys)
        Script(reading, dialect, keys, fed=text, commands=commands).run()
    for span in found.others:
        reading.statements += 1
        reading.not_modelled(
            span, "this command changes the network, and it is not modelled in a script for setkey",
            part=(Part.INTERFACES, Part.FILTER, Part.NAT), mend="keep it in a file of its own format",
        )  # fmt: skip
    if found.cut:
        reading.statements += 1
        reading.not_modelled(
            reading.file.span(0, 0), "the shell script is not followed to its end: it has a quote without end, or too "
            "many commands", part=(Part.SPD, Part.SAD), mend="write down what it leaves: setkey -DP",
        )  # fmt: skip
    reading.facts.policies.extend(commands.spd)
    reading.facts.associations.extend(commands.sad)
    return reading


def mask(file: SourceFile) -> SourceFile:
    """The file with its keys hidden."""
    return fed(file).script if is_shell(file.text) else mask_keys(file)[0]
