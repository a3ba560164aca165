"""One-click unsubscribing (RFC 8058): a POST with a signed link and nothing else. A GET shows the page for people."""

from typing import Annotated, Literal

import msgspec
import structlog
from django.http import HttpRequest, HttpResponseRedirect
from django.http.request import RawPostDataException
from msgspec import Meta

from clarion.contract.input_error import InputError
from clarion.flows.consent.unsubscribe import meant, unsubscribe
from clarion.records import clock
from clarion.records.consents.purposes import Source
from clarion.records.preferences.links import BadLink, unsubscribe_page
from clarion.surfaces.api.endpoint import Answer, Call, Endpoint, Open, operation
from clarion.surfaces.api.problems import FieldProblem, Refusal

LARGEST_READ = 65_536
log = structlog.get_logger()


class UnsubscribeQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The link's `token`; `category` narrows a link for all marketing down to one category."""

    token: Annotated[str, Meta(max_length=200)]
    category: Annotated[str, Meta(max_length=64)] = ""


class UnsubscribedOut(msgspec.Struct, frozen=True, kw_only=True):
    """What is stopped from now on. `channel` empty: on every channel."""

    status: Literal["unsubscribed"]
    scope: str
    category: str
    channel: str


class UnsubscribeView(Endpoint):
    """Nobody is asked who they are: the token says it. No cookie is read or set, and no POST is redirected."""

    tag = "preferences"

    @operation(permission=Open.ANYONE, query=UnsubscribeQuery, answers={200: UnsubscribedOut}, problems=(404,))
    def post(self, call: Call) -> Answer:
        """Unsubscribe by the token of a link.

        For mail programs, which send the form `List-Unsubscribe=One-Click`, and for programs, which need send nothing.
        Doing it again changes nothing and answers the same. 400 for a token that is not ours, is cut or too old, or is
        about another category; it is never said whether a person exists.
        """
        now = clock.now()
        try:
            stops = meant(call.query.token, call.query.category, now)
        except BadLink as bad:
            field = FieldProblem(pointer="/query/token", code=bad.code, message=str(bad))
            raise Refusal(400, bad.code, str(bad), errors=[field]) from bad
        except InputError as error:
            field = FieldProblem(pointer=error.pointer, code=error.code, message=error.message)
            raise Refusal(400, error.code, error.message, errors=[field]) from error
        unsubscribe(stops, Source.ONE_CLICK if _is_one_click(call.request) else Source.API, now)
        return Answer(
            value=UnsubscribedOut(
                status="unsubscribed",
                scope=str(stops.scope),
                category=stops.category.key if stops.category else "",
                channel=stops.channel,
            )
        )

    @operation(permission=Open.ANYONE, query=UnsubscribeQuery, answers={303: None})
    def get(self, call: Call) -> Answer:
        """Show the page for people, which changes nothing until its button is pressed."""
        response = HttpResponseRedirect(unsubscribe_page(call.query.token))
        response.status_code = 303
        response["Cache-Control"] = "no-store"
        return Answer(value=response)


def _is_one_click(request: HttpRequest) -> bool:
    """Whether a mail program says so, in whichever form. Only the source that is written down depends on it."""
    try:
        announced = int(request.META.get("CONTENT_LENGTH") or "0")
        return announced <= LARGEST_READ and b"One-Click" in request.body
    except (ValueError, OSError, RawPostDataException):
        return False
