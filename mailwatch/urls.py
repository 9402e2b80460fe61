"""Where every page lives. A page has one name: of its module, queries, templates, test and URL."""

from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from mailwatch.views import (
    account,
    address,
    configuration,
    daily,
    domain,
    explain,
    glossary,
    healthz,
    log_hosts,
    message,
    network,
    overview,
    preferences,
    rejection,
    relays,
    remote_host,
    rules,
    runs,
    saved_searches,
    search,
    sender,
    shared,
    sources,
    suggestions,
    theme,
    transport,
    uploads,
    zones,
)

urlpatterns = [
    path("", overview.overview, name="overview"),
    path("movers/", overview.movers, name="movers"),
    # investigate
    path("search/", search.search, name="search"),
    path("search/suggestions/", suggestions.suggestions, name="suggestions"),
    path("search/columns/", saved_searches.columns, name="search_columns"),
    path("search/saved/", saved_searches.saved, name="saved_searches"),
    path("search/saved/save/", saved_searches.save, name="save_search"),
    path("search/saved/<int:saved_id>/remove/", saved_searches.remove, name="remove_saved_search"),
    path("messages/<str:log_host>/<str:message_id>/", message.message, name="message"),
    path("rejections/<str:log_host>/<str:key>/", rejection.rejection, name="rejection"),
    path("senders/<path:address>/", sender.sender, name="sender"),
    path("networks/<path:network>/", network.network, name="network"),
    path("accounts/<path:authenticated_id>/", account.account, name="account"),
    path("addresses/<path:address>/", address.address, name="address"),
    path("domains/<path:domain>/", domain.domain, name="domain"),
    path("transports/<path:transport_name>/", transport.transport, name="transport"),
    path("remote-hosts/<path:address>/", remote_host.remote_host, name="remote_host"),
    path("relays/", relays.relays, name="relays"),
    path("daily/<str:log_host>/", daily.newest, name="newest_daily"),
    path("daily/<str:log_host>/recipients/", daily.recipients, name="daily_recipients"),
    path("daily/<str:log_host>/<str:day>/", daily.daily, name="daily"),
    # text in, answer out
    path("explain/", explain.explain, name="explain"),
    path("configuration/", configuration.configuration, name="configuration"),
    path("configuration/<int:stored_id>/drop/", configuration.drop, name="drop_configuration"),
    path("rules/", rules.rules, name="rules"),
    path("glossary/", glossary.glossary, name="glossary"),
    # files in
    path("uploads/", uploads.uploads, name="uploads"),
    path("uploads/begin/", uploads.begin, name="begin_upload"),
    path("uploads/finish/", uploads.finish, name="finish_uploads"),
    path("uploads/<uuid:upload_id>/", uploads.piece, name="upload_piece"),
    path("uploads/<uuid:upload_id>/discard/", uploads.discard, name="discard_upload"),
    path("runs/", runs.runs, name="runs"),
    path("runs/<int:run_id>/", runs.run, name="run"),
    path("runs/<int:run_id>/cancel/", runs.cancel, name="cancel_run"),
    path("runs/<int:run_id>/retry/", runs.retry, name="retry_run"),
    path("runs/<int:run_id>/undo/", runs.undo, name="undo_run"),
    path("sources/", sources.sources, name="sources"),
    path("sources/<int:source_id>/", sources.source, name="source"),
    path("sources/<int:source_id>/sync/", sources.sync_source, name="sync_source"),
    path("sources/<int:source_id>/pause/", sources.pause_source, name="pause_source"),
    path("sources/<int:source_id>/again/", sources.read_source_again, name="read_source_again"),
    path("sources/<int:source_id>/host-key/", sources.ask_host_key, name="ask_host_key"),
    path("sources/<int:source_id>/host-key/confirm/", sources.confirm_host_key, name="confirm_host_key"),
    path("sources/<int:source_id>/remove/", sources.remove_source, name="remove_source"),
    # what is known of a log host
    path("log-hosts/", log_hosts.log_hosts, name="log_hosts"),
    path("log-hosts/<str:name>/", log_hosts.log_host, name="log_host"),
    path("log-hosts/<str:name>/accounts/", log_hosts.known_accounts, name="known_accounts"),
    path("log-hosts/<str:name>/accounts/forget/", log_hosts.forget_accounts, name="forget_accounts"),
    path("log-hosts/<str:name>/thresholds/", log_hosts.limits, name="limits"),
    path("log-hosts/<str:name>/allow/", log_hosts.allow, name="allow"),
    path("log-hosts/<str:name>/allow/<int:entry_id>/withdraw/", log_hosts.withdraw, name="withdraw"),
    path("zones/<str:log_host>/", zones.zones, name="zones"),
    # hand on
    path("share/", shared.share, name="share"),
    path("shares/", shared.shares, name="shares"),
    path("shares/<int:report_id>/revoke/", shared.revoke, name="revoke"),
    path("shared/<str:token>/", shared.shared, name="shared"),
    # people and machines
    path("login/", LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("preferences/", preferences.preferences, name="preferences"),
    path("theme/", theme.theme, name="theme"),
    path("healthz", healthz.healthz, name="healthz"),
    path("admin/", admin.site.urls),
]

handler400 = "mailwatch.views.errors.bad_request"
handler403 = "mailwatch.views.errors.permission_denied"
handler404 = "mailwatch.views.errors.not_found"
handler500 = "mailwatch.views.errors.server_error"
