"""The words by which people stop and start text messages, as the whole of a reply. Pure.

English: what carriers recognise by law and by Twilio's default list
(https://help.twilio.com/articles/223134027, read 2026-11). The others: the usual words of the shipped languages and of
their neighbours; a word too many costs a START, a word too few a complaint.
"""

import unicodedata

_ENGLISH = "stop stopall unsubscribe cancel end quit optout revoke"
_SWAHILI = "sitisha acha komesha simamisha jiondoe ondoa"
_FRENCH = "arret arreter desabonner desabonnement desinscrire"
_OTHERS = "stopp abmelden baja alto parar sair pare"
STOP_WORDS = frozenset(f"{_ENGLISH} {_SWAHILI} {_FRENCH} {_OTHERS}".split())
START_WORDS = frozenset({"start", "yes", "unstop", "anza", "endelea", "ndiyo", "reprendre", "oui"})
LONGEST = 40


def word_of(text: str) -> str:
    """A reply as one word: letters alone, small, without accents ("STOP ALL!" is `stopall`, "Arrêt" is `arret`). Empty
    for what is too long to be one."""
    if len(text) > LONGEST:
        return ""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in plain if char.isalpha())
