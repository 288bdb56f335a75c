"""The health check of a container, against a real server."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from bot.cli import health
from sandbox.free_port import free_port


class Answers(BaseHTTPRequestHandler):
    """Answers liveness with a status that a test chooses."""

    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status if self.path == "/healthz" else 404)
        self.end_headers()
        self.wfile.write(b"alive\n")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[HTTPServer]:
    monkeypatch.setenv("http_proxy", "http://192.0.2.1:9")
    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_process_that_answers_is_alive_whatever_proxy_is_set(
    served: HTTPServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORT", str(served.server_port))
    assert health.main([]) == 0
    assert capsys.readouterr().out == "alive\n"


def test_another_port_may_be_named(served: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", str(free_port()))
    assert health.main(["--port", str(served.server_port)]) == 0


def test_any_other_answer_is_a_failure(
    served: HTTPServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Answers, "status", 503)
    assert health.main(["--port", str(served.server_port)]) == 1
    assert "503" in capsys.readouterr().err


def test_nobody_there_and_a_port_that_is_none_are_failures_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORT", str(free_port()))
    assert health.main([]) == 1
    monkeypatch.setenv("PORT", "three thousand")
    assert health.main([]) == 1
    assert "PORT" in capsys.readouterr().err
