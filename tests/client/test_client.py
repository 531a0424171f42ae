"""The Python client."""

from __future__ import annotations

import socket
import threading

import pytest

from api.schemas.job_create import JobCreate
from cellsmith.client import ATTEMPTS, Client
from cellsmith.errors import ApiError, Unreachable
from service.ports import UnitOfWork

EMPTY_PAGE = b'HTTP/1.1 200 OK\r\nContent-Length: 34\r\n\r\n{"items": [], "next_cursor": null}'


def test_the_same_key_gives_the_same_job(url: str) -> None:
    with Client(url) as client:
        first = client.submit({"dataset": "digits"}, idempotency_key="one")
        assert client.submit({"dataset": "digits"}, idempotency_key="one") == first
        assert [job["id"] for job in client.jobs()] == [first["id"]]


def test_a_list_is_read_page_by_page(url: str, work: UnitOfWork) -> None:
    spec = JobCreate(dataset="digits").to_spec()
    with work() as store:
        made = [store.add_job(spec).id for _ in range(110)]
    with Client(url) as client:
        assert [job["id"] for job in client.jobs()] == made[::-1]


def test_a_refusal_has_its_status_and_the_place_of_the_mistake(url: str) -> None:
    with Client(url) as client, pytest.raises(ApiError) as refused:
        client.submit({"dataset": "digits", "budget": {"trials": 0}})
    assert refused.value.status == 422
    assert refused.value.errors[0]["pointer"] == "#/budget/trials"
    assert str(refused.value) == refused.value.detail


def test_reading_is_tried_again_after_a_lost_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drop_one_then_answer() -> None:
            listener.accept()[0].close()
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(EMPTY_PAGE)

        thread = threading.Thread(target=drop_one_then_answer)
        thread.start()
        pauses: list[float] = []
        with Client(f"http://127.0.0.1:{listener.getsockname()[1]}", sleep=pauses.append) as client:
            assert list(client.jobs()) == []
        thread.join()
    assert len(pauses) == 1


def test_moving_a_job_is_never_tried_twice_but_reading_is(free_url: str) -> None:
    pauses: list[float] = []
    with Client(free_url, sleep=pauses.append) as client:
        with pytest.raises(Unreachable):
            client.move(1, "cancel")
        assert pauses == []
        with pytest.raises(Unreachable):
            client.job(1)
        assert len(pauses) == ATTEMPTS - 1


@pytest.mark.parametrize("address", ["nonsense", "http://[", "ftp://127.0.0.1"])
def test_an_address_that_is_none_is_unreachable(address: str) -> None:
    with pytest.raises(Unreachable), Client(address, sleep=lambda _: None) as client:
        client.job(1)
