"""Alembic's entry: migrations run on the connection they are given."""

from alembic import context

from service.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, user_module_prefix="tables."
)
with context.begin_transaction():
    context.run_migrations()
