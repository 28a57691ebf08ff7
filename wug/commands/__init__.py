"""What each command does. Heavy imports stand inside functions, so that `wug check` answers in no time."""

from wug.commands.project import clean, diff, lock, status
from wug.commands.runs import export, plan, run
from wug.commands.specs import audit, check, compile, explain, fmt, new, requests, show

__all__ = [
    "audit",
    "check",
    "clean",
    "compile",
    "diff",
    "explain",
    "export",
    "fmt",
    "lock",
    "new",
    "plan",
    "requests",
    "run",
    "show",
    "status",
]
