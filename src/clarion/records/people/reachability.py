"""Taking dead devices out of use. They stay as rows; registering one again wakes it up. Endpoints: endpoints.py."""

from collections.abc import Collection
from uuid import UUID

from clarion.records import hot


def deactivate_devices(ids: Collection[UUID]) -> int:
    """Take these out of use; returns how many were in use, so that each is told of once."""
    return _deactivate("people_device", ids)


def _deactivate(table: str, ids: Collection[UUID]) -> int:
    if not ids:
        return 0
    # in the order of their ids, so that two who do this never wait for each other in a circle
    return len(
        hot.fetch(
            f"UPDATE {table} SET active = false WHERE id IN (SELECT id FROM {table} WHERE id = ANY(%s) AND active"
            " ORDER BY id FOR UPDATE) RETURNING id",
            [sorted(ids)],
        )
    )
