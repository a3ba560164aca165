"""Bulk uploads: NDJSON and CSV of any length; bad lines named by number, the rest taken in page by page, once each."""

import gzip
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
from django.test import Client, RequestFactory

from clarion.flows.ingest import audience, uploads
from clarion.records.access import keys
from clarion.records.access.permissions import Permission
from clarion.records.ledger.models import Job, Notification, Request
from clarion.records.people.models import User
from clarion.records.uploads.models import UploadPage
from clarion.surfaces.api import spooling, uploaded_csv, uploaded_lines
from clarion.surfaces.api.problems import Refusal
from tests.conftest import Api, api_as, make_user

Drain = Callable[[], int]
NDJSON, CSV = "application/x-ndjson", "text/csv"
SOMEBODY = "cf012e75-2336-4972-a941-506e5b509e08"
JOB = {"subject": "Sale", "body": "Half price", "channel": "in_app"}


@pytest.fixture
def post(staff: User) -> Callable[..., Any]:
    """`post(body, kind)`: upload as a service key that may do everything."""
    secret = keys.mint(staff, "uploads", list(Permission)).secret

    def send(body: bytes, kind: str = NDJSON, job: dict[str, Any] | None = None, **headers: str) -> Any:
        query = {"QUERY_STRING": "job=" + quote(json.dumps(job))} if job else {}
        client = Client(raise_request_exception=False)
        given = {"Authorization": f"ApiKey {secret}", **headers}
        path = "/api/v1/notifications/bulk/upload"
        return client.post(path, data=body, content_type=kind, headers=given, **query)

    return send


def people(number: int) -> list[User]:
    return [make_user(email=f"p{n}@example.com") for n in range(number)]


def ndjson(*lines: Any, job: dict[str, Any] | None = JOB) -> bytes:
    found = [] if job is None else [json.dumps(job).encode()]
    return b"\n".join([*found, *(x if isinstance(x, bytes) else json.dumps(x).encode() for x in lines)])


def to(user: User, **given: Any) -> dict[str, Any]:
    return {"user_id": str(user.id), **given}


def job_of(api: Api, answer: Any) -> Any:
    found = api.get(answer.headers["Location"].removeprefix("/api/v1/")).json()
    assert found["accepted"] == sum(found["counts"].values())
    return found


def rejections(api: Api, answer: Any) -> list[tuple[int, str]]:
    return [(each["place"], each["code"]) for each in job_of(api, answer)["rejections"]]


def nothing_is_kept() -> bool:
    rows = (Job, UploadPage, Request, Notification)
    return not any(model.objects.exists() for model in rows)


def test_every_line_becomes_a_notification(post: Any, as_service: Api, drain: Drain) -> None:
    users = people(5)
    answer = post(ndjson(*(to(user) for user in users)))
    assert answer.status_code == 202, answer.content
    told = answer.json()
    assert (told["status"], told["accepted"], told["rejected"], told["total"]) == ("running", 0, 0, 5)
    assert UploadPage.objects.count() == 1, "it is durable before anybody is taken in"
    audience.take_in_all()
    drain()
    job = job_of(as_service, answer)
    assert (job["status"], job["counts"], job["total"]) == ("done", {"delivered": 5}, 5)
    assert set(Notification.objects.values_list("user_id", flat=True)) == {user.id for user in users}
    assert not UploadPage.objects.exists()


def test_bad_lines_are_named_by_number_and_the_rest_goes_out(post: Any, as_service: Api) -> None:
    ann, bo = people(2)
    body = ndjson(
        to(ann),
        b"{not json",
        b"",
        to(bo, context={"a": 1}),
        {"user_id": "nobody"},
        {"user_id": str(uuid4())},
        to(ann),
        to(bo, channel="fax"),
        to(bo, colour="red"),
        b'{"user_id": "' + str(bo.id).encode() + b'", "context": {"a": "\xff"}}',
        b'{"user_id": "' + str(bo.id).encode() + b'", "context": {"a": "\\u0000"}}',
        b'{"user_id": "' + b"x" * 70_000 + b'"}',
        b"[]",
    )
    answer = post(body)
    assert (answer.status_code, answer.json()["total"], answer.json()["rejected"]) == (202, 12, 8)
    audience.take_in_all()
    assert rejections(as_service, answer) == [
        (3, "malformed_line"),
        (6, "invalid_recipient"),
        (7, "user_not_found"),
        (8, "duplicate_recipient"),
        (9, "invalid_recipient"),
        (10, "invalid_recipient"),
        (11, "malformed_line"),
        (12, "nul_character"),
        (13, "line_too_long"),
        (14, "invalid_recipient"),
    ]
    job = job_of(as_service, answer)
    assert (job["accepted"], job["rejected"]) == (2, 10)


