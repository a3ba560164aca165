"""The preference centre over HTTP: what the form saves, what it refuses, and that looking changes nothing."""

import html
import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from django.test import Client

from clarion.records import clock
from clarion.records.access import tokens
from clarion.records.brand.values import Brand
from clarion.records.categories.models import Category
from clarion.records.people.models import User
from clarion.records.preferences import links
from clarion.records.preferences.models import CategoryPreference, GlobalPreference, PreferenceChange
from clarion.surfaces.pages.centre.look import look_of
from tests.conftest import Api, agree_to_marketing, api_as, make_user


def _path(user: User, **more: str) -> str:
    token = links.preferences_url(user.id, clock.now()).rpartition("=")[2]
    return "/preferences/?token=" + token + "".join(f"&{name}={value}" for name, value in more.items())


class Centre:
    """A browser without scripts: it takes the form as it is, changes fields and posts it."""

    def __init__(self, user: User, **more: str) -> None:
        self.path = _path(user, **more)
        self.client = Client(enforce_csrf_checks=True)
        self.open()

    def open(self) -> str:
        answer = self.client.get(self.path)
        assert answer.status_code == 200
        self.fields = form_of(answer.content.decode())
        return answer.content.decode()

    def save(self, **changes: str) -> Any:
        """`__` stands for a dot; an empty box is one that is not ticked."""
        given = {name.replace("__", "."): value for name, value in changes.items()}
        return self.client.post(self.path, {**self.fields, **given, "act": "save"})


def form_of(page: str) -> dict[str, str]:
    """The fields as a browser would post them."""
    hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page)
    fields = {name: html.unescape(value) for name, value in hidden}
    return {**msgspec.json.decode(fields["shown"], type=dict[str, str]), **fields}


def test_what_is_changed_is_saved_and_stands_in_the_api_and_in_history(ann: User, as_ann: Api) -> None:
    orders = Category.objects.get(key="orders").id
    answer = Centre(ann).save(
        marketing="1",
        most="12",
        digest="weekly",
        digest__weekday="friday",
        digest__at="18:30",
        quiet="1",
        quiet__begin="21:00",
        quiet__friday="own",
        quiet__friday__begin="23:00",
        quiet__friday__end="10:00",
        quiet__sunday="none",
        quiet__monday="all",
        channel__push="",
        zone="Europe/Paris",
        locale="fr",
        **{f"about__{orders}__sms": "", f"about__{orders}__digest": "immediate"},
    )

    assert answer.status_code == 303
    assert answer["Location"].endswith("said=saved")
    found = as_ann.get("preferences").json()
    assert found["set"]["global"] == {
        "marketing_enabled": True,
        "push_enabled": False,
        "quiet_hours_enabled": True,
        "quiet_hours_start": "21:00",
        "quiet_hours_end": "08:00",
        "quiet_hours_days": {
            "monday": {"start": "00:00", "end": "24:00"},
            "friday": {"start": "23:00", "end": "10:00"},
            "sunday": None,
        },
        "digest_frequency": "weekly",
        "digest_time": "18:30",
        "digest_weekday": "friday",
        "max_per_day": 12,
    }
    assert found["categories"] == {"orders": {"sms_enabled": False, "digest_frequency": "immediate"}}
    me = as_ann.get("me").json()
    assert (me["timezone"], me["locale"], found["timezone"]) == ("Europe/Paris", "fr", "Europe/Paris")
    history = as_ann.get("preferences/history").json()["results"]
    assert [(row["source"], row["by"]) for row in history] == [("preference_centre", f"user:{ann.id}")] * 2
    assert history[0]["after"] == {"person": {"locale": "fr", "timezone": "Europe/Paris"}}
    consents = as_ann.get("consents/history").json()["results"]
    assert [(row["purpose"], row["given"], row["source"]) for row in consents] == [
        ("marketing", True, "preference_centre")
    ]


