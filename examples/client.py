"""A small client: store a note, confirm what is certain, leave the rest to the rep.

FIELDNOTE_KEY=fn_… python -m examples.client "王总说要等财政拨款" --customer 恒力机械
"""

from __future__ import annotations

import argparse
import os
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import httpx

RETRIES = 3


class FieldNote:
    """The calls a CRM needs. Writes carry an Idempotency-Key, so that repeating them is safe."""

    def __init__(self, url: str, key: str) -> None:
        self._http = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=30)

    def extract(self, text: str, *, sent_at: datetime, customer: str, author: str | None = None) -> dict[str, Any]:
        """Store a note; its fields with suggestion ids."""
        note = {"text": text, "sent_at": sent_at.isoformat(), "customer": customer, "author": author}
        return self._post("/v1/extractions", {"note": note})

    def confirm(self, extraction: Mapping[str, Any], *fields: str) -> dict[str, Any]:
        """Confirm the suggestions of these fields."""
        chosen = [f["suggestion_id"] for f in extraction["fields"] if f["field"] in fields]
        decisions = [{"suggestion_id": name, "action": "confirm"} for name in chosen]
        return self._post(f"/v1/extractions/{extraction['id']}/decisions", {"decisions": decisions})

    def values(self, customer: str) -> dict[str, Any]:
        """What is confirmed of a customer, by field."""
        answer = self._http.get(f"/v1/customers/{customer}/fields").raise_for_status().json()
        return {row["field"]: row["value"] for row in answer["fields"]}

    def close(self) -> None:
        self._http.close()

    def _post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """The same request under the same key until it is answered."""
        headers = {"Idempotency-Key": uuid.uuid4().hex}
        for attempt in range(RETRIES):
            try:
                answer = self._http.post(path, json=body, headers=headers)
            except httpx.TransportError:
                if attempt == RETRIES - 1:
                    raise
                continue
            answer.raise_for_status()
            found: dict[str, Any] = answer.json()
            return found
        raise AssertionError("unreachable")


def main() -> None:
    """Store one note, confirm its certain fields, print what holds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("text")
    parser.add_argument("--customer", required=True)
    parser.add_argument("--url", default=os.environ.get("FIELDNOTE_URL", "http://127.0.0.1:8000"))
    given = parser.parse_args()
    client = FieldNote(given.url, os.environ["FIELDNOTE_KEY"])
    extraction = client.extract(given.text, sent_at=datetime.now(UTC), customer=given.customer)
    certain = [f["field"] for f in extraction["fields"] if f["certain"]]
    if certain:
        client.confirm(extraction, *certain)
    for field, value in client.values(given.customer).items():
        print(f"{field}: {value}")
    client.close()


if __name__ == "__main__":
    main()
