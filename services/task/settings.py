"""Settings of task."""

from shared.settings import ServiceSettings


class TaskSettings(ServiceSettings):
    """Everything that task reads from the environment is common to all services."""
