"""MLRun's notification calls, answered by Tocsin: ``import tocsin_mlrun as mlrun``.

``TOCSIN_URL`` says where Tocsin is and ``TOCSIN_TOKEN`` as whom to speak to it. Standard library only.
"""

from . import errors, model
from .db import RunDB, get_run_db
from .functions import Function, new_function
from .model import Notification
from .projects import Project, get_or_create_project

__all__ = [
    "Function",
    "Notification",
    "Project",
    "RunDB",
    "errors",
    "get_or_create_project",
    "get_run_db",
    "model",
    "new_function",
]
