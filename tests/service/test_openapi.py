"""schemathesis over the whole OpenAPI: no 5xx, no undocumented answer."""

from __future__ import annotations

import schemathesis
from hypothesis import HealthCheck, settings

from extractor.pipeline import load_engine
from service.app import create_app

schema = schemathesis.openapi.from_asgi("/openapi.json", create_app(load_engine()))


@schema.parametrize()
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_api(case):
    case.call_and_validate()
