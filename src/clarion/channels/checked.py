"""Rendered fields held against a channel's field list; the first step of every `build`."""

from collections.abc import Mapping, Sequence

from clarion.channels.channel import FieldSpec
from clarion.channels.errors import InvalidValue
from clarion.channels.text import clean, single_line, within


def checked(specs: Sequence[FieldSpec], fields: Mapping[str, str]) -> dict[str, str]:
    """Every field of the channel, the absent ones empty; raises InvalidValue for unknown, missing, broken or
    over-long ones."""
    known = {spec.name for spec in specs}
    if unknown := sorted(set(fields) - known):
        raise InvalidValue(
            "unknown_field",
            f"this channel has no such field; it has {', '.join(sorted(known))}",
            field=unknown[0],
        )
    return {spec.name: _one(spec, fields.get(spec.name, "")) for spec in specs}


def _one(spec: FieldSpec, value: str) -> str:
    tidy = single_line(value, field=spec.name) if spec.single_line else clean(value, field=spec.name)
    if spec.required and not tidy.strip():
        raise InvalidValue("required", f"{spec.name} is required and came out empty", field=spec.name)
    return within(tidy, spec.limit, field=spec.name)
