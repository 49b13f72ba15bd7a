"""Guessing a password gets slower; a second process on the same database knows."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, update

from service import accounts, throttle
from service.problems import ServiceError
from service.store.database import now, open_database
from service.store.tables import attempts

PASSWORD = "十个字以上的密码才行呢"


@pytest.fixture
def database(database_url):
    made = open_database(database_url)
    with made.write() as connection:
        accounts.create_user(connection, "demo", "小李", "rep", PASSWORD)
    yield made
    made.close()


def attempt(database, password: str, name: str = "小李", address: str = "192.0.2.1"):
    return throttle.sign_in(database, "demo", name, password, address=address)


def test_after_five_wrong_ones_even_the_right_one_waits(database, database_url):
    for _ in range(throttle.FREE["account"]):
        assert attempt(database, "wrong") is None
    second = open_database(database_url)
    with pytest.raises(ServiceError) as refused:
        attempt(second, PASSWORD, address="192.0.2.9")
    second.close()
    assert (refused.value.status, refused.value.code) == (429, "signin.throttled")
    assert 0 < refused.value.extra["retry_after"] <= 30
    assert attempt(database, "wrong", name="小王") is None  # another account is not held up
    with database.write() as connection:
        connection.execute(update(attempts).values(until=now()))
    assert attempt(database, PASSWORD).name == "小李"
    with database.read() as connection:
        # left are the other account's and the address's; the right password has cleared its own account
        assert sorted(row.failures for row in connection.execute(select(attempts))) == [1, throttle.FREE["account"] + 1]


def test_one_address_cannot_try_many_names(database):
    attempt(database, "wrong", name="小王")
    with database.write() as connection:
        connection.execute(update(attempts).values(failures=throttle.FREE["address"] - 1))
    attempt(database, "wrong", name="小陈")
    with pytest.raises(ServiceError):
        attempt(database, PASSWORD)
    assert attempt(database, PASSWORD, address="192.0.2.2") is not None
    with database.read() as connection:
        assert "小李" not in str(connection.execute(select(attempts)).all())


def test_many_at_once_gain_nothing(database):
    def one(_: int) -> str:
        try:
            return str(attempt(database, "wrong"))
        except ServiceError as error:
            return error.code

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(one, range(20)))
    assert answers.count("None") == throttle.FREE["account"]


def test_waits_double_up_to_a_quarter_of_an_hour():
    seconds = [throttle.wait(n, 5).total_seconds() for n in range(4, 14)]
    assert seconds == [0, 30, 60, 120, 240, 480, 900, 900, 900, 900]
