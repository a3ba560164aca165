"""The history of consent, and the words it is about. Triggers keep both from being rewritten."""

from django.db import migrations, models

from clarion.records.ids import new_id

# 23001 is restrict_violation, which Django raises as IntegrityError. `clarion.erasing` holds the id of the one person
# who is being erased in this transaction (records/consents/history.erase).
TRIGGERS = """
CREATE FUNCTION consents_record_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('clarion.erasing', true) = OLD.user_id::text THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'consents_record is append-only: write a new record instead' USING ERRCODE = '23001';
END $$;
CREATE TRIGGER consents_record_stands BEFORE UPDATE OR DELETE ON consents_record
    FOR EACH ROW EXECUTE FUNCTION consents_record_stands();
CREATE FUNCTION consents_text_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.published_at IS NOT NULL THEN
        RAISE EXCEPTION 'a published consent text never changes: make a new version' USING ERRCODE = '23001';
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER consents_text_stands BEFORE UPDATE OR DELETE ON consents_text
    FOR EACH ROW EXECUTE FUNCTION consents_text_stands();
"""
DROP = """
DROP TRIGGER consents_text_stands ON consents_text;
DROP FUNCTION consents_text_stands();
DROP TRIGGER consents_record_stands ON consents_record;
DROP FUNCTION consents_record_stands();
"""


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            name="Record",
            fields=[
                ("id", models.UUIDField(default=new_id, editable=False, primary_key=True, serialize=False)),
                ("user_id", models.UUIDField()),
                ("purpose", models.TextField()),
                ("given", models.BooleanField()),
                ("source", models.TextField()),
                ("text_version", models.IntegerField(null=True)),
                ("at", models.DateTimeField()),
                ("actor", models.TextField()),
                ("detail", models.TextField(blank=True, default="")),
            ],
            options={
                "db_table": "consents_record",
                "indexes": [
                    models.Index(fields=["user_id", "id"], name="consents_record_user"),
                    models.Index(fields=["user_id", "purpose", "at"], name="consents_record_purpose"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Text",
            fields=[
                ("id", models.UUIDField(default=new_id, editable=False, primary_key=True, serialize=False)),
                ("purpose", models.TextField()),
                ("version", models.IntegerField()),
                ("locale", models.TextField()),
                ("text", models.TextField()),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("published_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "consents_text",
                "constraints": [
                    models.UniqueConstraint(fields=("purpose", "version", "locale"), name="one_consent_text_per_locale")
                ],
            },
        ),
        migrations.RunSQL(TRIGGERS, DROP),
    ]
