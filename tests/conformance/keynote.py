"""libkeynote's own assertions: each is read, its conditions have one value, and all together give ``true``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.formats.keynote.parse import Fault, FieldParser
from spdcheck.model.keynote import Literal
from spdcheck.semantics.keynote import query
from spdcheck.source import SourceFile
from tests.conformance.case import Case
from tests.conformance.reading import judge, read, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from spdcheck.model.keynote import Assertion

_SAID_FALSE = re.compile(r"polic\w+ will be false|will evaluate to \"false\"", re.IGNORECASE)
_SAID_TRUE_CONDITIONS = re.compile(r"conditions field will return \"true\"", re.IGNORECASE)


def cases(root: Path) -> Iterator[Case]:
    """The test suite of libkeynote, and the policies among isakmpd's samples."""
    yield from _library(root / "isakmpd" / "keynote")
    samples = root / "isakmpd" / "samples"
    for path in sorted(samples.iterdir()) if samples.is_dir() else ():
        if "policy" in path.name:
            reason = judge(read("keynote", path, None), accepts=True)
            yield Case(f"samples/{path.name}", not reason, reason)


def _library(folder: Path) -> Iterator[Case]:
    if not folder.is_dir():
        return
    attributes: dict[str, str] = {}
    for path in sorted(folder.glob("test-env*")):
        found = _env(path)
        attributes |= found
        yield Case(path.name, bool(found), "" if found else "no attributes were read")
    acting = {path.name: _key(path) for path in sorted(folder.glob("auth*"))}
    for name, key in acting.items():
        yield Case(name, key is not None, "" if key is not None else "no key was read")
    assertions: dict[str, Assertion] = {}
    for path in sorted(folder.glob("test-assertion*")):
        reading = read("keynote", path, None)
        if path.suffix == ".in":
            # a template: its signer is filled in, and its signature, which stays empty here
            text = text_of(path).replace("@@AUTH@@", '\nauthorizer: "POLICY"').partition("signature:")[0]
            assertion = _read_text(path.name, text)
            yield Case(path.name, assertion is not None, "" if assertion else "the template can't be read")
            continue
        reason = judge(reading, accepts=True)
        if not reason and not isinstance(reading, str):
            assertions[path.name] = reading.facts.assertions[0]
            reason = _own_value(text_of(path), assertions[path.name], attributes) if attributes else ""
        yield Case(path.name, not reason, reason)
    numbers = sorted(int(digits) for name in assertions for digits in re.findall(r"\d+$", name))
    if numbers and attributes and numbers == list(range(1, len(numbers) + 1)):
        answer = query(assertions.values(), [key for key in acting.values() if key], attributes)
        said = f"{answer.lowest} to {answer.highest}"
        yield Case("query", answer == ("true", "true"), "" if answer == ("true", "true") else f"{said}, expected true")


def _own_value(text: str, assertion: Assertion, attributes: dict[str, str]) -> str:
    """Why the conditions of one assertion, asked alone, do not have the value that its comments speak of."""
    from dataclasses import replace

    alone = replace(assertion, authorizer=Literal("POLICY"), licensees="anyone")
    answer = query([alone], ["somebody"], attributes)
    if not answer.is_certain:
        return "everything is known, but the conditions have no certain value"
    says_true = _SAID_TRUE_CONDITIONS.search(text) is not None
    expected = "false" if _SAID_FALSE.search(text) and not says_true else "true" if says_true else ""
    return f"the conditions are {answer.lowest}, expected {expected}" if expected not in ("", answer.lowest) else ""


def _read_text(name: str, text: str) -> Assertion | None:
    from spdcheck.formats.base import Context
    from spdcheck.formats.keynote import read as read_policy

    reading = read_policy(SourceFile(name, text), Context())
    return None if reading.unparsed else next(iter(reading.facts.assertions), None)


def _env(path: Path) -> dict[str, str]:
    text = text_of(path)
    file = SourceFile(path.name, text)
    found = FieldParser(file, text).parse("constants", 0, len(text))
    if isinstance(found, Fault):
        return {}
    return {text[token.start : token.end]: str(literal.value) for token, literal in found}


def _key(path: Path) -> str | None:
    text = text_of(path)
    found = FieldParser(SourceFile(path.name, text), text).parse("key", 0, len(text))
    return str(found.value) if isinstance(found, Literal) else None
