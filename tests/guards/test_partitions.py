"""The growing tables: each has a model, and its partition key is part of its primary key."""

from django.apps import apps
from django.db import models

from clarion.records.partitions import FILLFACTOR, PARTITIONED


def _models() -> dict[str, type[models.Model]]:
    return {model._meta.db_table: model for model in apps.get_models()}


def test_every_partitioned_table_has_a_model_whose_primary_key_holds_the_partition_key() -> None:
    for table, key in PARTITIONED.items():
        model = _models()[table]
        columns = [field.column for field in model._meta.pk_fields]
        assert key in columns, (table, columns)
        assert isinstance(model._meta.get_field(key), models.UUIDField), table


def test_room_on_the_page_is_made_for_partitioned_tables_alone() -> None:
    assert set(FILLFACTOR) <= set(PARTITIONED)


def test_no_foreign_key_points_at_a_partitioned_table() -> None:
    """It would keep the oldest partition from being dropped."""
    pointing = [
        f"{model._meta.db_table}.{field.column}"
        for model in apps.get_models()
        for field in model._meta.fields
        if field.is_relation and field.related_model._meta.db_table in PARTITIONED
    ]

    assert pointing == []
