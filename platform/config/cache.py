"""The cache that all processes share, on Valkey; while that is away, each process counts for itself."""

import json
import logging
import time
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis import RedisError

REST_SECONDS = 5.0
"""How long a Valkey that failed is left alone, so that no page waits for it again and again."""

log = logging.getLogger(__name__)


class JsonSerializer:
    """Plain values only: whoever can write to Valkey must not be able to make us run code, as pickle would."""

    def dumps(self, value: Any) -> bytes:
        return json.dumps(value).encode()

    def loads(self, stored: bytes) -> Any:
        return json.loads(stored)


class SharedCache(BaseCache):
    """Rate limits live here: they must hold across processes, and a page must answer without Valkey too."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(params)
        self._shared = RedisCache(server, params)
        self._local = LocMemCache("shared-cache-away", {**params, "OPTIONS": {}})
        self._resting_until = 0.0

    def _do(self, action: str, *args: Any, **kwargs: Any) -> Any:
        if time.monotonic() >= self._resting_until:
            try:
                return getattr(self._shared, action)(*args, **kwargs)
            except RedisError as error:
                self._resting_until = time.monotonic() + REST_SECONDS
                log.warning("the shared cache is away (%s); rate limits count by process", type(error).__name__)
        return getattr(self._local, action)(*args, **kwargs)

    def add(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return self._do("add", key, value, timeout, version)

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        return self._do("get", key, default, version)

    def set(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        self._do("set", key, value, timeout, version)

    def touch(self, key: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return self._do("touch", key, timeout, version)

    def delete(self, key: Any, version: int | None = None) -> bool:
        return self._do("delete", key, version)

    def clear(self) -> None:
        """Ours alone: Valkey holds the queue as well."""
        self._local.clear()
        try:
            client = self._shared._cache.get_client(None, write=True)
            for key in client.scan_iter(match=f"{self.key_prefix}:*"):
                client.delete(key)
        except RedisError:
            log.warning("the shared cache is away and was not cleared")
