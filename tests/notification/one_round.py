"""One round of a real worker in a process of its own, which a test may kill: `python -m tests.notification.one_round`."""

import asyncio

from services.notification.app import create_service
from services.notification.delivery import DeliveryWorker
from services.notification.settings import NotificationSettings


async def main() -> None:
    service = create_service(NotificationSettings())
    [worker] = service.workers
    assert isinstance(worker, DeliveryWorker)
    await worker.deliver_once()
    await service.database.close()


if __name__ == "__main__":
    asyncio.run(main())
