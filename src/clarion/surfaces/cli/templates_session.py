"""What pull, push and diff work on: a server, a folder, and which of the templates."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from clarion.records.templating.files import TemplateFiles, UnreadableFolder, read_folder
from clarion.surfaces.cli.api_client import ApiClient
from clarion.surfaces.cli.templates_record import Record
from clarion.surfaces.cli.templates_remote import Listed, Remote, list_templates, read_templates

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One run."""

    client: ApiClient = field(repr=False)
    folder: Path
    only: tuple[str, ...]
    record: Record
    console: Console

    @classmethod
    def open(cls, client: ApiClient, folder: Path, only: tuple[str, ...]) -> "Session":
        """Raises ValueError when the folder's record is none."""
        return cls(
            client=client,
            folder=folder,
            only=only,
            record=Record(folder, client.base_url),
            console=Console(highlight=False),
        )

    def wants(self, path: str) -> bool:
        """Whether the template is meant."""
        return not self.only or any(path == pattern or fnmatchcase(path, pattern) for pattern in self.only)

    def local(self) -> dict[str, TemplateFiles]:
        """The folder's templates that are meant; empty without a folder. Raises ValueError with all its faults."""
        if not self.folder.exists():
            return {}
        try:
            found = read_folder(self.folder)
        except UnreadableFolder as error:
            raise ValueError(str(error)) from error
        return {template.path: template for template in found if self.wants(template.path)}

    def remote(self, more: Callable[[Listed], bool] = lambda listed: True) -> dict[str, Remote]:
        """The server's templates that are meant. Raises ApiError."""
        listed = [each for each in list_templates(self.client) if self.wants(each.path) and more(each)]
        read = self.progress("reading", read_templates(self.client, listed), len(listed))
        return {remote.template.path: remote for remote in read}

    def progress(self, what: str, steps: Iterable[T], total: int) -> Iterator[T]:
        """The steps, with a bar while they take long."""
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        console = Console(stderr=True)
        with Progress(*columns, transient=True, console=console, disable=not console.is_terminal) as bar:
            yield from bar.track(steps, total=total, description=what)
