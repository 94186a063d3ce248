"""The wiring of notification, on one screen."""

from fastapi import FastAPI

from services.notification.channels.email import open_channel, parse_sender
from services.notification.consumers import CONSUMERS, ThenWake
from services.notification.delivery import DeliveryWorker, quiet_times
from services.notification.models import CLOCK, CONSUMING, EVENT_LOG, Notice, accounts, notices
from services.notification.routes import router
from services.notification.settings import NotificationSettings
from services.notification.wording import Wording
from shared.auth.accounts import KnownAccounts
from shared.auth.tokens import KeySource
from shared.bus.base import Bus
from shared.runtime import Service
from shared.web.app import create_web_app


def create_service(settings: NotificationSettings, bus: Bus | None = None) -> Service:
    service = Service.create(
        "notification",
        settings,
        tables=EVENT_LOG,
        consuming=CONSUMING,
        clock=CLOCK,
        bus=bus,
        aggregates={Notice.noun: notices},
        actors=KnownAccounts(accounts),
    )
    worker = create_worker(service, settings)
    service.workers.append(worker)
    service.consumers = [ThenWake(consumer, worker.wake) for consumer in CONSUMERS]
    return service


def create_worker(service: Service, settings: NotificationSettings) -> DeliveryWorker:
    return DeliveryWorker(
        service,
        open_channel(settings.smtp_url.get_secret_value(), settings.data),
        parse_sender(settings.mail_from),
        Wording(settings.url.rstrip("/")),
        quiet_times(settings.daily_quiet_seconds, settings.urgent_quiet_seconds),
    )


def create_app(settings: NotificationSettings, bus: Bus | None = None, keys: KeySource | None = None) -> FastAPI:
    return web_app(create_service(settings, bus), keys)


def web_app(service: Service, keys: KeySource | None = None) -> FastAPI:
    """The service's HTTP side. `keys` replaces the directory's key set."""
    app = create_web_app(service, [router], title="Duban notification", keys=keys)
    [worker] = service.workers
    assert isinstance(worker, DeliveryWorker)
    app.state.deliveries, app.state.end_streams = worker, worker.doorbell.close
    return app
