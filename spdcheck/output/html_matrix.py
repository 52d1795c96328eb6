"""Who reaches whom, as a table of the page: for every two networks what becomes of all packets, with a witness each."""

from __future__ import annotations

from html import escape as escape_html
from typing import TYPE_CHECKING

from spdcheck.engine.differences import Fate
from spdcheck.engine.matrix import matrix
from spdcheck.engine.simulate import Simulator
from spdcheck.output.columns import plain
from spdcheck.output.terminal import Look
from spdcheck.output.trace_text import render as as_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.engine.matrix import Cell, Network
    from spdcheck.model.host import Site

_LOOK = Look()
_WORDS = {
    Fate.PROTECTED: ("protected", "✓ protected"),
    Fate.INSIDE: ("protected", "✓ inside"),
    Fate.CLEAR: ("clear", "✗ in clear"),
    Fate.LEAKED: ("clear", "✗ leaks"),
    Fate.STOPPED: ("blocked", "– blocked"),
    Fate.UNKNOWN: ("unknown", "? unknown"),
}
_GRAVEST = (Fate.LEAKED, Fate.CLEAR, Fate.UNKNOWN, Fate.STOPPED, Fate.PROTECTED, Fate.INSIDE)


def render(site: Site) -> Iterator[str]:
    """The table; nothing where fewer than two hosts have networks."""
    found = matrix(Simulator(site))
    if not found.cells:
        return
    yield "<h3>Who reaches whom</h3>\n"
    yield '<p class="dim">All packets that begin a connection from the network of a row to that of a column.</p>\n'
    yield '<div class="scroll"><table class="matrix">\n<thead><tr><th scope="col">from \\ to</th>'
    yield "".join(f'<th scope="col">{_name(network)}</th>' for network in found.networks) + "</tr></thead>\n<tbody>\n"
    for row, one in enumerate(found.networks):
        yield f'<tr><th scope="row">{_name(one)}</th>'
        for column in range(len(found.networks)):
            cell = found.cells.get((row, column))
            yield '<td class="none"></td>' if cell is None else _cell(cell, site)
        yield "</tr>\n"
    yield "</tbody>\n</table></div>\n"
    if found.left_out:
        yield f'<p class="dim">{found.left_out} more networks are left out.</p>\n'


def _name(network: Network) -> str:
    return f'{_text(str(network.addresses))}<br><span class="dim name">{_text(network.host.name)}</span>'


def _cell(cell: Cell, site: Site) -> str:
    if not cell.ways:
        return '<td class="none" title="nothing of it begins here"></td>'
    gravest = min(cell.fates, key=_GRAVEST.index)
    kind = _WORDS[gravest][0]
    words = " / ".join(dict.fromkeys(_WORDS[fate][1] for fate in sorted(cell.fates, key=_GRAVEST.index)))
    body = ""
    for way in cell.ways:
        body += f"<p>{_text(_WORDS[way.fate][1])}: {_text(way.sentence)}</p>"
        if way.witness is not None:
            trace = escape_html("".join(as_text(way.witness, site, _LOOK)))
            body += (
                f"<details><summary><code>{_text(str(way.witness.packet))}</code></summary><pre>{trace}</pre></details>"
            )
    return f'<td class="{kind}"><details><summary>{_text(words)}</summary>{body}</details></td>'


def _text(text: str) -> str:
    return escape_html(plain(text))
