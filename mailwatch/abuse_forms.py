"""Who complains, and to whom."""

from django import forms
from django.utils.translation import gettext_lazy

from mailwatch.abuse import Reporter
from mailwatch.forms import ChosenLogHostForm
from mailwatch.printable import plain


class AbuseReportForm(ChosenLogHostForm):
    """What the report needs besides the log; ``format`` is the button that was pressed."""

    organisation = forms.CharField(max_length=200, label=gettext_lazy("Your organisation"))
    contact = forms.EmailField(max_length=254, label=gettext_lazy("Your address, for answers"))
    to = forms.EmailField(required=False, max_length=254, label=gettext_lazy("Send to"))
    format = forms.ChoiceField(choices=[("arf", "ARF"), ("xarf", "XARF")])

    @property
    def reporter(self) -> Reporter:
        """Of a valid form."""
        return Reporter(plain(self.cleaned_data["organisation"]), self.cleaned_data["contact"])
