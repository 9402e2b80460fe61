from django.http import HttpRequest, HttpResponse


def explain(request: HttpRequest) -> HttpResponse:
    return HttpResponse()
