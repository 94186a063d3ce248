"""The demo: the Shenzhen plan with an invented, marked history (DOMAIN.md section 10), played over HTTP."""