def test_csv_with_a_header_quotes_breaks_and_nested_variables(post: Any, as_service: Api, drain: Drain) -> None:
    ann, bo, cy = people(3)
    template = {
        "path": "sale",
        "name": "Sale",
        "category": "general",
        "required_variables": ["name", "order.number"],
        "content": {
            "in_app": {"default": {"title": "Sale", "body": "{{ name }}: {{ order.number }}"}},
            "sms": {"default": {"body": "{{ name }} {{ order.number }}"}},
        },
    }
    assert as_service.post("templates", template).status_code == 201
    text = "\r\n".join(
        [
            "user_id,channels,name,order.number",
            f'{ann.id},in_app,"Ann ""A"", she\nsaid",7',
            f"{bo.id},in_app sms,Bo,8",
            f"{cy.id},,,9",
            f"{cy.id},,Cy",
            f'{cy.id},,"Cy,10',
            f"{cy.id},fax,Cy,11",
            "",
            f"{cy.id},,Cy,12",
        ]
    )
    answer = post("﻿".encode() + text.encode(), CSV, job={"template_path": "sale", "channel": "in_app"})
    assert answer.status_code == 202, answer.content
    audience.take_in_all()
    assert rejections(as_service, answer) == [
        (5, "missing_variables"),
        (6, "malformed_line"),
        (7, "malformed_line"),
        (8, "invalid_recipient"),
    ]
    drain()
    items = {n.user_id: n.id for n in Notification.objects.filter(channel="in_app")}
    assert set(items) == {ann.id, bo.id, cy.id}
    assert [item["body"] for item in _inbox(ann)] == ['Ann "A", she\nsaid: 7']
    assert Notification.objects.filter(user_id=bo.id).count() == 2


def _inbox(user: User) -> Any:
    return api_as(user).get("inbox").json()["results"]


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_csv_takes_semicolons_and_tabs_and_a_job_in_its_first_line(delimiter: str, post: Any) -> None:
    ann, bo = people(2)
    lines = ["#" + json.dumps(JOB), delimiter.join(["user_id", "name"]), *(f"{u.id}{delimiter}X" for u in (ann, bo))]
    assert post("\n".join(lines).encode(), CSV).status_code == 202
    audience.take_in_all()
    assert Notification.objects.count() == 2


def test_gzip_is_unpacked_and_what_is_no_gzip_refused(post: Any) -> None:
    (ann,) = people(1)
    plain = ndjson(to(ann))
    whole = gzip.compress(plain[:20]) + gzip.compress(plain[20:])
    for bad in (whole[:-3], plain, b"\x1f"):
        refused = post(bad, **{"Content-Encoding": "gzip"})
        assert (refused.status_code, refused.json()["code"]) == (400, "malformed_gzip")
    assert nothing_is_kept()
    assert post(whole, **{"Content-Encoding": "gzip"}).status_code == 202
    assert post(whole, **{"Content-Encoding": "br"}).status_code == 415


