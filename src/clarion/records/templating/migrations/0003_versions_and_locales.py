"""Drafts, publishing, rollback; schema and sample of the variables; what changed when, for the catalogue.

Safe while processes of the version before still run: every new column is nullable or has a default in the database, and
the triggers also see what the old processes write.
"""

import django.contrib.postgres.fields
from django.db import migrations, models

CHANGES = """
CREATE FUNCTION templating_note_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO templating_change (template_id, path, xid)
    VALUES (COALESCE(NEW.id, OLD.id), COALESCE(NEW.path, OLD.path), pg_current_xact_id()::text::bigint)
    ON CONFLICT (template_id) DO UPDATE SET xid = EXCLUDED.xid;
    RETURN NULL;
END $$;
CREATE TRIGGER templating_template_changed AFTER INSERT OR UPDATE OR DELETE ON templating_template
    FOR EACH ROW EXECUTE FUNCTION templating_note_change();
"""
NO_CHANGES = """
DROP TRIGGER templating_template_changed ON templating_template;
DROP FUNCTION templating_note_change();
"""

IMMUTABLE = """
CREATE FUNCTION templating_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the content of a template version is never changed: save a new version';
END $$;
CREATE TRIGGER templating_content_immutable BEFORE UPDATE ON templating_content
    FOR EACH ROW EXECUTE FUNCTION templating_refuse_change();
"""
MUTABLE = """
DROP TRIGGER templating_content_immutable ON templating_content;
DROP FUNCTION templating_refuse_change();
"""

HISTORY = """
UPDATE templating_version SET published_at = created_at WHERE published_at IS NULL;
UPDATE templating_version AS v SET state = 'archived', archived_at = now() FROM templating_template AS t
WHERE t.id = v.template_id AND v.state = 'published' AND t.current_version_id IS DISTINCT FROM v.id;
"""


class Migration(migrations.Migration):
    dependencies = [("templating", "0002_fallback")]

    operations = [
        migrations.AddField("template", "schema", models.JSONField(db_default={}, default=dict)),
        migrations.AddField("template", "sample_context", models.JSONField(db_default={}, default=dict)),
        migrations.AddField("template", "theme", models.TextField(blank=True, db_default="", default="")),
        migrations.AddField(
            "template",
            "locales",
            django.contrib.postgres.fields.ArrayField(
                base_field=models.TextField(), db_default=[], default=list, size=None
            ),
        ),
        migrations.AddField("template", "publish_threshold", models.SmallIntegerField(null=True)),
        migrations.AddField("templateversion", "settings", models.JSONField(null=True)),
        migrations.AddField("templateversion", "based_on", models.IntegerField(null=True)),
        migrations.AddField("templateversion", "restored_from", models.IntegerField(null=True)),
        migrations.AddField("templateversion", "publisher_id", models.UUIDField(null=True)),
        migrations.AddField("templateversion", "publish_note", models.TextField(blank=True, db_default="", default="")),
        migrations.AddField("templateversion", "published_at", models.DateTimeField(null=True)),
        migrations.AddField("templateversion", "archived_at", models.DateTimeField(null=True)),
        migrations.AddField("templatecontent", "prepared", models.JSONField(null=True)),
        migrations.AddField("templatecontent", "made_from", models.JSONField(null=True)),
        migrations.CreateModel(
            name="TemplateChange",
            fields=[
                ("template_id", models.UUIDField(primary_key=True, serialize=False)),
                ("path", models.TextField()),
                ("xid", models.BigIntegerField(db_index=True)),
            ],
            options={"db_table": "templating_change"},
        ),
        migrations.RunSQL(CHANGES, NO_CHANGES),
        migrations.RunSQL(HISTORY, migrations.RunSQL.noop),
        migrations.RunSQL(IMMUTABLE, MUTABLE),
    ]
