"""The ten demo users. Addresses are of example.com; numbers are of ranges kept for fiction where a country has one."""

from dataclasses import dataclass

from clarion.records.people.models import Platform, TokenKind


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoDevice:
    """One push device; its token is derived from the user's number in the list."""

    platform: Platform
    token_kind: TokenKind


ANDROID = DemoDevice(platform=Platform.ANDROID, token_kind=TokenKind.FCM_TOKEN)
IPHONE = DemoDevice(platform=Platform.IOS, token_kind=TokenKind.APNS)
BROWSER = DemoDevice(platform=Platform.WEB, token_kind=TokenKind.FCM_TOKEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPerson:
    """One user. `city` becomes an attribute, for segments to ask about."""

    first_name: str
    last_name: str
    phone: str
    locale: str
    timezone: str
    city: str
    plan: str
    devices: tuple[DemoDevice, ...]
    preferred: tuple[str, ...] = ()

    @property
    def email(self) -> str:
        return f"{self.first_name.lower()}@example.com"


def _person(names: str, phone: str, locale: str, timezone: str, city: str, plan: str, *devices: DemoDevice,
            preferred: tuple[str, ...] = ()) -> DemoPerson:  # fmt: skip
    first, last = names.split(" ", 1)
    return DemoPerson(
        first_name=first,
        last_name=last,
        phone=phone,
        locale=locale,
        timezone=timezone,
        city=city,
        plan=plan,
        devices=devices,
        preferred=preferred,
    )


PEOPLE: tuple[DemoPerson, ...] = (
    _person("Wanjiru Kamau", "+254712000101", "sw-KE", "Africa/Nairobi", "Nairobi", "plus", ANDROID, BROWSER),
    _person("Camille Laurent", "+33612000102", "fr-FR", "Europe/Paris", "Paris", "free", IPHONE),
    _person("Rafael Souza", "+5511961000103", "pt-BR", "America/Sao_Paulo", "São Paulo", "plus", ANDROID),
    _person("Yuki Tanaka", "+819012000104", "ja-JP", "Asia/Tokyo", "Tokyo", "free", IPHONE, BROWSER),
    _person("Emily Carter", "+12125550105", "en-US", "America/New_York", "New York", "plus", IPHONE),
    _person("Asha Mushi", "+255712000106", "sw-TZ", "Africa/Dar_es_Salaam", "Dar es Salaam", "free", ANDROID,
            preferred=("sms", "in_app")),
    _person("Lukas Weber", "+491713920007", "de-DE", "Europe/Berlin", "Berlin", "free", ANDROID, BROWSER),
    _person("Priya Sharma", "+919820000108", "hi-IN", "Asia/Kolkata", "Mumbai", "plus", ANDROID,
            preferred=("push", "email")),
    _person("Oliver Nguyen", "+61491570006", "en-AU", "Australia/Sydney", "Sydney", "free", IPHONE),
    _person("Sita Gurung", "+9779841000110", "ne-NP", "Asia/Kathmandu", "Kathmandu", "free", ANDROID,
            preferred=("in_app",)),
)  # fmt: skip
