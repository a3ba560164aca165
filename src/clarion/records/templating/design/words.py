"""The words that the layout and the partials bring themselves, by language, and how a language is written."""

from collections.abc import Mapping
from dataclasses import dataclass

FALLBACK = "en"
RIGHT_TO_LEFT = ("ar", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi")

WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "browse": "See the offer", "colon": ":", "code": "Your code",
        "delivered": "Delivered", "discount": "Discount", "estimate": "Estimated delivery", "item": "Item",
        "ordered": "Ordered", "preferences": "Notification settings", "price": "Price",
        "questions": "Questions?", "shipped": "Shipped", "shipping": "Shipping", "subtotal": "Subtotal",
        "support": "Help and contact", "tax": "Tax", "total": "Total", "track": "Track your parcel",
        "tracking": "Tracking number", "unsubscribe": "Unsubscribe", "valid_until": "Valid until",
        "stars": "stars",
        "why": "This is a message about your account with",
    },
    "fr": {
        "browse": "Voir l’offre", "colon": "\u00a0:", "code": "Votre code",
        "delivered": "Livrée", "discount": "Remise", "estimate": "Livraison prévue", "item": "Article",
        "ordered": "Commandée", "preferences": "Préférences de notification", "price": "Prix",
        "questions": "Une question ?", "shipped": "Expédiée", "shipping": "Livraison", "subtotal": "Sous-total",
        "support": "Aide et contact", "tax": "TVA", "total": "Total", "track": "Suivre mon colis",
        "tracking": "Numéro de suivi", "unsubscribe": "Se désabonner", "valid_until": "Valable jusqu’au",
        "stars": "étoiles",
        "why": "Ce message concerne votre compte chez",
    },
    "sw": {
        "browse": "Tazama ofa", "colon": ":", "code": "Msimbo wako",
        "delivered": "Imefika", "discount": "Punguzo", "estimate": "Inatarajiwa kufika", "item": "Bidhaa",
        "ordered": "Imeagizwa", "preferences": "Mipangilio ya arifa", "price": "Bei",
        "questions": "Una swali?", "shipped": "Imetumwa", "shipping": "Usafirishaji", "subtotal": "Jumla ndogo",
        "support": "Msaada na mawasiliano", "tax": "Kodi", "total": "Jumla", "track": "Fuatilia kifurushi",
        "tracking": "Namba ya kufuatilia", "unsubscribe": "Jiondoe", "valid_until": "Mwisho wa kutumika",
        "stars": "nyota",
        "why": "Ujumbe huu unahusu akaunti yako ya",
    },
    "ar": {
        "browse": "شاهد العرض", "colon": ":", "code": "رمز الخصم",
        "delivered": "تم التوصيل", "discount": "الخصم", "estimate": "موعد التوصيل المتوقع", "item": "المنتج",
        "ordered": "تم الطلب", "preferences": "إعدادات الإشعارات", "price": "السعر",
        "questions": "هل لديك سؤال؟", "shipped": "تم الشحن", "shipping": "الشحن", "subtotal": "المجموع الفرعي",
        "support": "المساعدة والتواصل", "tax": "الضريبة", "total": "الإجمالي", "track": "تتبع الشحنة",
        "tracking": "رقم التتبع", "unsubscribe": "إلغاء الاشتراك", "valid_until": "صالح حتى",
        "stars": "نجوم",
        "why": "هذه رسالة بخصوص حسابك لدى",
    },
    "de": {
        "browse": "Zum Angebot", "colon": ":", "code": "Ihr Code",
        "delivered": "Zugestellt", "discount": "Rabatt", "estimate": "Voraussichtliche Lieferung", "item": "Artikel",
        "ordered": "Bestellt", "preferences": "Benachrichtigungen einstellen", "price": "Preis",
        "questions": "Fragen?", "shipped": "Versandt", "shipping": "Versand", "subtotal": "Zwischensumme",
        "support": "Hilfe und Kontakt", "tax": "MwSt.", "total": "Gesamt", "track": "Sendung verfolgen",
        "tracking": "Sendungsnummer", "unsubscribe": "Abmelden", "valid_until": "Gültig bis",
        "stars": "Sterne",
        "why": "Diese Nachricht betrifft Ihr Konto bei",
    },
    "es": {
        "browse": "Ver la oferta", "colon": ":", "code": "Tu código",
        "delivered": "Entregado", "discount": "Descuento", "estimate": "Entrega estimada", "item": "Artículo",
        "ordered": "Pedido", "preferences": "Preferencias de notificación", "price": "Precio",
        "questions": "¿Tienes preguntas?", "shipped": "Enviado", "shipping": "Envío", "subtotal": "Subtotal",
        "support": "Ayuda y contacto", "tax": "Impuestos", "total": "Total", "track": "Seguir el envío",
        "tracking": "Número de seguimiento", "unsubscribe": "Darse de baja", "valid_until": "Válido hasta",
        "stars": "estrellas",
        "why": "Este mensaje es sobre tu cuenta en",
    },
    "pt": {
        "browse": "Ver a oferta", "colon": ":", "code": "Seu código",
        "delivered": "Entregue", "discount": "Desconto", "estimate": "Entrega prevista", "item": "Item",
        "ordered": "Pedido feito", "preferences": "Preferências de notificação", "price": "Preço",
        "questions": "Dúvidas?", "shipped": "Enviado", "shipping": "Frete", "subtotal": "Subtotal",
        "support": "Ajuda e contato", "tax": "Impostos", "total": "Total", "track": "Rastrear a encomenda",
        "tracking": "Código de rastreio", "unsubscribe": "Cancelar inscrição", "valid_until": "Válido até",
        "stars": "estrelas",
        "why": "Esta mensagem é sobre a sua conta na",
    },
}  # fmt: skip
"""Language → key → words. Every language has every key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """How a content is written. `code` and `dir` go into the HTML, `start` and `end` are sides; for a content whose
    language nobody named they are expressions over the recipient's locale."""

    code: str
    dir: str
    start: str
    end: str
    words: Mapping[str, str]


def language(locale: str) -> Language:
    """The language of a locale such as `pt-BR`; empty: the recipient's, with English words."""
    if not locale:
        return _UNKNOWN
    subtag = locale.replace("_", "-").partition("-")[0].lower()
    backwards = subtag in RIGHT_TO_LEFT
    return Language(
        code=locale.replace("_", "-"),
        dir="rtl" if backwards else "ltr",
        start="right" if backwards else "left",
        end="left" if backwards else "right",
        words=WORDS.get(subtag, WORDS[FALLBACK]),
    )


def _by_direction(backwards: str, forwards: str) -> str:
    return f"{{{{ '{backwards}' if (locale or '{FALLBACK}')[:2] in {RIGHT_TO_LEFT!r} else '{forwards}' }}}}"


_UNKNOWN = Language(
    code=f"{{{{ locale or '{FALLBACK}' }}}}",
    dir=_by_direction("rtl", "ltr"),
    start=_by_direction("right", "left"),
    end=_by_direction("left", "right"),
    words=WORDS[FALLBACK],
)
