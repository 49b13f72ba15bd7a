"""What is confirmed of a customer, how it came to be, and how it is forgotten or handed out."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request

from service.routes.access import Admin, Anyone, Manager
from service.store import audit, confirmed, privacy
from service.store.lineage import lineage

router = APIRouter(prefix="/v1/customers")
Customer = Annotated[str, Path(max_length=200)]
FieldName = Annotated[str, Path(max_length=64)]


@router.get("/{customer}/fields")
def fields(request: Request, customer: Customer, caller: Anyone) -> dict[str, Any]:
    """The values that hold now. Phone numbers are masked for keys that may not confirm."""
    with request.app.state.database.write() as connection:
        rows = confirmed.current(connection, caller.tenant, customer)
        audit.record(connection, caller.tenant, caller.name, "customer.read", privacy.pseudonym(customer))
    return {"customer": customer, "fields": [privacy.shown(row, caller) for row in rows]}


@router.get("/{customer}/fields/{field}/lineage")
def trace(request: Request, customer: Customer, field: FieldName, caller: Anyone) -> dict[str, Any]:
    """From the value back to the words, newest value first."""
    with request.app.state.database.read() as connection:
        return lineage(connection, caller.tenant, customer, field)


@router.delete("/{customer}")
def forget(request: Request, customer: Customer, caller: Admin) -> dict[str, Any]:
    """Erase texts and values; ids, times and hashes stay so that the audit chain still holds."""
    with request.app.state.database.write() as connection:
        return {"customer": customer, "erased": privacy.erase(connection, caller, customer)}


@router.get("/{customer}/export")
def export(request: Request, customer: Customer, caller: Manager) -> dict[str, Any]:
    """Everything kept about one customer (an access request under PIPL), itself audited."""
    with request.app.state.database.write() as connection:
        return privacy.export(connection, caller, customer)
