"""How checks put several things into one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spdcheck.engine.selectors import Region

_SHOWN = 3


def in_words(regions: Sequence[Region]) -> str:
    """At most three regions as a list, and how many more there are."""
    texts = [region.text for region in regions[:_SHOWN]]
    if len(regions) > _SHOWN:
        texts.append(f"{len(regions) - _SHOWN} more regions")
    return " and ".join(texts) if len(texts) < 3 else f"{', '.join(texts[:-1])} and {texts[-1]}"
