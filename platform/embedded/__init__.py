"""The PostgreSQL, Valkey and model that `make run` and `make test` start when none is given, and their supervisor."""
