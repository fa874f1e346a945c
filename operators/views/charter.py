"""The charter, for anyone to read."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from charter import load_charter

TEXTS = ("friend", "identity", "wellbeing", "principals")


def charter(request: HttpRequest) -> HttpResponse:
    shown = load_charter()
    softcoded = [behaviour for behaviour in shown.behaviours if behaviour.softcoded]
    context = {
        "charter": shown,
        "hardcoded": [behaviour for behaviour in shown.behaviours if not behaviour.softcoded],
        "softcoded": softcoded,
        "texts": [(name, shown.texts[name]) for name in TEXTS if name in shown.texts],
    }
    return render(request, "operators/charter.html", context)
