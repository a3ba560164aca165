"""What the built-in confirmation mail says, in the shipped languages. A list may have a template of its own."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Subject and body; `{app}`, `{list}` and `{url}` are filled in."""

    subject: str
    body: str


_WORDS: Mapping[str, Words] = {
    "en": Words(
        subject="Please confirm: {list}",
        body=(
            "Hello,\n\nsomebody, we hope you, asked {app} to put this address on the list “{list}”.\n\n"
            "To confirm, open this page and press the button:\n{url}\n\n"
            "If it was not you, do nothing. Without your confirmation you get nothing from this list.\n"
        ),
    ),
    "sw": Words(
        subject="Tafadhali thibitisha: {list}",
        body=(
            "Habari,\n\nmtu fulani, tunatumaini ni wewe, ameiomba {app} kuiweka anwani hii kwenye orodha “{list}”.\n\n"
            "Ili kuthibitisha, fungua ukurasa huu na ubonyeze kitufe:\n{url}\n\n"
            "Kama si wewe, usifanye chochote. Bila uthibitisho wako hutapokea chochote kutoka orodha hii.\n"
        ),
    ),
    "fr": Words(
        subject="Veuillez confirmer : {list}",
        body=(
            "Bonjour,\n\nquelqu’un, vous sans doute, a demandé à {app} d’inscrire cette adresse "
            "à la liste « {list} ».\n\n"
            "Pour confirmer, ouvrez cette page et appuyez sur le bouton :\n{url}\n\n"
            "Si ce n’était pas vous, ne faites rien. Sans votre confirmation, vous ne recevrez rien de cette liste.\n"
        ),
    ),
}


def words_for(locale: str) -> Words:
    """The words of the locale's language, else English."""
    return _WORDS.get(locale.partition("-")[0].lower(), _WORDS["en"])