@pytest.mark.parametrize(
    ("body", "kind", "status", "code"),
    [
        (b"\n\n", NDJSON, 422, "job_missing"),
        (ndjson(), NDJSON, 422, "no_recipients"),
        (ndjson(b"nonsense", b"more"), NDJSON, 422, "no_recipients"),
        (ndjson(job={"subject": 1}), NDJSON, 422, "invalid_input"),
        (ndjson(job={"recipients": []}), NDJSON, 422, "invalid_input"),
        (ndjson(job={"template_path": "no.such"}), NDJSON, 404, "template_not_found"),
        (ndjson(job={}), NDJSON, 422, "no_content"),
        (b"{half", NDJSON, 400, "malformed_json"),
        (ndjson({"user_id": SOMEBODY}).decode().encode("utf-16"), NDJSON, 422, "wrong_encoding"),
        (b"user_id\n" + SOMEBODY.encode(), CSV, 422, "job_missing"),
        (b"#" + json.dumps(JOB).encode() + b"\nid,name\n1,2", CSV, 422, "header_missing"),
        (b"#" + json.dumps(JOB).encode() + b"\nuser_id,a,a\n", CSV, 422, "invalid_column"),
        (b"#" + json.dumps(JOB).encode() + b"\nuser_id,a b\n", CSV, 422, "invalid_column"),
        (b"#" + json.dumps(JOB).encode() + b"\nuser_id,a,a.b\n", CSV, 422, "invalid_column"),
        (b"#" + json.dumps(JOB).encode() + b"\nuser_id,\xe9t\xe9\n", CSV, 422, "wrong_encoding"),
        (b"#" + json.dumps(JOB).encode() + b"\nuser_id\n", CSV, 422, "no_recipients"),
        (ndjson(), "application/json", 415, "unsupported_media_type"),
    ],
)
def test_an_upload_that_cannot_be_is_refused_whole(body: bytes, kind: str, status: int, code: str, post: Any) -> None:
    answer = post(body, kind)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.content
    assert nothing_is_kept()


def test_too_large_a_body_is_refused_packed_or_not() -> None:
    small = spooling.Upload(content_types=(NDJSON,), max_bytes=1_000, max_unpacked=5_000)
    requests = RequestFactory()
    bomb = gzip.compress(b" " * 500_000)
    assert len(bomb) < 1_000
    for body, headers in ((b" " * 2_000, {}), (bomb, {"Content-Encoding": "gzip"})):
        request = requests.post("/", data=body, content_type=NDJSON, headers=headers)
        with pytest.raises(Refusal) as refused:
            spooling.spooled(request, small).__enter__()
        assert (refused.value.status, refused.value.code) == (413, "body_too_large")


def test_pages_repeat_nobody_whatever_crashes(
    post: Any, as_service: Api, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "CHUNK", 3)
    users = people(7)
    answer = post(ndjson(*(to(user) for user in [*users, users[0], users[6]])))
    assert UploadPage.objects.count() == 3
    job_id = Job.objects.get().id
    assert audience._next_page(job_id)
    with monkeypatch.context() as patched:
        patched.setattr(audience, "_count", _dies)
        with pytest.raises(RuntimeError):
            audience._next_page(job_id)
    assert (UploadPage.objects.count(), Notification.objects.count()) == (2, 3)
    audience.take_in_all()
    assert rejections(as_service, answer) == [(9, "duplicate_recipient"), (10, "duplicate_recipient")]
    assert Notification.objects.count() == 7
    drain()
    assert job_of(as_service, answer)["counts"] == {"delivered": 7}


def _dies(*_: Any) -> None:
    raise RuntimeError("the worker died")


def test_cancelling_half_way_forgets_the_pages_that_are_left(
    post: Any, as_service: Api, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "CHUNK", 2)
    answer = post(ndjson(*(to(user) for user in people(6))))
    audience._next_page(Job.objects.get().id)
    cancelled = as_service.post(f"notifications/bulk/{answer.json()['job_id']}/cancel")
    assert (cancelled.status_code, cancelled.json()["counts"]) == (200, {"cancelled": 2})
    assert not UploadPage.objects.exists()
    audience.take_in_all()
    assert drain() == 0
    assert Notification.objects.count() == 2


def test_the_same_key_keeps_one_upload_and_another_file_under_it_is_refused(post: Any) -> None:
    ann, bo = people(2)
    first = post(ndjson(to(ann)), **{"Idempotency-Key": "k"})
    again = post(ndjson(to(ann)), **{"Idempotency-Key": "k"})
    assert first.json() == again.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    other = post(ndjson(to(bo)), **{"Idempotency-Key": "k"})
    assert (other.status_code, other.json()["code"]) == (422, "key_reused")
    query = post(ndjson(to(ann)), job=JOB, **{"Idempotency-Key": "k"})
    assert (query.status_code, query.json()["code"]) == (422, "key_reused")
    assert Job.objects.count() == 1


