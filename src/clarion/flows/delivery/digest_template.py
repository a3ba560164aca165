"""The built-in digest: English, Swahili and French, in the fields of every channel that digests can have. Its mail has
the shipped layout with the brand, and the text that is made from it."""

from collections.abc import Mapping
from functools import lru_cache

from clarion.contract.channel import ChannelKey
from clarion.records.templating.design.preparing import prepare
from clarion.records.templating.engine.compile import CompiledContent, compile_content

DIGEST = "digest"
"""In a payload: this request is a digest, and how often its recipient wants one."""
# what the built-in digest says, by language; `{n}` stands for the number
_WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "hourly": "Your hourly digest",
        "daily": "Your daily digest",
        "weekly": "Your weekly digest",
        "new": "{n} new",
        "more": "and {n} more",
        "why": "You get this because you asked for messages together.",
    },
    "sw": {
        "hourly": "Muhtasari wako wa kila saa",
        "daily": "Muhtasari wako wa kila siku",
        "weekly": "Muhtasari wako wa kila wiki",
        "new": "{n} mpya",
        "more": "na {n} zaidi",
        "why": "Unapokea huu kwa sababu uliomba ujumbe kwa pamoja.",
    },
    "fr": {
        "hourly": "Votre résumé de l’heure",
        "daily": "Votre résumé du jour",
        "weekly": "Votre résumé de la semaine",
        "new": "{n} nouveaux messages",
        "more": "et {n} de plus",
        "why": "Vous recevez ce message car vous avez demandé un résumé.",
    },
}
_TITLE = (
    '{{% if frequency == "hourly" %}}{hourly}{{% elif frequency == "weekly" %}}{weekly}{{% else %}}{daily}{{% endif %}}'
)
_SHORT = (
    "{% for section in sections %}{{ section.name }} {{ section.count }}{% if not loop.last %}, {% endif %}{% endfor %}"
)
_SECTIONS = """\
{{% for section in sections %}}{head}{{% for item in section["items"] %}}{{% if item.title %}}{line}{{% endif %}}\
{{% endfor %}}{{% if section.more %}}{rest}{{% endif %}}
{{% endfor %}}"""
# how a section's heading, an item and the count of the others are written
_AS_TEXT = {"head": "{{ section.name }}\n", "line": "- {{ item.title }}\n", "rest": "  {more}\n"}
_AS_HTML = {
    "head": "<h2>{{ section.name }}</h2>\n",
    "line": '<p>{{ item.title }}<br><span class="cl-note cl-soft">{{ item.at|datetime("short") }}</span></p>\n',
    "rest": '<p class="cl-soft">{more}</p>\n',
}
_EMAIL = """\
{{% extends "base" %}}
{{% block heading %}}{title}{{% endblock %}}
{{% block lead %}}{new}{{% endblock %}}
{{% block content %}}{sections}{{% endblock %}}
{{% block why %}}{why}{{% endblock %}}
"""


def built_in(channel: ChannelKey, locale: str) -> CompiledContent:
    """The built-in digest for a channel, in the language of the locale if it is one of ours, else in English."""
    language = locale.replace("_", "-").partition("-")[0].lower()
    return _compiled(channel, language if language in _WORDS else "en")


@lru_cache(maxsize=64)
def _compiled(channel: ChannelKey, language: str) -> CompiledContent:
    return compile_content(channel, _fields(channel, language), language=language)


def _fields(channel: ChannelKey, language: str) -> dict[str, str]:
    words = _WORDS[language]
    title = _TITLE.format_map(words)
    new = words["new"].format(n="{{ count }}")
    short = f"{new}: {_SHORT}"
    match channel:
        case ChannelKey.EMAIL:
            sections = _sections(_AS_HTML, words["more"])
            html = _EMAIL.format(title=title, new=new, why=words["why"], sections=sections)
            return prepare(channel, {"subject": f"{title}: {new}", "html": html}, locale=language)
        case ChannelKey.SMS:
            return {"body": f"{title}. {short}"}
        case ChannelKey.CHAT:
            return {"title": title, "text": _sections(_AS_TEXT, words["more"])}
    return {"title": title, "body": short}


def _sections(way: Mapping[str, str], more: str) -> str:
    rest = way["rest"].replace("{more}", more.replace("{n}", "{{ section.more }}"))
    return _SECTIONS.format(head=way["head"], line=way["line"], rest=rest)
