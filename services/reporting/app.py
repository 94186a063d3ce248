"""The wiring of reporting, on one screen."""

from fastapi import FastAPI

from services.reporting.consumers import CONSUMERS
from services.reporting.models import CLOCK, CONSUMING, EVENT_LOG, Account
from services.reporting.rebuild_worker import RebuildWorker
from services.reporting.routes import plans, projections
from services.reporting.settings import ReportingSettings
from shared.auth.accounts import KnownAccounts
from shared.bus.base import Bus
from shared.db import table_of
from shared.runtime import Service
from shared.web.app import create_web_app


def create_service(settings: ReportingSettings, bus: Bus | None = None) -> Service:
    service = Service.create(
        "reporting",
        settings,
        tables=EVENT_LOG,
        consuming=CONSUMING,
        clock=CLOCK,
        bus=bus,
        consumers=CONSUMERS,
        actors=KnownAccounts(table_of(Account)),
    )
    service.workers.append(RebuildWorker(service))
    return service


def create_app(settings: ReportingSettings, bus: Bus | None = None) -> FastAPI:
    return create_web_app(create_service(settings, bus), [plans.router, projections.router], title="Duban reporting")
