"""What the browser loads: our modules and styles, the fields' colours, and the bundles of Plotly and Swagger UI as
their packages ship them; cached for good by URL.
"""

from __future__ import annotations

import hashlib
import re
from functools import cache
from importlib.metadata import version as release
from importlib.resources import files
from pathlib import Path

import plotly
from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse
from markupsafe import Markup

from extractor.contract import Contract
from service.problems import ServiceError

FOLDER = Path(__file__).parent / "static"
TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}
_BUNDLE = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
_STYLE_ID = re.compile(r'getElementById\("([0-9a-f]{64})"\)')
PLOTLY = f"/static/plotly-{plotly.__version__}.min.js"
_SWAGGER = Path(str(files("fastapi_swagger"))) / "resources"
SWAGGER = {
    kind: f"/static/swagger-{release('fastapi-swagger')}/{name}"
    for kind, name in (("css", "swagger-ui.css"), ("js", "swagger-ui-bundle.js"))
}
_GOLDEN = 137.508  # degrees; neighbours in the contract get hues far apart
router = APIRouter(include_in_schema=False)


@cache
def version() -> str:
    """A digest over every static file; it stands in their URLs, so that modules import each other by relative path."""
    digest = hashlib.sha256()
    for file in sorted(p for p in FOLDER.rglob("*") if p.is_file()):
        digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()[:12]


def static(name: str) -> str:
    """The URL of a static file."""
    return f"/static/{version()}/{name}"


@cache
def plotly_tags() -> Markup:
    """What a page with charts loads. Plotly would put a map's styles into the page as text, which the content policy
    forbids; it leaves that out where an element with the styles' id (64 hex digits in the bundle) is there already.
    """
    marks = dict.fromkeys(_STYLE_ID.findall(_BUNDLE.read_text(encoding="utf-8")))
    markers = Markup("").join(Markup('<template id="{}"></template>').format(mark) for mark in marks)
    script = Markup('<script src="{}" defer></script>')
    return markers + script.format(static("charts.js")) + script.format(PLOTLY)


def colours_url(contract: Contract) -> str:
    """The URL of the fields' colours."""
    return f"/static/fields-{contract.version[:12]}.css"


def colours(contract: Contract) -> str:
    """A class `f-<field>` with a hue for each field, in the contract's order."""
    hues = ((name, round(number * _GOLDEN) % 360) for number, name in enumerate(contract.fields))
    return "".join(f".f-{name}{{--hue:{hue}}}\n" for name, hue in hues)


@router.get(PLOTLY)
def charts() -> FileResponse:
    """Plotly's bundle as its Python package ships it."""
    return FileResponse(_BUNDLE, headers=FOREVER)


@router.get(SWAGGER["js"])
def swagger_script() -> FileResponse:
    """Swagger UI's bundle."""
    return FileResponse(_SWAGGER / "swagger-ui-bundle.js", headers=FOREVER)


@router.get(SWAGGER["css"])
def swagger_style() -> FileResponse:
    """Swagger UI's styles."""
    return FileResponse(_SWAGGER / "swagger-ui.css", headers=FOREVER)


@router.get("/static/fields-{digest}.css")
def field_colours(request: Request, digest: str) -> Response:
    """The fields' colours."""
    return Response(colours(request.app.state.engine.contract), media_type="text/css", headers=FOREVER)


@router.get("/static/{digest}/{name:path}")
def asset(digest: str, name: str) -> FileResponse:
    """One of our files. A URL of another version gets today's file, uncached. Raises ServiceError 404."""
    file = (FOLDER / name).resolve()
    if not (file.is_relative_to(FOLDER) and file.is_file() and file.suffix in TYPES):
        raise ServiceError(404, "asset.not_found", "没有这个文件")
    headers = FOREVER if digest == version() else {"Cache-Control": "no-store"}
    return FileResponse(file, media_type=TYPES[file.suffix], headers=headers)
