import operators.models.deployments
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("operators", "0003_catalogue")]

    operations = [
        migrations.AddField(
            model_name="key",
            name="scopes",
            field=models.JSONField(
                default=operators.models.deployments.usual_scopes,
                validators=[operators.models.deployments.check_scopes],
                verbose_name="scopes",
            ),
        ),
    ]
