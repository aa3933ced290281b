"""Tocsin's API by the names of MLRun's run database."""

from tocsin_api import Api, ApiError, UnreachableError, part

from .errors import BY_STATUS, MLRunHTTPError, MLRunRuntimeError
from .model import prepared


class RunDB:
    """Where runs, schedules and secrets are told of. Without arguments: TOCSIN_URL and TOCSIN_TOKEN."""

    def __init__(self, url=None, token=None):
        self._api = Api(url, token)

    def set_run_notifications(self, project, run_uid, notifications=None):
        """Puts these in the place of the run's notifications; an empty list deletes them."""
        self._set(project, f"runs/{part(run_uid)}", notifications)

    def set_schedule_notifications(self, project, schedule_name, notifications=None):
        """Puts these in the place of the schedule's notifications; an empty list deletes them."""
        self._set(project, f"schedules/{part(schedule_name)}", notifications)

    def list_run_notifications(self, project, run_uid):
        """The run's notifications with what became of them."""
        return self._call("GET", project, f"runs/{part(run_uid)}/notifications")["notifications"]

    def list_schedule_notifications(self, project, schedule_name):
        """The schedule's notifications with what became of them."""
        return self._call("GET", project, f"schedules/{part(schedule_name)}/notifications")["notifications"]

    def push_run_notifications(self, uid, project="default"):
        """Sends what is due for where the run stands."""
        return self._call("POST", project, f"runs/{part(uid)}/push-notifications")

    def store_run(self, struct, uid, project="default"):
        """Tells of a run: its name, state, labels, results and the like."""
        return self._call("PUT", project, f"runs/{part(uid)}", struct)

    def create_project_secrets(self, project, secrets):
        """Sets secrets of the project by name."""
        self._call("POST", project, "secrets", {"secrets": {key: str(value) for key, value in secrets.items()}})

    def list_project_secret_keys(self, project):
        """Names of the project's secrets."""
        return [item["name"] for item in self._call("GET", project, "secrets")["items"]]

    def delete_project_secrets(self, project, secrets):
        """Removes secrets of the project by name."""
        for name in secrets:
            self._call("DELETE", project, f"secrets/{part(name)}")

    def refresh_smtp_configuration(self):
        """Has the instance's mail settings read again."""
        self._request("POST", "operations/refresh-smtp-configuration")

    def _set(self, project, owner, notifications):
        body = {"notifications": prepared(notifications or [])}
        self._call("PUT", project, f"{owner}/notifications", body)

    def _call(self, method, project, path, body=None):
        return self._request(method, f"projects/{part(project)}/{path}", body)

    def _request(self, method, path, body=None):
        try:
            return self._api.request(method, path, body)
        except ApiError as failure:
            raise BY_STATUS.get(failure.status, MLRunHTTPError)(str(failure)) from None
        except UnreachableError as failure:
            raise MLRunRuntimeError(str(failure)) from failure


def get_run_db(url="", secrets=None, force_reconnect=False):
    """The run database. ``secrets`` and ``force_reconnect`` are taken as MLRun does and not needed."""
    return RunDB(url or None)
