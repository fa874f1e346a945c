"""Beside running turns: an index on a large table is built without holding anybody up."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):

    atomic = False
    dependencies = [
        ('conversations', '0012_sealed_content'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='turn',
            index=models.Index(models.F('id'), condition=models.Q(('data_key', None), ('gone', '')), name='turn_not_sealed'),
        ),
        AddIndexConcurrently(
            model_name='turn',
            index=models.Index(models.F('deployment'), models.F('started_at'), condition=models.Q(('gone', '')), name='turn_with_content'),
        ),
        AddIndexConcurrently(
            model_name='batchitem',
            index=models.Index(models.F('data_key_id'), condition=models.Q(('outcome', '')), name='open_batch_item_of_key'),
        ),
        AddIndexConcurrently(
            model_name='idempotencykey',
            index=models.Index(models.F('turn_id'), name='idempotency_key_of_turn'),
        ),
    ]