def test_the_page_shows_again_what_was_saved(ann: User) -> None:
    centre = Centre(ann)
    changes = {"quiet": "1", "quiet.friday": "all", "digest": "daily", "most": "7", "channel.sms": "", "zone": "UTC"}
    centre.save(**{name.replace(".", "__"): value for name, value in changes.items()})
    centre.open()

    assert {name: centre.fields[name] for name in changes} == changes


@pytest.mark.parametrize("consent", ["marketing", "marketing processing"])
def test_the_page_has_a_field_for_all_that_it_reads(ann: User, settings: Any, consent: str) -> None:
    settings.CONSENT_REQUIRED = frozenset(consent.split())
    centre = Centre(ann)
    page = centre.open()

    shown = msgspec.json.decode(centre.fields["shown"], type=dict[str, str])
    assert set(re.findall(r'<(?:input|select)[^>]* name="([^"]+)"', page)) == {*shown, "shown", "version", "complete"}
    assert ("processing" in shown) == ("processing" in consent)


def test_consent_to_processing_is_given_and_taken_back(ann: User, settings: Any) -> None:
    settings.CONSENT_REQUIRED = frozenset({"marketing", "processing"})
    for switch, given in (("1", True), ("", False)):
        assert Centre(ann).save(processing=switch).status_code == 303
        assert GlobalPreference.objects.get(pk=ann.id).consents["processing"] is given


def test_what_was_not_touched_is_not_written(ann: User) -> None:
    answer = Centre(ann).save()

    assert answer["Location"].endswith("said=nothing_changed")
    assert GlobalPreference.objects.count() == CategoryPreference.objects.count() == 0
    assert PreferenceChange.objects.count() == 0


def test_only_the_channels_that_lead_to_a_person_are_there_and_the_others_explained(ground: None) -> None:
    bare = make_user(reachable=False, email="bare@example.com")
    centre = Centre(bare)
    page = centre.open()

    assert {name for name in centre.fields if name.startswith("channel.")} == {"channel.email", "channel.in_app"}
    for said in ("no phone number", "On none of your devices", "No chat is connected"):
        assert said in page
    assert "For b***@example.com" in page
    assert "bare@example.com" not in page


def test_an_essential_category_has_no_boxes_and_says_why(ann: User) -> None:
    security = Category.objects.get(key="security").id
    centre = Centre(ann)
    page = centre.open()

    assert not [name for name in centre.fields if name.startswith(f"about.{security}.")]
    assert "Always on" in page
    assert "so they cannot be switched off" in page


def test_a_category_that_was_off_as_a_whole_comes_back_on_what_is_ticked_alone(ann: User, as_ann: Api) -> None:
    assert as_ann.patch("preferences", {"categories": {"orders": {"enabled": False}}}).status_code == 200
    orders = Category.objects.get(key="orders").id
    Centre(ann).save(**{f"about__{orders}__email": "1"})

    effective = as_ann.get("preferences").json()["effective"]["categories"]["orders"]
    assert [name for name, switch in effective.items() if switch["value"]] == ["email_enabled"]


def test_withdrawing_marketing_withdraws_consent(ann: User) -> None:
    agree_to_marketing(ann)
    Centre(ann).save(marketing="")

    row = GlobalPreference.objects.get(pk=ann.id)
    assert (row.marketing_enabled, row.consents) == (False, {"marketing": False})


class TestStopping:
    def test_all_marketing(self, ann: User) -> None:
        agree_to_marketing(ann)
        answer = Client(enforce_csrf_checks=True).post(_path(ann), {"act": "stop_marketing"})

        assert answer["Location"].endswith("said=stopped_marketing")
        row = GlobalPreference.objects.get(pk=ann.id)
        assert (row.marketing_enabled, row.consents, row.notifications_enabled) == (False, {"marketing": False}, None)
        assert PreferenceChange.objects.get().source == "preference_centre"

    def test_everything(self, ann: User, as_ann: Api) -> None:
        agree_to_marketing(ann)
        for _ in range(2):
            Client().post(_path(ann), {"act": "stop_all"})

        found = as_ann.get("preferences").json()["effective"]
        assert found["global"]["notifications_enabled"]["value"] is False
        assert found["global"]["marketing_enabled"]["value"] is False
        assert found["categories"]["security"]["email_enabled"]["value"] is True
        assert PreferenceChange.objects.count() == 1


