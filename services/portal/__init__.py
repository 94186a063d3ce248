"""Portal: web pages over the services' APIs. It has no database and decides nothing."""
