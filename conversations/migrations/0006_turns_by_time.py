from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("conversations", "0005_records")]

    operations = [
        migrations.AddIndex(
            model_name="turn",
            index=models.Index(fields=["deployment", "started_at"], name="turn_by_time"),
        ),
    ]
