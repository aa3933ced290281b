"""Messages by the names of Dataiku's parameters."""

import difflib
import json

TYPES = {
    "mail-scenario": ["mail", "microsoft-graph-mail"],
    "slack-scenario": ["slack"],
    "msft-teams-scenario": ["teams"],
    "google-chat-scenario": ["webhook"],
    "webhook-scenario": ["webhook"],
    "twilio-scenario": ["twilio"],
    "shell-scenario": ["shell"],
}
"""Dataiku's words for kinds of messages, with the kinds of Tocsin's channels that send them."""

SETTINGS = {
    "mail": {"sender": "sender", "recipient": "to", "ccRecipient": "cc", "bccRecipient": "bcc"},
    "slack": {"channel": "channel", "username": "username", "color": "colour"},
    "twilio": {"fromNumber": "fromNumber", "toNumber": "to"},
}
SETTINGS["microsoft-graph-mail"] = SETTINGS["mail"]
TEXTS = {kind: ["subject", "message", "sendAsHTML"] for kind in TYPES["mail-scenario"]}
RECIPIENTS = ["recipient", "ccRecipient", "bccRecipient"]
FAILED = ["rejected", "dead", "unknown", "discarded"]


class ScenarioError(Exception):
    """Something that was given is not valid, or a message did not arrive."""


class MessageSender:
    """Sends messages through one channel. ``${…}`` in every text knows the variables of the run.

    Parameters are those of Dataiku: of mail ``sender``, ``recipient``, ``ccRecipient``, ``bccRecipient``, ``subject``,
    ``message`` and ``sendAsHTML``; of Slack ``message``, ``channel``, ``username`` and ``color``; of Twilio ``fromNumber``,
    ``toNumber`` and ``message``; of all others ``message``. Tocsin says which of its settings a message may not set.
    """

    def __init__(self, kind, post):
        self._kind = kind
        self._post = post
        self._params = {}

    def set_params(self, **params):
        """Values of all messages from now on that bring none of their own. Raises ScenarioError for names it does not know."""
        self._check(params)
        self._params.update(params)

    def send(self, **params):
        """Sends a message and waits until it was tried, for a minute at most.

        Answers what became of it for each recipient: ``delivery``, ``recipient``, ``state``, ``reason`` and ``attempt``. What
        is not delivered yet is tried again. Raises ScenarioError for names it does not know, for what Tocsin refuses, and
        when the receiver refused the message.
        """
        self._check(params)
        results = self._post(self._request({**self._params, **params}))
        failed = [result for result in results if result["state"] in FAILED]
        if failed:
            raise ScenarioError("; ".join(_words(result) for result in failed))
        return results

    def _check(self, params):
        known = [*SETTINGS.get(self._kind, {}), *TEXTS.get(self._kind, ["message"])]
        for name in params:
            if name not in known:
                near = difflib.get_close_matches(name, known, 1)
                hint = f" Did you mean {near[0]!r}?" if near else ""
                raise ScenarioError(f"{name}: is no parameter of {self._kind}.{hint} Known are {', '.join(known)}.")

    def _request(self, params):
        given = {name: value for name, value in params.items() if value is not None}
        names = SETTINGS.get(self._kind, {})
        settings = {names[name]: _recipients(name, value) for name, value in given.items() if name in names}
        request = {"message": {"title": given.get("subject") or "${scenarioName}"}, "settings": settings}
        body = _body(given.get("message", ""), given.get("sendAsHTML") is True)
        if body.strip():
            request["body"] = body
        return request


def _recipients(name, value):
    """Addresses as a list or as text: parted by commas, or JSON as Dataiku takes it."""
    if name not in RECIPIENTS:
        return value
    if isinstance(value, str) and value.strip()[:1] in ("[", "{"):
        try:
            return json.loads(value)
        except ValueError:
            raise ScenarioError(f"{name}: begins like JSON and is none") from None
    return list(value) if isinstance(value, (tuple, set)) else value


def _body(message, is_html):
    """A body is HTML when it begins with a tag; a card is JSON."""
    text = message if isinstance(message, str) else json.dumps(message)
    return f"<div>{text}</div>" if is_html and not text.lstrip().startswith("<") else text


def _words(result):
    whom = f"to {result['recipient']}: " if result["recipient"] else ""
    answer = (result["attempt"] or {}).get("response") or ""
    return f"{whom}{result['reason'] or result['state']}" + (f" {answer}" if answer not in result["reason"] else "")
