"""Findings as SARIF 2.1.0 (OASIS): one run a site, rules from the checks' documentation, a code flow for each witness.

What GitHub's code scanning wants is there: columns, fingerprints without line numbers, related locations that the
message links to, precision and security severity. Its limits are kept: text beyond them is cut, never a finding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spdcheck import __version__
from spdcheck.checks.finding import Certainty, Severity
from spdcheck.engine.trace import Step
from spdcheck.output.json import dump, relative

if TYPE_CHECKING:
    from spdcheck.checks.base import Check
    from spdcheck.checks.finding import Finding, Suppressed, Undecided
    from spdcheck.engine.trace import Trace, Wire
    from spdcheck.model.host import Site
    from spdcheck.output.summary import Checked, Summary
    from spdcheck.source import Span

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
PRECISION = {Certainty.PROVED: "very-high", Certainty.MODELLED: "high", Certainty.POSSIBLE: "medium"}
_SECURITY = {Severity.ERROR: "8.0", Severity.WARNING: "5.0", Severity.INFO: "2.0"}
_MOST_TEXT = 1024
_MOST_STEPS, _MOST_RELATED = 1000, 100


def render(summary: Summary, exit_code: int) -> str:
    """The whole log; ``exit_code`` is the status with which the process will end."""
    return dump({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [_run(one, name, exit_code) for one, name in zip(summary.checked, _names(summary), strict=True)],
    })  # fmt: skip


def _names(summary: Summary) -> list[str]:
    """The sites' names, made unique: code scanning refuses two runs of one category."""
    seen: dict[str, int] = {}
    names = []
    for checked in summary.checked:
        name = checked.site.name
        seen[name] = seen.get(name, 0) + 1
        names.append(name if seen[name] == 1 else f"{name}-{seen[name]}")
    return names


def _run(checked: Checked, name: str, exit_code: int) -> dict[str, Any]:
    from spdcheck.checks import load

    codes = checked.report.checks_run
    numbers = {code: number for number, code in enumerate(codes)}
    results = [_result(finding, numbers) for finding in checked.report.findings]
    results += [_suppressed(item, numbers) for item in checked.report.suppressed]
    _number(results)
    return {
        "tool": {
            "driver": {
                "name": "spdcheck",
                "version": __version__,
                "semanticVersion": __version__,
                "rules": [_rule(load(code)) for code in codes],
            }
        },
        "automationDetails": {"id": f"spdcheck/{name}/"},
        "columnKind": "unicodeCodePoints",
        "artifacts": [_artifact(path) for path in _files(checked.site)],
        "invocations": [
            {
                "executionSuccessful": True,
                "exitCode": exit_code,
                "toolExecutionNotifications": [_notification(item) for item in checked.report.undecided],
            }
        ],
        "results": results,
    }


def _number(results: list[dict[str, Any]]) -> None:
    """Tells findings of one fingerprint apart (`:1`, `:2` in their order): code scanning takes equal ones for one."""
    seen: dict[str, int] = {}
    for result in results:
        prints = result["partialFingerprints"]
        known = prints["spdcheck/v1"]
        seen[known] = seen.get(known, 0) + 1
        prints["primaryLocationLineHash"] = f"{known}:{seen[known]}"


def _files(site: Site) -> list[str]:
    return [report.file.path for host in site.hosts for report in host.files]


def _artifact(path: str) -> dict[str, Any]:
    return {"location": {"uri": _uri(path)}}


def _rule(check: type[Check]) -> dict[str, Any]:
    sections = check.documentation()
    markdown = "\n\n".join([check.summary(), *(f"## {title}\n\n{body}" for title, body in sections.items())])
    return {
        "id": check.code,
        "name": _camel(check.name),
        "shortDescription": {"text": _cut(check.summary())},
        "fullDescription": {"text": _cut(" ".join(sections["Why it matters"].split()))},
        "help": {"text": markdown, "markdown": markdown},
        "defaultConfiguration": {"level": LEVELS[check.severity]},
        "properties": {
            "precision": "very-high",
            "security-severity": _SECURITY[check.severity],
            "tags": ["security", "ipsec", check.code[:3]],
        },
    }


