"""Categories of the experiments' own, made through the API: how soon it is tried again, and what unclear means."""

import msgspec

from clarion.surfaces.cli.api_client import ApiError
from clarion.surfaces.cli.bench.ground import Ground

TAKEN = (400, 409, 422)


class Made(msgspec.Struct, frozen=True):
    """The answer, as far as it is read."""

    key: str


def category(ground: Ground, key: str, *, retry_seconds: float = 2, unclear: str = "resend") -> str:
    """The key of a transactional category, made if it is not there. Raises ApiError."""
    body: dict[str, object] = {
        "key": key,
        "name": key,
        "kind": "transactional",
        "unclear": unclear,
        "retry": {"base_seconds": retry_seconds, "cap_seconds": 60},
    }
    try:
        return ground.api.post("categories", body, Made).key
    except ApiError as error:
        if error.status not in TAKEN or "already" not in str(error):
            raise
        return key
