"""What a provider calls a message leads to its attempt: the way of receipts from vendors that echo none of our ids.

Of the hash, not of the text: an entry is 16 bytes however long the vendor's ids are, which keeps the index of a busy
week in memory. Attempts of our own inbox are left out: nobody reports about those.
"""

from django.db import migrations

FORWARD = """
CREATE INDEX ledger_attempt_remote ON ledger_attempt (hashtextextended(remote_id, 0))
WHERE remote_id <> '' AND account NOT IN ('inapp', 'websocket');
"""
BACK = "DROP INDEX ledger_attempt_remote;"


class Migration(migrations.Migration):
    dependencies = [("ledger", "0005_what_a_text_cost")]
    operations = [migrations.RunSQL(FORWARD, BACK)]
