"""CRY011: a listing of the kernel in which keys can be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.checks.base import Check
from spdcheck.checks.finding import Finding, Severity, Undecided
from spdcheck.model.diagnostic import Note

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.checks.base import Context
    from spdcheck.model.host import Host
    from spdcheck.model.running import Dump, ShownKey
    from spdcheck.model.secret import Secret
    from spdcheck.source import Span

_SHOWN = 5


class KeysInListing(Check):
    """A listing was filed with the keys of its SAs in it.

    ## What it does

    Counts the keys that `setkey -D`, `racoonctl show-sa`, `ipsecctl -k` and `ip xfrm state` have printed into a file of
    the site. Keys that were replaced by other characters (`XXXXXXXX`) are none. A key that a script of the site gives
    to an SA by hand is an error: it stays in use.

    ## Why it matters

    Whoever has the file and a recording of the traffic reads all of it, and may add to it. Repositories, tickets and
    forum posts keep files for ever; the keys of a daemon last until the SA ends, those of a script until it is changed.

    ## Example

    ```
    === gw/setkey-D.txt
    192.0.2.1 198.51.100.2
        esp mode=tunnel spi=3405691582(0xcafebabe) reqid=0(0x00000000)
        E: aes-cbc  6b1f0c92 e7d4453a 90ab12cd 33f4e871
        sadb_seq=1 pid=812 refcnt=1
    198.51.100.2 192.0.2.1
        esp mode=tunnel spi=48879(0x0000beef) reqid=0(0x00000000)
        E: aes-cbc  1122aabb 3344ccdd 5566eeff 778800aa
        sadb_seq=0 pid=812 refcnt=1
    ```

    ## Correction

    ```
    === gw/setkey-D.txt
    192.0.2.1 198.51.100.2
        esp mode=tunnel spi=3405691582(0xcafebabe) reqid=0(0x00000000)
        E: aes-cbc  XXXXXXXX XXXXXXXX XXXXXXXX XXXXXXXX
        sadb_seq=1 pid=812 refcnt=1
    198.51.100.2 192.0.2.1
        esp mode=tunnel spi=48879(0x0000beef) reqid=0(0x00000000)
        E: aes-cbc  XXXXXXXX XXXXXXXX XXXXXXXX XXXXXXXX
        sadb_seq=0 pid=812 refcnt=1
    ```

    ## References

    setkey(8) -D; ip-xfrm(8) nokeys; RFC 4301 section 4.4.2.
    """

    code = "CRY011"
    name = "keys-in-listing"
    severity = Severity.WARNING

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """One finding for each listing."""
        written = {
            algorithm.key: algorithm.origin
            for host in context.site.hosts
            for association in host.sad.associations
            for algorithm in (association.encryption, association.integrity)
            if algorithm is not None and algorithm.key is not None
        }
        for host in context.hosts:
            for dump in host.running.dumps:
                if dump.keys:
                    yield self._finding(host, dump, dump.keys, written)

    def _finding(self, host: Host, dump: Dump, shown: tuple[ShownKey, ...], written: dict[Secret, Span]) -> Finding:
        by_hand = next((item for item in shown if item.key in written), None)
        first = by_hand or shown[0]
        count = f"{len(shown)} keys" if len(shown) > 1 else "a key"
        where = f"{count} can be read in this listing of {dump.tool}"
        notes = [Note(item.origin, "another key") for item in shown if item is not first][:_SHOWN]
        if by_hand is not None:
            notes.insert(0, Note(written[by_hand.key], "this script gives the SA the same key"))
            which = "one is what a script writes" if len(shown) > 1 else "it is what a script writes"
            message = f"{where}, and {which}: that one is in use until the script is changed"
            mend = "make new keys, and hide them before a listing is filed"
        else:
            message = f"{where}: whoever has recorded the traffic reads it"
            mend = (
                "have the SAs made anew (setkey -F, racoonctl flush-sa ipsec), and replace the digits of keys by X "
                "before a listing is filed (ip xfrm state has nokeys)"
            )
        return self.finding(
            host,
            first.origin,
            message,
            label="a key",
            notes=notes,
            mend=mend,
            severity=Severity.ERROR if by_hand is not None else None,
        )
