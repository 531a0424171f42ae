"""The record of a job as files."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from api.dependencies import JobId, Reading
from service.usecases import record

router = APIRouter(prefix="/jobs/{id}", tags=["jobs"])


@router.get("/record.csv", response_class=StreamingResponse, responses={200: {"content": {"text/csv": {}}}})
def get_csv(id: JobId, work: Reading) -> StreamingResponse:
    """Every evaluation of a job as a line of a CSV file, failures included."""
    return StreamingResponse(record.as_csv(record.rows(id, work)), media_type="text/csv", headers=_named(id, "csv"))


@router.get("/record.jsonl", response_class=StreamingResponse, responses={200: {"content": {"application/jsonl": {}}}})
def get_json_lines(id: JobId, work: Reading) -> StreamingResponse:
    """The same as JSON lines: one object an evaluation."""
    lines = record.as_json_lines(record.rows(id, work))
    return StreamingResponse(lines, media_type="application/jsonl", headers=_named(id, "jsonl"))


def _named(id: int, ending: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="job-{id}.{ending}"'}