class TestRefusals:
    @pytest.mark.parametrize(
        ("field", "value", "said"),
        [
            ("quiet.begin", "25:00", "Write a time from 00:00 to 23:59"),
            ("quiet.end", "22:00", "From and until are the same"),
            ("quiet.end", "soon", "Write a time from 00:00 to 23:59"),
            ("quiet.friday", "perhaps", "Choose one of the list"),
            ("digest.at", "24:30", "Write a time from 00:00 to 23:59"),
            ("digest", "yearly", "Choose one of the list"),
            ("digest.weekday", "someday", "Choose one of the list"),
            ("zone", "Mars/Olympus", "Choose a time zone of the list"),
            ("locale", "tlh", "Choose a language of the list"),
            ("most", "0", "Write a whole number from 1 to 1000"),
            ("most", "many", "Write a whole number from 1 to 1000"),
        ],
    )
    def test_impossible_values_are_explained_and_nothing_is_lost_or_saved(
        self, ann: User, field: str, value: str, said: str
    ) -> None:
        centre = Centre(ann)
        name = field.replace(".", "__")
        answer = centre.save(**{name: value, "quiet__begin": "22:00"} | {name: value}, channel__sms="")
        page = html.unescape(answer.content.decode())

        assert answer.status_code == 422
        assert page.count(said) == 2  # in the summary, and at the field
        assert f'href="#f-{field.replace(".", "-")}"' in page
        if field not in ("quiet.friday", "digest", "digest.weekday", "zone", "locale"):
            assert f'value="{value}"' in page
        assert 'name="channel.sms" id="f-channel-sms" value="1" checked' not in page
        assert GlobalPreference.objects.count() == PreferenceChange.objects.count() == 0
        assert User.objects.get(pk=ann.id).timezone == "Africa/Nairobi"

    def test_quiet_hours_without_an_end_are_refused(self, ann: User) -> None:
        days = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
        answer = Centre(ann).save(quiet="1", **{f"quiet__{day}": "all" for day in days})

        assert answer.status_code == 422
        assert "At least one hour of the week" in answer.content.decode()
        assert GlobalPreference.objects.count() == 0

    def test_times_typed_for_a_day_are_saved_or_refused_but_not_dropped(self, ann: User) -> None:
        half = Centre(ann).save(quiet="1", quiet__friday__begin="23:00")
        kept = GlobalPreference.objects.count()
        whole = Centre(ann).save(quiet="1", quiet__friday__begin="23:00", quiet__friday__end="09:00")

        assert (half.status_code, kept, whole.status_code) == (422, 0, 303)
        stored = GlobalPreference.objects.get(user=ann).quiet_hours
        assert stored is not None
        assert stored["days"]["friday"] == {"start": "23:00", "end": "09:00"}

    def test_several_faults_are_told_at_once(self, ann: User) -> None:
        page = Centre(ann).save(quiet__begin="25:00", most="x", zone="Nowhere").content.decode()

        assert len(re.findall(r'<li><a href="#f-', page)) == 3

    def test_a_change_elsewhere_is_shown_with_ones_own_laid_over_it(self, ann: User, as_ann: Api) -> None:
        centre = Centre(ann)
        assert as_ann.patch("preferences", {"global": {"push_enabled": False}}).status_code == 200
        answer = centre.save(channel__sms="", most="9")
        page = answer.content.decode()

        assert answer.status_code == 409
        assert "changed somewhere else" in page
        assert as_ann.get("preferences").json()["set"]["global"] == {"push_enabled": False}
        ticked = re.findall(r'name="(channel\.\w+)" id="[\w-]+" value="1" checked', page)
        assert "channel.push" not in ticked
        assert "channel.sms" not in ticked
        assert 'name="most" id="f-most" value="9"' in page

        centre.fields = {**form_of(page), "channel.sms": "", "most": "9"}
        assert centre.save().status_code == 303
        assert as_ann.get("preferences").json()["set"]["global"] == {
            "push_enabled": False,
            "sms_enabled": False,
            "max_per_day": 9,
        }

    @pytest.mark.parametrize("drop", ["shown", "version", "complete"])
    def test_a_form_that_is_cut_off_changes_nothing(self, ann: User, drop: str) -> None:
        centre = Centre(ann)
        del centre.fields[drop]
        answer = centre.save(channel__sms="", most="9")

        assert (answer.status_code, "did not arrive complete" in answer.content.decode()) == (400, True)
        assert GlobalPreference.objects.count() == 0

    def test_names_that_the_form_does_not_have_are_passed_over(self, ann: User) -> None:
        centre = Centre(ann)
        shown = msgspec.json.decode(centre.fields["shown"], type=dict[str, str])
        more = {"channel.webhook": "1", "about.999.email": "1", "is_staff": "", "email": ""}
        centre.fields["shown"] = msgspec.json.encode({**shown, **more}).decode()
        answer = centre.save(channel__webhook="", about__999__email="", is_staff="1", email="evil@example.com")

        assert answer["Location"].endswith("said=nothing_changed")
        fresh = User.objects.get(pk=ann.id)
        assert (fresh.is_staff, fresh.email) == (False, "ann@example.com")

    def test_forged_swapped_and_old_links_open_nothing(self, ann: User) -> None:
        old = links.preferences_url(ann.id, clock.now() - timedelta(days=91)).rpartition("=")[2]
        good = links.preferences_url(ann.id, clock.now()).rpartition("=")[2]
        forged = good[:40] + ("A" if good[40] != "A" else "B") + good[41:]
        stop = links.unsubscribe_token(ann.id, 1, "email", clock.now())
        for token, said in ((old, "too old"), (forged, "not complete"), (stop, "not complete"), ("", "not complete")):
            for method in ("get", "post"):
                answer = getattr(Client(), method)(
                    f"/preferences/?token={token}", {"act": "stop_all"} if method == "post" else {}
                )
                assert (answer.status_code, method == "get" and said not in answer.content.decode()) == (400, False)

        assert GlobalPreference.objects.count() == 0

    def test_who_is_gone_or_locked_out_and_who_never_was_look_the_same(self, ann: User) -> None:
        locked = make_user(email="locked@example.com")
        User.objects.filter(pk=locked.id).update(is_active=False)
        nobody = links.preferences_url(uuid4(), clock.now()).rpartition("=")[2]
        pages = [
            Client().get(path) for path in (_path(locked), f"/preferences/?token={nobody}", "/preferences/?token=x")
        ]

        assert [page.status_code for page in pages] == [400, 400, 400]
        assert len({re.sub(r"token=[^&\"]+", "", page.content.decode()) for page in pages}) == 1

    @pytest.mark.parametrize("method", ["get", "head", "options", "put", "patch", "delete"])
    def test_what_is_no_post_changes_nothing(self, ann: User, method: str) -> None:
        path = _path(ann, act="stop_all", said="saved", marketing="1", on="")
        answer = getattr(Client(), method)(path)

        assert answer.status_code in (200, 405)
        assert GlobalPreference.objects.count() == PreferenceChange.objects.count() == 0


