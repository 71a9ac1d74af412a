"""Small HTTP calls to the laboratory's servers. Independent of the project's own clients."""

from __future__ import annotations

import base64
import http.client
import json
from dataclasses import dataclass, field
from urllib.parse import urlsplit

MULTIPART = "laboratory"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said. status 0: nobody answered."""

    status: int
    body: bytes = b""

    def json(self) -> object:
        return json.loads(self.body)

    def member(self, name: str) -> object:
        """Return a member of a JSON object; None where it is absent."""
        told = self.json()
        return told.get(name) if isinstance(told, dict) else None

    def objects(self) -> list[dict[str, object]]:
        """Return the JSON objects of an array or of NDJSON lines."""
        if self.body.lstrip().startswith(b"["):
            rows = json.loads(self.body)
        else:
            rows = [json.loads(line) for line in self.body.splitlines() if line.strip()]
        return [row for row in rows if isinstance(row, dict)]


@dataclass(frozen=True, slots=True)
class Api:
    """A base URL and, where there are any, its credentials."""

    url: str
    user: str = ""
    password: str = field(default="", repr=False)

    def get(self, path: str, *, timeout_s: float = 20) -> Answer:
        return self.ask("GET", path, timeout_s=timeout_s)

    def post(self, path: str, body: bytes = b"", *, timeout_s: float = 20) -> Answer:
        return self.ask("POST", path, body, timeout_s=timeout_s)

    def upload(self, path: str, body: bytes, *, timeout_s: float = 60) -> Answer:
        """POST one file as multipart/form-data."""
        head = (
            f'--{MULTIPART}\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        )
        whole = head.encode() + body + f"\r\n--{MULTIPART}--\r\n".encode()
        kind = f"multipart/form-data; boundary={MULTIPART}"
        return self.ask("POST", path, whole, content_type=kind, timeout_s=timeout_s)

    def ask(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        content_type: str = "",
        timeout_s: float = 20,
    ) -> Answer:
        """Make one request on a connection of its own."""
        parts = urlsplit(self.url)
        headers = {"Content-Type": content_type} if content_type else {}
        if self.user:
            token = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
            headers["Authorization"] = f"Basic {token}"
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout_s)
        try:
            connection.request(method, path, body=body or None, headers=headers)
            response = connection.getresponse()
            return Answer(response.status, response.read())
        except (OSError, http.client.HTTPException):
            return Answer(0)
        finally:
            connection.close()
