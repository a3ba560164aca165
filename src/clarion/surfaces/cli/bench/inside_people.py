"""Makes many people at once, in the process inside: what takes the API's own endpoints a minute is not measured."""

from collections.abc import Iterator
from uuid import UUID

from clarion.surfaces.cli.bench.orders import Crowd

CHUNK = 2_000


def make_people(order: Crowd) -> Iterator[list[UUID]]:
    """Yields the ids, chunk by chunk."""
    from django.db import transaction

    from clarion.contract.channel import ChannelKey
    from clarion.egress.signing import new_secret
    from clarion.records.people.models import Endpoint, User

    for first in range(0, order.number, CHUNK):
        people, webhooks = [], []
        for number in range(first, min(first + CHUNK, order.number)):
            person = User(external_id=f"{order.mark}-{number}", password="!")  # noqa: S106 -- Django's mark for none
            person.email = f"{order.mark}-{number}@example.com"
            person.names = {"first_name": f"Ann{number}"}
            people.append(person)
            if order.target:
                webhook = Endpoint(user=person, channel=str(ChannelKey.WEBHOOK))
                webhook.target, webhook.secret = order.target, new_secret()
                webhooks.append(webhook)
        with transaction.atomic():
            User.objects.bulk_create(people)
            Endpoint.objects.bulk_create(webhooks)
        yield [person.id for person in people]
