"""What sockets ask the database, many at once: who is there, where an inbox stands, what came since,
which rooms are open."""

from uuid import UUID

from clarion.records.inbox.reading import After, Item
from clarion.records.rooms import admission
from clarion.records.rooms.admission import Admission, Knock
from clarion.surfaces.realtime.batched import Batched
from clarion.surfaces.realtime.handshake import Shown, Visitor, admit_many
from clarion.surfaces.realtime.inbox_calls import Opening, read_openings, read_pages


class Loading:
    """The batched questions of one process."""

    def __init__(self) -> None:
        self.visitors: Batched[Shown, Visitor] = Batched(admit_many)
        self.openings: Batched[tuple[UUID, bool], Opening] = Batched(read_openings)
        self.admissions: Batched[Knock, Admission] = Batched(admission.ask)
        self.pages: Batched[After, list[Item]] = Batched(read_pages)
