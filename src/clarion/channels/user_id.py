"""The address of the channels that end inside the house: the person's own id."""

from uuid import UUID

from clarion.channels.errors import InvalidValue


def parse_user_id(value: str) -> str:
    """The UUID in its usual lower-case form; raises InvalidValue (`invalid_user_id`)."""
    try:
        return str(UUID(value.strip()))
    except ValueError as error:
        raise InvalidValue("invalid_user_id", "the address of this channel is the user's id, a UUID") from error


def mask_user_id(value: str) -> str:
    """The id names nobody by itself, yet only its first block is shown."""
    return f"{value[:8]}…" if len(value) > 8 else "…"
