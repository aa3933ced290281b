"""Tocsin's API over HTTP, for the clients beside this one. Standard library only."""

import json
import os
import urllib.error
import urllib.request
from urllib.parse import quote

__all__ = ["Api", "ApiError", "UnreachableError", "part"]


class ApiError(Exception):
    """Tocsin answered that something is wrong: ``status`` is that of the answer."""

    def __init__(self, status, text):
        super().__init__(text)
        self.status = status


class UnreachableError(Exception):
    """Tocsin cannot be reached."""


class Api:
    """Where Tocsin is, and as whom it is spoken to. Without arguments: TOCSIN_URL and TOCSIN_TOKEN."""

    def __init__(self, url=None, token=None, timeout=45):
        self._url = (url or os.environ.get("TOCSIN_URL") or "http://127.0.0.1:8686").rstrip("/")
        self._token = token or os.environ.get("TOCSIN_TOKEN") or ""
        self._timeout = timeout

    def request(self, method, path, body=None):
        """The answer to a request below ``/api/v1/``. An answer may take ``timeout`` seconds.

        Raises ApiError and UnreachableError.
        """
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self._token}"}
        if data is not None:
            headers["Content-Type"] = "application/json"
        request = urllib.request.Request(f"{self._url}/api/v1/{path}", data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=self._timeout) as response:
                text = response.read()
        except urllib.error.HTTPError as failure:
            raise ApiError(failure.code, _text(failure)) from None
        except OSError as failure:
            raise UnreachableError(f"Tocsin cannot be reached at {self._url}: {failure}") from failure
        return json.loads(text) if text else None


def part(text):
    """A text as one part of a path."""
    return quote(str(text), safe="")


def _text(failure):
    try:
        answer = json.loads(failure.read())
        return answer.get("detail") or answer["message"]
    except (ValueError, KeyError, AttributeError):
        return f"the answer was {failure.code}"
