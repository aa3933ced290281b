"""Projects, with their secrets, notifiers and pipelines."""

from .db import get_run_db
from .functions import Function
from .model import Notification, prepared

STATES = ["completed", "error", "aborted", "skipped", "running"]
"""For which states a notifier of a project sends."""


class Notifiers:
    """Notifications of every pipeline of a project, one for each kind."""

    def __init__(self):
        self._notifications = {}

    def add_notification(
        self,
        notification_type,
        params=None,
        name=None,
        message=None,
        severity="info",
        when=None,
        condition=None,
        secret_params=None,
    ):
        """Adds one, or puts it in the place of that of its kind."""
        self._notifications[notification_type] = Notification(
            kind=notification_type,
            name=name or notification_type,
            message=message,
            severity=severity,
            when=when or list(STATES),
            condition=condition,
            secret_params=secret_params,
            params=params,
        )

    def edit_notification(self, notification_type, params=None):
        """The notification of this kind, with other parameters."""
        self.remove_notification(notification_type)
        self.add_notification(notification_type, params)

    def remove_notification(self, notification_type):
        """Takes away that of this kind, if there is one."""
        self._notifications.pop(notification_type, None)

    def notifications(self):
        """All of them."""
        return list(self._notifications.values())


class Project:
    """A project by its name; Tocsin makes it with its first run."""

    def __init__(self, name):
        self.name = name
        self.notifiers = Notifiers()

    def set_secrets(self, secrets=None, provider=None):
        """Sets secrets of the project; notifications refer to them by ``secret_params={"secret": NAME}``."""
        get_run_db().create_project_secrets(self.name, secrets or {})

    def run(self, name=None, *_, handler=None, arguments=None, notifications=None, schedule=None):
        """Runs the handler as a pipeline, with these notifications and those of the project's notifiers."""
        own = prepared(notifications or [])
        taken = {struct["name"] for struct in own}
        more = [item for item in prepared(self.notifiers.notifications()) if item["name"] not in taken]
        pipeline = Function(name if isinstance(name, str) else self.name, self.name, "pipeline")
        return pipeline.run(
            handler=handler,
            name=pipeline.name,
            params=arguments,
            notifications=own + more if own or more else None,
            schedule=schedule,
        )


def get_or_create_project(name, context="./", **_):
    """The project of that name."""
    return Project(name)
