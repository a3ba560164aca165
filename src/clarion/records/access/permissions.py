"""The closed set of permissions, and who a caller is once authenticated."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Permission(StrEnum):
    """What a caller may do. `staff` includes all the others."""

    SEND = "send"
    SEND_OTHERS = "send_others"
    BULK = "bulk"
    TEMPLATES = "templates"
    ANALYTICS = "analytics"
    BYPASS = "bypass"
    STAFF = "staff"


DEFAULT_PERMISSIONS = (Permission.SEND,)


class CallerKind(StrEnum):
    USER = "user"
    API_KEY = "api_key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who calls: `id` is the user's or the key's (fairness and accounting go by it), `user_id` the person acting."""

    kind: CallerKind
    id: UUID
    user_id: UUID
    permissions: frozenset[Permission]

    def may(self, permission: Permission) -> bool:
        """Whether the caller holds the permission, directly or as staff."""
        return permission in self.permissions or Permission.STAFF in self.permissions


def parse_permissions(names: list[str]) -> frozenset[Permission]:
    """Stored names → permissions; names that no longer exist are left out."""
    known = {str(p): p for p in Permission}
    return frozenset(known[name] for name in names if name in known)
