from django.http import HttpRequest, HttpResponse


def configuration(request: HttpRequest) -> HttpResponse:
    return HttpResponse()
