"""Demo categories, templates and people → rows. What exists already is left as it is: somebody may have changed it."""

from base64 import b64encode
from hashlib import sha256

from clarion.contract.channel import ChannelKey
from clarion.records import clock
from clarion.records.categories.models import Category, Kind
from clarion.records.consents.history import Answer
from clarion.records.consents.purposes import Purpose, Source
from clarion.records.people import directory
from clarion.records.people.models import Device, Endpoint, User
from clarion.records.preferences.consenting import record
from clarion.records.preferences.models import CategoryPreference, GlobalPreference
from clarion.records.templating.files import TemplateFiles
from clarion.records.templating.models import Template
from clarion.records.templating.writer import Draft, create
from clarion.surfaces.cli.demo_data.people import PEOPLE, DemoPerson

CATEGORIES: tuple[tuple[str, str, Kind, bool, int], ...] = (
    ("general", "General", Kind.TRANSACTIONAL, False, 3),
    ("orders", "Orders", Kind.TRANSACTIONAL, False, 2),
    ("security", "Security", Kind.TRANSACTIONAL, True, 1),
    ("account", "Account", Kind.TRANSACTIONAL, False, 3),
    ("marketing", "Offers and news", Kind.MARKETING, False, 4),
)
"""Key, name, kind, essential, default priority. `general` comes first: the documents' calls say category 1."""
DESCRIPTIONS = {
    "general": "What does not fit anywhere else.",
    "orders": "What you bought: confirmations, payments and deliveries.",
    "security": "Codes, new devices and anything odd about your account.",
    "account": "Changes of your account, and reminders that you asked for.",
    "marketing": "Offers, new courses and a letter now and then.",
}


def write_categories() -> dict[str, Category]:
    """The demo's categories by key."""
    return {key: _category(key, name, kind, essential, priority) for key, name, kind, essential, priority in CATEGORIES}


def _category(key: str, name: str, kind: Kind, essential: bool, priority: int) -> Category:
    values = {
        "name": name,
        "description": DESCRIPTIONS[key],
        "kind": kind,
        "essential": essential,
        "default_priority": priority,
    }
    return Category.objects.get_or_create(key=key, defaults=values)[0]


def write_template(template: TemplateFiles, category: Category) -> None:
    """One published template, unless the path is taken. No person wrote it, so four eyes are not waited for."""
    if Template.objects.filter(path=template.path).exists():
        return
    draft = Draft(
        path=template.path,
        name=template.name,
        category_id=category.id,
        content=template.content,
        required=template.required,
        optional=template.optional,
        default_priority=template.default_priority,
        fallback=template.fallback,
        schema=template.schema,
        sample=template.sample,
        theme=template.theme,
        locales=template.locales,
        publish_threshold=template.publish_threshold,
        note="demo data",
    )
    create(draft, None, tested=True)


def write_people() -> list[User]:
    """The ten users with their devices, endpoints and preferences, in the order of PEOPLE."""
    return [_user(number, person) for number, person in enumerate(PEOPLE, start=1)]


def _user(number: int, person: DemoPerson) -> User:
    external_id = f"demo-{number}"
    found = User.objects.filter(external_id=external_id).first() or User.objects.with_email(person.email).first()
    if found is not None:
        return found
    user = User(permissions=["send"])
    user.set_unusable_password()
    directory.apply(
        user,
        {
            "external_id": external_id,
            "email": person.email,
            "phone": person.phone,
            "username": person.first_name.lower(),
            "first_name": person.first_name,
            "last_name": person.last_name,
            "locale": person.locale,
            "timezone": person.timezone,
            "attributes": {"city": person.city, "plan": person.plan},
            "preferred_channels": list(person.preferred),
        },
    )
    directory.save(user)
    _reach(user, number, person)
    # every switch on, also marketing by SMS, which is off until it is asked for
    GlobalPreference.objects.create(user=user, channels={str(channel): True for channel in ChannelKey})
    marketing = Category.objects.get(key="marketing")
    CategoryPreference.objects.create(user=user, category=marketing, channels={str(ChannelKey.SMS): True})
    agreed = Answer(
        user_id=user.id,
        purpose=Purpose.MARKETING,
        given=True,
        source=Source.DEMO,
        actor="system",
        at=clock.now(),
        detail="demo data",
    )
    record([agreed])
    return user


def _reach(user: User, number: int, person: DemoPerson) -> None:
    for place, kind in enumerate(person.devices):
        device = Device(user=user, platform=kind.platform, token_kind=kind.token_kind, app="com.example.shop")
        device.token = f"demo-{number}-{place}-{user.id.hex}"
        device.save()
    webhook = Endpoint(user=user, channel=str(ChannelKey.WEBHOOK))
    webhook.target = f"https://example.com/hooks/{number}"
    webhook.secret = "whsec_" + b64encode(sha256(user.id.bytes + b"demo webhook").digest()).decode()
    webhook.save()
    chat = Endpoint(user=user, channel=str(ChannelKey.CHAT))
    chat.target = f"C0123DEMO{number:02d}"
    chat.save()
