"""Notification: from events to notices to deliveries, and the proof that people were told."""
