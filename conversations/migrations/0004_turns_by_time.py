from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("conversations", "0003_upstream_of_a_turn")]

    operations = [
        migrations.AddIndex(
            model_name="turn",
            index=models.Index(fields=["deployment", "started_at"], name="turn_by_time"),
        ),
    ]
