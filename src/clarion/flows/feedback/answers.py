"""Step: what reports say about consent goes into the history of the people whose address it is: STOP and START by text,
complaints about spam, and unsubscribing at the provider.

What stops the messages is the suppression list (addresses.py); a complaint also withdraws the consent to marketing,
which reaches further than one address. START takes back what STOP did and nothing else.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from clarion.contract.channel import ChannelKey
from clarion.records.consents import history
from clarion.records.consents.history import Answer
from clarion.records.consents.purposes import Purpose, Source
from clarion.records.people.models import User
from clarion.records.preferences.consenting import record
from clarion.records.suppression.addresses import Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What somebody said by an address, as an account reported it. `given`: they want messages (START)."""

    address: Address
    purpose: Purpose
    given: bool
    source: Source
    account: str
    at: datetime


def note(said: Sequence[Said]) -> None:
    """Write it into the histories of those who have these addresses. Belongs in a transaction."""
    if not said:
        return
    owners = _owners({each.address for each in said})
    answers = [_answer(each, user_id) for each in said for user_id in owners.get(each.address.value, ())]
    record(_without_needless_starts(sorted(answers, key=lambda each: each.at)))


def _answer(said: Said, user_id: UUID) -> Answer:
    return Answer(
        user_id=user_id,
        purpose=said.purpose,
        given=said.given,
        source=said.source,
        actor=f"provider:{said.account}",
        at=said.at,
    )


def _owners(addresses: Iterable[Address]) -> Mapping[str, set[UUID]]:
    """Everybody who has each address; a number may be shared."""
    by_hash = {digest: each for each in addresses for digest in each.hashes}
    found: dict[str, set[UUID]] = {}
    for channel, column in ((ChannelKey.EMAIL, "email_hash"), (ChannelKey.SMS, "phone_hash")):
        hashes = [digest for digest, each in by_hash.items() if each.channel is channel]
        if hashes:
            for user_id, digest in User.objects.filter(**{f"{column}__in": hashes}).values_list("id", column):
                found.setdefault(by_hash[bytes(digest)].value, set()).add(user_id)
    return found


def _without_needless_starts(answers: Sequence[Answer]) -> list[Answer]:
    """START of somebody who never said STOP agrees to nothing."""
    starters = {each.user_id for each in answers if each.given}
    stopped = {user for (user, purpose), given in _newest(starters).items() if purpose == Purpose.SMS and not given}
    kept = []
    for each in answers:
        if each.given and each.user_id not in stopped:
            continue
        kept.append(each)
        (stopped.discard if each.given else stopped.add)(each.user_id)
    return kept


def _newest(users: set[UUID]) -> dict[tuple[UUID, str], bool]:
    return {key: row.given for key, row in history.latest(users).items()} if users else {}
