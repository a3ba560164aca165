"""What Redis holds of who is in which room (records/live/rosters.py), asked and told in few round trips. Whoever calls
this bears its outages: redis.RedisError and OSError."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from clarion.records.live import events, frames, rosters
from clarion.records.live.events import Event

NAMED_MOST = 500
"""In rooms with more people their number is told instead of who comes and goes."""
Place = tuple[str, str]
"""A room and a person."""


class RosterBook:
    """The rosters of all processes."""

    def __init__(self, connection: Any, process: str) -> None:
        self._redis = connection
        self.process = process

    async def live(self) -> bool:
        """Say that this process lives; whether it was known to."""
        key = rosters.alive_key(self.process)
        return await self._redis.set(key, 1, ex=rosters.FORGOTTEN_SECONDS, get=True) is not None

    async def write(self, come: Collection[Place], gone: Collection[Place], empty: Collection[str]) -> bool:
        """Our people that came and went, and rooms where none of ours is left; whether this process was known to."""
        pipeline = self._redis.pipeline(transaction=True)
        pipeline.set(rosters.alive_key(self.process), 1, ex=rosters.FORGOTTEN_SECONDS, get=True)
        pipeline.sadd(rosters.processes_key(), self.process)
        for room, user in come:
            pipeline.sadd(rosters.people_key(self.process, room), user)
        for room, user in gone:
            pipeline.srem(rosters.people_key(self.process, room), user)
        for room in {room for room, _ in come}:
            pipeline.sadd(rosters.rooms_key(self.process), room)
        for room in empty:
            pipeline.srem(rosters.rooms_key(self.process), room)
        return (await pipeline.execute())[0] is not None

    async def clear(self, process: str, rooms: Iterable[str]) -> None:
        """Forget a process and its people in these rooms."""
        keys = [rosters.people_key(process, room) for room in rooms]
        await self._redis.delete(rosters.rooms_key(process), *keys)
        await self._redis.srem(rosters.processes_key(), process)

    async def processes(self) -> tuple[list[str], list[str]]:
        """Those that live, and the dead."""
        names = sorted(name.decode() for name in await self._redis.smembers(rosters.processes_key()))
        pipeline = self._redis.pipeline(transaction=False)
        for name in names:
            pipeline.exists(rosters.alive_key(name))
        there = await pipeline.execute() if names else []
        alive = [name for name, lives in zip(names, there, strict=True) if lives]
        return alive, [name for name in names if name not in alive]

    async def places_of(self, process: str) -> list[Place]:
        """Everybody whom a process has in rooms."""
        rooms = [room.decode() for room in await self._redis.smembers(rosters.rooms_key(process))]
        pipeline = self._redis.pipeline(transaction=False)
        for room in rooms:
            pipeline.smembers(rosters.people_key(process, room))
        people = await pipeline.execute() if rooms else []
        return [(room, user.decode()) for room, users in zip(rooms, people, strict=True) for user in users]

    async def held_by(self, processes: Sequence[str], places: Sequence[Place]) -> set[Place]:
        """Those of the places that one of these processes has, too."""
        asked = [(name, place) for name in processes for place in places]
        pipeline = self._redis.pipeline(transaction=False)
        for name, (room, user) in asked:
            pipeline.sismember(rosters.people_key(name, room), user)
        answers = await pipeline.execute() if asked else []
        return {place for (_, place), there in zip(asked, answers, strict=True) if there}

    async def counts(self, rooms: Collection[str]) -> dict[str, int]:
        """How many people are in these rooms. Who is in two processes counts twice in rooms with too many to name."""
        alive, _ = await self.processes()
        asked = [(room, name) for room in rooms for name in alive]
        pipeline = self._redis.pipeline(transaction=False)
        for room, name in asked:
            pipeline.scard(rosters.people_key(name, room))
        found = dict.fromkeys(rooms, 0)
        for (room, _), count in zip(asked, await pipeline.execute() if asked else [], strict=True):
            found[room] += count
        return found

    async def snapshots(self, rooms: Collection[str]) -> dict[str, str]:
        """A frame for each room that says who is there."""
        counts = await self.counts(rooms)
        alive, _ = await self.processes()
        few = [room for room in rooms if counts[room] <= NAMED_MOST]
        pipeline = self._redis.pipeline(transaction=False)
        for room in few:
            pipeline.sunion([rosters.people_key(name, room) for name in alive])
        people = await pipeline.execute() if few and alive else [set() for _ in few]
        named = {room: sorted(user.decode() for user in users) for room, users in zip(few, people, strict=True)}
        return {room: snapshot(room, named.get(room), counts[room]) for room in rooms}

    async def publish(self, told: Iterable[Event]) -> None:
        """Tell all processes."""
        for message in events.packed(list(told)):
            await self._redis.publish(events.channel(), message)

    async def publish_snapshots(self, rooms: Collection[str]) -> None:
        """Tell everybody in these rooms who is there."""
        found = await self.snapshots(rooms)
        await self.publish(Event("", 0, frame, room) for room, frame in found.items())


def snapshot(room: str, people: Sequence[str] | None, count: int = 0) -> str:
    """The frame `room`: with names where they are few enough."""
    if people is not None:
        count = len(people)
    return frames.room(room, count, people if count <= NAMED_MOST else None)
