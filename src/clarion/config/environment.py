"""The environment, read once: names → typed values. Unknown names and wrong values end the start with a plain text.

Every name may be given as `NAME_FILE`, naming a file that holds the value (Docker and Kubernetes secrets).
The table in docs/reference/environment.md is generated from the descriptions here.
"""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from clarion.channels.email import parse_email
from clarion.channels.errors import InvalidValue
from clarion.contract.channel import ChannelKey
from clarion.contract.faults import Misconfigured
from clarion.contract.rate import Rate, parse_rate
from clarion.records.access.origins import parse_origins
from clarion.records.consents.purposes import parse_required
from clarion.records.crashing import parse_plan
from clarion.records.preferences.settings import parse_cap_of_user, parse_digest_channels, parse_off
from clarion.records.reputation.rules import FORM, Thresholds, parse_thresholds
from clarion.records.sms_safety.policy import (
    RANGE_LIMIT,
    REFUSED_LINES,
    SmsPolicy,
    parse_cap,
    parse_countries,
    parse_lines,
    parse_prices,
    parse_range_limit,
)
from clarion.records.templating.locales import is_locale

PREFIX = "CLARION_"
LOCALE = r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$"


class ConfigurationError(Exception):
    """The environment cannot be used; the text says which name and what to write. Never holds a value."""


