"""Structured logs: an event name with fields and ids. Bodies, addresses and secrets never reach a log call;
what third parties log is cut of anything that looks like an address, a number or a token."""

import re
from typing import Any

import structlog

_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
_PHONE = re.compile(r"\+\d{7,15}\b")
_TOKEN = re.compile(r"(?i)(token=|bearer |apikey )[\w.~+/=-]+")
_URL_SECRET = re.compile(r"(://[^/\s:@]*:)[^/\s@]+@")


def scrub(text: str) -> str:
    """Replace addresses, numbers and credentials in a text that others wrote."""
    text = _URL_SECRET.sub(r"\1***@", text)
    text = _TOKEN.sub(r"\1***", text)
    return _PHONE.sub("+***", _EMAIL.sub("***@***", text))


def _scrub_event(_: Any, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = scrub(value)
    return event


def _shared() -> list[structlog.typing.Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def configure_structlog() -> None:
    """Route structlog through the standard library, so that everybody's lines share one form."""
    structlog.configure(
        processors=[*_shared(), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def logging_settings(log_format: str, level: str) -> dict[str, Any]:
    """The standard library's dictConfig for `json` or `console` lines on stderr."""
    console = log_format == "console"
    last: list[structlog.typing.Processor] = (
        [structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)]
        if console
        else [structlog.processors.format_exc_info, _scrub_event, structlog.processors.JSONRenderer()]
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "lines": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": _shared(),
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, _scrub_event, *last],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "lines"}},
        "root": {"handlers": ["stderr"], "level": level.upper()},
        "loggers": {
            "django.request": {"level": "CRITICAL"},
            "django.security.DisallowedHost": {"level": "CRITICAL"},
            "kombu": {"level": "WARNING"},
            "celery.app.trace": {"level": "WARNING"},
            "celery.worker.strategy": {"level": "WARNING"},
            "aiohttp.access": {"level": "WARNING"},
        },
    }