def test_what_was_uploaded_is_sealed_at_rest(post: Any) -> None:
    (ann,) = people(1)
    post(ndjson(to(ann, context={"secret": "hunter2hunter2"})))
    assert b"hunter2" not in bytes(UploadPage.objects.get().content_sealed)


def test_jobs_take_turns(post: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "CHUNK", 2)
    users = people(6)
    long, short = (post(ndjson(*(to(u) for u in chosen))).json()["job_id"] for chosen in (users, users[:2]))
    order: list[str] = []
    real = audience._next_page
    monkeypatch.setattr(audience, "_next_page", lambda job_id: order.append(str(job_id)) or real(job_id))
    audience.take_in_all()
    assert order.index(short) == 1, "the short one does not wait for the long one"
    assert order.count(long) == 4


def test_uploading_needs_the_permission_for_bulk(as_ann: Api, ground: None) -> None:
    client = Client()
    answer = client.post(
        "/api/v1/notifications/bulk/upload", data=ndjson(), content_type=NDJSON, headers=as_ann._headers
    )
    assert answer.status_code == 403
    assert nothing_is_kept()


def test_numbers_beyond_64_bits_go_through_like_any_other(post: Any, as_service: Api, drain: Drain) -> None:
    ann, bo = people(2)
    job = {"subject": "No. {{ number }}", "body": "Half price", "channel": "in_app", "category": "orders"}
    answer = post(ndjson(to(ann, context={"number": 10**30}), to(bo, context={"number": -(2**63) - 1}), job=job))
    assert answer.status_code == 202, answer.content
    audience.take_in_all()
    drain()
    assert job_of(as_service, answer)["counts"] == {"delivered": 2}


def test_a_context_too_deep_for_a_worker_costs_its_line_only(post: Any, as_service: Api) -> None:
    ann, bo, cy = people(3)
    deep = [b'{"user_id":"%s","context":{"x":%s1%s}}' % (str(bo.id).encode(), b"[" * d, b"]" * d) for d in (20, 900)]
    wide = to(cy, context={"x": [[n] for n in range(200)]})
    edge = b'{"user_id":"%s","context":{"x":%s1%s}}' % (str(ann.id).encode(), b"[" * 19, b"]" * 19)
    answer = post(ndjson(edge, *deep, wide))
    assert (answer.status_code, answer.json()["rejected"]) == (202, 2), "they do not even reach a worker"
    audience.take_in_all()
    assert rejections(as_service, answer) == [(3, "invalid_context"), (4, "invalid_context")]
    assert job_of(as_service, answer)["accepted"] == 2


def test_the_steps_of_a_column_name_are_bounded(post: Any) -> None:
    (ann,) = people(1)
    for steps in (21, 5_000):
        answer = post(f"user_id,{'.'.join(['a'] * steps)}\n{ann.id},x\n".encode(), CSV, job=JOB)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_column")
        assert nothing_is_kept()
    assert post(f"user_id,{'.'.join(['a'] * 20)}\n{ann.id},x\n".encode(), CSV, job=JOB).status_code == 202


def test_thousands_of_columns_are_compared_quickly() -> None:
    names = ",".join(f"c{n}" for n in range(10_000))
    began = time.process_time()
    header = uploaded_csv.read_header((1, f"user_id,{names}".encode()))
    assert len(header.variables) == 10_000
    assert time.process_time() - began < 2, "each with each would take half a minute"


@pytest.mark.parametrize("kind", [NDJSON, CSV])
def test_blank_lines_count_so_that_a_small_gzip_holds_no_thread(
    kind: str, post: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploaded_lines, "MOST_PHYSICAL_LINES", 1_000)
    (ann,) = people(1)
    begin = ndjson(to(ann)) if kind == NDJSON else f"#{json.dumps(JOB)}\nuser_id\n{ann.id}".encode()
    for blank in (b"\n" * 2_000, b" \r\n" * 2_000):
        answer = post(gzip.compress(begin + blank), kind, **{"Content-Encoding": "gzip"})
        assert (answer.status_code, answer.json()["code"]) == (413, "too_many_lines")
        assert nothing_is_kept()
    assert post(gzip.compress(begin + b"\n" * 900), kind, **{"Content-Encoding": "gzip"}).status_code == 202
