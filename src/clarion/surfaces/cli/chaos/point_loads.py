"""What each load of `clarion chaos points` sends, and what is to be taken of it: by the ids that were acknowledged, or,
where the client is told of no ids, by their number."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from uuid import UUID

import msgspec

from clarion.contract.channel import ChannelKey
from clarion.surfaces.cli.api_answers import Sent
from clarion.surfaces.cli.bench.measured import BenchFailed
from clarion.surfaces.cli.bench.sample import SAMPLE, TEMPLATE
from clarion.surfaces.cli.chaos.point_calls import Answered, Call, Client
from clarion.surfaces.cli.chaos.point_cases import Load
from clarion.surfaces.cli.chaos.point_ground import PointGround
from clarion.surfaces.cli.chaos.verdict import Acknowledged, Taken

CHANNELS = (ChannelKey.EMAIL, ChannelKey.WEBHOOK)
SEND, BULK = "notifications/send", "notifications/bulk"
# urgent work has a slot of its own in each worker: one of the two would be busy when the other is hit
WORDS: dict[str, object] = {"template_path": TEMPLATE, "context": SAMPLE, "priority": 3}
SPREAD_SECONDS = 2.0
WAVE_SECONDS = 3.0
AUDIENCE_SIZE = 25
JOB_SECONDS = 60.0


class _Job(msgspec.Struct, frozen=True, kw_only=True):
    """As much of a job's answer as is read."""

    job_id: UUID
    status: str
    accepted: int


class _Dead(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID


class _DeadPage(msgspec.Struct, frozen=True, kw_only=True):
    results: list[_Dead]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the client was promised, and what became of it by the receivers' records."""

    acknowledged: Sequence[Acknowledged]
    taken: Sequence[Taken]


def calls_of(load: Load, ground: PointGround, client: Client, number: int, channel: ChannelKey) -> list[Call]:
    """The calls of a load of about `number` notifications; `channel`: of a steady one."""
    if load is Load.LIST:
        recipients = [{"user_id": str(one)} for one in ground.people["in"]]
        return [Call(path=BULK, body={**_said(ChannelKey.WEBHOOK), "recipients": recipients})]
    if load is Load.AUDIENCE:
        mark = _mark_people(ground, client)
        return [Call(path=BULK, body={**_said(ChannelKey.WEBHOOK), "user_filters": {"attributes": {"crowd": mark}}})]
    return list(islice(_singles(load, ground, number, channel), number))


def _singles(load: Load, ground: PointGround, number: int, channel: ChannelKey) -> Iterator[Call]:
    door = {Load.STEADY: "in", Load.REFUSED_ONCE: "once"}.get(load, "never")
    wave = datetime.fromtimestamp(time.time() + WAVE_SECONDS, UTC)
    for place, person in enumerate(ground.people[door]):
        body: dict[str, object] = {"user_id": str(person)}
        if load is Load.STEADY:
            body |= _said(channel)
            body |= {"scheduled_at": wave} if place % 2 else {}
        elif load is Load.CHAIN:
            chain = [ChannelKey.WEBHOOK, ChannelKey.EMAIL]
            body |= {**WORDS, "fallback": chain}
        else:
            body |= _said(ChannelKey.WEBHOOK)
        yield Call(path=SEND, body=body, after=SPREAD_SECONDS * place / number)


def _said(channel: ChannelKey) -> dict[str, object]:
    return {"channel": channel, **WORDS}


def _mark_people(ground: PointGround, client: Client) -> str:
    mark = f"c{time.time_ns()}"
    for person in ground.people["in"][:AUDIENCE_SIZE]:
        if client.once("PATCH", f"users/{person}", {"attributes": {"crowd": mark}}) is None:
            raise BenchFailed("The people of an audience could not be marked.")
    return mark


def evidence_of(load: Load, answers: Sequence[Answered], ground: PointGround, client: Client) -> Evidence:
    """After the full drain."""
    taken = ground.taken()
    if load in (Load.LIST, Load.AUDIENCE):
        return Evidence(acknowledged=by_number(_accepted(answers, client), taken), taken=taken)
    if load is Load.CHAIN:
        # the mail has an id of its own: what the client was told of is the webhook before it
        return Evidence(acknowledged=by_number(len(answers), taken), taken=taken)
    acknowledged = [_acknowledged(answer) for answer in answers]
    if load is Load.REFUSED:
        taken = [Taken(id=one, at=time.time()) for one in _dead_letters(client, {each.id for each in acknowledged})]
    return Evidence(acknowledged=acknowledged, taken=taken)


def _acknowledged(answer: Answered) -> Acknowledged:
    at = answer.call.body.get("scheduled_at")
    due = at.timestamp() if isinstance(at, datetime) else answer.at
    return Acknowledged(id=str(msgspec.json.decode(answer.body, type=Sent).id), at=answer.at, due=due)


def by_number(number: int, taken: Sequence[Taken]) -> list[Acknowledged]:
    """So many were promised: those that were taken, and a stranger for each that is missing."""
    names = list(dict.fromkeys(each.id for each in taken))[:number]
    missing = [f"missing {place}" for place in range(number - len(names))]
    return [Acknowledged(id=name, at=float("inf"), due=float("inf")) for name in (*names, *missing)]


def _accepted(answers: Sequence[Answered], client: Client) -> int:
    """How many the jobs took in, once they have."""
    return sum(_job(client, msgspec.json.decode(answer.body, type=_Job).job_id).accepted for answer in answers)


def _job(client: Client, identifier: UUID) -> _Job:
    said = client.once("GET", f"{BULK}/{identifier}")
    if said is None:
        raise BenchFailed("A job that was acknowledged is not to be found.")
    return msgspec.json.decode(said, type=_Job)


def wait_for_jobs(load: Load, answers: Sequence[Answered], client: Client, pause: Callable[[], None]) -> None:
    """Until no job takes people in any more: the queue may be empty before that."""
    if load is not Load.AUDIENCE:
        return
    deadline = time.monotonic() + JOB_SECONDS
    for answer in answers:
        identifier = msgspec.json.decode(answer.body, type=_Job).job_id
        while _job(client, identifier).status == "running" and time.monotonic() < deadline:
            pause()


def _dead_letters(client: Client, ours: set[str]) -> list[str]:
    said = client.once("GET", "dead-letters?page_size=200")
    if said is None:
        raise BenchFailed("The dead letters could not be listed.")
    listed = [str(each.id) for each in msgspec.json.decode(said, type=_DeadPage).results]
    return [one for one in listed if one in ours]
