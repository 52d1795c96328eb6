"""SARIF 2.1.0 as a JSON schema, restated for the objects that spdcheck writes (OASIS, sections 3.13 to 3.58).

Names, types, required properties, enumerations and minima are those of the standard; a property that is not listed here
is refused, so that a slip in a name can't pass.
"""

from __future__ import annotations

from typing import Any

_TEXT = {"type": "string"}
_FLAG = {"type": "boolean"}
_LEVEL = {"enum": ["none", "note", "warning", "error"]}
_FROM_1 = {"type": "integer", "minimum": 1}
_FROM_0 = {"type": "integer", "minimum": 0}
_INDEX = {"type": "integer", "minimum": -1}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/definitions/{name}"}


def _list(item: dict[str, Any], least: int = 0, *, unique: bool = False) -> dict[str, Any]:
    return {"type": "array", "items": item, "minItems": least, **({"uniqueItems": True} if unique else {})}


def _object(required: str = "", **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {**properties, "properties": _ref("propertyBag")},
        "required": required.split(),
    }


_MAP_OF_TEXT = {"type": "object", "additionalProperties": _TEXT}

DEFINITIONS: dict[str, Any] = {
    "propertyBag": {
        "type": "object",
        "additionalProperties": True,
        "properties": {"tags": _list(_TEXT, unique=True)},
    },
    "message": {
        **_object(text=_TEXT, markdown=_TEXT, id=_TEXT, arguments=_list(_TEXT)),
        "anyOf": [{"required": ["text"]}, {"required": ["id"]}],
    },
    "multiformatMessageString": _object("text", text=_TEXT, markdown=_TEXT),
    "artifactLocation": _object(uri={**_TEXT, "format": "uri-reference"}, uriBaseId=_TEXT, index=_INDEX),
    "region": _object(
        startLine=_FROM_1, startColumn=_FROM_1, endLine=_FROM_1, endColumn=_FROM_1,
        charOffset=_INDEX, charLength=_FROM_0, snippet={"type": "object"}, message=_ref("message"),
    ),
    "physicalLocation": {
        **_object(artifactLocation=_ref("artifactLocation"), region=_ref("region"), contextRegion=_ref("region")),
        "anyOf": [{"required": ["address"]}, {"required": ["artifactLocation"]}],
    },
    "location": _object(id=_INDEX, physicalLocation=_ref("physicalLocation"), message=_ref("message")),
    "threadFlowLocation": _object(
        index=_INDEX, location=_ref("location"), kinds=_list(_TEXT, unique=True), nestingLevel=_FROM_0,
        executionOrder=_INDEX, importance={"enum": ["important", "essential", "unimportant"]},
    ),
    "threadFlow": _object(
        "locations", id=_TEXT, message=_ref("message"), locations=_list(_ref("threadFlowLocation"), 1),
    ),
    "codeFlow": _object("threadFlows", message=_ref("message"), threadFlows=_list(_ref("threadFlow"), 1)),
    "suppression": _object(
        "kind", guid=_TEXT, kind={"enum": ["inSource", "external"]},
        status={"enum": ["accepted", "underReview", "rejected"]}, justification=_TEXT, location=_ref("location"),
    ),
    "result": _object(
        "message", ruleId=_TEXT, ruleIndex=_INDEX, level=_LEVEL, message=_ref("message"),
        locations=_list(_ref("location")),
        kind={"enum": ["notApplicable", "pass", "fail", "review", "open", "informational"]},
        partialFingerprints=_MAP_OF_TEXT, fingerprints=_MAP_OF_TEXT, codeFlows=_list(_ref("codeFlow")),
        relatedLocations=_list(_ref("location"), unique=True), suppressions=_list(_ref("suppression"), unique=True),
    ),
    "reportingConfiguration": _object(enabled=_FLAG, level=_LEVEL, rank={"type": "number"}),
    "reportingDescriptor": _object(
        "id", id=_TEXT, name=_TEXT, shortDescription=_ref("multiformatMessageString"),
        fullDescription=_ref("multiformatMessageString"), help=_ref("multiformatMessageString"),
        helpUri={**_TEXT, "format": "uri"}, defaultConfiguration=_ref("reportingConfiguration"),
    ),
    "toolComponent": _object(
        "name", name=_TEXT, fullName=_TEXT, version=_TEXT, semanticVersion=_TEXT,
        informationUri={**_TEXT, "format": "uri"}, rules=_list(_ref("reportingDescriptor"), unique=True),
    ),
    "tool": _object("driver", driver=_ref("toolComponent"), extensions=_list(_ref("toolComponent"), unique=True)),
    "artifact": _object(location=_ref("artifactLocation"), roles=_list(_TEXT, unique=True)),
    "reportingDescriptorReference": {**_object(id=_TEXT, index=_INDEX), "anyOf": [{"required": ["id"]}]},
    "notification": _object(
        "message", level=_LEVEL, message=_ref("message"), locations=_list(_ref("location"), unique=True),
        descriptor=_ref("reportingDescriptorReference"), associatedRule=_ref("reportingDescriptorReference"),
    ),
    "invocation": _object(
        "executionSuccessful", executionSuccessful=_FLAG, exitCode={"type": "integer"},
        toolExecutionNotifications=_list(_ref("notification")),
        toolConfigurationNotifications=_list(_ref("notification")),
    ),
    "runAutomationDetails": _object(id=_TEXT, guid=_TEXT, description=_ref("message")),
    "run": _object(
        "tool", tool=_ref("tool"), automationDetails=_ref("runAutomationDetails"), results=_list(_ref("result")),
        invocations=_list(_ref("invocation")), artifacts=_list(_ref("artifact"), unique=True),
        columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
    ),
}  # fmt: skip

SCHEMA: dict[str, Any] = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "definitions": DEFINITIONS,
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "$schema": {**_TEXT, "format": "uri"},
        "version": {"enum": ["2.1.0"]},
        "runs": _list(_ref("run")),
    },
    "required": ["version", "runs"],
}
