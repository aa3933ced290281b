"""Functions whose runs Tocsin hears of."""

import inspect
import socket
import uuid
from datetime import datetime, timezone

from .db import get_run_db


class Function:
    """Runs a Python function here and tells Tocsin of its start and its end, for its notifications."""

    def __init__(self, name, project="default", kind="job"):
        self.name = name
        self.project = project
        self._kind = kind

    def run(self, *_, handler=None, name="", params=None, labels=None, notifications=None, schedule=None):
        """Runs the handler with ``params``; what it returns is the result. Gives what Tocsin knows of the run.

        A handler that raises is told as an error, and raises here too.
        """
        database = get_run_db()
        uid = uuid.uuid4().hex
        given = dict(params or {})
        start = {
            "name": name or _name_of(handler) or self.name,
            "kind": self._kind,
            "labels": {"host": socket.gethostname(), **(labels or {})},
            "parameters": given,
        }
        if schedule is not None:
            start["schedule"] = schedule
        database.store_run({**start, "state": "created"}, uid, self.project)
        if notifications is not None:
            database.set_run_notifications(self.project, uid, notifications)
        database.store_run({"state": "running", "startedAt": _now()}, uid, self.project)
        try:
            found = None if handler is None else handler(**_accepted(handler, given))
        except BaseException as failure:
            error = {"message": str(failure) or type(failure).__name__, "type": type(failure).__name__}
            database.store_run({"state": "error", "error": error, "endedAt": _now()}, uid, self.project)
            raise
        results = found if isinstance(found, dict) else {} if found is None else {"return": found}
        return database.store_run({"state": "completed", "results": results, "endedAt": _now()}, uid, self.project)


def new_function(name="", project="default", kind="job"):
    """A function by its name."""
    return Function(name or "function", project, "job")


def _name_of(handler):
    return getattr(handler, "__name__", "").strip("<>") if handler is not None else ""


def _accepted(handler, given):
    try:
        known = inspect.signature(handler).parameters
    except (TypeError, ValueError):
        return given
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in known.values()):
        return given
    return {key: value for key, value in given.items() if key in known}


def _now():
    return datetime.now(timezone.utc).isoformat()
