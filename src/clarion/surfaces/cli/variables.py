"""`--set a.b=1` → `{"a": {"b": 1}}`."""

from collections.abc import Sequence

import msgspec


class InvalidSetting(ValueError):
    """A word after --set that cannot be taken; the text says how to write it."""


def parse_settings(given: Sequence[str]) -> dict[str, object]:
    """Nested values from `path=value` words; a value that is JSON is taken as such, any other as text.

    Raises InvalidSetting for a word without `=`, an empty name, or a path below something that is no mapping.
    """
    found: dict[str, object] = {}
    for word in given:
        path, equals, value = word.partition("=")
        names = path.strip().split(".")
        if not equals or not all(names):
            raise InvalidSetting(f"--set takes name=value, for example --set order.number=7; not {word[:40]!r}")
        place = found
        for name in names[:-1]:
            below = place.setdefault(name, {})
            if not isinstance(below, dict):
                raise InvalidSetting(f"--set {path[:40]}: {name} has a value of its own already")
            place = below
        if isinstance(place.get(names[-1]), dict):
            raise InvalidSetting(f"--set {path[:40]}: it has parts already")
        place[names[-1]] = _value(value)
    return found


def _value(text: str) -> object:
    try:
        value: object = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text
    return value
