"""Sending through WeCom's API, against a local stand-in for it: tokens, faults, limits, who is never written to."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from benchmarks.postgres import free_port
from service.wecom.api import QUIET, TIMEOUT, WAITS, Api, App, SendError, cut

APP = App("corp", "s3cret", 1000002)


class Clock:
    """A clock that the test turns, and the pauses that were asked of it."""

    def __init__(self) -> None:
        self.at, self.pauses = 1000.0, []

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def api(standin, clock: Clock):
    made = open_to(standin.url)
    made.clock, made.pause = clock, clock.pauses.append
    yield made
    made.close()


def open_to(url: str, app: App = APP) -> Api:
    """Without certificates, which take long to load and which a stand-in has none of."""
    return Api(app, httpx.Client(base_url=url, timeout=TIMEOUT, verify=False))


def refused(api: Api, person: str = "zhangsan") -> SendError:
    with pytest.raises(SendError) as caught:
        api.send(person, "早上好")
    return caught.value


def test_a_text_reaches_one_person_and_a_repeat_is_marked(api, standin):
    api.send("zhangsan", "早上好")
    (sent,) = standin.sent
    assert (sent["touser"], sent["agentid"], sent["msgtype"]) == ("zhangsan", 1000002, "text")
    assert sent["text"]["content"] == "早上好"
    assert sent["enable_duplicate_check"] == 1


def test_one_token_for_many_messages_until_shortly_before_its_end(api, standin, clock):
    for _ in range(3):
        api.send("zhangsan", "早上好")
    assert standin.tokens == 1
    clock.at += standin.expires_in - 301
    api.send("zhangsan", "早上好")
    assert standin.tokens == 1
    clock.at += 2
    api.send("zhangsan", "早上好")
    assert standin.tokens == 2


def test_threads_share_the_token(api, standin):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: api.send("zhangsan", str(n)), range(16)))
    assert (standin.tokens, len(standin.sent)) == (1, 16)


@pytest.mark.parametrize("code", [40014, 42001])
def test_a_refused_token_is_fetched_anew(api, standin, clock, code):
    standin.faults = [{"errcode": code, "errmsg": "expired"}]
    api.send("zhangsan", "早上好")
    assert (standin.tokens, len(standin.sent), clock.pauses) == (2, 1, [])


@pytest.mark.parametrize("fault", [500, 503, 429, {"errcode": -1, "errmsg": "system busy"}, "<html>", "[]"])
def test_a_busy_server_is_asked_again_after_growing_pauses(api, standin, clock, fault):
    standin.faults = [fault, fault]
    api.send("zhangsan", "早上好")
    assert (len(standin.sent), clock.pauses) == (1, list(WAITS))
    standin.faults = [fault] * 3
    assert refused(api).later
    assert not standin.faults


def test_after_the_frequency_limit_nobody_is_called_for_a_minute(api, standin, clock):
    standin.faults = [{"errcode": 45009, "errmsg": "api freq out of limit"}]
    assert refused(api).kind == "limit"
    assert refused(api).kind == "limit"
    assert standin.calls == 1
    clock.at += QUIET
    api.send("zhangsan", "早上好")
    assert standin.calls == 2


def test_a_wrong_secret_says_which_setting_to_mend_and_is_not_tried_again(standin):
    api = open_to(standin.url, App("corp", "wrong", 1))
    error = refused(api)
    assert (error.kind, error.later, standin.calls) == ("refused", False, 0)
    assert "FIELDNOTE_WECOM_SECRET" in error.detail
    assert "wrong" not in error.detail
    api.close()


def test_errors_do_not_repeat_what_wecom_says_or_what_was_sent(api, standin):
    standin.faults = [{"errcode": 99999, "errmsg": "早上好 13800138000"}]
    error = refused(api)
    assert "13800138000" not in error.detail
    assert "99999" in error.detail


def test_a_person_who_cannot_be_reached_is_told_apart(api, standin):
    standin.faults = [{"errcode": 0, "errmsg": "ok", "invaliduser": "zhangsan"}, {"errcode": 81013, "errmsg": "x"}]
    assert [refused(api).kind for _ in range(2)] == ["person", "person"]


@pytest.mark.parametrize("person", ["@all", "@ALL", "zhangsan|lisi"])
def test_nobody_writes_to_everybody(api, standin, person):
    assert refused(api, person).kind == "person"
    assert standin.calls == 0


def test_nobody_there_is_no_crash(clock):
    api = open_to(f"http://127.0.0.1:{free_port()}")
    api.pause = clock.pauses.append
    assert refused(api).kind == "network"
    assert clock.pauses == list(WAITS)
    api.close()


@pytest.mark.parametrize(("text", "length"), [("好" * 682, 682), ("好" * 683, 682), ("a" * 5000, 2046)])
def test_a_long_text_is_cut_between_characters(text, length):
    said = cut(text)
    assert len(said) == length
    assert len(said.encode()) <= 2048
    assert said == text or said.endswith("…")
