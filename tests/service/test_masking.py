"""Phone numbers are for those who may confirm: every GET route, with a key of each scope, and a page's session."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.accounts import create_user, open_session
from service.masking import TASKS, conceal, hide
from service.pages.session import COOKIE
from service.store.keys import SCOPES

PHONE, OTHER = "13612345007", "13912349008"
WRITTEN = (PHONE, "136-1234-5007", "一三六一二三四五零零七", "１３６１２３４５００７", OTHER)
TEXT = f"王总电话136-1234-5007，一三六一二三四五零零七也行，微信１３６１２３４５００７，备用{OTHER}，等财政拨款"
TRY = {"yaml": "fields: {budget_source: {threshold: 0.4}}", "limit": 100}


@pytest.fixture
def database_url(tmp_path) -> str:
    """Hiding is above the database: one kind is enough here."""
    return f"sqlite:///{tmp_path}/fieldnote.db"


@pytest.fixture
def paths(door) -> list[str]:
    """Every GET path of the API, filled with what the tenant has; a phone is stored in all it can be stored in."""
    first = door.note(f"王总电话{PHONE}，等财政拨款", id="m1", author="小李")
    assert door.decide(first, {"field": "contact_phone", "action": "confirm"}).status_code == 200
    second = door.note(TEXT, id="m2", author="小李")
    door.client.post("/v1/webhooks", json={"url": "http://127.0.0.1:9/", "events": ["field.confirmed"]})
    task = door.client.post("/v1/annotation/next").json()["task"]
    pack = door.client.post("/v1/sandbox/packs", json={"yaml": TRY["yaml"]}).json()
    own = {"extraction": second["id"], "customer": "恒力机械", "field": "contact_phone", "task": task["id"]}
    own |= {"pack": pack["id"]}
    spec = door.app.openapi()["paths"]
    found = [path for path, item in spec.items() if "get" in item and path.startswith("/v1/")]
    return [path.format_map(Names(own)) for path in found]


class Names(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return "0" * 16


def shows(text: str) -> list[str]:
    return [number for number in WRITTEN if number in text]


def test_every_get_route_shows_phones_to_those_with_the_right_alone(door, paths):
    for scope in set(SCOPES) - {"confirm", "admin"}:
        headers, masked = door.key("demo", scope), 0
        for path in paths:
            answer = door.client.get(path, headers=headers)
            assert answer.status_code in (200, 403, 404, 409), (path, answer.text)
            if not TASKS.fullmatch(path):
                assert not shows(answer.text), (scope, path, answer.text)
            masked += "136****5007" in answer.text
        assert masked >= 4, scope
    headers = door.key("demo", "confirm")
    seen = {path for path in paths if shows(door.client.get(path, headers=headers).text)}
    kept = {"/v1/inbox", "/v1/customers/恒力机械/fields", "/v1/customers/恒力机械/fields/contact_phone/lineage"}
    assert kept <= seen
    assert any(path.startswith("/v1/extractions/") for path in seen)


def test_exports_are_masked_before_they_are_marked(door, paths):
    weak, strong = door.key("demo", "manage"), door.key("demo", "manage", "confirm")
    masked = [door.client.get("/v1/examples", headers=weak, params={"format": f}).text for f in ("jsonl", "conll")]
    masked.append(door.client.get("/v1/customers/恒力机械/export", headers=weak).text)
    assert all("136****5007" in text or "136-****-5007" in text for text in (masked[0], masked[2]))
    assert not any(shows(text) for text in masked)
    assert shows(door.client.get("/v1/customers/恒力机械/export", headers=strong).text)
    from service.watermark import trace

    mark = trace(masked[2], door.app.state.settings.signing_key())
    assert mark is not None
    assert mark.intact


def test_what_a_manager_tries_and_what_is_refused_are_masked_too(door, paths):
    weak = door.key("demo", "manage")
    tried = door.client.post("/v1/sandbox/try", json=TRY, headers=weak)
    assert tried.status_code == 200, tried.text
    assert not shows(tried.text)


def test_own_words_come_back_as_they_were(door):
    weak = door.key("demo", "extract")
    for store in (False, True):
        body = {"note": {"text": TEXT, "sent_at": "2026-03-18T10:20:00+08:00"}, "store": store}
        fields = door.client.post("/v1/extractions", json=body, headers=weak).json()["fields"]
        assert {PHONE, OTHER} <= {f["value"] for f in fields if f["field"] == "contact_phone"}


def test_an_annotators_pages_show_none(door, paths):
    with door.database.write() as connection:
        user = create_user(connection, "demo", "标注", "annotator", "correct horse")
    token = open_session(user, door.app.state.settings.signing_key())
    door.client.cookies.set(COOKIE, token)
    door.client.headers.pop("Authorization")
    for path in ("/", "/inbox", "/customer?name=恒力机械", "/customers", "/annotate", "/disputes", "/guidelines"):
        assert not shows(door.client.get(path).text), path
    for path in paths:
        if not TASKS.fullmatch(path):
            assert not shows(door.client.get(path).text), path


@given(st.text(st.sampled_from("138 0013-8000一三八零幺转电话.+()０１３８a😀𠀀"), max_size=60))
def test_length_stays_and_hiding_twice_changes_nothing(text):
    once = hide(text)
    assert len(once) == len(text)
    assert all(a == b or b == "*" for a, b in zip(text, once, strict=True))
    assert hide(once) == once


def test_ids_numbers_and_moments_are_no_phones():
    kept = {
        "id": "a13912345678bcdef0123456789abcde", "at": "2026-03-18T10:20:00.138001+08:00", "min": 13800138000,
        "object": "customer:13912345678abcde", "ids": ["f" * 16],
    }  # fmt: skip
    assert conceal(kept) == kept
    assert conceal(["打13800138000", ("400-800-1234",)]) == ["打138****8000", ["400-***-1234"]]
    assert hide("021-65432100") == "021-****2100"
