"""What Alembic runs for every service, on the connection and in the transaction that `shared.db.migrations` gives it."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
