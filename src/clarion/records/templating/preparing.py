"""From a draft's fields to what is stored beside them for sending. What preparing does is design.prepare's."""

from collections.abc import Mapping

from clarion.contract.channel import ChannelKey
from clarion.records.templating.design import prepare
from clarion.records.templating.engine.errors import TemplateError


def prepared(key: ChannelKey, fields: Mapping[str, str], theme: str, locale: str) -> dict[str, str] | None:
    """What is compiled in place of the fields; None where they are compiled as they are. A draft that cannot be
    prepared has none either: it is not published before it can."""
    try:
        made = prepare(key, fields, theme=theme, locale=locale)
    except TemplateError:
        return None
    return None if made == dict(fields) else made
