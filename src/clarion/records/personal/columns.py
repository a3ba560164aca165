"""The list of every column that holds personal data. A guard test fails when a sealed column is missing here;
privacy (export, erasure) and key rotation work from this list."""

from dataclasses import dataclass
from enum import StrEnum


class Form(StrEnum):
    """How the column protects what it holds."""

    SEALED = "sealed"
    LOOKUP_HASH = "lookup_hash"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalColumn:
    """`table`.`column`. A lookup hash names its kind and the sealed column it is made from; without one it cannot be
    made anew, and look-ups find it as long as its key is in the ring. `kind_column` says
    the kind where rows differ in it."""

    table: str
    column: str
    form: Form
    kind: str = ""
    made_from: str = ""
    kind_column: str = ""
    why_plain: str = ""


def _sealed(table: str, *columns: str) -> list[PersonalColumn]:
    return [PersonalColumn(table=table, column=column, form=Form.SEALED) for column in columns]


PERSONAL_COLUMNS: tuple[PersonalColumn, ...] = (
    *_sealed("people_user", "email_sealed", "phone_sealed", "names_sealed"),
    PersonalColumn(
        table="people_user", column="email_hash", form=Form.LOOKUP_HASH, kind="email", made_from="email_sealed"
    ),
    PersonalColumn(
        table="people_user", column="phone_hash", form=Form.LOOKUP_HASH, kind="phone", made_from="phone_sealed"
    ),
    PersonalColumn(
        table="people_user", column="attributes", form=Form.PLAIN, why_plain="segments filter on attributes in SQL"
    ),
    PersonalColumn(
        table="people_user", column="external_id", form=Form.PLAIN, why_plain="the caller's own key, not an address"
    ),
    PersonalColumn(
        table="people_user", column="username", form=Form.PLAIN, why_plain="a name the caller chose, not an address"
    ),
    *_sealed("people_device", "token_sealed"),
    PersonalColumn(
        table="people_device", column="token_hash", form=Form.LOOKUP_HASH, kind="device", made_from="token_sealed"
    ),
    *_sealed("people_endpoint", "target_sealed", "secret_sealed", "old_secret_sealed"),
    *_sealed("ledger_request", "payload_sealed"),
    *_sealed("ledger_notification", "context_sealed"),
    *_sealed("ledger_idempotency", "answer_sealed"),
    *_sealed("ledger_job", "plan_sealed"),
    *_sealed("uploads_page", "content_sealed"),
    PersonalColumn(
        table="ledger_attempt", column="target", form=Form.PLAIN, why_plain="masked by its channel before it is stored"
    ),
    *_sealed("inbox_item", "content_sealed"),
    *_sealed("outbox_entry", "content_sealed"),
    # the recipient is a part of the sealed content, and the outbox is trimmed every few minutes
    PersonalColumn(table="outbox_entry", column="recipient_hash", form=Form.LOOKUP_HASH, kind="outbox"),
    *_sealed("accounts_account", "url_sealed"),
    *_sealed("feedback_door", "token_sealed"),
    # the tokens are random and name an account, nobody else; listed so that they go with their keys
    PersonalColumn(
        table="feedback_door", column="token_hash", form=Form.LOOKUP_HASH, kind="callback", made_from="token_sealed"
    ),
    PersonalColumn(table="feedback_door", column="previous_hash", form=Form.LOOKUP_HASH, kind="callback"),
    *_sealed("feedback_callback", "raw_sealed"),
    *_sealed("feedback_waiting", "told_sealed"),
    *_sealed("suppression_entry", "address_sealed"),
    PersonalColumn(
        table="suppression_entry",
        column="address_hash",
        form=Form.LOOKUP_HASH,
        kind="email",
        made_from="address_sealed",
        kind_column="kind",
    ),
    # counts for a week at most
    PersonalColumn(table="suppression_strike", column="address_hash", form=Form.LOOKUP_HASH, kind="email"),
)
