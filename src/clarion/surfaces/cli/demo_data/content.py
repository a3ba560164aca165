"""The demo templates: the folders in `templates/`, read as `clarion templates push` reads them, and their second names.

The words and the looks are there and in records/templating/design; here is only which of them are called what.
"""

from dataclasses import replace
from importlib.resources import as_file, files

from clarion.records.templating.files import TemplateFiles, read_folder

ALIASES = {
    "order.placed": "order_placed_email",
    "order.shipped": "order_shipped_email",
    "order.delivered": "order_delivered_email",
    "security.alert": "security_alert_email",
    "marketing.promotion": "marketing_email",
}
"""Path → the name by which the e-commerce document calls it."""


def read_templates() -> list[TemplateFiles]:
    """All demo templates and their aliases. Raises UnreadableFolder where a file is not as it should be."""
    with as_file(files(__package__).joinpath("templates")) as folder:
        own = read_folder(folder)
    return [*own, *(_alias(template) for template in own if template.path in ALIASES)]


def _alias(template: TemplateFiles) -> TemplateFiles:
    """The same content under another path. Nothing is required of it: the document calls these without variables."""
    path = ALIASES[template.path]
    schema = {key: value for key, value in template.schema.items() if key != "required"}
    return replace(template, path=path, name=f"{template.name} ({path})", schema=schema)
