"""Paths of new templates: how they are written, and which patterns may not stand beside each other."""

from collections.abc import Sequence

from django.db import connection

from clarion.contract.input_error import InputError
from clarion.records.templating.engine.trie import check_path
from clarion.records.templating.models import Template

POINTER = "/path"
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('templating_patterns', 0))"


def check(path: str) -> None:
    """Raise InputError `invalid_path` for a path that is not lower-case words joined by dots."""
    try:
        check_path(path)
    except ValueError as error:
        raise InputError("invalid_path", str(error), pointer=POINTER) from error


def refuse_ambiguous(path: str) -> None:
    """Raise InputError 409 `path_ambiguous` for a pattern that shares paths with another one, where neither is the more
    specific (`order.*.late` and `order.eu.*` both mean `order.eu.late`) and no template stands for just those paths.
    In the transaction that creates the template; two at once wait for each other."""
    if "*" not in path:
        return
    with connection.cursor() as cursor:
        cursor.execute(_LOCK)
    first = path.partition(".")[0]
    others = Template.objects.filter(path__startswith=f"{first}.", path__contains="*")
    for other in others.values_list("path", flat=True):
        shared = meet(path, other)
        if shared is not None and not Template.objects.filter(path=shared).exists():
            message = f"it is not clear whether this or {other} answers to {shared}: make a template for {shared} first"
            raise InputError("path_ambiguous", message, pointer=POINTER, status=409)


def meet(one: str, other: str) -> str | None:
    """The paths that two patterns share, as a path or pattern; None when they share none or one is the more specific
    of the two, for then it wins wherever both match."""
    mine, theirs = one.split("."), other.split(".")
    if len(mine) != len(theirs) or not all(a == b or "*" in (a, b) for a, b in zip(mine, theirs, strict=True)):
        return None
    if not (_is_literal_where_star(mine, theirs) and _is_literal_where_star(theirs, mine)):
        return None
    return ".".join(a if a != "*" else b for a, b in zip(mine, theirs, strict=True))


def _is_literal_where_star(one: Sequence[str], other: Sequence[str]) -> bool:
    return any(a != "*" and b == "*" for a, b in zip(one, other, strict=True))
