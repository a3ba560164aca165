"""The shipped designs pass the gate that they are spared at each start, and are stored ready to be sent."""

import pytest

from clarion.records.templating import gate, translations
from clarion.records.templating.checks import Severity
from clarion.records.templating.draft import Draft
from clarion.records.templating.models import TemplateContent
from clarion.surfaces.cli.demo_data import writing
from clarion.surfaces.cli.demo_data.content import ALIASES, read_templates

OWN = {template.path: template for template in read_templates() if template.path not in ALIASES.values()}


@pytest.mark.parametrize("path", ["order.shipped", "marketing.promotion"])
def test_a_shipped_design_passes_the_gate(ground: None, path: str) -> None:
    template = OWN[path]
    draft = Draft(
        path=template.path,
        name=template.name,
        category_id=writing.write_categories()[template.category].id,
        content=template.content,
        schema=template.schema,
        sample=template.sample,
        theme=template.theme,
        locales=template.locales,
    )
    found = [p for p in gate.problems(draft, translations.made_from(draft, None)) if p.severity is not Severity.NOTE]
    assert found == []


def test_what_is_stored_is_ready_to_be_sent(ground: None) -> None:
    template = OWN["order.placed"]
    writing.write_template(template, writing.write_categories()["orders"])
    row = TemplateContent.objects.get(version__template__path="order.placed", channel="email", locale="fr")
    assert row.fields["html"].startswith('{% extends "base" with lang="fr" %}')
    assert row.prepared["html"].startswith("{% set name = customer_name or user.first_name %}")
    assert "<!doctype html>" in row.prepared["html"]
    assert 'bgcolor="#4CAF50"' in row.prepared["html"]
    assert TemplateContent.objects.get(version=row.version, channel="webhook").prepared is None
