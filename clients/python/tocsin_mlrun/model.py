"""The notification object."""

import os

from .errors import MLRunInvalidArgumentError

KINDS = ("console", "git", "ipython", "slack", "mail", "webhook")
SEVERITIES = ("info", "debug", "verbose", "warning", "error")
STATUSES = ("pending", "sent", "error")


class Notification:
    """A notification with MLRun's fields and defaults. Raises MLRunInvalidArgumentError for what MLRun refuses."""

    _fields = (
        "kind",
        "name",
        "message",
        "severity",
        "when",
        "condition",
        "secret_params",
        "params",
        "status",
        "sent_time",
        "reason",
    )

    def __init__(
        self,
        kind="slack",
        name=None,
        message=None,
        severity="info",
        when=None,
        condition=None,
        secret_params=None,
        params=None,
        status=None,
        sent_time=None,
        reason=None,
    ):
        self.kind = kind
        self.name = name or ""
        self.message = message or ""
        self.severity = severity
        self.when = when or ["completed"]
        self.condition = condition or ""
        self.secret_params = secret_params or {}
        self.params = params or {}
        self.status = status
        self.sent_time = sent_time
        self.reason = reason
        self._validate()

    @classmethod
    def from_dict(cls, struct):
        """A notification of a dictionary; keys that are not its own are ignored."""
        return cls(**{key: value for key, value in struct.items() if key in cls._fields})

    def to_dict(self):
        """Its fields that are set."""
        fields = {key: getattr(self, key) for key in self._fields}
        return {key: value for key, value in fields.items() if value is not None}

    @staticmethod
    def validate_notification_uniqueness(notifications):
        """Raises MLRunInvalidArgumentError when two have one name."""
        names = [notification.name for notification in notifications]
        if len(set(names)) != len(names):
            raise MLRunInvalidArgumentError("Notification names must be unique")

    def _validate(self):
        _one_of("kind", self.kind, KINDS)
        if self.severity is not None:
            _one_of("severity", self.severity, SEVERITIES)
        if self.status is not None:
            _one_of("status", self.status, STATUSES)
        if not isinstance(self.when, list) or not all(isinstance(word, str) for word in self.when):
            raise MLRunInvalidArgumentError("when: must be a list of texts")
        for field, kind, wanted in (
            ("name", str, "text"),
            ("message", str, "text"),
            ("condition", str, "text"),
            ("params", dict, "a dictionary"),
            ("secret_params", dict, "a dictionary"),
        ):
            if not isinstance(getattr(self, field), kind):
                raise MLRunInvalidArgumentError(f"{field}: must be {wanted}")


def prepared(notifications):
    """Dictionaries to send, of notifications or dictionaries; Slack's webhook may come from SLACK_WEBHOOK."""
    objects = [_notification(item) for item in notifications]
    Notification.validate_notification_uniqueness(objects)
    structs = [notification.to_dict() for notification in objects]
    webhook = os.environ.get("SLACK_WEBHOOK")
    for struct in structs:
        is_bare = not struct["secret_params"] and "webhook" not in struct["params"]
        if webhook and struct["kind"] == "slack" and is_bare:
            struct["secret_params"] = {"webhook": webhook}
    return structs


def _notification(item):
    if isinstance(item, Notification):
        return item
    if isinstance(item, dict):
        return Notification.from_dict(item)
    raise MLRunInvalidArgumentError("a notification must be a dict or a Notification")


def _one_of(field, value, known):
    if value not in known:
        raise MLRunInvalidArgumentError(f"{field}: must be one of {', '.join(known)}, not {value!r}")
