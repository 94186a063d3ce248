"""What an operator needs to see of deliveries."""

from prometheus_client import Counter, Gauge

FOR_NOBODY = Gauge("duban_notices_for_nobody", "Notices for which nobody has been found for 10 minutes")
FAILED = Gauge("duban_deliveries_failed", "Deliveries that wait for an operator")
EMAILS = Counter("duban_emails_total", "Attempts to send an e-mail, by result", ["result"])
