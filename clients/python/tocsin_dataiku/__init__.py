"""Dataiku's messages of a scenario, sent by Tocsin: ``from tocsin_dataiku.scenario import Scenario``.

``TOCSIN_URL`` says where Tocsin is and ``TOCSIN_TOKEN`` as whom to speak to it. Standard library only.
"""

from .messaging import MessageSender, ScenarioError
from .scenario import Scenario

__all__ = ["MessageSender", "Scenario", "ScenarioError"]
