"""Software that fetches every link of every mail changes nothing: mail gateways, link scanners, prefetching browsers.

Every mail that Clarion ships is really sent, each of its links and its List-Unsubscribe header is fetched over a real
socket in every way that is not a POST, and what people wish is compared before and after: 0 differences."""

import html
import re
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Api

from clarion.contract.channel import ChannelKey
from clarion.contract.content import EmailContent
from clarion.contract.message import Message
from clarion.records import clock
from clarion.records.access import keys
from clarion.records.access.permissions import Permission
from clarion.records.consents.history import Answer
from clarion.records.consents.models import Record
from clarion.records.consents.purposes import Purpose, Source
from clarion.records.lists.models import MailingList, Subscription
from clarion.records.people.models import User
from clarion.records.preferences import links
from clarion.records.preferences.consenting import record
from clarion.records.preferences.models import CategoryPreference, GlobalPreference, PreferenceChange
from clarion.records.suppression.models import Entry
from clarion.surfaces.cli.demo_data.content import read_templates
from clarion.surfaces.cli.demo_data.seed import seed
from clarion.testing.scripted import ScriptedProvider
from tests.integration.conftest import carried_by

__all__ = ["carried_by"]
URL = re.compile(r"https?://[^\s\"'<>)]+")
FETCHES = [
    ("GET", {}),
    ("HEAD", {}),
    ("OPTIONS", {}),
    ("GET", {"Purpose": "prefetch"}),
    ("GET", {"Sec-Purpose": "prefetch;prerender", "X-Moz": "prefetch"}),
    ("GET", {"User-Agent": "Mozilla/5.0 (compatible; SafeLinks)", "Cookie": "sessionid=1; csrftoken=1"}),
    ("HEAD", {"User-Agent": "Barracuda Sentinel (EE)"}),
]
MODELS = (GlobalPreference, CategoryPreference, PreferenceChange, Record, Entry, Subscription)


@pytest.fixture
def ground(real_ground: None) -> None:
    """`carried_by` asks for it; here everything is committed."""


def _wishes() -> dict[str, list[dict[str, Any]]]:
    return {model.__name__: list(model.objects.order_by("pk").values()) for model in MODELS}


def _send_all(data_dir: Path, base_url: str) -> None:
    """Each shipped template to a person, a message without a template, and what a list writes."""
    seed(data_dir, base_url)
    people = list(User.objects.exclude(email_hash=None).exclude(is_staff=True).order_by("id"))
    now = clock.now()
    record(
        Answer(user_id=each.id, purpose=Purpose.MARKETING, given=True, source=Source.DEMO, actor="system", at=now)
        for each in people
    )
    staff = User.objects.get(is_staff=True)
    api = Api(f"ApiKey {keys.mint(staff, 'crawl', list(Permission)).secret}")
    for number, template in enumerate(read_templates()):
        body = {
            "template_path": template.path.replace("*", "completed"),
            "context": dict(template.sample),
            "user_id": str(people[number % len(people)].id),
            "channel": "email",
        }
        assert api.post("notifications/send", body).status_code == 201, template.path
    token = links.unsubscribe_url(people[0].id, 1, "email", now)
    words = {"subject": "Hello", "body": f"{links.preferences_url(people[0].id, now)} {token}", "category": "marketing"}
    body = {**words, "user_id": str(people[0].id), "channel": "email"}
    assert api.post("notifications/send", body).status_code == 201
    MailingList.objects.create(key="news", name="News", public=True)
    assert Api().post("lists/news/subscribe", {"email": "new@example.com"}).status_code == 202


def _links(message: Message, base_url: str) -> set[str]:
    """The links of a mail that lead to us."""
    content = message.content
    assert isinstance(content, EmailContent)
    said = " ".join([content.text, content.html, *content.headers.values()])
    return {html.unescape(link).rstrip(".,;") for link in URL.findall(said) if link.startswith(base_url)}


def _fetch(link: str, method: str, headers: dict[str, str]) -> int:
    request = urllib.request.Request(link, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.django_db(transaction=True)
def test_fetching_every_link_of_every_mail_changes_no_wish(
    carried_by: Any, live_server: Any, settings: Any, tmp_path: Path, drain: Callable[[], int]
) -> None:
    settings.PUBLIC_URL, settings.TRIAL = live_server.url, True
    carrier = ScriptedProvider()
    carried_by(ChannelKey.EMAIL, carrier)
    _send_all(tmp_path, live_server.url)
    drain()
    found = {link for message in carrier.given for link in _links(message, live_server.url)}
    before = _wishes()

    answers = [_fetch(link, method, headers) for link in sorted(found) for method, headers in FETCHES]

    assert len(carrier.given) == len(read_templates()) + 2
    assert sum("/unsubscribe?" in link for link in found) >= 2  # from the headers of marketing mails
    assert any("/confirm/?" in link for link in found)
    assert any("/unsubscribe/?" in link for link in found)
    assert len(answers) == len(found) * len(FETCHES)
    assert max(answers) < 500
    assert _wishes() == before

    # the same links, posted to, do what they say: the comparison would have seen it
    stop = next(link for link in sorted(found) if "/api/v1/preferences/unsubscribe?" in link)
    request = urllib.request.Request(stop, data=b"List-Unsubscribe=One-Click", method="POST")
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert answer.status == 200
    assert _wishes() != before