class TestThePageItself:
    def test_nothing_of_it_is_kept_or_sent_on(self, ann: User) -> None:
        answer = Client().get(_path(ann))
        page = answer.content.decode()

        assert answer["Referrer-Policy"] == "no-referrer"
        assert "no-store" in answer["Cache-Control"]
        assert answer["X-Robots-Tag"] == "noindex"
        assert answer["X-Frame-Options"] == "DENY"
        assert "script-src 'self'" in answer["Content-Security-Policy"]
        assert "unsafe-inline" not in answer["Content-Security-Policy"]
        assert dict(answer.cookies) == {}
        assert "<script" not in page
        assert " style=" not in page
        assert not re.findall(r'(?:src|href|action)="(?:https?:)?//', page)

    def test_the_brand_is_on_it_and_its_logo_is_all_that_comes_from_elsewhere(self, ann: User, as_staff: Api) -> None:
        brand = {"name": "Duka <b>", "color": "#ffe066", "logo_url": "https://img.example.com/logo.png"}
        assert as_staff.put("brand", brand).status_code == 200
        answer = Client().get(_path(ann))
        page = answer.content.decode()

        assert "Duka &lt;b&gt;" in page
        assert "<b>" not in page
        assert re.findall(r'src="(https://[^"]+)" alt="[^"]*" referrerpolicy="no-referrer"', page) == [
            brand["logo_url"]
        ]
        assert "img-src 'self' https://img.example.com data:" in answer["Content-Security-Policy"]

    @pytest.mark.parametrize("host", ["a.example.com;script-src *", "x.example.com,b"])
    def test_a_logos_address_cannot_widen_the_policy(self, ann: User, host: str) -> None:
        look = look_of(Brand(name="x", color="#123456", logo_url=f"https://{host}/logo.png"))
        assert (look.logo, "example.com" in look.policy) == ("", False)

    def test_ten_thousand_categories_come_page_by_page(self, ann: User) -> None:
        Category.objects.bulk_create(Category(key=f"c{n:05}", name=f"Subject {n}") for n in range(10_000))
        centre = Centre(ann, page="3")

        page = centre.open()
        assert page.count('<fieldset class="subject"') == 40
        name = next(name for name in centre.fields if name.startswith("about.") and name.endswith(".email"))
        assert centre.save(**{name.replace(".", "__"): ""}).status_code == 303
        assert CategoryPreference.objects.get().channels == {"email": False}


