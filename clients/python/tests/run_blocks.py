"""Runs every block of code of a page of MLRun's documentation against Tocsin, as the tests of Tocsin ask it to.

Arguments: the page, and the address of a receiver. Prints what the calls left behind, as JSON.
"""

import json
import os
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import tocsin_mlrun  # noqa: E402

sys.modules["mlrun"] = tocsin_mlrun


def main(page, receiver):
    values = {
        "<webhook url>": f"{receiver}/webhook",
        "<slack webhook url>": f"{receiver}/slack-one",
        "<new slack webhook url>": f"{receiver}/slack-two",
        "<WEBHOOK_URL>": f"{receiver}/slack-three",
        "<repo>": "org/repo",
        "<issue>": "7",
        "<token>": "canary-token",
        "<project-name>": "live",
        "<run-uid>": "live-run",
        "<schedule-name>": "nightly",
    }
    database = tocsin_mlrun.get_run_db()
    database.store_run({"name": "live", "state": "running"}, "live-run", "live")
    webhook = {"kind": "webhook", "params": {"url": f"{receiver}/live"}}
    names = {
        "mlrun": tocsin_mlrun,
        "function": tocsin_mlrun.new_function("func", "jobs"),
        "handler": lambda: 1,
        "project": tocsin_mlrun.get_or_create_project("pipes"),
        "webhook_test": f"{receiver}/override",
        "notification1": tocsin_mlrun.Notification.from_dict({**webhook, "name": "one"}),
        "notification2": tocsin_mlrun.Notification.from_dict({**webhook, "name": "two"}),
    }
    count = 0
    for code in blocks(Path(page).read_text(), values):
        exec(compile(code, f"block {count + 1}", "exec"), names)
        count += 1
    report(database, names, count)


def report(database, names, count):
    database.store_run({"state": "completed"}, "live-run", "live")
    names["function"].run(handler=names["handler"], notifications=names["notifications_func"])
    pushed = names["function"].run(handler=lambda: 2, notifications=[tocsin_mlrun.Notification(name="env")])
    print(
        json.dumps(
            {
                "blocks": count,
                "mail": names["mail_notification"].to_dict(),
                "secrets": database.list_project_secret_keys("ycvqowgpie"),
                "run": database.list_run_notifications("live", "live-run"),
                "schedule": database.list_schedule_notifications("live", "nightly"),
                "notifiers": [item.kind for item in names["project"].notifiers.notifications()],
                "environment": database.list_run_notifications("jobs", pushed["uid"]),
                "refused": refusals(),
            }
        )
    )


def refusals():
    """What is refused here, and what Tocsin refuses, is the same error."""
    found = []
    database = tocsin_mlrun.get_run_db()
    for attempt in (
        lambda: tocsin_mlrun.Notification(kind="pager"),
        lambda: tocsin_mlrun.Notification(when="completed"),
        lambda: database.set_run_notifications("live", "live-run", [{"kind": "webhook", "params": {"method": "GET"}}]),
        lambda: database.set_run_notifications("live", "nobody", []),
        lambda: database.create_project_secrets("live", {"mlrun.x": "y"}),
    ):
        try:
            attempt()
        except tocsin_mlrun.errors.MLRunBaseError as failure:
            found.append([type(failure).__name__, str(failure)])
    return found


def blocks(page, values):
    """Blocks of code with real values; those that show a result are left out."""
    for language, code in re.findall(r"```(python)?\n(.*?)```", page, re.S):
        for placeholder, value in values.items():
            code = code.replace(placeholder, value)
        setting = re.fullmatch(r"%env (\w+)=(.*)\n", code)
        if setting:
            name, value = setting.groups()
            yield f"import os\nos.environ[{name!r}] = {value!r}\n"
        elif language:
            yield code


if __name__ == "__main__":
    main(*sys.argv[1:])
