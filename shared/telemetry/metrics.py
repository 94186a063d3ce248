"""Metrics of delivery. Embedded mode is one process, so each carries the service as a label."""

from prometheus_client import Counter, Gauge, Histogram

RELAY_PENDING = Gauge("duban_relay_pending", "Events committed and not yet on the bus", ["service"])
RELAY_AGE = Gauge("duban_relay_oldest_seconds", "Age of the oldest event that waits for the bus", ["service"])
RELAY_SENT = Counter("duban_relay_sent_total", "Events put on the bus", ["service"])
CONSUMER_LAG = Gauge("duban_consumer_lag", "Records on the bus that a consumer has not yet applied", ["consumer"])
CONSUMER_APPLIED = Counter("duban_consumer_applied_total", "Events applied", ["consumer"])
CONSUMER_SECONDS = Histogram("duban_consumer_batch_seconds", "Time of one batch's transaction", ["consumer"])
PARKED = Gauge("duban_parked", "Events that wait for an operator or for a missing predecessor", ["consumer", "reason"])
FORKS = Counter("duban_forks_total", "Two events claimed one version of one aggregate", ["consumer"])
BREAKER_OPEN = Gauge("duban_breaker_open", "1 while a partition is stopped after failures in a row", ["consumer"])
REQUEST_SECONDS = Histogram("duban_request_seconds", "Time of a request", ["service", "method", "route", "status"])
