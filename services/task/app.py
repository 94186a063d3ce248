"""The wiring of task, on one screen."""

from fastapi import FastAPI

from services.task.calendar import state_council_calendar
from services.task.consumers import CONSUMERS
from services.task.deadlines import DeadlineWorker
from services.task.drafting import Drafting
from services.task.models import CLOCK, CONSUMING, EVENT_LOG, Account, Assignment, Deadline, Plan, Report
from services.task.routes import assignments, feed, plan_drafts, plans, reports, todo
from services.task.settings import TaskSettings
from shared.auth.accounts import KnownAccounts
from shared.bus.base import Bus
from shared.db import table_of
from shared.runtime import Service
from shared.web.app import create_web_app

AGGREGATES = {cls.noun: table_of(cls) for cls in (Plan, Assignment, Report, Deadline)}


def create_service(settings: TaskSettings, bus: Bus | None = None) -> Service:
    service = Service.create(
        "task",
        settings,
        tables=EVENT_LOG,
        consuming=CONSUMING,
        clock=CLOCK,
        bus=bus,
        aggregates=AGGREGATES,
        consumers=CONSUMERS,
        actors=KnownAccounts(table_of(Account)),
    )
    service.workers.append(DeadlineWorker(service, state_council_calendar()))
    return service


def create_app(settings: TaskSettings, bus: Bus | None = None) -> FastAPI:
    app = create_web_app(
        create_service(settings, bus),
        [reports.router, assignments.router, plans.router, plan_drafts.router, todo.router, feed.router],
        title="Duban task",
    )
    app.state.calendar = state_council_calendar()
    app.state.drafting = Drafting()
    return app