class TestSignedIn:
    def test_a_form_of_the_app_opens_it_with_the_persons_token(self, ann: User) -> None:
        access = tokens.access_token(ann, clock.now(), timedelta(minutes=5))
        answer = Client(enforce_csrf_checks=True).post("/preferences/open", {"access": access})

        assert answer.status_code == 303
        assert answer["Location"].startswith("./?token=")
        assert "no-store" in answer["Cache-Control"]
        assert dict(answer.cookies) == {}
        assert Client().get("/preferences/" + answer["Location"].removeprefix("./")).status_code == 200
        assert access not in answer["Location"]

    @pytest.mark.parametrize("access", ["", "x", "\x00", "old"])
    def test_a_token_that_is_not_good_opens_nothing(self, ann: User, access: str) -> None:
        if access == "old":
            access = tokens.access_token(ann, clock.now() - timedelta(hours=2), timedelta(minutes=5))
        answer = Client().post("/preferences/open", {"access": access})

        assert (answer.status_code, "Sign in to the app again" in answer.content.decode()) == (401, True)

    def test_a_link_cannot_carry_the_token(self, ann: User) -> None:
        access = tokens.access_token(ann, clock.now(), timedelta(minutes=5))

        assert Client().get(f"/preferences/open?access={access}").status_code == 405
        assert Client().post(f"/preferences/open?access={access}").status_code == 401


def test_others_are_never_touched(ann: User) -> None:
    other = make_user(email="other@example.com")
    Centre(ann).save(channel__email="", zone="UTC")

    assert not PreferenceChange.objects.filter(user_id=other.id).exists()
    assert api_as(other).get("preferences").json()["set"]["global"] == {}
