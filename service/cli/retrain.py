"""`fieldnote retrain`: from what people said to a candidate through the gate; also the child of a background job."""

from __future__ import annotations

from typing import Annotated

import typer

from extractor.errors import FieldNoteError
from service.cli.options import Url, opened, operator


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("retrain")(retrain)


def retrain(
    tenant: Annotated[str | None, typer.Option(help="租户：用它的人确认过的笔记")] = None,
    promote: Annotated[bool, typer.Option(help="通过闸门就上线")] = False,
    job: Annotated[str | None, typer.Option(help="做一个已经排着的任务（服务自己用）")] = None,
    database_url: Url = None,
) -> None:
    """收集确认过的笔记 → 从正在用的模型接着训练 → 校准 → 评分 → 过闸门 → 登记（→ 上线）。停下来再跑会接着做。"""
    try:
        from service.retraining import run_job
    except ModuleNotFoundError as error:
        if job:
            _failed(job, database_url, f"训练需要 {error.name}")
        raise FieldNoteError(f"训练需要 {error.name}；请装 pip install 'fieldnote[train]'") from None
    from service.jobs import RETRAIN
    from service.settings import load_settings
    from service.store import jobs
    from service.store.keys import ensure_tenant

    with opened(database_url) as database:
        if job is None:
            if tenant is None:
                raise FieldNoteError("请写 --tenant")
            with database.write() as connection:
                ensure_tenant(connection, tenant)
                asked = jobs.open_of(connection, tenant, RETRAIN)
                job = asked or jobs.create(connection, operator(tenant), RETRAIN, {"promote": promote})["id"]
        state = run_job(database, load_settings(database_url=database_url), job)
        with database.read() as connection:
            row = jobs.anyones(connection, job)
    _tell(state, row.result or {}, row.error)


def _tell(state: str, result: dict[str, object], error: str | None) -> None:
    if state == "failed":
        raise FieldNoteError(error or "训练失败")
    if state == "waiting":
        typer.echo("已经有一次训练在进行，这一次没有开始")
        return
    typer.echo({"done": "完成", "cancelled": "已取消"}.get(state, state))
    gate = result.get("gate")
    if isinstance(gate, dict):
        for check in gate["checks"]:
            mark = "✓" if check["passed"] else "✗"
            typer.echo(f"{mark} {check['name']} {check['figure']}（限 {check['limit']}）{check['detail']}")
        typer.echo(f"{result['version']}：{'通过闸门，已登记' if result['registered'] else '没有通过闸门，不登记'}")


def _failed(job: str, database_url: str | None, why: str) -> None:
    """A job that this installation cannot do says so instead of waiting for ever."""
    from service.store import jobs
    from service.store.database import new_id

    lease = new_id()
    with opened(database_url) as database, database.write() as connection:
        if jobs.take(connection, job, lease) is not None:
            jobs.finish(connection, job, lease, "failed", error=why)
