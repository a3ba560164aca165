"""What an uploaded file costs the web process: the time until every line is kept, and the memory that takes."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar
from uuid import uuid4

import msgspec

from clarion.surfaces.cli.api_client import ApiError
from clarion.surfaces.cli.bench.bulk_call import post
from clarion.surfaces.cli.bench.children import children_of, forget_peak, peak_mib, resident_mib
from clarion.surfaces.cli.bench.ground import Ground
from clarion.surfaces.cli.bench.ingest import WEB
from clarion.surfaces.cli.bench.measured import BenchFailed, Extent, Meter, rate

NDJSON = "application/x-ndjson"
JOB = {"subject": "Sale", "body": "Half price", "channel": "in_app"}
WARM_UP = 1_000
CONFLICT = 409


class _Kept(msgspec.Struct, frozen=True, kw_only=True):
    job_id: str
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploaded:
    """One file, answered with 202: every line is durable, and a worker takes them in later. `peak_mib`: the most the
    web process had resident meanwhile, `before_mib` what it had before."""

    COLUMNS: ClassVar[tuple[str, ...]] = ("lines", "seconds", "lines/s", "file MB", "peak MiB", "before")

    lines: int
    seconds: float
    per_second: float
    file_bytes: int
    peak_mib: float
    before_mib: float
    flaw: str = ""

    def cells(self) -> tuple[str, ...]:
        memory = (f"{self.peak_mib:.0f}", f"{self.before_mib:.0f}")
        size = f"{self.file_bytes / 1e6:.1f}"
        return str(self.lines), f"{self.seconds:.2f}", f"{self.per_second:.0f}", size, *memory


def measure_upload(ground: Ground, extent: Extent, meter: Meter) -> Iterator[Uploaded]:
    """One row for each length of file. Its ids are nobody's, so nothing is sent; the job is cancelled at once."""
    web = children_of(ground.system.pid, WEB)
    if not web:
        raise BenchFailed("The web process was not found; this experiment needs Linux's /proc.")
    for number in (WARM_UP, *extent.files):
        meter.stage(f"a file of {number} lines")
        file = _file(number)
        forget_peak(web[0])
        before = resident_mib(web[0])
        answer, seconds = post(ground, "notifications/bulk/upload", NDJSON, file)
        peak = peak_mib(web[0])
        kept = msgspec.json.decode(answer, type=_Kept)
        _cancel(ground, kept.job_id)
        if number == WARM_UP:
            continue
        yield Uploaded(
            lines=number,
            seconds=seconds,
            per_second=rate(number, seconds),
            file_bytes=len(file),
            peak_mib=peak,
            before_mib=before,
            flaw="" if kept.total == number else f"{kept.total} of {number} lines were kept",
        )


def _cancel(ground: Ground, job: str) -> None:
    try:
        ground.api.post(f"notifications/bulk/{job}/cancel", {}, dict[str, object])
    except ApiError as error:
        if error.status != CONFLICT:  # a short file has been worked off by now
            raise


def _file(number: int) -> bytes:
    lines = (b'{"user_id":"%b","context":{"order_number":"%d"}}' % (str(uuid4()).encode(), n) for n in range(number))
    return b"\n".join((msgspec.json.encode(JOB), *lines))
