"""Every column that holds something about a person is on the list that rotation and privacy work from."""

import re

from django.apps import apps
from django.db import models

from clarion.records.personal.columns import PERSONAL_COLUMNS, Form

# Hashes and tokens that say nothing about a person.
NOT_PERSONAL = {
    ("access_apikey", "hash"): "of a random secret",
    ("access_apikey", "previous_hash"): "of a random secret",
    ("brand_settings", "address"): "the company's own, printed in every mail",
    ("ledger_idempotency", "request_hash"): "compares two bodies; gone with its partition",
}
_TELLING = re.compile(r"(_sealed|_?hash)$|^(email|phone|address|token|recipient|username|first_name|last_name)$")


def _columns() -> dict[tuple[str, str], models.Field]:
    own = [model for model in apps.get_models() if model.__module__.startswith("clarion.")]
    return {
        (model._meta.db_table, field.column): field for model in own for field in model._meta.fields if field.column
    }


def test_every_telling_column_is_on_the_list() -> None:
    telling = {key for key in _columns() if _TELLING.search(key[1])}
    listed = {(column.table, column.column) for column in PERSONAL_COLUMNS}

    assert telling - listed - set(NOT_PERSONAL) == set()


def test_every_listed_column_exists_and_has_the_form_it_is_said_to_have() -> None:
    columns = _columns()
    for listed in PERSONAL_COLUMNS:
        field = columns[listed.table, listed.column]
        assert isinstance(field, models.BinaryField) == (listed.form is not Form.PLAIN), listed
        assert listed.column.endswith("_sealed") == (listed.form is Form.SEALED), listed
        assert bool(listed.why_plain) == (listed.form is Form.PLAIN), listed


def test_no_column_is_listed_twice_and_every_exemption_still_exists() -> None:
    keys = [(column.table, column.column) for column in PERSONAL_COLUMNS]

    assert len(keys) == len(set(keys))
    assert set(NOT_PERSONAL) <= set(_columns())


def test_every_lookup_hash_is_made_from_a_sealed_column_of_its_table() -> None:
    sealed = {(column.table, column.column) for column in PERSONAL_COLUMNS if column.form is Form.SEALED}
    hashes = [column for column in PERSONAL_COLUMNS if column.form is Form.LOOKUP_HASH]

    assert all(column.kind for column in hashes)
    assert all((column.table, column.made_from) in sealed for column in hashes if column.made_from)
