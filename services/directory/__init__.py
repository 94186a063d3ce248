"""directory: units, groups, accounts, machine clients, tokens and the keys that sign them."""
