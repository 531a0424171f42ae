"""The scripts that go with an exported model.py."""

from __future__ import annotations

from fastapi import APIRouter, Response

from search_space.scripts import ScriptName, script

router = APIRouter(prefix="/scripts", tags=["scripts"])


@router.get("/{name}", response_class=Response, responses={200: {"content": {"text/x-python": {}}}})
def get_script(name: ScriptName) -> Response:
    """A script to lie beside a model.py of any origin: train.py trains it, convert.py converts it. They need torch."""
    return Response(script(name), media_type="text/x-python; charset=utf-8")
