"""Settings of reporting: nothing beyond what every service has."""

from shared.settings import ServiceSettings


class ReportingSettings(ServiceSettings):
    """Every field has a default that runs embedded."""
