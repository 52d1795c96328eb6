"""A rule as written, before its lists are multiplied out: what every kind of rule collects from its tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.formats.pf.lexer import Refused

if TYPE_CHECKING:
    from spdcheck.formats.pf.dialect import Dialect
    from spdcheck.formats.pf.hosts import Host
    from spdcheck.formats.pf.lexer import Statement
    from spdcheck.formats.pf.pools import PoolDraft
    from spdcheck.formats.pf.states import StateOptions
    from spdcheck.model.pf_conditions import FlagTest, NumberTest, OnInterface, TagTest

MAX_LABEL = MAX_TAG = 63
MAX_LABELS = 5


class Draft:
    """What a rule says. Lists are empty where nothing is asked; ``given`` are the options that may stand only once."""

    def __init__(self, statement: Statement, dialect: Dialect) -> None:
        self.statement = statement
        self.dialect = dialect
        self.given: set[str] = set()
        self.direction = ""
        self.quick = False
        self.log = ""
        self.interfaces: list[OnInterface] = []
        self.family: int | None = None
        self.protocols: list[int] = []
        self.source: list[Host] = []
        self.source_ports: list[NumberTest] = []
        self.oses: list[str] = []
        self.destination: list[Host] = []
        self.destination_ports: list[NumberTest] = []
        self.users: list[NumberTest] = []
        self.groups: list[NumberTest] = []
        self.icmp: list[tuple[int, int, int | None]] = []
        self.flags: FlagTest | None = None
        self.tos: int | None = None
        self.prio: int | None = None
        self.fragment = False
        self.tagged: TagTest | None = None
        self.probability = ""
        self.max_pkt_rate = ""
        self.max_pkt_size = ""
        self.received_on: OnInterface | None = None
        self.keep = ""
        self.state_options: StateOptions | None = None
        self.nat: PoolDraft | None = None
        self.rdr: PoolDraft | None = None
        self.binat = False
        self.af_to: tuple[int, PoolDraft, PoolDraft | None] | None = None
        self.route = ""
        self.route_pool: PoolDraft | None = None
        self.divert: tuple[str, str, int] | None = None
        self.scrub: dict[str, str] = {}
        self.tag = ""
        self.labels: list[str] = []
        self.allow_opts = False
        self.once = False
        self.rtable: int | None = None
        self.queue = ""
        self.sets: dict[str, str] = {}
        self.kept: list[str] = []

    def once_only(self, name: str, message: str) -> None:
        """Refuses the second of an option that may stand only once."""
        if name in self.given:
            raise Refused(message)
        self.given.add(name)
