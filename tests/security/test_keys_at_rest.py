"""A key's secret is random enough for a plain hash, kept nowhere, and compared in constant time."""

import inspect
import math

import pytest

from audit.log.models import Entry
from operators import keys
from operators.keys import AuthenticationError, create_key, hash_secret, parse_key
from operators.models import Key, Operator

pytestmark = pytest.mark.django_db


@pytest.fixture
def made() -> tuple[Key, str]:
    return create_key(Operator.objects.create(name="Acme").deployments.create(name="Helper"), "app", by=None)


def test_a_secret_has_256_random_bits_and_only_its_hash_is_kept(made):
    key, text = made
    secret = parse_key(text).secret
    assert len(secret) * math.log2(16) >= 256
    assert bytes(key.secret_hash) == hash_secret(secret)
    kept = str(Key.objects.values().get()) + str(list(Entry.objects.values()))
    assert secret not in kept
    assert len({create_key(key.deployment, "app", by=None)[1] for _ in range(50)}) == 50


def test_secrets_are_compared_by_one_constant_time_comparison():
    source = inspect.getsource(keys.identify)
    assert source.count("compare_digest") == 1
    assert "==" not in source


@pytest.mark.parametrize("text", ["", "plk", "plk_", "plk_a", "plk_a_", "sk_a_b", "plk_a_b" + "c" * 300, "plk_a_ü"])
def test_what_is_no_key_is_told_so_without_being_repeated(text):
    with pytest.raises(AuthenticationError) as told:
        parse_key(text)
    assert not text or len(text) < 5 or text not in str(told.value)
