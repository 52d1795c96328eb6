"""``?IF``, ``?ELSIF``, ``?SET``: variables are replaced as text, then the rest is read and computed as Perl does.

A value that nobody knows (a capability that depends on what is installed, a variable that a program computes) makes the
whole expression unknown.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from spdcheck.formats.shapes import Unexpected
from spdcheck.formats.shorewall.capabilities import capability
from spdcheck.formats.shorewall.language import expected_in_expression, expression_parser

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_VARIABLE = re.compile(r"\$(?:(\d+|[A-Za-z_]\w*)|\{(\d+|[A-Za-z_]\w*)\})")
_AT = re.compile(r"@(?:(\d+|[A-Za-z]\w*)|\{(\d+|[A-Za-z]\w*)\})")
_CAPABILITY = re.compile(r"__(?:(\w+)|\{(\w+)\})")
_PASSED = re.compile(r"(!)?\s*passed\([$@](\d+)\)")
_NUMBER = re.compile(r"\s*-?\d+(?:\.\d+)?")
_MOST = 100


class BadExpression(Exception):  # noqa: N818 (it is caught where the directive is read)
    """An expression that the compiler refuses."""


class UnknownValue(Exception):  # noqa: N818 (it is caught where the directive is read)
    """An expression whose value depends on something that nobody knows."""


def evaluate(
    text: str,
    variable: Callable[[str], str | None],
    parameters: dict[str, str] | None,
    family: int,
    *,
    only_expand: bool = False,
) -> str:
    """The value as text. ``variable`` gives that of ``$NAME`` (empty where there is none) or raises.

    ``parameters`` are those of an action, None outside of one. Raises :class:`BadExpression`, :class:`UnknownValue`.
    """
    passed = _PASSED.fullmatch(text.strip())
    if passed is not None:
        given = (parameters or {}).get(passed[2], "") not in ("", "-")
        return "1" if given != bool(passed[1]) else ""
    text = _expanded(text, _VARIABLE, lambda name: _of_dollar(name, variable, parameters), plain=only_expand)
    if parameters is not None:
        own = parameters
        text = _expanded(text, _AT, lambda name: own.get("chain" if name == "0" else name, ""), plain=only_expand)
    text = _CAPABILITY.sub(lambda match: _capability(match[1] or match[2], family), text).strip()
    if only_expand or text.isdigit():
        return text
    syntax, tokens = expression_parser().read(text, 0, len(text))
    if isinstance(syntax, Unexpected):
        found = f"found `{tokens.texts[syntax.at][:40]}`" if syntax.at < len(tokens.texts) else "it ends too early"
        raise BadExpression(
            f"the expression `{text}` can't be read: {found}, {expected_in_expression(syntax.expected)}"
        )
    try:
        return _text(_value(syntax, tokens.texts))
    except (re.error, ZeroDivisionError, RecursionError, OverflowError) as error:
        raise BadExpression(f"the expression `{text}` can't be computed: {error}") from None


def _of_dollar(name: str, variable: Callable[[str], str | None], parameters: dict[str, str] | None) -> str:
    if not name.isdigit():
        found = variable(name)
        if found is None:
            raise UnknownValue(f"the value of ${name} is not known")
        return found
    if parameters is None:
        raise BadExpression(f"parameters (${name}) have a meaning only in the body of an action")
    return parameters.get(name, "")


def _expanded(text: str, pattern: re.Pattern[str], value: Callable[[str], str], *, plain: bool) -> str:
    for _ in range(_MOST):
        match = pattern.search(text)
        if match is None:
            return text
        first, new = text[: match.start()], value(match[1] or match[2])
        inside = first.count('"') % 2 or first.count("'") % 2
        if not (plain or inside or re.fullmatch(r"-?\d+", new)):
            new = f"'{new}'"
        text = first + new + text[match.end() :]
    raise BadExpression("a variable's value names the variable itself")


def _capability(name: str, family: int) -> str:
    try:
        found = capability(name, family)
    except KeyError:
        raise BadExpression(f"there is no capability `{name}`") from None
    if found is None:
        raise UnknownValue(f"whether the host has {name} is not known")
    return found or "0"


def _value(node: Any, texts: Sequence[str]) -> str | float:
    kind, *parts = node
    if kind == "number":
        text = texts[parts[0].at]
        return float(text) if "." in text else int(text, 16) if text[:2] in ("0x", "0X") else int(text)
    if kind == "string":
        text = texts[parts[0].at]
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    if kind in ("either", "both"):
        left = _value(parts[0], texts)
        return left if _true(left) == (kind == "either") else _value(parts[-1], texts)
    if kind == "opposite":
        return "" if _true(_value(parts[0], texts)) else 1
    if kind == "choice":
        return _value(parts[1] if _true(_value(parts[0], texts)) else parts[2], texts)
    if kind == "minus":
        return -_number(_value(parts[1], texts))
    if kind in ("defined", "passed"):
        found = _value(parts[0], texts)
        return 1 if kind == "defined" or _text(found) not in ("", "-") else ""
    if kind == "matches":
        pattern = texts[parts[2].at].lstrip("m")
        body, _, flags = pattern[1:].rpartition("/")
        hit = re.search(body.replace("\\/", "/"), _text(_value(parts[0], texts)), re.IGNORECASE if "i" in flags else 0)
        return 1 if (hit is not None) == (texts[parts[1].at] == "=~") else ""
    return _binary(texts[parts[1].at], _value(parts[0], texts), _value(parts[2], texts))


def _binary(sign: str, left: str | float, right: str | float) -> str | float:
    if sign == ".":
        return _text(left) + _text(right)
    if sign in ("eq", "ne", "lt", "gt", "le", "ge", "cmp"):
        return _compared(sign, _text(left), _text(right))
    first, second = _number(left), _number(right)
    if sign == "+":
        return first + second
    if sign == "-":
        return first - second
    if sign == "*":
        return first * second
    if sign == "/":
        return first / second
    if sign == "%":
        return int(first) % int(second)
    return _compared(sign, first, second)


def _compared(sign: str, left: Any, right: Any) -> str | int:
    if sign in ("<=>", "cmp"):
        return int(left > right) - int(left < right)
    true = {
        "==": left == right, "eq": left == right, "!=": left != right, "ne": left != right, "<": left < right,
        "lt": left < right, ">": left > right, "gt": left > right, "<=": left <= right, "le": left <= right,
        ">=": left >= right, "ge": left >= right,
    }[sign]  # fmt: skip
    return 1 if true else ""


def _true(value: str | float) -> bool:
    return _text(value) not in ("", "0")


def _number(value: str | float) -> float:
    if not isinstance(value, str):
        return value
    match = _NUMBER.match(value)
    if match is None:
        return 0
    return float(match[0]) if "." in match[0] else int(match[0])


def _text(value: str | float) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def is_true(value: str) -> bool:
    """What ``?IF`` takes for true."""
    return value not in ("", "0")
