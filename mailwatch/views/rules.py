from django.http import HttpRequest, HttpResponse


def rules(request: HttpRequest) -> HttpResponse:
    return HttpResponse()
