"""Users, passwords, sessions."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from service import accounts
from service.cli import app
from service.problems import ServiceError
from service.store import users
from service.store.database import Database, now, open_database

KEY = b"k" * 32
PASSWORD = "十个字以上的密码才行呢"
cli = CliRunner()


@pytest.fixture
def database(database_url):
    made = open_database(database_url)
    yield made
    made.close()


@pytest.fixture
def user(database: Database) -> users.User:
    with database.write() as connection:
        return accounts.create_user(connection, "demo", "小李", "rep", PASSWORD)


def test_sign_in(database, user):
    with database.read() as connection:
        assert accounts.sign_in(connection, "demo", "小李", PASSWORD) == user
        for tenant, name, password in (
            ("demo", "小李", PASSWORD + "x"),
            ("demo", "小王", PASSWORD),
            ("other", "小李", PASSWORD),
            ("demo", "小李", "!"),
            ("demo", "小李", ""),
        ):
            assert accounts.sign_in(connection, tenant, name, password) is None


def test_the_password_is_not_kept(database, user):
    assert user.password.startswith("$argon2id$")
    assert PASSWORD not in repr(user)


def test_a_session_lasts_its_time_and_cannot_be_forged(database, user):
    token = accounts.open_session(user, KEY)
    with database.read() as connection:
        assert accounts.session_user(connection, token, KEY) == user
        assert accounts.session_user(connection, token, b"x" * 32) is None
        assert accounts.session_user(connection, token, KEY, at=now() + timedelta(hours=13)) is None
        head, expires, mac = token.split(".")
        assert accounts.session_user(connection, f"{head}.{int(expires) + 9}.{mac}", KEY) is None


def test_a_new_password_and_a_disabled_user_end_sessions(database, user):
    token = accounts.open_session(user, KEY)
    with database.write() as connection:
        users.set_password(connection, user, accounts.hashed("another password"), by="小李")
        assert accounts.session_user(connection, token, KEY) is None
        renewed = users.find(connection, "demo", "小李")
        token = accounts.open_session(renewed, KEY)
        users.set_password(connection, renewed, users.DISABLED, by="cli")
        assert accounts.session_user(connection, token, KEY) is None
        assert accounts.sign_in(connection, "demo", "小李", "another password") is None


def test_refusals(database, user):
    with database.write() as connection:
        for name, role, password, code in (
            ("小李", "rep", PASSWORD, "user.exists"),
            ("小王", "boss", PASSWORD, "user.role"),
            ("小王", "rep", "short", "user.password"),
        ):
            with pytest.raises(ServiceError) as refused:
                accounts.create_user(connection, "demo", name, role, password)
            assert refused.value.code == code


@pytest.mark.parametrize(
    ("role", "may"),
    [
        ("rep", {"extract", "confirm"}),
        ("annotator", {"annotate"}),
        ("admin", {"extract", "confirm", "manage", "admin"}),
    ],
)
def test_roles(role, may):
    caller = accounts.caller_for(users.User("1", "demo", "小李", role, ""))
    assert (caller.tenant, caller.name) == ("demo", "小李")
    assert all(caller.may(scope) for scope in may)
    assert caller.may("manage") == ("manage" in may)


def test_no_text_is_a_session(tmp_path):
    database = open_database(f"sqlite:///{tmp_path}/f.db")

    @settings(deadline=None)
    @given(st.text(max_size=80))
    def check(text: str) -> None:
        with database.read() as connection:
            assert accounts.session_user(connection, text, KEY) is None
            assert accounts.session_user(connection, f"{text}.99999999999.{text}", KEY) is None

    check()
    database.close()


def test_command_line(tmp_path):
    url = ["--tenant", "demo", "--database-url", f"sqlite:///{tmp_path}/f.db"]
    made = cli.invoke(app, ["users", "create", "--name", "小李", "--role", "manager", *url])
    assert made.exit_code == 0, made.output
    assert len(made.stdout.strip().splitlines()[-1]) == 20
    assert cli.invoke(app, ["users", "list", *url]).stdout.split() == ["小李", "manager", "有效"]
    assert cli.invoke(app, ["users", "disable", "小李", *url]).exit_code == 0
    assert "停用" in cli.invoke(app, ["users", "list", *url]).stdout
