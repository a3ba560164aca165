"""How grave a finding is."""

from enum import StrEnum


class Severity(StrEnum):
    """An error stops publishing; a warning is probably wrong; a note is worth knowing."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"

    @property
    def rank(self) -> int:
        """0 for the gravest."""
        return list(Severity).index(self)
