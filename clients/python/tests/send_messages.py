"""Sends messages about a run as a script of a Dataiku scenario does, as the tests of Tocsin ask it to.

Prints what came of it, as JSON.
"""

import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tocsin_dataiku.scenario import Scenario  # noqa: E402
from tocsin_dataiku import ScenarioError  # noqa: E402


def main():
    scenario = Scenario()
    print(json.dumps({"run": [scenario.project, scenario.run], "sent": sent(scenario), "refused": refused(scenario)}))


def sent(scenario):
    """What the documentation's script sends, and one message for each family of channels."""
    mail = scenario.get_message_sender("post", "mail-scenario")
    mail.set_params(sender="dss@example.com", recipient="data@example.com", subject="About ${scenarioName}")
    found = {
        "mail": mail.send(message="All is well with ${scenarioName} of ${projectKey}."),
        "html": mail.send(message="<b>${runId}</b>", sendAsHTML=True, recipient=["a@example.com", "b@example.com"]),
        "each": mail.send(
            recipient=json.dumps({"mails": [{"to": "c@example.com"}, {"to": "d@example.com"}]}), message="one each"
        ),
    }
    teams = scenario.get_message_sender("teams", "msft-teams-scenario")
    teams.set_params(message="Hello from ${scenarioName}")
    found["teams"] = teams.send()
    found["slack"] = scenario.get_message_sender("slack").send(message="${runId}")
    found["webhook"] = scenario.get_message_sender("hook").send(message={"text": 'named "${scenarioName}"'})
    twilio = scenario.get_message_sender("sms", type="twilio-scenario")
    found["twilio"] = twilio.send(fromNumber="+15551234567", toNumber="+15557654321", message="${scenarioName} is done")
    return {name: [result["state"] for result in results] for name, results in found.items()}


def refused(scenario):
    """What a mistake is told as."""
    mail = scenario.get_message_sender("post")
    run = os.environ.pop("TOCSIN_RUN")
    attempts = {
        "misspelt": lambda: mail.set_params(recipent="data@example.com"),
        "reversed": lambda: scenario.get_message_sender("mail-scenario", "post"),
        "type": lambda: scenario.get_message_sender("post", "carrier-pigeon"),
        "kind": lambda: scenario.get_message_sender("teams", "mail-scenario"),
        "channel": lambda: scenario.get_message_sender("pots"),
        "address": lambda: scenario.get_message_sender(None, "msft-teams-scenario"),
        "recipient": lambda: mail.send(recipient="nobody", message="x"),
        "json": lambda: mail.send(recipient='["a@example.com"', message="x"),
        "gone": lambda: scenario.get_message_sender("closed").send(message="x"),
        "run": lambda: Scenario(),
        "unknown": lambda: Scenario(run="nobody").get_message_sender("hook").send(message="x"),
    }
    found = {}
    for name, attempt in attempts.items():
        try:
            found[name] = repr(attempt())
        except ScenarioError as failure:
            found[name] = str(failure)
    os.environ["TOCSIN_RUN"] = run
    return found


if __name__ == "__main__":
    main()