class Environment(BaseModel):
    """Field names are the environment names without the prefix, in lower case."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    database_url: str = Field("", description="PostgreSQL 15 or newer, `postgresql://user:pass@host:5432/name`")
    redis_url: str = Field("", description="Redis 7 or Valkey, `redis://:password@host:6379/0`")
    broker_url: str = Field("", description="Celery's broker; default: the Redis URL. `amqp://…` for RabbitMQ")
    secret_key: str = Field("", description="Signs sessions and tokens; at least 32 characters")
    secret_key_fallbacks: str = Field(
        "", description="Former secret keys, comma-separated: what they signed, such as unsubscribe links, still works"
    )
    encryption_keys: str = Field(
        "", description="Keys for personal data, 32 bytes each in urlsafe base64, comma-separated, newest first"
    )
    jwt_key: str = Field("", description="Verifies users' JWTs: a shared secret (HS256) or a public key in PEM")
    jwt_algorithm: Literal["HS256", "RS256", "ES256", "EdDSA"] = Field("HS256", description="Algorithm of the JWT key")
    public_url: str = Field("http://127.0.0.1:8000", description="Where people reach this server; used in links")
    allowed_hosts: str = Field("", description="Host names served, comma-separated; default: that of the public URL")
    cors_origins: str = Field(
        "",
        description="Origins of other sites whose pages may embed the inbox, comma-separated, such as"
        " `https://shop.example.com`; each in full",
    )
    debug: bool = Field(False, description="Development mode; never in production")
    log_format: Literal["json", "console"] = Field("json", description="Log lines as JSON or for a person's eyes")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least severe level logged")
    retention_days: int = Field(
        0,
        ge=0,
        description="Notifications, attempts, decisions, events and inbox items older than this are dropped by"
        " whole weeks; 0 keeps them",
    )
    app_name: str = Field("Clarion", description="The name templates see as `app_name`")
    default_locale: str = Field(
        "en", pattern=LOCALE, description="The language of template content without a locale; its plural rules apply"
    )
    tone: str = Field(
        "",
        description="Who decides the word that templates see as `engagement_tone`, `package.module:function`;"
        " empty: everybody is `neutral`",
    )
    template_four_eyes: Literal["on", "off"] = Field(
        "off", description="on: whoever wrote a template's version may not publish it; somebody else must"
    )
    template_locales: str = Field(
        "",
        description="The locales that templates are wanted in beside the default, `sw fr pt-BR`; a template may name"
        " its own",
    )
    template_threshold: int = Field(
        0,
        ge=0,
        le=100,
        description="How many percent of the wanted locales must be complete and up to date before a template is"
        " published; 0: any. A template may have its own",
    )
    email_from: str = Field("Clarion <no-reply@localhost>", description="Sender of emails, `Name <address>`")
    outbox: Literal["auto", "on", "off"] = Field(
        "auto",
        description="The sandbox outbox page; auto: open to all, only embedded on loopback or in debug;"
        " on: anywhere, for staff",
    )
    registration: Literal["auto", "open", "closed"] = Field(
        "auto",
        description="Whether anybody may register an account (`POST /auth/register`); auto: only embedded or in debug",
    )
    metrics: Literal["auto", "on", "off"] = Field(
        "auto",
        description="Metrics for Prometheus at `/metrics`; on: for callers with the permission `analytics`; auto: and,"
        " only embedded or in debug, for whoever asks from this machine; off: not there",
    )
    mongo_url: str = Field("", description="Optional store of delivery logs (not used yet)")
    email: str = Field("", description="Provider URLs for email, preferred first; unset: sandbox")
    sms: str = Field("", description="Provider URLs for SMS")
    push: str = Field("", description="Provider URLs for push")
    chat: str = Field("", description="Provider URLs for chat")
    webhook: str = Field("", description="Provider URLs for webhooks")
    webhook_allow_private: bool = Field(
        False, description="Let webhooks reach private and loopback addresses; for tests and closed networks only"
    )
    user_limits: str = Field(
        "push=100/min",
        description="How many messages one person gets on a channel, `push=100/min sms=10/h`; `none`: no limit",
    )
    preferences_off: str = Field(
        "",
        description="What is off until a person switches it on: `notifications`, `marketing` or channels, `marketing"
        " sms`. Marketing by SMS always is",
    )
    user_cap: str = Field(
        "",
        description="How many messages by email, SMS, push and chat one person gets from all senders together,"
        " `20/day 60/week`; empty: any number. Critical ones and essential categories pass",
    )
    reputation: str = Field(
        FORM,
        description="When bounces and complaints (percent of what an account sent) warn/pause, from how many messages"
        " on, in which window; `warn` added: never pause; `off`: no guard",
    )
    digest_channels: str = Field(
        "email",
        description="On which channels people's digests collect, of `email`, `sms`, `push`, `chat`; on the others"
        " everything goes out singly",
    )
    digest_template: str = Field(
        "", description="The path of the template of digests, such as `account.digest`; empty: a built-in one"
    )
    consent: str = Field(
        "marketing",
        description="What needs a person's consent: `marketing`, `processing` (everything but essential categories),"
        " both with a blank between them, or `none`. Consent that was withdrawn binds in any case",
    )
    unsubscribe_mailto: str = Field(
        "",
        description="An address for mail programs that unsubscribe by mail, added to `List-Unsubscribe`; whoever reads"
        " it posts the subject's token to `/preferences/unsubscribe`",
    )
    chaos: bool = Field(False, description="Allows `CLARION_CRASH_POINT`; for tests of faults, never in production")
    crash_point: str = Field(
        "",
        description="A place at which this process fails on purpose, `worker_claimed:hit=3:mode=stop`;"
        " needs `CLARION_CHAOS=1`. The places are in guarantees.md",
    )
    sms_countries: str = Field(
        "",
        description="Countries that text messages may go to, `TZ,KE,UG`, then lists of single categories,"
        " `marketing=TZ`; empty: every country",
    )
    sms_refused_lines: str = Field(
        REFUSED_LINES,
        description="Kinds of numbers that get no text messages, as far as the number tells; `none`: all get some",
    )
    sms_range_limit: str = Field(
        RANGE_LIMIT,
        description="How many text messages a range of 10,000 numbers gets, against SMS pumping; `none`: any number",
    )
    sms_prices: str = Field(
        "",
        description="What a segment of a text message costs, by country, `USD TZ=0.02 KE=0.03 *=0.08`; `*`: elsewhere",
    )
    sms_daily_cap: str = Field(
        "",
        description="What text messages may cost on one day (UTC), `20000 segments`, `50 USD`, or both with a comma;"
        " empty: no cap. Critical transactional ones may go a fifth above it",
    )
    embedded: bool = Field(False, description="Set by `clarion up` when it brings its own PostgreSQL or Redis")
    data_dir: str = Field("", description="Set by `clarion up`: where the embedded servers keep their data")
    api_url: str = Field("", description="For `clarion send`: base URL of the API")
    api_key: str = Field("", description="For `clarion send`: the API key")

    @field_validator("crash_point")
    @classmethod
    def _allowed(cls, text: str, info: ValidationInfo) -> str:
        if text and not info.data.get("chaos"):
            raise ValueError("this makes processes fail on purpose; take it away, or set CLARION_CHAOS=1 as well")
        if text:
            parse_plan(text)
        return text

    @field_validator("sms_countries", "sms_refused_lines", "sms_range_limit", "sms_prices")
    @classmethod
    def _sendable(cls, text: str, info: ValidationInfo) -> str:
        _SMS_PARSERS[str(info.field_name)](text)
        return text

    @field_validator("sms_daily_cap")
    @classmethod
    def _affordable(cls, text: str, info: ValidationInfo) -> str:
        parse_cap(text, parse_prices(info.data.get("sms_prices", "")))
        return text

    @field_validator("reputation")
    @classmethod
    def _judgeable(cls, text: str) -> str:
        parse_reputation(text)
        return text

    @field_validator("cors_origins")
    @classmethod
    def _embedding(cls, text: str) -> str:
        parse_origins(text)
        return text

    @field_validator("consent")
    @classmethod
    def _requirable(cls, text: str) -> str:
        parse_required(text)
        return text

    @field_validator("unsubscribe_mailto")
    @classmethod
    def _mailable(cls, text: str) -> str:
        try:
            return parse_email(text) if text else ""
        except InvalidValue as error:
            raise ValueError(str(error)) from error

    @field_validator("template_locales")
    @classmethod
    def _speakable(cls, text: str) -> str:
        for name in text.split():
            if not is_locale(name):
                raise ValueError(f"{name[:40]} is not a known locale; write them like `sw fr pt-BR`")
        return text

    @field_validator("preferences_off")
    @classmethod
    def _switchable(cls, text: str) -> str:
        parse_off(text)
        return text

    @field_validator("digest_channels")
    @classmethod
    def _collectable(cls, text: str) -> str:
        parse_digest_channels(text)
        return text

    @field_validator("user_cap")
    @classmethod
    def _countable(cls, text: str) -> str:
        parse_cap_of_user(text)
        return text

    @field_validator("user_limits")
    @classmethod
    def _readable(cls, text: str) -> str:
        parse_user_limits(text)
        return text


_SMS_PARSERS: dict[str, Callable[[str], object]] = {
    "sms_countries": parse_countries,
    "sms_refused_lines": parse_lines,
    "sms_range_limit": parse_range_limit,
    "sms_prices": parse_prices,
}


def parse_sms_policy(env: Environment) -> SmsPolicy:
    """What text messages are allowed, from settings that were found readable."""
    prices = parse_prices(env.sms_prices)
    return SmsPolicy(
        countries=parse_countries(env.sms_countries),
        refused_lines=parse_lines(env.sms_refused_lines),
        range_limit=parse_range_limit(env.sms_range_limit),
        prices=prices,
        cap=parse_cap(env.sms_daily_cap, prices),
    )


def parse_reputation(text: str) -> Thresholds | None:
    """The thresholds of the reputation guard, None for `off`; raises ValueError saying what to write."""
    return None if text == "off" else parse_thresholds(text)


def parse_user_limits(text: str) -> dict[ChannelKey, Rate]:
    """`push=100/min sms=10/h` by channel; raises ValueError saying what to write."""
    found: dict[ChannelKey, Rate] = {}
    for part in text.split() if text != "none" else []:
        channel, _, rate = part.partition("=")
        if channel not in set(ChannelKey):
            raise ValueError(f"write channel=rate; the channels are {', '.join(ChannelKey)}")
        try:
            found[ChannelKey(channel)] = parse_rate(rate)
        except Misconfigured as fault:
            raise ValueError(str(fault)) from fault
    return found


def read_environment(environ: Mapping[str, str] | None = None) -> Environment:
    """Read and check; raises ConfigurationError listing every problem at once."""
    source = os.environ if environ is None else environ
    values: dict[str, str] = {}
    problems: list[str] = []
    for name, text in sorted(source.items()):
        if not name.startswith(PREFIX):
            continue
        field, value = name.removeprefix(PREFIX).lower(), text
        if field not in Environment.model_fields and field.endswith("_file"):
            field, value = field.removesuffix("_file"), _contents(name, value, problems)
            if PREFIX + field.upper() in source:
                problems.append(f"{name}: {PREFIX}{field.upper()} is set as well; keep one of the two")
        if field not in Environment.model_fields:
            problems.append(f"{name}: unknown setting; see docs/reference/environment.md for the names")
        elif value.strip():
            values[field] = value.strip()
    try:
        environment = Environment.model_validate(values)
    except ValidationError as error:
        problems += [f"{PREFIX}{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors()]
    if problems:
        raise ConfigurationError("\n".join(problems))
    return environment


def _contents(name: str, path: str, problems: list[str]) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        problems.append(f"{name}: the file cannot be read ({error.strerror})")
        return ""
