"""What a provider said of a target itself: nobody is there. The address goes on the suppression list, the device or
endpoint out of use, in the transaction that settles; and what an account sent, and had refused so, is counted."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import structlog

from clarion.contract.channel import ChannelKey
from clarion.contract.reasons import Reason
from clarion.flows.delivery.work import DeadTarget, Fate
from clarion.records.ledger.status import Status
from clarion.records.people import reachability
from clarion.records.reputation import tallies
from clarion.records.reputation.rules import Counts
from clarion.records.suppression import store
from clarion.records.suppression.addresses import known_address
from clarion.records.suppression.store import Listing

log = structlog.get_logger()
_WENT = (Status.SENT, Status.DELIVERED)


def retire(fates: Sequence[Fate], now: datetime) -> None:
    """Take dead targets out of use, each once. All fates are of one channel. Nothing is asked where none is dead."""
    dead = [target for fate in fates for target in fate.dead]
    if not dead:
        return
    channel = fates[0].work.channel
    places = {UUID(target.place) for target in dead if target.place}
    if channel is ChannelKey.PUSH:
        count = reachability.deactivate_devices(places)
    elif channel in (ChannelKey.WEBHOOK, ChannelKey.CHAT):
        return  # endpoints have a health of their own: endpoint_health.py
    else:
        count = store.suppress(each for target in dead if (each := _listing(target, channel, now)) is not None)
    if count:
        log.warning("targets_retired", channel=channel, count=count)


def _listing(target: DeadTarget, channel: ChannelKey, now: datetime) -> Listing | None:
    address = known_address(channel, target.value)
    if address is None:
        return None
    return Listing(
        address=address,
        reason=Reason.HARD_BOUNCED,
        source=f"{channel}.{target.account}",
        at=now,
        detail=str(target.reason),
    )


def count(fates: Sequence[Fate], now: datetime) -> None:
    """What the reputation guard goes by; one statement a batch, of the channels where senders are judged."""
    if not fates or fates[0].work.channel not in tallies.WATCHED:
        return
    found: dict[tuple[str, int], list[int]] = defaultdict(lambda: [0, 0])
    for fate in fates:
        if fate.account and (fate.to in _WENT or fate.dead):
            one = found[fate.account, fate.work.category.id]
            one[0] += 1
            one[1] += bool(fate.dead)
    channel = fates[0].work.channel
    tallies.add(
        {(f"{channel}.{name}", category): Counts(sent=s, bounced=b) for (name, category), (s, b) in found.items()}, now
    )
