"""A report about a sender host to whoever answers for it: looked at, completed, and taken along as a file."""

from datetime import UTC
from http import HTTPStatus
from ipaddress import ip_address

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import now
from django.views.decorators.http import require_http_methods, require_POST

from ingest.languages import later, say
from mailwatch.abuse import AbuseCase, Reporter, arf, letter, rdap, xarf_report
from mailwatch.abuse_forms import AbuseReportForm
from mailwatch.access import Permission, needs
from mailwatch.operations import abuse_contacts
from mailwatch.queries import abuse_reports as queries

_NO_PORT = later(
    "XARF wants the port that passwords were tried from, and this log has none. Take the mail, and set "
    "log_selector = +incoming_port for the next time."
)
_NOBODY = Reporter("…", "…")


@needs(Permission.SHARE)
@require_http_methods(["GET", "POST"])
def abuse_report(request: HttpRequest, address: str) -> HttpResponse:
    """With GET the report as it will read, and the form; with POST the file."""
    plain = _address(address)
    seen = queries.seen(plain)
    form = AbuseReportForm(request.POST if request.method == "POST" else None, initial=_known())
    chosen = _chosen(seen, request)
    case = queries.case(plain, chosen)
    if form.is_valid():
        try:
            return _file(case, form)
        except xarf_report.NoPort:
            form.add_error(None, say(_NO_PORT))
        except ValueError as error:
            form.add_error(None, str(error))
    hosts = {"hosts": [one.log_host for one in seen], "log_host": chosen.log_host}
    return _page(request, case, form, hosts)


def _address(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        raise Http404 from None


def _known() -> dict[str, str]:
    return {"organisation": settings.MAILWATCH_ORGANISATION, "contact": settings.MAILWATCH_ABUSE_CONTACT}


def _chosen(seen: list[queries.Seen], request: HttpRequest) -> queries.Seen:
    """That of the log host that is asked for, else the newest. Raises Http404 where no log knows the address."""
    asked = request.POST.get("log_host") or request.GET.get("log_host")
    for one in seen:
        if not asked or one.log_host.name == asked:
            return one
    raise Http404


def _file(case: AbuseCase, form: AbuseReportForm) -> HttpResponse:
    """Raises ValueError where the format does not take what was typed."""
    name = f"abuse-{case.address.replace(':', '-')}"
    if form.cleaned_data["format"] == "arf":
        mail = arf.mail(case, form.reporter, now=now(), to=form.cleaned_data["to"])
        return _download(mail, "message/rfc822", f"{name}.eml")
    return _download(xarf_report.document(case, form.reporter).encode(), "application/json", f"{name}.json")


def _download(content: bytes, content_type: str, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type=content_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _page(
    request: HttpRequest, case: AbuseCase, form: AbuseReportForm, hosts: dict[str, object]
) -> HttpResponse:
    contact = queries.contact(case.address)
    context = {
        "case": case,
        "form": form,
        **hosts,
        "lines": letter(case, _NOBODY).split("\n"),
        "contact": contact,
        "to": form["to"].value() or (contact.mails[0] if contact and contact.mails else ""),
        "may_ask": settings.MAILWATCH_RDAP,
        "utc": UTC,
        "is_public": rdap.is_public(ip_address(case.address)),
    }
    status = HTTPStatus.BAD_REQUEST if form.is_bound else HTTPStatus.OK
    return render(request, "abuse_report/abuse_report.html", context, status=status)


@needs(Permission.SHARE)
@require_POST
def abuse_contact(request: HttpRequest, address: str) -> HttpResponse:
    """Ask a registry who answers for the address; it learns the address, and nothing else."""
    plain = _address(address)
    try:
        contact = abuse_contacts.look_up(plain, now=now())
    except abuse_contacts.NotAllowed:
        messages.error(request, say("Registries are not asked: MAILWATCH_RDAP is off."))
    except rdap.NotAsked as refusal:
        messages.error(request, str(refusal))
    else:
        if contact.error:
            messages.error(request, contact.error)
        elif not contact.mails:
            messages.warning(request, say("The registry names nobody for complaints about this network."))
    return redirect("abuse_report", plain)
