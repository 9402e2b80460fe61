"""Reports that are frozen and handed on: make one, list them, withdraw one, and read one without login."""

from django.http import HttpRequest, HttpResponse


def share(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


def shares(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


def revoke(request: HttpRequest, report_id: int) -> HttpResponse:
    return HttpResponse()


def shared(request: HttpRequest, token: str) -> HttpResponse:
    return HttpResponse()
