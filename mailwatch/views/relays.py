from django.http import HttpRequest, HttpResponse


def relays(request: HttpRequest) -> HttpResponse:
    return HttpResponse()
