"""Every route, called with another tenant's key and ids: 404 or 403 everywhere, and nothing of the other's."""

from __future__ import annotations

import pytest

SECRET = "恒力机械"
# the contract and what is built from it are no secret; figures of nothing are zeros
COMMON = ("/v1/contract", "/v1/quality", "/v1/annotation/guidelines", "/v1/models", "/v1/settings")
OWN = ("/v1/keys", "/v1/audit")  # a stranger's own key, and the entry that says it was made
FILES = ("/v1/examples",)
NAMED = ("extraction", "suggestion", "task", "pack", "subscription", "customer")
PACK = "fields: {budget_source: {threshold: 0.4}}"
MARKS = {"marks": [{"field": "budget_source", "evidence": [{"start": 0, "end": 2}], "value": "政府拨款"}]}
BODIES = {
    "/v1/annotation/tasks/{task}/marks": MARKS,
    "/v1/annotation/tasks/{task}/finish": MARKS,
    "/v1/annotation/tasks/{task}/skip": {"reason": "看不懂"},
    "/v1/annotation/disputes/{task}/settle": MARKS,
    "/v1/reconfirmations/{reconfirmation}": {"action": "keep"},
    "/v1/fields/{field}/read": {"words": "自有资金", "sent_at": "2026-03-18T10:20:00+08:00"},
    "/v1/extractions/{extraction}/decisions": {"decisions": [{"suggestion_id": "{suggestion}", "action": "confirm"}]},
}


class Ids(dict[str, str]):
    """Ids by the name in a path; an id nobody has for a thing that the tenant has none of."""

    def __missing__(self, name: str) -> str:
        return "0" * 32


@pytest.fixture
def ids(door) -> dict[str, str]:
    """Everything the tenant `demo` has that a path can name."""
    answer = door.note("王总说要等财政拨款", id="m1", author="小李")
    door.decide(answer, {"field": "budget_source", "action": "confirm"})
    hook = door.client.post("/v1/webhooks", json={"url": "http://127.0.0.1:9/", "events": ["field.confirmed"]}).json()
    task = door.client.post("/v1/annotation/next").json()["task"]
    pack = door.client.post("/v1/sandbox/packs", json={"yaml": PACK}).json()
    return Ids(
        {
            "pack": pack["id"],
            "key": "0" * 16,
            "task": task["id"],
            "mode": "shadow",
            "reconfirmation": "0" * 32,
            "extraction": answer["id"],
            "suggestion": answer["fields"][1]["suggestion_id"],
            "customer": SECRET,
            "field": "budget_source",
            "subscription": hook["id"],
            "delivery": "0" * 32,
        }
    )


def routes(door) -> list[tuple[str, str]]:
    """All (method, path) pairs whose path names something."""
    found = [(m, path) for path, item in door.app.openapi()["paths"].items() for m in item if "{" in path]
    assert len(found) >= 7
    return found


def filled(value: object, ids: dict[str, str]) -> object:
    if isinstance(value, dict):
        return {k: filled(v, ids) for k, v in value.items()}
    if isinstance(value, list):
        return [filled(v, ids) for v in value]
    return value.format_map(ids) if isinstance(value, str) else value


def test_no_route_gives_another_tenants_things(door, ids):
    before = door.client.get(f"/v1/extractions/{ids['extraction']}").json()
    stranger = door.key("other")
    for method, path in routes(door):
        url = path.format_map(ids)
        answer = door.client.request(method, url, json=filled(BODIES.get(path, {}), ids), headers=stranger)
        assert "财政" not in answer.text, (method, path)
        if answer.status_code == 200:  # a customer's name is no secret of one tenant; what is kept of it is
            assert empty(answer.json()), (method, path, answer.text)
        else:
            assert answer.status_code in (403, 404), (method, path, answer.status_code)
    assert door.client.get(f"/v1/extractions/{ids['extraction']}").json() == before
    assert door.values()["budget_source"] == "政府拨款"


def empty(body: dict) -> bool:
    """Whether an answer about a customer holds nothing."""
    kept = ("fields", "nodes", "edges", "extractions", "values")
    return not any(body.get(key) for key in kept) and not any(body.get("erased", {}).values())


def test_lists_hold_only_ones_own(door, ids):
    stranger = door.key("other")
    paths = [path for path, item in door.app.openapi()["paths"].items() if "get" in item and "{" not in path]
    lists = [path for path in paths if path.startswith("/v1/") and path not in COMMON]
    assert {"/v1/inbox", "/v1/webhooks"} <= set(lists)
    for path in lists:
        answer = door.client.get(path, headers=stranger)
        assert answer.status_code == 200, (path, answer.text)
        assert not any(ids[name] in answer.text for name in NAMED), (path, answer.text)
        if path in FILES:
            assert len(answer.text.splitlines()) == 1, (path, answer.text)  # who took it, and no more
        elif path not in OWN:
            kept = [v for k, v in answer.json().items() if isinstance(v, list) and k != "shipped"]  # the contract's
            assert kept, path
            assert not any(kept), (path, answer.text)


def test_every_route_asks_for_a_key(door, ids):
    bare = {"Authorization": ""}
    open_to_all = ("/v1/contract",)
    for path, item in door.app.openapi()["paths"].items():
        if not path.startswith("/v1/") or path in open_to_all:
            continue
        for method in item:
            answer = door.client.request(method, path.format_map(ids), json={}, headers=bare)
            assert answer.status_code in (401, 403, 422), (method, path, answer.status_code)


def test_a_key_without_the_scope_is_refused(door, ids):
    weak = door.key("demo", "extract")
    decision = {"decisions": [{"suggestion_id": ids["suggestion"], "action": "confirm"}]}
    answer = door.client.post(f"/v1/extractions/{ids['extraction']}/decisions", json=decision, headers=weak)
    assert (answer.status_code, answer.json()["code"]) == (403, "key.scope")
    assert door.client.get("/v1/quality", headers=weak).status_code == 403
    assert door.client.delete(f"/v1/customers/{SECRET}", headers=weak).status_code == 403
