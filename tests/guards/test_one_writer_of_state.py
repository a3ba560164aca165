"""A notification's state is written by records/ledger/transitions.py alone; store.py and bulk_store.py insert it."""

import ast
import re

import pytest
from guards.tree import place, sources, text_of

TABLE = "ledger_notification"
_SQL = {
    "UPDATE": re.compile(rf'\bUPDATE\s+(ONLY\s+)?"?{TABLE}\b', re.IGNORECASE),
    "INSERT": re.compile(rf'\bINSERT\s+INTO\s+"?{TABLE}\b', re.IGNORECASE),
    "DELETE": re.compile(rf'\b(DELETE\s+FROM|TRUNCATE)\s+"?{TABLE}\b', re.IGNORECASE),
    "COPY": re.compile(rf"copy_(?:rows|lines)\(\s*[\"']{TABLE}[\"']|\bCOPY\s+\"?{TABLE}\b"),
}
ALLOWED = {
    ("records/ledger/transitions.py", "UPDATE"),
    ("records/ledger/store.py", "INSERT"),
    ("records/ledger/bulk_store.py", "COPY"),
}
_MAKERS = {"create", "bulk_create", "get_or_create", "update_or_create", "bulk_update"}


def writes_of(source: str) -> set[str]:
    """What a source does to the table's rows: SQL verbs, or `ORM`."""
    found = {verb for verb, pattern in _SQL.items() if pattern.search(source)}
    knows_model = re.search(r"\bNotification\b", source) is not None
    if knows_model and any(_writes_by_orm(node) for node in ast.walk(ast.parse(source))):
        found.add("ORM")
    return found


def _writes_by_orm(node: ast.AST) -> bool:
    if isinstance(node, ast.Assign):
        return any(_is_state(target) for target in node.targets)
    if isinstance(node, ast.AnnAssign | ast.AugAssign):
        return _is_state(node.target)
    if not isinstance(node, ast.Call):
        return False
    if isinstance(node.func, ast.Name):
        named = [each.value for each in node.args[1:2] if isinstance(each, ast.Constant)]
        return node.func.id == "Notification" or (node.func.id == "setattr" and named == ["status"])
    if not isinstance(node.func, ast.Attribute):
        return False
    if node.func.attr == "update":
        return any(keyword.arg == "status" for keyword in node.keywords)
    return node.func.attr in _MAKERS and "Notification.objects" in ast.unparse(node.func)


def _is_state(target: ast.expr) -> bool:
    """`row.status = …`; `self.status` is somebody's own attribute."""
    if not isinstance(target, ast.Attribute) or target.attr != "status":
        return False
    return not (isinstance(target.value, ast.Name) and target.value.id == "self")


def test_only_the_ledger_writes_a_notifications_state() -> None:
    written = {(place(path), verb) for path in sources() for verb in writes_of(text_of(path))}

    assert written == ALLOWED


@pytest.mark.parametrize(
    ("source", "verb"),
    [
        ('q = """update ledger_notification set status = 1"""', "UPDATE"),
        ('q = "INSERT INTO ledger_notification (id)"', "INSERT"),
        ('q = "DELETE FROM ledger_notification"', "DELETE"),
        ('copy_rows("ledger_notification", columns, rows)', "COPY"),
        ('copy_lines("ledger_notification", columns, lines)', "COPY"),
        ("Notification.objects.filter(pk=1).update(status='sent')", "ORM"),
        ("Notification.objects.create(id=1)", "ORM"),
        ("row = Notification(id=1)", "ORM"),
        ("row: Notification = find()\nrow.status = 'sent'", "ORM"),
        ("row: Notification = find()\nsetattr(row, 'status', 'sent')", "ORM"),
    ],
)
def test_the_guard_sees_every_way_to_write(source: str, verb: str) -> None:
    assert writes_of(source) == {verb}


def test_the_guard_lets_reading_pass() -> None:
    source = "SQL = 'SELECT status FROM ledger_notification'\nrows = Notification.objects.filter(status='sent')"

    assert writes_of(source) == set()
