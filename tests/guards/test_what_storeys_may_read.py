"""The environment and the clock come in through doors; what lies below gets them handed down."""

import ast

from guards.tree import place, sources, tree_of

MAY_READ_THE_ENVIRONMENT = ("surfaces/", "embedded/", "testing/", "config/environment.py")
SETS_THE_SETTINGS_MODULE = ("config/celery.py", "config/wsgi.py")
DOORS = ("surfaces/", "embedded/", "egress/", "testing/")
MAY_READ_THE_CLOCK = {
    "records/clock.py": "is the clock",
    "records/templating/engine/filters_locale.py": "where a context brings no `now`",
    "flows/delivery/heartbeat.py": "compared between machines, in Redis",
    "providers/apns/answers.py": "a Retry-After that is a date",
    "providers/apns/tokens.py": "the age of the provider token",
    "providers/fcm/answers.py": "a Retry-After that is a date",
    "providers/fcm/send.py": "how long a message is still worth something",
    "providers/fcm/tokens.py": "the age of the access token",
    "providers/sandbox/entries.py": "providers know no records; the Date of a message",
    "providers/sendgrid/answers.py": "a Retry-After that is a date, a limit's reset",
    "providers/ses/send.py": "the time that is signed",
    "providers/slack/answers.py": "a Retry-After that is a date",
    "providers/smtp/envelope.py": "the Date of a message",
    "providers/twilio/send.py": "how long a message is still worth something",
    "providers/vendor_api.py": "a Retry-After that is a date",
    "providers/webhook/send.py": "the timestamp that is signed",
    "providers/webpush/send.py": "how long a message is still worth something",
    "providers/webpush/vapid.py": "the age of the signature",
}
_CLOCKS = {
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "datetime.datetime.now",
    "date.today",
    "time.time",
    "time.time_ns",
    "timezone.now",
}


def _attributes(tree: ast.Module) -> set[str]:
    return {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}


def test_only_doors_read_the_environment() -> None:
    allowed = MAY_READ_THE_ENVIRONMENT + SETS_THE_SETTINGS_MODULE
    readers = [
        place(path)
        for path in sources()
        if _attributes(tree_of(path)) & {"os.environ", "os.getenv"} and not place(path).startswith(allowed)
    ]

    assert readers == []


def test_the_entry_points_of_config_do_no_more_than_name_the_settings_module() -> None:
    for path in sources():
        if place(path) in SETS_THE_SETTINGS_MODULE:
            used = {name for name in _attributes(tree_of(path)) if name.startswith("os.environ")}
            assert used <= {"os.environ", "os.environ.setdefault"}, place(path)


def test_only_the_clock_reads_the_time() -> None:
    """Doors may: a request's `now` begins there."""
    readers = {
        place(path) for path in sources() if _attributes(tree_of(path)) & _CLOCKS and not place(path).startswith(DOORS)
    }

    assert readers == set(MAY_READ_THE_CLOCK)
