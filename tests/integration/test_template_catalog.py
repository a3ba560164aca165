"""What a process remembers of templates: changes of others are seen within seconds, and only they are read."""

import os
import subprocess
import sys
from threading import Event, Thread
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from clarion.contract.channel import ChannelKey
from clarion.records.categories.models import Category
from clarion.records.templating import writer
from clarion.records.templating.catalog import REMEMBER_SECONDS, Catalog
from clarion.records.templating.draft import Draft
from clarion.records.templating.models import Template, TemplateChange, TemplateVersion


def draft(path: str, text: str = "words") -> Draft:
    content = {ChannelKey.SMS: {"": {"body": text}}}
    return Draft(path=path, name=path, category_id=Category.objects.get(key="orders").id, content=content)


def version_of(catalog: Catalog, path: str) -> UUID | None:
    """The version the catalogue knows, without asking for what is unknown."""
    found = catalog._trie.find(path)
    return found.version_id if found else None


def test_another_process_sees_a_change_within_seconds(real_ground: None) -> None:
    """A process of its own looks the path up again and again until it sees the new version."""
    template = writer.create(draft("order.shipped"), None)
    code = """
import time, django
django.setup()
from clarion.records.templating.catalog import catalog
before = catalog.find("order.shipped").version_id
print(before, flush=True)
began = time.monotonic()
while catalog.find("order.shipped").version_id == before and time.monotonic() - began < 20:
    time.sleep(0.02)
print(catalog.find("order.shipped").version_id, round(time.monotonic() - began, 2), flush=True)
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=_environment()
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == str(template.current_version_id)
        changed = writer.save(template.id, draft("order.shipped", "other"), None, publish=True)
        seen, seconds = process.stdout.readline().split()
    assert seen == str(changed.id)
    assert float(seconds) < REMEMBER_SECONDS + 1.5


def _environment() -> dict[str, str]:
    database = urlsplit(os.environ["CLARION_DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
    return {**os.environ, "CLARION_DATABASE_URL": urlunsplit(database)}


def test_only_what_changed_is_read_again(ground: None) -> None:
    templates = {n: writer.create(draft(f"order.n{n}"), None) for n in range(30)}
    catalog = Catalog()
    catalog.refresh()
    assert len(catalog) == 30
    # a transaction of its own would see nothing to do; ours sees its own changes again each time
    TemplateChange.objects.update(xid=1)
    writer.save(templates[7].id, draft("order.n7", "new"), None, publish=True)
    TemplateChange.objects.exclude(template_id=templates[7].id).update(xid=1)
    assert catalog.rows_read == 30
    catalog.refresh()
    assert catalog.rows_read == 31
    assert version_of(catalog, "order.n7") == TemplateVersion.objects.get(template=templates[7], number=2).id
    assert version_of(catalog, "order.n8") == templates[8].current_version_id


def test_what_a_slow_transaction_commits_late_is_seen_though_newer_changes_were(real_ground: None) -> None:
    slow, quick = (writer.create(draft(f"order.{name}"), None) for name in ("slow", "quick"))
    catalog = Catalog()
    catalog.refresh()
    changed, go = Event(), Event()

    def change_slowly() -> None:
        with transaction.atomic():
            writer.save(slow.id, draft("order.slow", "new"), None, publish=True)
            changed.set()
            go.wait(10)
        connection.close()

    thread = Thread(target=change_slowly)
    thread.start()
    assert changed.wait(10)
    writer.save(quick.id, draft("order.quick", "new"), None, publish=True)
    catalog.refresh()
    assert version_of(catalog, "order.quick") != quick.current_version_id
    assert version_of(catalog, "order.slow") == slow.current_version_id, "it is not committed"
    go.set()
    thread.join()
    catalog.refresh()
    assert version_of(catalog, "order.slow") == Template.objects.get(path="order.slow").current_version_id
    with CaptureQueriesContext(connection) as asked:
        catalog.refresh()
    assert len(asked) == 2, "nothing changed: the snapshot and the changes, no templates"


def test_what_is_undone_is_forgotten(real_ground: None) -> None:
    kept = writer.create(draft("order.kept"), None)
    catalog = Catalog()
    catalog.refresh()
    with transaction.atomic():
        writer.save(kept.id, draft("order.kept", "new"), None, publish=True)
        writer.create(draft("order.never"), None)
        writer.create(draft("order.never.*"), None)
        catalog.refresh()
        assert version_of(catalog, "order.kept") != kept.current_version_id
        assert version_of(catalog, "order.never") is not None
        transaction.set_rollback(True)
    catalog.refresh()
    assert version_of(catalog, "order.kept") == kept.current_version_id
    assert version_of(catalog, "order.never") is None
    assert version_of(catalog, "order.never.x") is None
    assert len(catalog) == 1


def test_a_template_that_is_gone_is_forgotten(real_ground: None) -> None:
    gone = writer.create(draft("order.gone"), None)
    catalog = Catalog()
    catalog.refresh()
    Template.objects.filter(pk=gone.id).update(current_version=None)
    TemplateVersion.objects.filter(template=gone).delete()
    gone.delete()
    catalog.refresh()
    assert catalog.find("order.gone") is None
    assert len(catalog) == 0


def test_numbers_of_transactions_from_a_restored_dump_mean_nothing(real_ground: None) -> None:
    """A dump brings the numbers of the old server along; those ahead of the new one must not be read for ever."""
    template = writer.create(draft("order.shipped"), None)
    TemplateChange.objects.update(xid=2**60)
    catalog = Catalog()
    catalog.refresh()
    with CaptureQueriesContext(connection) as asked:
        catalog.refresh()
    assert len(asked) == 2
    changed = writer.save(template.id, draft("order.shipped", "new"), None, publish=True)
    catalog.refresh()
    assert version_of(catalog, "order.shipped") == changed.id


def test_what_processes_of_the_version_before_write_is_seen_too(real_ground: None) -> None:
    """They know neither drafts nor the new columns; the trigger and the defaults do."""
    template = writer.create(draft("order.shipped"), None)
    catalog = Catalog()
    catalog.refresh()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO templating_version (id, template_id, number, state, note, created_at)"
            " VALUES (%s, %s, 2, 'published', '', now())",
            [UUID(int=7), template.id],
        )
        cursor.execute("UPDATE templating_template SET current_version_id = %s", [UUID(int=7)])
    catalog.refresh()
    assert version_of(catalog, "order.shipped") == UUID(int=7)
    writer.save(template.id, draft("order.shipped", "new"), None, publish=True)
    assert sorted(TemplateVersion.objects.values_list("number", "state")) == [
        (1, "archived"),
        (2, "archived"),
        (3, "published"),
    ]
    assert TemplateVersion.objects.filter(published_at=None).count() == 0
    assert writer.rollback(template.id, 1, None).number == 4


def test_a_path_that_went_to_another_template_is_the_others_whatever_the_order(real_ground: None) -> None:
    """Among many, for the order in which changes are worked off is chance."""
    catalog = Catalog()
    old = {f"order.n{n}": writer.create(draft(f"order.n{n}"), None) for n in range(20)}
    catalog.refresh()
    with transaction.atomic():
        for template in old.values():
            Template.objects.filter(pk=template.pk).update(path=f"was.{template.path}")
        new = {path: writer.create(draft(path, "new"), None) for path in old}
        catalog.refresh()
        assert {path: version_of(catalog, path) for path in old} == {p: t.current_version_id for p, t in new.items()}
    catalog.refresh()
    assert {path: version_of(catalog, path) for path in old} == {p: t.current_version_id for p, t in new.items()}
    assert {version_of(catalog, f"was.{path}") for path in old} == {t.current_version_id for t in old.values()}
