"""A PostgreSQL that comes with the project: a Django database backend which starts it when somebody first connects."""
