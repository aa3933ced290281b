"""The scenario that a script belongs to."""

import os
import time

from tocsin_api import Api, ApiError, UnreachableError, part

from .messaging import TYPES, MessageSender, ScenarioError

PAUSES = (0.1, 0.2, 0.4, 0.8, 1.6)
"""Seconds after which a run that Tocsin does not know yet is looked for again: its start is told while it begins."""
TIMEOUT = 75
"""Seconds that an answer may take: Tocsin waits a minute for what becomes of a message."""


class Scenario:
    """A run that is under way. Without arguments TOCSIN_PROJECT and TOCSIN_RUN name it, which ``tocsin exec`` sets."""

    def __init__(self, project=None, run=None):
        self.project = project or os.environ.get("TOCSIN_PROJECT") or "default"
        self.run = run or os.environ.get("TOCSIN_RUN") or ""
        if not self.run:
            raise ScenarioError(
                "Which run is this? Run the script under `tocsin exec`, set TOCSIN_RUN, or give Scenario(run=UID)."
            )
        self._api = Api(timeout=TIMEOUT)

    def get_message_sender(self, channel_id, type=None):
        """A sender of messages through a channel of Tocsin's, by its name or id.

        ``type`` is Dataiku's word for its kind, such as ``mail-scenario``; it may be left out. Raises ScenarioError for a
        channel that does not exist or is of another kind.
        """
        if channel_id in TYPES:
            raise ScenarioError(f"{channel_id!r} is a type. The channel comes first: get_message_sender(channel_id, type).")
        if type is not None and type not in TYPES:
            raise ScenarioError(f"type: must be one of {', '.join(TYPES)}, not {type!r}")
        if not channel_id:
            raise ScenarioError("channel_id: must name a channel of Tocsin's. An address of its own needs a channel there.")
        kind = self._call("GET", f"channels/{part(channel_id)}")["kind"]
        if type is not None and kind not in TYPES[type]:
            raise ScenarioError(f"The channel {channel_id!r} is of the kind {kind}; {type} needs {' or '.join(TYPES[type])}.")
        return MessageSender(kind, lambda request: self._send(channel_id, request))

    def _send(self, channel_id, request):
        path = f"channels/{part(channel_id)}/send?wait=true"
        return self._call("POST", path, {**request, "run": self.run}, PAUSES)["results"]

    def _call(self, method, path, body=None, pauses=()):
        for pause in (*pauses, None):
            try:
                return self._api.request(method, f"projects/{part(self.project)}/{path}", body)
            except (ApiError, UnreachableError) as failure:
                is_early = isinstance(failure, ApiError) and failure.status == 404
                if pause is None or not is_early:
                    raise ScenarioError(str(failure)) from None
            time.sleep(pause)
