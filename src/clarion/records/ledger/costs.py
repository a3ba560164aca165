"""What a text message came to, told after it was sent: segments and price on the attempt that sent it."""

from uuid import UUID

from clarion.records.ledger.models import Attempt


def note_cost(notification_id: UUID, remote_id: str, *, segments: int | None = None, price: str = "") -> bool:
    """Write down what the provider reports later (a callback, an invoice); what it does not say stays as it was. False
    when there is no such attempt."""
    told: dict[str, object] = {}
    if segments is not None:
        told["segments"] = segments
    if price:
        told["price"] = price[:32]
    attempts = Attempt.objects.filter(notification_id=notification_id, remote_id=remote_id, outcome="sent")
    return bool(told and attempts.update(**told))
