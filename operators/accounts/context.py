"""What every page knows of mail."""

from django.conf import settings
from django.http import HttpRequest


def local_mail(_request: HttpRequest) -> dict[str, bool]:
    """`local_mail`: whether mail is kept here, at a link that pages may show. In development only."""
    return {"local_mail": settings.MAIL_IS_LOCAL}
