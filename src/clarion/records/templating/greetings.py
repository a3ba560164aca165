"""How one greets by the hour of the day, by language. A language that is not here is greeted in English."""

from collections.abc import Mapping
from functools import lru_cache

Hours = tuple[tuple[int, str], ...]
"""(until this hour, words), ascending; the last one until 24."""

FALLBACK = "en"
GREETINGS: Mapping[str, Hours] = {
    "ar": ((5, "مساء الخير"), (12, "صباح الخير"), (24, "مساء الخير")),
    "de": ((5, "Guten Abend"), (11, "Guten Morgen"), (18, "Guten Tag"), (24, "Guten Abend")),
    "en": ((5, "Good evening"), (12, "Good morning"), (18, "Good afternoon"), (24, "Good evening")),
    "es": ((5, "Buenas noches"), (12, "Buenos días"), (20, "Buenas tardes"), (24, "Buenas noches")),
    "fr": ((5, "Bonsoir"), (18, "Bonjour"), (24, "Bonsoir")),
    "hi": ((24, "नमस्ते"),),
    "id": ((5, "Selamat malam"), (11, "Selamat pagi"), (15, "Selamat siang"), (18, "Selamat sore"),
           (24, "Selamat malam")),
    "it": ((5, "Buonasera"), (17, "Buongiorno"), (24, "Buonasera")),
    "ja": ((5, "こんばんは"), (11, "おはようございます"), (18, "こんにちは"), (24, "こんばんは")),
    "ko": ((24, "안녕하세요"),),
    "nl": ((5, "Goedenavond"), (12, "Goedemorgen"), (18, "Goedemiddag"), (24, "Goedenavond")),
    "pl": ((5, "Dobry wieczór"), (18, "Dzień dobry"), (24, "Dobry wieczór")),
    "pt": ((5, "Boa noite"), (12, "Bom dia"), (18, "Boa tarde"), (24, "Boa noite")),
    "ru": ((5, "Добрый вечер"), (12, "Доброе утро"), (18, "Добрый день"), (24, "Добрый вечер")),
    "sv": ((5, "God kväll"), (10, "God morgon"), (18, "God dag"), (24, "God kväll")),
    "sw": ((5, "Habari za usiku"), (12, "Habari za asubuhi"), (16, "Habari za mchana"), (19, "Habari za jioni"),
           (24, "Habari za usiku")),
    "tr": ((5, "İyi akşamlar"), (12, "Günaydın"), (18, "İyi günler"), (24, "İyi akşamlar")),
    "uk": ((5, "Добрий вечір"), (12, "Доброго ранку"), (18, "Добрий день"), (24, "Добрий вечір")),
    "vi": ((24, "Xin chào"),),
    "zh": ((5, "晚上好"), (12, "早上好"), (18, "下午好"), (24, "晚上好")),
}  # fmt: skip


@lru_cache(maxsize=2_048)
def greeting(locale: str, hour: int) -> str:
    """The greeting at this local hour (0 to 23) in the language of a locale: `pt-BR`, else `pt`, else English."""
    name = locale.replace("_", "-")
    hours = GREETINGS.get(name) or GREETINGS.get(name.partition("-")[0].lower()) or GREETINGS[FALLBACK]
    return next(words for until, words in hours if hour < until)
