"""What the pages behind links say, in the shipped languages. Plain words; `{…}` are filled in by the views."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.http import HttpRequest
from django.utils.translation.trans_real import parse_accept_lang_header

LOCALES = ("en", "sw", "fr")


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkWords:
    """All texts of the pages in one language. `channels` are the ways to reach a person, for "… by email"."""

    stop_title: str
    stop_category: str
    stop_category_everywhere: str
    stop_digest: str
    stop_marketing: str
    stop_list: str
    stop_button: str
    stop_all_intro: str
    stop_all_button: str
    stays: str
    stopped_title: str
    stopped: str
    account_title: str
    account: str
    bad_title: str
    bad: str
    old: str
    confirm_title: str
    confirm: str
    confirm_words: str
    confirm_button: str
    confirm_ignore: str
    confirmed_title: str
    confirmed: str
    nothing: str
    channels: Mapping[str, str]


_EN = LinkWords(
    stop_title="Stop these messages?",
    stop_category="You would get no more messages of “{category}” by {channel}.",
    stop_category_everywhere="You would get no more messages of “{category}”.",
    stop_digest="You would get no more digests, and what would have been in one is not sent either. Urgent messages and"
    " those about security go on.",
    stop_marketing="You would get no more marketing, on any channel.",
    stop_list="You would get no more messages of the list “{list}”.",
    stop_button="Stop them",
    stop_all_intro="Or stop everything that is not about your account:",
    stop_all_button="Stop all marketing",
    stays="Messages about your account, such as orders and security, go on.",
    stopped_title="Done",
    stopped="It is stopped, from now on. You can close this page.",
    account_title="These messages belong to your account",
    account="Messages of “{category}” tell you what happens to your account, so a link cannot stop them. You can stop"
    " all marketing here.",
    bad_title="This link does not work",
    bad="It is not complete, or not from us. Copy all of it, or use the link in a newer message.",
    old="It is too old. Use the link in a newer message.",
    confirm_title="Confirm your subscription",
    confirm="You asked for messages of the list “{list}”.",
    confirm_words="This is what you agree to:",
    confirm_button="Yes, subscribe me",
    confirm_ignore="If it was not you, close this page. Without your yes you get nothing.",
    confirmed_title="You are subscribed",
    confirmed="You are on the list “{list}”. Every message of it has a link to stop.",
    nothing="There is nothing to confirm any more: the time is over, or you left the list. Subscribe again.",
    channels={
        "email": "email",
        "sms": "text message",
        "push": "push",
        "in_app": "the inbox",
        "websocket": "live updates",
        "webhook": "webhook",
        "chat": "chat",
    },
)
_SW = LinkWords(
    stop_title="Ungependa kusitisha ujumbe huu?",
    stop_category="Hutapokea tena ujumbe wa “{category}” kwa {channel}.",
    stop_category_everywhere="Hutapokea tena ujumbe wa “{category}”.",
    stop_digest="Hutapokea tena muhtasari, na yaliyokuwa yawemo hayatatumwa pia. Ujumbe wa dharura na wa usalama"
    " utaendelea.",
    stop_marketing="Hutapokea tena matangazo kwa njia yoyote.",
    stop_list="Hutapokea tena ujumbe wa orodha “{list}”.",
    stop_button="Sitisha",
    stop_all_intro="Au sitisha yote yasiyohusu akaunti yako:",
    stop_all_button="Sitisha matangazo yote",
    stays="Ujumbe kuhusu akaunti yako, kama oda na usalama, utaendelea.",
    stopped_title="Tayari",
    stopped="Umesitishwa kuanzia sasa. Unaweza kufunga ukurasa huu.",
    account_title="Ujumbe huu ni wa akaunti yako",
    account="Ujumbe wa “{category}” unakueleza yanayotokea kwenye akaunti yako, hivyo kiungo hakiwezi kuusitisha."
    " Unaweza kusitisha matangazo yote hapa.",
    bad_title="Kiungo hiki hakifanyi kazi",
    bad="Hakijakamilika, au hakitoki kwetu. Nakili chote, au tumia kiungo cha ujumbe mpya zaidi.",
    old="Kimepitwa na wakati. Tumia kiungo cha ujumbe mpya zaidi.",
    confirm_title="Thibitisha usajili wako",
    confirm="Uliomba ujumbe wa orodha “{list}”.",
    confirm_words="Haya ndiyo unayokubali:",
    confirm_button="Ndiyo, nisajili",
    confirm_ignore="Kama si wewe, funga ukurasa huu. Bila ndiyo yako hutapokea chochote.",
    confirmed_title="Umesajiliwa",
    confirmed="Uko kwenye orodha “{list}”. Kila ujumbe wake una kiungo cha kusitisha.",
    nothing="Hakuna cha kuthibitisha tena: muda umekwisha, au umetoka kwenye orodha. Jisajili tena.",
    channels={
        "email": "barua pepe",
        "sms": "ujumbe mfupi",
        "push": "arifa za simu",
        "in_app": "kikasha",
        "websocket": "taarifa za moja kwa moja",
        "webhook": "webhook",
        "chat": "gumzo",
    },
)
_FR = LinkWords(
    stop_title="Arrêter ces messages ?",
    stop_category="Vous ne recevrez plus de messages « {category} » par {channel}.",
    stop_category_everywhere="Vous ne recevrez plus de messages « {category} ».",
    stop_digest="Vous ne recevrez plus de résumés, ni ce qu’ils auraient contenu. Les messages urgents et ceux de"
    " sécurité continuent.",
    stop_marketing="Vous ne recevrez plus de publicité, par aucun moyen.",
    stop_list="Vous ne recevrez plus de messages de la liste « {list} ».",
    stop_button="Arrêter",
    stop_all_intro="Ou arrêter tout ce qui ne concerne pas votre compte :",
    stop_all_button="Arrêter toute publicité",
    stays="Les messages sur votre compte, comme les commandes et la sécurité, continuent.",
    stopped_title="C’est fait",
    stopped="C’est arrêté, dès maintenant. Vous pouvez fermer cette page.",
    account_title="Ces messages font partie de votre compte",
    account="Les messages « {category} » disent ce qui arrive à votre compte : un lien ne peut pas les arrêter. Vous"
    " pouvez arrêter toute publicité ici.",
    bad_title="Ce lien ne fonctionne pas",
    bad="Il n’est pas complet, ou ne vient pas de nous. Copiez-le en entier, ou prenez celui d’un message plus récent.",
    old="Il est trop ancien. Prenez celui d’un message plus récent.",
    confirm_title="Confirmez votre inscription",
    confirm="Vous avez demandé les messages de la liste « {list} ».",
    confirm_words="Voici ce que vous acceptez :",
    confirm_button="Oui, m’inscrire",
    confirm_ignore="Si ce n’était pas vous, fermez cette page. Sans votre oui, vous ne recevrez rien.",
    confirmed_title="Vous êtes inscrit",
    confirmed="Vous êtes sur la liste « {list} ». Chacun de ses messages a un lien pour arrêter.",
    nothing="Il n’y a plus rien à confirmer : le délai est passé, ou vous avez quitté la liste. Inscrivez-vous encore.",
    channels={
        "email": "e-mail",
        "sms": "SMS",
        "push": "notification push",
        "in_app": "la boîte de réception",
        "websocket": "mises à jour en direct",
        "webhook": "webhook",
        "chat": "messagerie",
    },
)
_WORDS: Mapping[str, LinkWords] = {"en": _EN, "sw": _SW, "fr": _FR}


def words_of(locale: str) -> LinkWords:
    """The texts of a language of LOCALES."""
    return _WORDS[locale]


def locale_for(person: str, request: HttpRequest) -> str:
    """The person's language, else the first that the browser asks for, as far as there are texts."""
    asked = [name for name, _ in parse_accept_lang_header(request.headers.get("Accept-Language", ""))]
    for name in (person, *asked):
        language = name.partition("-")[0].lower()
        if language in _WORDS:
            return language
    return "en"
