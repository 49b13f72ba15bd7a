"""Storage: the only room with SQL. SQLite (WAL) without set-up, PostgreSQL by URL; the same statements run on both."""
