"""Which variables a draft uses, and where: for the list beside the editor."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import msgspec

from clarion.contract.channel import ChannelKey
from clarion.records.templating.design import prepare
from clarion.records.templating.draft import Draft
from clarion.records.templating.engine.errors import TemplateError
from clarion.records.templating.engine.validation import STANDARD_NAMES
from clarion.records.templating.engine.variables import used_variables
from clarion.records.templating.gate import declared_of
from clarion.surfaces.api.template_bodies import DEFAULT


class Place(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """A field of a channel in one language."""

    channel: str
    locale: str
    field: str


class VariableUse(msgspec.Struct, frozen=True, kw_only=True):
    """A variable: `standing` is `required`, `optional`, `standard` (every rendering brings it) or `undeclared`."""

    name: str
    standing: str
    type: str
    says: str
    used: list[Place]


def variables_of(draft: Draft) -> list[VariableUse]:
    """Every variable that is declared or used; declared ones first."""
    used: dict[str, set[Place]] = {}
    for key, locales in draft.content.items():
        for locale, fields in locales.items():
            for name, field in _used(key, fields, draft.theme, locale):
                place = Place(channel=str(key), locale=locale or DEFAULT, field=field)
                used.setdefault(name, set()).add(place)
    required, optional = declared_of(draft)
    declared = {**dict.fromkeys(optional, "optional"), **dict.fromkeys(required, "required")}
    names = [*declared, *sorted(name for name in used if name not in declared)]
    return [_use(name, _standing(name, declared), draft, used.get(name, set())) for name in names]


def _used(key: ChannelKey, fields: Mapping[str, str], theme: str, locale: str) -> list[tuple[str, str]]:
    with suppress(TemplateError):  # the checks say what is wrong; then the fields count as they stand
        fields = prepare(key, fields, theme=theme, locale=locale)
    found: list[tuple[str, str]] = []
    for name, source in fields.items():
        try:
            found += [(path.replace("[]", ""), name) for path in used_variables(source)]
        except TemplateError:
            continue
    return found


def _standing(name: str, declared: Mapping[str, str]) -> str:
    if name.partition(".")[0] in STANDARD_NAMES:
        return "standard"
    parts = name.split(".")
    above = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((declared[each] for each in above if each in declared), "undeclared")


def _use(name: str, standing: str, draft: Draft, used: set[Place]) -> VariableUse:
    described = _described(draft.schema, name.split("."))
    kind = described.get("type", "")
    return VariableUse(
        name=name,
        standing=standing,
        type=kind if isinstance(kind, str) else " or ".join(map(str, kind)),
        says=str(described.get("description", ""))[:300],
        used=sorted(used),
    )


def _described(schema: Mapping[str, Any], path: list[str]) -> Mapping[str, Any]:
    """What the JSON Schema says of a variable, as far as it can be followed without references."""
    at: Any = schema
    for part in path:
        if isinstance(at, Mapping) and isinstance(at.get("items"), Mapping):
            at = at["items"]
        properties = at.get("properties") if isinstance(at, Mapping) else None
        at = properties.get(part) if isinstance(properties, Mapping) else None
    return at if isinstance(at, Mapping) else {}
