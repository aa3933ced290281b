"""Tocsin's API by the names of MLRun's run database."""

import json
import os
import urllib.error
import urllib.request
from urllib.parse import quote

from .errors import BY_STATUS, MLRunHTTPError, MLRunRuntimeError
from .model import prepared

TIMEOUT = 45
"""Seconds that an answer may take."""


class RunDB:
    """Where runs, schedules and secrets are told of. Without arguments: TOCSIN_URL and TOCSIN_TOKEN."""

    def __init__(self, url=None, token=None):
        self._url = (url or os.environ.get("TOCSIN_URL") or "http://127.0.0.1:8686").rstrip("/")
        self._token = token or os.environ.get("TOCSIN_TOKEN") or ""

    def set_run_notifications(self, project, run_uid, notifications=None):
        """Puts these in the place of the run's notifications; an empty list deletes them."""
        self._set(project, f"runs/{_part(run_uid)}", notifications)

    def set_schedule_notifications(self, project, schedule_name, notifications=None):
        """Puts these in the place of the schedule's notifications; an empty list deletes them."""
        self._set(project, f"schedules/{_part(schedule_name)}", notifications)

    def list_run_notifications(self, project, run_uid):
        """The run's notifications with what became of them."""
        return self._call("GET", project, f"runs/{_part(run_uid)}/notifications")["notifications"]

    def list_schedule_notifications(self, project, schedule_name):
        """The schedule's notifications with what became of them."""
        return self._call("GET", project, f"schedules/{_part(schedule_name)}/notifications")["notifications"]

    def push_run_notifications(self, uid, project="default"):
        """Sends what is due for where the run stands."""
        return self._call("POST", project, f"runs/{_part(uid)}/push-notifications")

    def store_run(self, struct, uid, project="default"):
        """Tells of a run: its name, state, labels, results and the like."""
        return self._call("PUT", project, f"runs/{_part(uid)}", struct)

    def create_project_secrets(self, project, secrets):
        """Sets secrets of the project by name."""
        self._call("POST", project, "secrets", {"secrets": {key: str(value) for key, value in secrets.items()}})

    def list_project_secret_keys(self, project):
        """Names of the project's secrets."""
        return [item["name"] for item in self._call("GET", project, "secrets")["items"]]

    def delete_project_secrets(self, project, secrets):
        """Removes secrets of the project by name."""
        for name in secrets:
            self._call("DELETE", project, f"secrets/{_part(name)}")

    def refresh_smtp_configuration(self):
        """Has the instance's mail settings read again."""
        self._request("POST", "operations/refresh-smtp-configuration")

    def _set(self, project, owner, notifications):
        body = {"notifications": prepared(notifications or [])}
        self._call("PUT", project, f"{owner}/notifications", body)

    def _call(self, method, project, path, body=None):
        return self._request(method, f"projects/{_part(project)}/{path}", body)

    def _request(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self._token}"}
        if data is not None:
            headers["Content-Type"] = "application/json"
        request = urllib.request.Request(f"{self._url}/api/v1/{path}", data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
                text = response.read()
        except urllib.error.HTTPError as failure:
            raise _error(failure) from None
        except OSError as failure:
            raise MLRunRuntimeError(f"Tocsin cannot be reached at {self._url}: {failure}") from failure
        return json.loads(text) if text else None


def get_run_db(url="", secrets=None, force_reconnect=False):
    """The run database. ``secrets`` and ``force_reconnect`` are taken as MLRun does and not needed."""
    return RunDB(url or None)


def _part(text):
    return quote(str(text), safe="")


def _error(failure):
    try:
        answer = json.loads(failure.read())
        text = answer.get("detail") or answer["message"]
    except (ValueError, KeyError, AttributeError):
        text = f"the answer was {failure.code}"
    return BY_STATUS.get(failure.code, MLRunHTTPError)(text)
