"""What every service stands on: events, bus, event log, consumers, database, tokens and the web edge."""