def _camel(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("-"))


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_TEXT else text[: _MOST_TEXT - 1] + "…"


def _result(finding: Finding, numbers: dict[str, int]) -> dict[str, Any]:
    related = finding.notes[:_MOST_RELATED]
    links = "".join(f"\n[{_escaped(note.text)}]({number})" for number, note in enumerate(related, 1))
    text = _escaped(finding.message) + links
    if finding.mend:
        text += f"\nMend: {_escaped(finding.mend)}"
    value: dict[str, Any] = {
        "ruleId": finding.code,
        "level": LEVELS[finding.severity],
        "message": {"text": text},
        "locations": [_location(finding.span)],
        "partialFingerprints": {"spdcheck/v1": finding.fingerprint},
        "properties": {
            "certainty": finding.certainty.value, "precision": PRECISION[finding.certainty], "host": finding.host,
        },
    }  # fmt: skip
    if finding.code in numbers:
        value["ruleIndex"] = numbers[finding.code]
    if related:
        value["relatedLocations"] = [_location(note.span, number, note.text) for number, note in enumerate(related, 1)]
    if finding.trace is not None:
        value["codeFlows"] = [
            {"message": {"text": f"witness: {finding.trace.packet}"}, "threadFlows": _flows(finding.trace)}
        ]
    elif finding.witness is not None:
        value["properties"]["witness"] = str(finding.witness)
    return value


def _suppressed(item: Suppressed, numbers: dict[str, int]) -> dict[str, Any]:
    kind = "inSource" if item.by == "remark" else "external"
    suppression: dict[str, Any] = {"kind": kind, "location": _location(item.origin)}
    if item.reason:
        suppression["justification"] = item.reason
    return {**_result(item.finding, numbers), "suppressions": [suppression]}


def _flows(trace: Trace) -> list[dict[str, Any]]:
    return [
        {"id": word, "locations": [_step(step, part) for step in part.steps[:_MOST_STEPS]]}
        for word, part in (("there", trace), ("back", trace.reply))
        if part is not None and part.steps
    ]


def _step(step: Step | Wire, trace: Trace) -> dict[str, Any]:
    if isinstance(step, Step):
        on = f" {step.interface}" if step.interface else ""
        text = f"{step.host}: {step.stage}{on} {step.mark.value} {step.verdict} {step.detail}".strip()
        location: dict[str, Any] = (
            {"message": {"text": text}} if step.origin is None else _location(step.origin, 0, text)
        )
    else:
        kind = "untrusted wire" if step.untrusted else "wire"
        location = {"message": {"text": f"{kind} {step.host} {step.interface}: {step.packet} {step.form}"}}
    return {"location": location, "importance": "essential" if step is trace.steps[-1] else "important"}


def _location(span: Span, number: int = 0, text: str = "") -> dict[str, Any]:
    begin, finish = span.begin, span.finish
    region: dict[str, Any] = {
        "startLine": begin.line, "startColumn": begin.column, "endLine": finish.line, "endColumn": finish.column,
    }  # fmt: skip
    value: dict[str, Any] = {
        "physicalLocation": {"artifactLocation": {"uri": _uri(span.file.path)}, "region": region},
    }
    if number:
        value["id"] = number
    if text:
        value["message"] = {"text": text}
    return value


def _notification(item: Undecided) -> dict[str, Any]:
    value: dict[str, Any] = {
        "level": "warning",
        "message": {"text": f"no verdict: {item.host}: {item.reason}"},
        "associatedRule": {"id": item.code},
    }
    if item.span is not None:
        value["locations"] = [_location(item.span)]
    return value


def _escaped(text: str) -> str:
    """A plain text of SARIF, in which brackets would begin a link."""
    return text.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")


def _uri(path: str) -> str:
    from urllib.parse import quote

    return quote(relative(path), safe="/", errors="surrogateescape")
