"""The environment `clarion up` gives its children: what is set stays, what is missing comes from the data directory."""

from collections.abc import Mapping
from pathlib import Path

from clarion.embedded.keys import Keys

SETTINGS = "clarion.config.settings"


def is_set(environ: Mapping[str, str], name: str) -> bool:
    """Whether the operator gave the value, directly or as NAME_FILE."""
    return bool(environ.get(name, "").strip() or environ.get(f"{name}_FILE", "").strip())


def child_environment(
    environ: Mapping[str, str], *, keys: Keys, data_dir: Path, public_url: str, stores: Mapping[str, str]
) -> dict[str, str]:
    """`stores`: the URLs of the bundled servers we started, by environment name."""
    made_up = {
        "CLARION_SECRET_KEY": keys.secret_key,
        "CLARION_ENCRYPTION_KEYS": keys.encryption_keys,
        "CLARION_PUBLIC_URL": public_url,
        "CLARION_LOG_FORMAT": "console",
        **stores,
    }
    # Alone, the algorithm's key is the operator's: a made-up shared secret is no public key.
    if not is_set(environ, "CLARION_JWT_ALGORITHM") or environ["CLARION_JWT_ALGORITHM"] == "HS256":
        made_up["CLARION_JWT_KEY"] = keys.jwt_key
    # An empty value counts as unset, but it would win over NAME_FILE and over ours.
    result = {name: value for name, value in environ.items() if not name.startswith("CLARION_") or value.strip()}
    result |= {name: value for name, value in made_up.items() if not is_set(environ, name)}
    result |= {
        "CLARION_EMBEDDED": "1",
        "CLARION_DATA_DIR": str(data_dir),
        "DJANGO_SETTINGS_MODULE": SETTINGS,
        "PYTHONUNBUFFERED": "1",
    }
    return result
