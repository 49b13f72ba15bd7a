"""Write the newest, not yet released migration anew from the difference between the tables and the one before.

python -m service.store.revise
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from service.store.database import MIGRATIONS

RELEASED, NEXT, SLUG = "0001", "0002", "loop"


def main() -> None:
    """Replaces the file of NEXT."""
    for old in Path(MIGRATIONS / "versions").glob(f"{NEXT}_*.py"):
        old.unlink()
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    with create_engine("sqlite://").begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, RELEASED)
        command.revision(config, SLUG, autogenerate=True, rev_id=NEXT)


if __name__ == "__main__":
    main()
