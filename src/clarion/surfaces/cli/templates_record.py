"""`.clarion.json` in a folder of templates: what each server had when the folder was last in step with it.

It tells an edit that was made on the server meanwhile from one that was made here. It belongs into git.
"""

import json
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path

import msgspec

from clarion.records.templating.files import TemplateFiles

FILE_NAME = ".clarion.json"


class InvalidRecord(ValueError):
    """The file is none of ours; the text says what to do."""


def digest(template: TemplateFiles) -> str:
    """The same for the same template, wherever it stands."""
    said = asdict(template)
    said.pop("places")
    return sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:16]


class Record:
    """Digests by path, for one server."""

    def __init__(self, folder: Path, server: str) -> None:
        self._file = folder / FILE_NAME
        self._server = server.rstrip("/")
        self._all = self._read()

    def _read(self) -> dict[str, dict[str, str]]:
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=dict[str, dict[str, str]])
        except FileNotFoundError:
            return {}
        except (OSError, msgspec.DecodeError) as error:
            raise InvalidRecord(f"{self._file} cannot be read: mend it, or remove it and pull again") from error

    def known(self, path: str) -> str:
        """The digest at the last time; empty when there was none."""
        return self._all.get(self._server, {}).get(path, "")

    def note(self, template: TemplateFiles) -> None:
        """The folder and the server both say this."""
        self._all.setdefault(self._server, {})[template.path] = digest(template)

    def forget(self, path: str) -> None:
        """The template is gone."""
        self._all.get(self._server, {}).pop(path, None)

    def save(self) -> None:
        """Write it where it changed; whole or not at all."""
        text = json.dumps(self._all, indent=1, sort_keys=True) + "\n"
        if self._file.is_file() and self._file.read_text("utf-8") == text:
            return
        beside = self._file.with_name(f"{FILE_NAME}.new")
        beside.unlink(missing_ok=True)  # it may have come with the folder, as a link to anywhere
        beside.write_text(text, "utf-8")
        beside.replace(self._file)
