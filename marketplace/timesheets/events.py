"""News of this room."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SessionConfirmed:
    """A session counts from now on; ``incentives`` turns its minutes into what a policy promises."""

    session_id: int
