"""`clarion send --bulk FILE`: uploads a file of recipients, follows the job, says who was rejected. Reads the file
block by block; what is in it is the server's to judge."""

import json
from collections.abc import Callable, Iterator, Mapping
from http.client import HTTPException
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import Request
from uuid import uuid4

import msgspec
import typer

from clarion.surfaces.cli.exits import Exit, leave

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from clarion.surfaces.cli.api_client import ApiClient

BLOCK = 256 * 1024
# for the whole upload to be kept, which is a few seconds for each million of lines
ANSWER_SECONDS = 600.0
POLL_SECONDS = 0.5
SHOWN = 10
KINDS = {".csv": "text/csv", ".ndjson": "application/x-ndjson", ".jsonl": "application/x-ndjson"}


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to an upload, as far as it is read."""

    job_id: str


class Rejected(msgspec.Struct, frozen=True, kw_only=True):
    """A line that was not taken."""

    place: int
    channel: str
    code: str
    message: str


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """How the job stands."""

    status: str
    total: int | None
    accepted: int
    rejected: int
    moving: int
    rejections: list[Rejected]


def send_bulk(client: "ApiClient", file: Path, job: Mapping[str, object], *, wait: bool) -> None:
    """Upload, follow, report; exit code 1 when somebody was rejected. `job` empty: it is the file's first line. Raises
    ApiError."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    kind, packed = kind_of(file)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, transient=True) as progress:
        sending = progress.add_task("uploading (bytes)", total=file.stat().st_size)
        job_id = _upload(client, file, kind, packed, job, lambda count: progress.advance(sending, count))
        found = _follow(client, job_id, progress.add_task("taking in", total=None), progress, wait=wait)
    _show(job_id, found)
    if found.rejected or found.status not in ("accepted", "done"):
        raise typer.Exit(Exit.FAILED)


def kind_of(file: Path) -> tuple[str, bool]:
    """The content type by the name's end, and whether it is packed. Ends the command on others."""
    packed = file.suffix == ".gz"
    suffix = Path(file.stem).suffix if packed else file.suffix
    if suffix.lower() not in KINDS:
        leave(Exit.USAGE, f"{file.name}: the name must end in {', '.join(KINDS)}, each also with .gz.")
    if not file.is_file():
        leave(Exit.USAGE, f"There is no file {file}.")
    return KINDS[suffix.lower()], packed


def _upload(
    client: "ApiClient",
    file: Path,
    kind: str,
    packed: bool,
    job: Mapping[str, object],
    sent: Callable[[int], object],
) -> str:
    from clarion.surfaces.cli.api_client import ApiError, explain, opener

    url = f"{client.base_url.rstrip('/')}/api/v1/notifications/bulk/upload"
    url += f"?{urlencode({'job': json.dumps(job)})}" if job else ""
    headers = {
        "Authorization": client.authorization,
        "Content-Type": kind,
        "Content-Length": str(file.stat().st_size),
        "Idempotency-Key": str(uuid4()),
        **({"Content-Encoding": "gzip"} if packed else {}),
    }
    request = Request(url, data=_blocks(file, sent), headers=headers, method="POST")  # noqa: S310 -- see parse_base_url
    try:
        with opener(url).open(request, timeout=ANSWER_SECONDS) as response:
            return msgspec.json.decode(response.read(), type=Kept).job_id
    except HTTPError as error:
        with error:
            raise ApiError(explain(error.code, error.read()), status=error.code) from None
    except (URLError, OSError, HTTPException) as error:
        message = f"The upload broke off ({type(error).__name__}). Look for the job before you send it again."
        raise ApiError(message) from None


def _blocks(file: Path, sent: Callable[[int], object]) -> Iterator[bytes]:
    with file.open("rb") as source:
        while block := source.read(BLOCK):
            yield block
            sent(len(block))


def _follow(client: "ApiClient", job_id: str, task: "TaskID", progress: "Progress", *, wait: bool) -> Job:
    """The job when everybody is taken in; with `wait`, when nothing moves any more."""
    while True:
        job = client.get(f"notifications/bulk/{job_id}", Job, page_size=str(SHOWN))
        done = job.accepted + job.rejected
        if job.status == "running" or not wait:
            progress.update(task, total=job.total, completed=done)
        else:
            progress.update(task, description="sending", total=job.accepted, completed=job.accepted - job.moving)
        if job.status not in ("running", "accepted") or (job.status == "accepted" and not wait):
            return job
        sleep(POLL_SECONDS)


def _show(job_id: str, job: Job) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    console.print(f"job {job_id}: {job.status}; accepted {job.accepted}, rejected {job.rejected}")
    if not job.rejections:
        return
    table = Table(box=None, pad_edge=False)
    for title in ("line", "channel", "code", "what is wrong"):
        table.add_column(title)
    for each in job.rejections:
        table.add_row(str(each.place), each.channel, each.code, each.message)
    console.print(table)
    if job.rejected > len(job.rejections):
        console.print(f"… and {job.rejected - len(job.rejections)} more: GET /api/v1/notifications/bulk/{job_id}")
