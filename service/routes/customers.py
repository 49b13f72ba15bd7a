"""What is confirmed of a customer, how it came to be, and how it is forgotten or handed out."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from service.masking import conceal, sees_phones
from service.routes.access import Admin, Anyone, Manager
from service.store import audit, confirmed, privacy
from service.store.database import now
from service.store.lineage import lineage
from service.watermark import stamp

router = APIRouter(prefix="/v1/customers")
Customer = Annotated[str, Path(max_length=200)]
FieldName = Annotated[str, Path(max_length=64)]


@router.get("/{customer}/fields")
def fields(request: Request, customer: Customer, caller: Anyone) -> dict[str, Any]:
    """The values that hold now; the reading is audited."""
    with request.app.state.database.write() as connection:
        rows = confirmed.current(connection, caller.tenant, customer)
        audit.record(connection, caller.tenant, caller.name, "customer.read", privacy.pseudonym(customer))
    return {"customer": customer, "fields": [privacy.shown(row) for row in rows]}


@router.get("/{customer}/fields/{field}/lineage")
def trace(request: Request, customer: Customer, field: FieldName, caller: Anyone) -> dict[str, Any]:
    """From the value back to the words, newest value first; the reading is audited."""
    with request.app.state.database.write() as connection:
        found = lineage(connection, caller.tenant, customer, field)
        thing = privacy.pseudonym(customer)
        audit.record(connection, caller.tenant, caller.name, "customer.lineage", thing, {"field": field})
    return found


@router.delete("/{customer}")
def forget(request: Request, customer: Customer, caller: Admin) -> dict[str, Any]:
    """Erase texts and values; ids, times and hashes stay so that the audit chain still holds."""
    with request.app.state.database.write() as connection:
        return {"customer": customer, "erased": privacy.erase(connection, caller, customer)}


@router.get("/{customer}/export", response_class=Response, responses={200: {"content": {"application/x-ndjson": {}}}})
def export(request: Request, customer: Customer, caller: Manager) -> Response:
    """Everything kept about one customer (an access request under PIPL), one JSON record a line.

    The first line is a watermark: who, when, for which tenant; `fieldnote audit trace FILE` reads it back.
    """
    with request.app.state.database.write() as connection:
        rows = privacy.export(connection, caller, customer)
    rows = rows if sees_phones(caller) else conceal(rows)
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    key = request.app.state.settings.signing_key()
    marked = stamp(text, "jsonl", who=caller.name, at=now(), tenant=caller.tenant, key=key)
    return Response(marked, media_type="application/x-ndjson; charset=utf-8")
