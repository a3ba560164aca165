"""Ids in paths: a UUID in small or capital letters, which are the same id (RFC 9562)."""

from uuid import UUID

from django.urls.converters import UUIDConverter, register_converter

NAME = "id"


class AnyCaseUuid(UUIDConverter):
    """Django's own takes small letters only."""

    regex = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"

    def to_python(self, value: str) -> UUID:
        return UUID(value)


register_converter(AnyCaseUuid, NAME)


def any_case(route: str) -> str:
    """The route with its UUIDs taken in either case."""
    return route.replace("<uuid:", f"<{NAME}:")
