"""rc.conf(5) of FreeBSD, NetBSD and OpenBSD: interfaces, routes, and which services the boot starts.

The file is a shell script of assignments. ``tokens``, ``nesting`` and ``commands`` cut it up, ``syntax`` reads one
command by the grammar, ``script`` runs it into ``variables``; then ``interfaces``, ``routes`` and ``services`` ask for
the variables that they know. A variable that nobody asks for has no effect on the model.

``facts.settings["rc.conf"]`` tells whose file it was (``freebsd``, ``netbsd`` or ``openbsd``), so that the site can
tell a service that the file leaves at its default from one about which nothing is known. A service that is mentioned
(its file, its flags) but not switched has ``enabled=None``; one that only a comment would switch on has ``False``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.formats.base import Reading
from spdcheck.formats.rcconf import interfaces, routes, services
from spdcheck.formats.rcconf.flavour import flavour, is_line_based
from spdcheck.formats.rcconf.masking import mask
from spdcheck.formats.rcconf.openbsd import run_lines
from spdcheck.formats.rcconf.script import Script
from spdcheck.formats.rcconf.variables import Variables

if TYPE_CHECKING:
    from spdcheck.formats.base import Context
    from spdcheck.source import SourceFile

__all__ = ("mask", "read")


def read(file: SourceFile, context: Context) -> Reading:
    """Reads a boot configuration and what it sources. Never raises for any text."""
    masked = mask(file)
    system = flavour(masked, context)
    reading = Reading(file=masked, format="rcconf", dialect=system)
    variables = Variables(reading)
    _warn_of_carriage_returns(reading)
    if system == "openbsd" and is_line_based(masked, context):
        run_lines(variables, masked)
    else:
        Script(variables, context).run(masked)
    interfaces.convert(variables, context, system)
    routes.convert(variables, system)
    services.convert(variables, system)
    hostname = variables.value("hostname")
    if hostname is not None and hostname.text:
        reading.facts.hostname = hostname.text
    reading.facts.settings["rc.conf"] = (system, masked.span(0, min(1, len(masked.text))))
    variables.finish()
    return reading


def _warn_of_carriage_returns(reading: Reading) -> None:
    place = reading.file.text.find("\r\n")
    if place >= 0:
        reading.accident(
            reading.file.span(place, place + 1),
            "lines end with a carriage return, which is part of every value for sh(1)",
            mend="convert the file to Unix line ends",
        )
