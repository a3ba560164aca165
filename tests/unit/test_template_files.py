"""Folders of templates: what is written is read again as it was; what cannot be taken is named with file and line."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clarion.channels.registry import channel as channel_of
from clarion.contract.channel import ChannelKey
from clarion.records.templating.files import TemplateFiles, UnreadableFolder, read_folder, write_folder
from clarion.records.templating.files.reading import MAX_BYTES
from clarion.records.templating.files.writing import normalised

EMPTY = st.just("")
TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=60)
WORDS = st.from_regex(r"[a-z][a-z0-9_]{0,9}", fullmatch=True)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
MANIFEST = "name: Order placed\ncategory: orders\n"


def _fields(key: ChannelKey) -> st.SearchStrategy[dict[str, str]]:
    return st.fixed_dictionaries({}, optional={spec.name: TEXTS | EMPTY for spec in channel_of(key).fields})


CONTENT = st.fixed_dictionaries(
    {},
    optional={
        key: st.dictionaries(st.sampled_from(["", "sw", "fr", "pt-BR", "zh-Hant-TW"]), _fields(key), min_size=1)
        for key in ChannelKey
    },
)
TEMPLATES = st.builds(
    TemplateFiles,
    path=st.sampled_from(["order.placed", "user.course.*", "a", "no.yes.1e5"]),
    name=TEXTS.filter(lambda text: bool(text.strip())),
    category=WORDS,
    content=CONTENT,
    required=st.lists(WORDS, max_size=3).map(tuple),
    optional=st.lists(WORDS, max_size=3).map(tuple),
    schema=st.dictionaries(TEXTS, JSON, max_size=3),
    sample=st.dictionaries(TEXTS, JSON, max_size=4),
    theme=st.sampled_from(["", "#4CAF50", "#111111"]),
    default_priority=st.integers(1, 4),
    active=st.booleans(),
    fallback=st.sampled_from([{}, {"channels": ["email", "sms"], "after_seconds": None}]),
    locales=st.sampled_from([(), ("sw", "pt-BR")]),
    publish_threshold=st.none() | st.integers(0, 100),
)


@settings(max_examples=60, deadline=None)
@given(template=TEMPLATES)
def test_what_is_written_is_read_again_as_it_was(
    template: TemplateFiles, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("templates")

    assert write_folder(root, [template])
    assert read_folder(root) == [normalised(template)]
    assert write_folder(root, [template]) == []


def _folder(root: Path, files: dict[str, str | bytes]) -> Path:
    """`<root>/order.placed` with a sound manifest and these files."""
    place = root / "order.placed"
    place.mkdir(exist_ok=True)
    for name, text in {"template.yaml": MANIFEST, **files}.items():
        (place / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return root


def _faults(root: Path) -> list[str]:
    with pytest.raises(UnreadableFolder) as caught:
        read_folder(root)
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("manifest", "fault"),
    [
        ("name: A\ncategory: b\ncolour: red\n", "order.placed/template.yaml, line 3: there is no key 'colour'"),
        ("name: A\n", "order.placed/template.yaml, line 1: category is missing: write the key of a category"),
        ("name: A\ncategory: b\nactive: yes\n", "order.placed/template.yaml, line 3: active must be true or false"),
        ("name: A\ncategory: b\npriority: 7\n", "line 3: priority must be critical, high, medium, low, or 1 to 4"),
        ("name: A\ncategory: b\ntheme: green\n", "line 3: theme must be a colour in quotes: '#4CAF50'"),
        ("name: A\ncategory: b\nsample:\n- 1\n", "line 4: sample must be names of variables with values"),
        ("name: A\ncategory: b\nlocales: [xx-YY]\n", "line 3: locales must be a list of locales"),
        ("name: A\ncategory: b\nfallback: {channels: [sms]}\n", "line 3: fallback must be channels: [two or more"),
        ("name: A\nname: B\n", "order.placed/template.yaml, line 2: the key 'name' stands here twice"),
        ("name: &a A\ncategory: *a\n", "line 1: anchors and aliases (& and *) are not taken"),
        ("name: !!python/name:os.system A\n", "line 1: tags (!…) are not taken"),
        ("name: A\ncategory: b\nsample: {a: .inf}\n", "line 3: JSON has no infinity"),
        ("name: A\n  category: b\n", "order.placed/template.yaml, line 2: not YAML: mapping values are not allowed"),
        ("- a\n", "order.placed/template.yaml, line 1: write keys with values"),
        (f"sample: {'[' * 60}{']' * 60}\n", "line 1: the YAML is too deep or has too many values"),
        (f"sample: {'[' * 5000}\n", "order.placed/template.yaml, line 1: "),
        (f"sample: [{'1,' * 60_000}]\n", "the YAML is too deep or has too many values"),
    ],
)
def test_a_manifest_that_cannot_be_taken_is_named_with_its_line(tmp_path: Path, manifest: str, fault: str) -> None:
    (found,) = _faults(_folder(tmp_path, {"template.yaml": manifest}))

    assert fault in found


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("email.default.htm", "x", "order.placed/email.default.htm: a file of email must end in .html or .txt"),
        ("mail.default.txt", "x", "order.placed/mail.default.txt: the name must begin with a channel (email, sms"),
        ("sms.txt", "x", "order.placed/sms.txt: the middle of the name must be default or a locale"),
        ("sms.xx-YY.txt", "x", "order.placed/sms.xx-YY.txt: the middle of the name must be default or a locale"),
        ("sms.default.txt", "---\nbody: x\n---\n", "line 2: sms has no field 'body' here; there are none"),
        ("push.default.txt", "---\ntitel: x\n---\nx\n", "line 2: push has no field 'titel' here; there are collapse,"),
        ("push.default.txt", "---\ntitle: 7\n---\nx\n", "line 2: title must be a text: put it in quotes"),
        ("push.default.txt", "---\ntitle: {{ name }}\n---\nx\n", "line 2: "),
        (
            "push.default.txt",
            "---\na: b\ntitle: {% if a %}\n---\nx\n",
            "a value that begins with { or % must stand in q",
        ),
        ("push.default.txt", "---\ntitle: x\n", "line 1: the front matter has no end"),
        ("webhook.default.txt", "---\nevent: a\n---\nx\n", "line 4: webhook has no body"),
        ("sms.default.txt", b"ok\nf\xfcr\n", "order.placed/sms.default.txt, line 2: not UTF-8"),
        ("sms.default.txt", "x" * (MAX_BYTES + 1), "order.placed/sms.default.txt: the file is larger than 512 kB"),
    ],
)
def test_a_content_file_that_cannot_be_taken_is_named_with_its_line(
    tmp_path: Path, name: str, text: str | bytes, fault: str
) -> None:
    (found,) = _faults(_folder(tmp_path, {name: text}))

    assert fault in found


def test_all_faults_of_all_templates_are_told_at_once(tmp_path: Path) -> None:
    _folder(tmp_path, {"sms.txt": "x", "mail.default.txt": "x"})
    (tmp_path / "Order Shipped").mkdir()
    (tmp_path / "order.sent").mkdir()

    assert [fault.partition(":")[0] for fault in _faults(tmp_path)] == [
        "Order Shipped",
        "order.placed/mail.default.txt",
        "order.placed/sms.txt",
        "order.sent",
    ]


def test_a_link_that_leads_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("password")
    root = _folder(_made(tmp_path / "templates"), {})
    (root / "order.placed" / "sms.default.txt").symlink_to(secret)

    (found,) = _faults(root)

    assert found == ("order.placed/sms.default.txt: the link leads out of the folder: put the file itself here")


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    outside = _made(tmp_path / "outside")
    root = _made(tmp_path / "templates")
    (root / "order.placed").symlink_to(outside)
    template = TemplateFiles(path="order.placed", name="A", category="b", content={ChannelKey.SMS: {"": {"body": "x"}}})

    with pytest.raises(UnreadableFolder):
        write_folder(root, [template])

    assert list(outside.iterdir()) == []


def _made(path: Path) -> Path:
    path.mkdir()
    return path


def test_the_front_matter_and_the_body_make_the_fields(tmp_path: Path) -> None:
    _folder(
        tmp_path,
        {"email.default.html": "---\nsubject: 'Order {{ n }}'\n---\n<p>Hi</p>\n", "email.default.txt": "Hi\n\n"},
    )

    (template,) = read_folder(tmp_path)

    assert template.content == {
        ChannelKey.EMAIL: {"": {"subject": "Order {{ n }}", "html": "<p>Hi</p>", "text": "Hi\n"}}
    }
    places = {key[2]: (place.file, place.line, place.column) for key, place in template.places.items()}
    assert places == {
        "subject": ("order.placed/email.default.html", 2, 11),
        "html": ("order.placed/email.default.html", 4, 1),
        "text": ("order.placed/email.default.txt", 1, 1),
    }


def test_dates_and_words_of_yaml_1_1_stay_text(tmp_path: Path) -> None:
    manifest = (
        f"{MANIFEST}sample: {{day: 2026-03-02, no: no, octal: 010, time: 12:30, n: 12, f: 1.5, t: true, x: null}}\n"
    )

    (template,) = read_folder(_folder(tmp_path, {"template.yaml": manifest}))

    assert template.sample == {
        "day": "2026-03-02", "no": "no", "octal": "010", "time": "12:30", "n": 12, "f": 1.5, "t": True, "x": None,
    }  # fmt: skip


def test_line_ends_that_git_changed_make_no_difference(tmp_path: Path) -> None:
    files = {"push.default.txt": "---\ntitle: A\n---\nOne\nTwo\n", "sms.default.txt": "One\nTwo\n"}
    before = read_folder(_folder(tmp_path, files))
    changed = {name: text.replace("\n", "\r\n") for name, text in files.items()}

    assert read_folder(_folder(tmp_path, changed)) == before


def test_writing_leaves_comments_where_nothing_changed_and_removes_what_is_gone(tmp_path: Path) -> None:
    _folder(tmp_path, {"template.yaml": f"# ours\n{MANIFEST}", "sms.default.txt": "x\n", "sms.sw.txt": "y\n"})
    (template,) = read_folder(tmp_path)
    content = {ChannelKey.SMS: {"": {"body": "z"}}}
    changed = TemplateFiles(path="order.placed", name="Order placed", category="orders", content=content)

    assert write_folder(tmp_path, [template]) == []
    written = write_folder(tmp_path, [changed])

    assert sorted(path.name for path in written) == ["sms.default.txt", "sms.sw.txt"]
    assert (tmp_path / "order.placed" / "template.yaml").read_text() == f"# ours\n{MANIFEST}"
    assert sorted(path.name for path in (tmp_path / "order.placed").iterdir()) == ["sms.default.txt", "template.yaml"]
