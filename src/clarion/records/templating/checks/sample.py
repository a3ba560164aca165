"""The context of a rendered sample: the standard variables, the template's sample, and made-up values for the rest."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import count
from typing import Any

from clarion.records.templating.brand import Brand
from clarion.records.templating.engine.validation import STANDARD_NAMES
from clarion.records.templating.greetings import greeting

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
HOST = "https://shop.example.org"
MAX_DEPTH = 12
MOST_VALUES = 3_000
"""Made of one schema; one that may be stored unfolds to fewer parts (schema_rules.py)."""
MOST_LENGTH = 20_000
"""Of a text that is made up because a schema wants so much or allows it."""
LONGEST_NAME = 30
"""Of a person's first or last name, when the longest text is asked for."""


def standard(locale: str, *, long_names: bool = False) -> dict[str, object]:
    """What every rendering brings, for somebody made up."""
    first, last = ("W" * LONGEST_NAME, "W" * LONGEST_NAME) if long_names else ("Ann", "Example")
    known: dict[str, object] = {
        "user": {
            "id": "0199a1f8-f43f-7587-ae5d-50ba9452afb4",
            "first_name": first,
            "last_name": last,
            "full_name": f"{first} {last}",
            "email": "ann@example.org",
            "locale": locale or "en",
            "timezone": "UTC",
            "attributes": {},
        },
        "app_name": "Example",
        "app_url": HOST,
        "now": NOW,
        "current_time": NOW,
        "greeting": greeting(locale or "en", NOW.hour),
        "engagement_tone": "neutral",
        "locale": locale or "en",
        "timezone": "UTC",
        "brand": Brand(name="Example", address="1 Example Street", support_email="help@example.org").as_context(),
        "notification": {"id": "0199a1f8-f43f-7587-ae5d-50ba9452afb4"},
    }
    return {name: known.get(name, _by_name(name)) for name in sorted(STANDARD_NAMES | set(known))}


def guessed(paths: Iterable[str]) -> dict[str, object]:
    """Values for variables of which nothing is known but their paths: `order.items[].price`."""
    found: dict[str, object] = {}
    for path in sorted(paths):
        _grow(found, path.replace("[]", ".[]").split("."))
    return found


def _grow(place: dict[str, object], names: list[str]) -> None:
    name, rest = names[0], names[1:]
    if rest == ["[]"]:
        place.setdefault(name, [f"{name} 1", f"{name} 2"])
    elif rest and rest[0] == "[]":
        items = place.get(name)
        item = items[0] if isinstance(items, list) and items and isinstance(items[0], dict) else {}
        _grow(item, rest[1:])
        place[name] = [item]
    elif rest:
        below = place.get(name)
        inner = below if isinstance(below, dict) else {}
        _grow(inner, rest)
        place[name] = inner
    else:
        place.setdefault(name, _by_name(name))


def _by_name(name: str) -> object:
    word = name.lower()
    if word.endswith(("url", "link", "href")):
        return f"{HOST}/{word}"
    if word.endswith(("image", "logo", "picture", "photo")):
        return f"{HOST}/{word}.jpg"
    if "email" in word:
        return "ann@example.org"
    return name.replace("_", " ")


def from_schema(schema: Mapping[str, Any]) -> dict[str, object]:
    """Values for the properties that a JSON Schema of an object describes."""
    value = _value(schema, schema, "", 0, count(1))
    return value if isinstance(value, dict) else {}


def resolved(schema: Any, root: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema behind a `$ref` within the document; of alternatives, the first."""
    for _ in range(MAX_DEPTH):
        if not isinstance(schema, Mapping):
            return {}
        reference = schema.get("$ref")
        if isinstance(reference, str) and reference.startswith("#/"):
            target: Any = root
            for word in reference[2:].split("/"):
                target = target.get(word) if isinstance(target, Mapping) else None
            schema = target
            continue
        choices = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
        if isinstance(choices, list) and choices and "type" not in schema:
            schema = choices[0]
            continue
        return schema
    return {}


def type_of(schema: Mapping[str, Any]) -> str:
    """The (first) type of a schema, by what it describes where it names none."""
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((each for each in kind if each != "null"), "null")
    if isinstance(kind, str):
        return kind
    return "object" if "properties" in schema else "array" if "items" in schema else "string"


def _value(schema: Any, root: Mapping[str, Any], name: str, depth: int, made: Iterator[int]) -> object:
    if next(made) > MOST_VALUES:
        return None  # references that multiply: check_whole says that the schema is none
    described = resolved(schema, root)
    for given in _named(described):
        return given
    kind = type_of(described)
    if depth > MAX_DEPTH:
        return None
    if kind == "object":
        properties = described.get("properties")
        items = properties.items() if isinstance(properties, Mapping) else ()
        return {str(key): _value(below, root, str(key), depth + 1, made) for key, below in items}
    if kind == "array":
        times = max(1, min(_whole(described.get("minItems"), 2), 5))
        return [_value(described.get("items", {}), root, name, depth + 1, made)] * times
    if kind in ("integer", "number"):
        return described.get("minimum", 12 if kind == "integer" else 12.5)
    if kind == "boolean":
        return True
    return None if kind == "null" else _text(described, name)


def _named(described: Mapping[str, Any]) -> Iterator[object]:
    """Values that the schema names itself."""
    yield from (described[key] for key in ("const", "default") if key in described)
    for key in ("examples", "enum"):
        if isinstance(described.get(key), list) and described[key]:
            yield described[key][0]


def _text(schema: Mapping[str, Any], name: str) -> str:
    by_format = {
        "date": "2026-03-02",
        "date-time": "2026-03-02T09:30:00Z",
        "uri": f"{HOST}/{name}",
        "email": "ann@example.org",
    }
    text = by_format.get(str(schema.get("format"))) or str(_by_name(name))
    text = text.ljust(min(_whole(schema.get("minLength"), 0), MOST_LENGTH), "x")
    return text[: _whole(schema.get("maxLength"), len(text))]


def _whole(value: object, otherwise: int) -> int:
    return value if type(value) is int and value >= 0 else otherwise
