"""`fieldnote annotation`: labelled notes from one format to another, and out of the service's database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from extractor.errors import FieldNoteError
from service.cli.options import Tenant, Url, opened

if TYPE_CHECKING:
    from annotation.formats import Format

NAMES = "jsonl marked labelstudio doccano conll docbin"
group = typer.Typer(help="标注：格式互转、导出人说过的话、Label Studio 的配置。", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(group, name="annotation")


@group.command("convert")
def convert(
    source: Annotated[Path, typer.Argument(help="输入文件", exists=True, dir_okay=False)],
    target: Annotated[Path, typer.Argument(help="输出文件")],
    given: Annotated[str | None, typer.Option("--from", help=f"{NAMES}；不写就看文件名")] = None,
    wanted: Annotated[str | None, typer.Option("--to", help="同上")] = None,
) -> None:
    """把标注好的笔记从一种格式转成另一种；写不下的内容会报错，不会悄悄丢掉。"""
    from annotation.records import RecordError

    read, write = _format(given, source, "--from").read, _format(wanted, target, "--to").write
    try:
        records = read(source.read_bytes())
        data = write(records)
    except RecordError as error:
        raise RecordError(f"{source}：{error}") from None
    target.write_bytes(data)
    typer.echo(f"{len(records)} 条笔记 → {target}")


def _format(name: str | None, file: Path, option: str) -> Format:
    """The named format, or the one of the file's name. Raises FieldNoteError where there is none."""
    from annotation.formats import FORMATS, guessed

    name = name or guessed(file.name)
    if name is None:
        raise FieldNoteError(f"从文件名 {file.name} 看不出格式；请写 {option}，可用：{'、'.join(FORMATS)}")
    if name not in FORMATS:
        raise FieldNoteError(f"没有格式 {name}；可用：{'、'.join(FORMATS)}")
    return FORMATS[name]


@group.command("export")
def export(
    target: Annotated[Path, typer.Argument(help="输出文件")],
    tenant: Tenant,
    database_url: Url = None,
) -> None:
    """导出一个租户的人确认、更正、否决和标注过的笔记（JSONL，首行是水印）。"""
    from annotation.formats import FORMATS
    from service.settings import load_settings
    from service.store import audit, tenants
    from service.store.database import now
    from service.store.examples import examples
    from service.watermark import stamp

    with opened(database_url) as database, database.write() as connection:
        if not tenants.exists(connection, tenant):
            raise FieldNoteError(f"没有租户 {tenant}")
        records = list(examples(connection, tenant))
        audit.record(connection, tenant, "cli", "examples.export", tenant, {"notes": len(records)})
    key = load_settings().signing_key()
    text = FORMATS["jsonl"].write(records).decode()
    target.write_text(stamp(text, "jsonl", "cli", now(), tenant, key), encoding="utf-8", newline="")
    typer.echo(f"{len(records)} 条笔记 → {target}")


@group.command("config")
def config() -> None:
    """由契约生成 Label Studio 的标注界面（XML）。"""
    from annotation.formats.labelstudio import config as interface
    from extractor.contract import load_contract

    typer.echo(interface(load_contract()), nl=False)


@group.command("mine")
def mine(
    tenant: Tenant,
    database_url: Url = None,
) -> None:
    """从整条笔记里挖新词（jieba 切词、对数似然比），和更正一起成为「从更正里学到的」建议；每晚跑一次就够。"""
    from annotation import mining
    from extractor.contract import load_contract
    from extractor.overlay import lay
    from service import sandbox
    from service.settings import load_settings
    from service.store import audit, mined, packs, tenants

    shipped = load_contract(load_settings().contract)
    with opened(database_url) as database:
        with database.read() as connection:
            if not tenants.exists(connection, tenant):
                raise FieldNoteError(f"没有租户 {tenant}")
            contract = lay(shipped, sandbox.held(connection, tenant)[1])
            seen, texts = packs.observations(connection, tenant), mined.texts(connection, tenant)
        found = mining.mine(contract, seen, texts)
        with database.write() as connection:
            audit.record(connection, tenant, "cli", "proposal.mine", tenant, {"notes": len(texts), "words": len(found)})
            mined.replace(connection, tenant, found)
    for c in found:
        typer.echo(f"{contract.fields[c.field].title}：「{c.words}」→ {c.value}（{c.keyness:.1f}）")
    typer.echo(f"{len(texts)} 条笔记里挖出 {len(found)} 个词")
