"""The longest case: the values that the schema allows at most."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from clarion.records.templating.checks.case import Piece, variables
from clarion.records.templating.checks.draft import Draft
from clarion.records.templating.checks.sample import MAX_DEPTH, MOST_LENGTH, resolved, standard, type_of
from clarion.records.templating.engine.errors import TemplateError
from clarion.records.templating.engine.validation import STANDARD_NAMES

FILL = "W"
PROBE = 300
"""So long a value shows whether a variable without a limit makes the text longer."""
MOST_ITEMS = 100
MOST_PROBED = 20
_OF_FORMAT = {"date": 10, "date-time": 25, "time": 14, "uuid": 36, "ipv4": 15}


@dataclass(frozen=True, slots=True, kw_only=True)
class Longest:
    """The fields with the longest values there are; variables without a limit keep their sample and are named."""

    fields: Mapping[str, str]
    unlimited: tuple[str, ...] = ()


def longest(draft: Draft, piece: Piece, is_late: Callable[[], bool]) -> Longest:
    """The longest case of one piece; the sample where it cannot be rendered."""
    base, _ = variables(draft, piece.used)
    reader = _Reader(draft.schema)
    widest = {name: reader.widest(draft.schema, name, value) for name, value in base.items()}
    context = standard(piece.locale, long_names=True) | widest
    fields = _rendered(piece, context) or piece.rendered
    length = sum(map(len, fields.values()))
    unlimited = [
        name
        for name in _candidates(piece, reader)
        if not is_late() and sum(map(len, _rendered(piece, _with(context, name)).values())) > length + PROBE // 2
    ]
    return Longest(fields=fields, unlimited=tuple(unlimited))


def _candidates(piece: Piece, reader: "_Reader") -> list[str]:
    """Used variables without a limit, in order; how often a list repeats is not asked."""
    used = {path.replace("[]", "") for path in piece.used}
    own = {path for path in used if path.partition(".")[0] not in STANDARD_NAMES}
    return sorted(path for path in own if not reader.is_limited(path))[:MOST_PROBED]


def _rendered(piece: Piece, context: Mapping[str, object]) -> dict[str, str]:
    if piece.compiled is None:
        return {}
    try:
        return piece.compiled.render(context)
    except TemplateError:
        return {}


def _with(context: Mapping[str, object], path: str) -> dict[str, object]:
    """The context with a very long text in one place, unless something else than text stands there."""
    copied = dict(context)
    place: Any = copied
    names = path.split(".")
    for at, name in enumerate(names):
        if isinstance(place, list):
            place[:] = [dict(item) if isinstance(item, dict) else item for item in place[:1]]
            place = place[0] if place and isinstance(place[0], dict) else None
        if not isinstance(place, dict) or name not in place:
            return copied
        value = place[name]
        if at == len(names) - 1:
            place[name] = _lengthened(value)
        else:
            place[name] = dict(value) if isinstance(value, dict) else list(value) if isinstance(value, list) else value
            place = place[name]
    return copied


def _lengthened(value: object) -> object:
    if isinstance(value, str):
        return FILL * PROBE
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        return [FILL * PROBE]
    return value


class _Reader:
    """What a schema says about lengths."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root

    def widest(self, schema: Mapping[str, Any], name: str, value: object, depth: int = 0) -> object:
        """The value of a member as long as its description allows; as it is where nothing limits it."""
        members = resolved(schema, self._root).get("properties")
        below = resolved(members.get(name, {}), self._root) if isinstance(members, Mapping) else {}
        return self._widest(below, value, depth)

    def _widest(self, schema: Mapping[str, Any], value: object, depth: int) -> object:
        if depth > MAX_DEPTH or not schema:
            return value
        if isinstance(value, dict):
            return {key: self.widest(schema, key, each, depth + 1) for key, each in value.items()}
        if isinstance(value, list) and value:
            items = resolved(schema.get("items", {}), self._root)
            most = schema.get("maxItems")
            count = min(most, MOST_ITEMS) if type(most) is int else len(value)
            wide = [self._widest(items, each, depth + 1) for each in value]
            return [wide[at % len(wide)] for at in range(count)]
        if isinstance(value, str):
            return self._text(schema, value)
        most = schema.get("maximum")
        return most if isinstance(value, int | float) and type(most) in (int, float) else value

    def _text(self, schema: Mapping[str, Any], value: str) -> str:
        choices = schema.get("enum")
        if isinstance(choices, list) and choices:
            return max((str(each) for each in choices), key=len)
        most = schema.get("maxLength")
        if type(most) is not int or "const" in schema or schema.get("format") in _OF_FORMAT:
            return value
        # an address stays one: what is behind it grows
        beginning = value if value.startswith(("http://", "https://")) else ""
        most = min(most, MOST_LENGTH)
        return (beginning + FILL * most)[: max(most, 0)]

    def is_limited(self, path: str) -> bool:
        """Whether the text at the path can only be so long (numbers and truth values always)."""
        place = resolved(self._root, self._root)
        for name in path.split("."):
            while type_of(place) == "array":
                place = resolved(place.get("items", {}), self._root)
            members = place.get("properties")
            if not isinstance(members, Mapping) or name not in members:
                return False
            place = resolved(members[name], self._root)
        while type_of(place) == "array":
            place = resolved(place.get("items", {}), self._root)
        if type_of(place) != "string":
            return True
        return any(key in place for key in ("maxLength", "enum", "const")) or place.get("format") in _OF_FORMAT
