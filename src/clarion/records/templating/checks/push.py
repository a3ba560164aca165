"""Push: what telephones show and what the services carry.

Payload: 4096 bytes, https://developer.apple.com/documentation/usernotifications/generating-a-remote-notification and
https://firebase.google.com/docs/cloud-messaging/concept-options (looked up 2026-11). What is shown differs by device;
the figures are those of a narrow telephone: about 50 characters of a title, about 150 of a text.
"""

from collections.abc import Iterator

from clarion.contract.channel import ChannelKey
from clarion.records.templating.checks.case import Case
from clarion.records.templating.checks.codes import Code
from clarion.records.templating.checks.finding import Finding

TITLE_SHOWN = 50
BODY_SHOWN = 150


def check_push(case: Case) -> Iterator[Finding]:
    """Visible lengths of the sample; what is too large to be carried at all is the channel's own rule (fields.py)."""
    for piece in case.of(ChannelKey.PUSH):
        for field, most, code in (
            ("title", TITLE_SHOWN, Code.PUSH_TITLE_LONG),
            ("body", BODY_SHOWN, Code.PUSH_BODY_LONG),
        ):
            length = len(piece.rendered.get(field, ""))
            if field in piece.source and length > most:
                message = f"{length} characters; a telephone shows about {most}"
                yield piece.say(code, message, field=field, place=(1, 1))
