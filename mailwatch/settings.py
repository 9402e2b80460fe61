"""Every setting, read from the environment; the defaults serve one machine.

The variables are described in docs/operations.md.
"""

from pathlib import Path

from celery.schedules import crontab
from django.core.exceptions import ImproperlyConfigured
from django.utils.csp import CSP

from mailwatch import env
from mailwatch.outgoing import read_entries
from mailwatch.standalone import places

BASE_DIR = Path(__file__).resolve().parents[1]

# Where everything lives that is not code.
MAILWATCH_HOME = env.directory("MAILWATCH_HOME", BASE_DIR / "var")
MAILWATCH_HOME.mkdir(mode=0o700, parents=True, exist_ok=True)

DEBUG = env.flag("MAILWATCH_DEBUG", default=False)
SECRET_KEY = env.secret("MAILWATCH_SECRET_KEY") or env.kept_secret(MAILWATCH_HOME / "secret_key")
# Encrypts passwords and keys of sources; of its own, so that the other can be changed without losing them.
MAILWATCH_CREDENTIALS_KEY = env.secret("MAILWATCH_CREDENTIALS_KEY") or SECRET_KEY
# This machine may always ask by its own names, as health checks do.
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]", *env.names("MAILWATCH_ALLOWED_HOSTS", "")]
CSRF_TRUSTED_ORIGINS = env.names("MAILWATCH_TRUSTED_ORIGINS", "")

# The port of `make run`, which listens on this machine only unless an address is given.
MAILWATCH_PORT = env.integer("MAILWATCH_PORT", 8000, minimum=1)
MAILWATCH_LISTEN = env.text("MAILWATCH_LISTEN", "127.0.0.1")
MAILWATCH_WORKERS = env.integer("MAILWATCH_WORKERS", 0)  # worker processes; 0: by cores and memory

# Files that tell the country and the network (AS) of an address; nothing is asked over the network.
MAILWATCH_COUNTRY_DB = env.directory("MAILWATCH_COUNTRY_DB", BASE_DIR / "ingest/countries/countries.mmdb")
MAILWATCH_ASN_DB = env.path("MAILWATCH_ASN_DB")

# Seconds after which a piece of a log is taken up by another worker, unless the one at work commits meanwhile.
MAILWATCH_LEASE = env.integer("MAILWATCH_LEASE", 60, minimum=2)

# Thresholds of the rules that differ from the defaults, on all log hosts: NAME=VALUE, as docs/rules.md names them.
MAILWATCH_LIMITS = env.pairs("MAILWATCH_LIMITS")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "django_htmx",
    "ingest",
    "mailwatch",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.usersessions",
]

MIDDLEWARE = [
    # what holds for every answer: static files and errors too
    "mailwatch.views.errors.kept_by_nobody",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "mailwatch.reader.ReaderMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "mailwatch.access.AccessMiddleware",
    "mailwatch.trail.TrailMiddleware",
    "mailwatch.sign_in.SignedInMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "mailwatch.views.errors.without_nul",
]

ROOT_URLCONF = "mailwatch.urls"
WSGI_APPLICATION = "mailwatch.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "mailwatch.access.can",
            ],
        },
    },
]

# Without DATABASE_URL the embedded PostgreSQL in the home is used, by its socket.
DATABASE_IS_EMBEDDED = env.secret("DATABASE_URL") is None
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        **(env.database("DATABASE_URL") or places.database(MAILWATCH_HOME)),
    },
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

BROKER_IS_EMBEDDED = env.secret("CELERY_BROKER_URL") is None
CELERY_BROKER_URL = env.secret("CELERY_BROKER_URL") or places.broker_url(MAILWATCH_HOME)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 600_000  # KiB: a process that holds more is replaced after its task
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE_FILENAME = str(MAILWATCH_HOME / "beat-schedule")
CELERY_BEAT_SCHEDULE = {
    # A shared report that has ended keeps no mail data.
    "empty closed reports": {"task": "mailwatch.tasks.empty_closed_reports", "schedule": 3600.0},
    "forget old trail": {"task": "mailwatch.tasks.forget_old_trail", "schedule": 3600.0},
    "forget attempts": {"task": "mailwatch.tasks.forget_attempts", "schedule": 3600.0},
    "discard expired uploads": {"task": "mailwatch.tasks.discard_expired_uploads", "schedule": 3600.0},
    "forget expired bytes": {"task": "ingest.tasks.forget_expired_bytes", "schedule": 3600.0},
    # At night, by UTC: nobody waits for it, but it takes time from reading and from being read.
    "delete by age": {"task": "ingest.tasks.delete_by_age", "schedule": crontab(hour="3", minute="20")},
    "sync sources": {
        "task": "ingest.tasks.sync_sources",
        "schedule": 30.0,
        "options": {"expires": 30.0},
    },
    # A day of a log host is over when its log goes on beyond it, whenever that is.
    "send daily reports": {
        "task": "mailwatch.tasks.send_daily_reports",
        "schedule": 600.0,
        "options": {"expires": 600.0},
    },
    "watch for alerts": {
        "task": "mailwatch.tasks.watch_for_alerts",
        "schedule": 30.0,
        "options": {"expires": 30.0},
    },
    "deliver alerts": {
        "task": "mailwatch.tasks.deliver_alerts",
        "schedule": 15.0,
        "options": {"expires": 15.0},
    },
    "forget alerts": {"task": "mailwatch.tasks.forget_alerts", "schedule": 86_400.0},
    # What a run or a re-evaluation has touched: nobody waits for it, but whoever asks then need not.
    "judge days ahead": {
        "task": "mailwatch.tasks.judge_ahead",
        "schedule": 20.0,
        "options": {"expires": 20.0},
    },
    # What was found since on the suspects of incidents.
    "attach findings": {
        "task": "mailwatch.tasks.attach_findings",
        "schedule": 30.0,
        "options": {"expires": 30.0},
    },
    # A piece whose worker died is taken up again by whoever is free.
    "requeue expired pieces": {
        "task": "ingest.tasks.requeue_expired",
        "schedule": 5.0,
        "options": {"expires": 5.0},
    },
}

# Mails go out by this server; without one nothing is mailed.
MAIL_SERVER = env.text("EMAIL_HOST", "")
MAILERS = {
    "default": {
        "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "OPTIONS": {
            "host": MAIL_SERVER,
            "port": env.integer("EMAIL_PORT", 25, minimum=1),
            "username": env.text("EMAIL_HOST_USER", ""),
            "password": env.secret("EMAIL_HOST_PASSWORD") or "",
            "use_tls": env.flag("EMAIL_USE_TLS", default=False),
            "use_ssl": env.flag("EMAIL_USE_SSL", default=False),
            "timeout": env.integer("EMAIL_TIMEOUT", 30, minimum=1),  # seconds
        },
    },
}
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "mailwatch@localhost")
# Where people reach the pages, for links in mails.
MAILWATCH_URL = env.text("MAILWATCH_URL", "").rstrip("/")

# Whom webhooks may reach: names, and networks, also inside; with http:// before it also without TLS. None: nobody.
MAILWATCH_WEBHOOK_HOSTS = env.names("MAILWATCH_WEBHOOK_HOSTS", "")
try:
    read_entries(MAILWATCH_WEBHOOK_HOSTS)
except ValueError as error:
    raise ImproperlyConfigured(f"MAILWATCH_WEBHOOK_HOSTS: {error}") from error
# An attack is told if its last hit is of these hours, again after as many quiet days; a source after as many minutes.
MAILWATCH_ALERT_RECENT = env.integer("MAILWATCH_ALERT_RECENT", 48, minimum=1)
MAILWATCH_ALERT_QUIET_DAYS = env.integer("MAILWATCH_ALERT_QUIET_DAYS", 7, minimum=1)
MAILWATCH_ALERT_SOURCE_MINUTES = env.integer("MAILWATCH_ALERT_SOURCE_MINUTES", 30, minimum=1)

# Twelve characters, no common password, none like the name; phrases may be as long as one likes.
_PASSWORDS = "django.contrib.auth.password_validation."
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"{_PASSWORDS}UserAttributeSimilarityValidator"},
    {"NAME": f"{_PASSWORDS}MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": f"{_PASSWORDS}CommonPasswordValidator"},
    {"NAME": f"{_PASSWORDS}NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "overview"
LOGOUT_REDIRECT_URL = "account_login"

# Attempts to sign in are counted in the database: all processes share it, and it outlives them (docs/decisions/0023).
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "mailwatch_attempts",
        # beyond this Django throws counts away that still hold
        "OPTIONS": {"MAX_ENTRIES": 1_000_000},
    }
}

# Behind a proxy that speaks https set MAILWATCH_HTTPS=yes; the proxy must set X-Forwarded-Proto itself.
MAILWATCH_HTTPS = env.flag("MAILWATCH_HTTPS", default=False)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if MAILWATCH_HTTPS else None
SECURE_SSL_REDIRECT = MAILWATCH_HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
# Proxies in front, each of which adds the address it was asked from to X-Forwarded-For.
MAILWATCH_PROXIES = env.integer("MAILWATCH_PROXIES", 0)
ALLAUTH_TRUSTED_PROXY_COUNT = MAILWATCH_PROXIES
SECURE_HSTS_SECONDS = 31_536_000 if MAILWATCH_HTTPS else 0
# Whether the whole domain speaks https is for its owner to say, not for one page of it.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = MAILWATCH_HTTPS
# Names that browsers take from this host alone, over https: no neighbour in the domain can set them.
_COOKIES = "__Host-" if MAILWATCH_HTTPS else ""
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = f"{_COOKIES}mailwatch", f"{_COOKIES}mailwatch-form"
# Somebody who opens no page for so long signs in again.
SESSION_COOKIE_AGE = 86_400 * env.integer("MAILWATCH_SESSION_DAYS", 14, minimum=1)
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
SECURE_CSP = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF],
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "form-action": [CSP.SELF],
    "img-src": [CSP.SELF, "data:"],
    "frame-ancestors": [CSP.NONE],
    "base-uri": [CSP.NONE],
    "object-src": [CSP.NONE],
}

# Signing in: django-allauth, without its sign-up. Names of settings are its own.
AUTHENTICATION_BACKENDS = ["mailwatch.reader.PeopleWithPreferences"]
ACCOUNT_ADAPTER = "mailwatch.sign_in.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_FORMS = {
    "login": "mailwatch.sign_in_forms.SignInForm",
    "change_password": "mailwatch.sign_in_forms.ChangeForm",
    "reset_password_from_key": "mailwatch.sign_in_forms.ForgottenForm",
}
# Attempts, refused or not, by address; those that failed, by address and by the name that was typed.
ACCOUNT_RATE_LIMITS = {
    "login": "60/m/ip",
    "login_failed": "6/15m/key",
    "login_failed_by_address": "20/10m/ip",
    "signup": "20/m/ip",
}
# For how long a sign-in, or a password, code or passkey shown once more, is enough to change users.
ACCOUNT_REAUTHENTICATION_TIMEOUT = 60 * env.integer("MAILWATCH_CONFIRM_MINUTES", 15, minimum=1)
MFA_ADAPTER = "mailwatch.sign_in.SecondFactorAdapter"
MFA_FORMS = {
    "authenticate": "mailwatch.sign_in_forms.CodeForm",
    "reauthenticate": "mailwatch.sign_in_forms.CodeAgainForm",
    "activate_totp": "mailwatch.sign_in_forms.AppForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ALLOW_UNVERIFIED_EMAIL = True  # addresses are given by administrators
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_ISSUER = "Mailwatch"
MFA_TOTP_TOLERANCE = 1  # steps of half a minute, for clocks that differ
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not MAILWATCH_HTTPS  # browsers then allow it on http://localhost only
# Roles that must have a second factor or a passkey before anything else.
MAILWATCH_SECOND_FACTOR = env.names("MAILWATCH_SECOND_FACTOR", "")
# Days after which entries of the audit trail are deleted; 0 is never.
MAILWATCH_TRAIL_DAYS = env.integer("MAILWATCH_TRAIL_DAYS", 365)
MAILWATCH_INVITATION_DAYS = env.integer("MAILWATCH_INVITATION_DAYS", 7, minimum=1)
# Days for which a token of the JSON API holds unless somebody chooses, and the most that can be chosen.
MAILWATCH_TOKEN_MOST_DAYS = env.integer("MAILWATCH_TOKEN_MOST_DAYS", 366, minimum=1)
MAILWATCH_TOKEN_DAYS = env.integer("MAILWATCH_TOKEN_DAYS", min(90, MAILWATCH_TOKEN_MOST_DAYS), minimum=1)
if MAILWATCH_TOKEN_DAYS > MAILWATCH_TOKEN_MOST_DAYS:
    raise ImproperlyConfigured("MAILWATCH_TOKEN_DAYS must not be more than MAILWATCH_TOKEN_MOST_DAYS")
# Calls of one token in a minute.
MAILWATCH_API_PER_MINUTE = env.integer("MAILWATCH_API_PER_MINUTE", 120, minimum=1)

# Sign-in by an OpenID Connect provider, where an issuer is given.
MAILWATCH_OIDC_ISSUER = env.text("MAILWATCH_OIDC_ISSUER", "")
MAILWATCH_OIDC_NAME = env.text("MAILWATCH_OIDC_NAME", "single sign-on")
# What new people may do who come by it: nothing until an administrator grants it, or this role and all log hosts.
MAILWATCH_OIDC_ROLE = env.text("MAILWATCH_OIDC_ROLE", "")
MAILWATCH_OIDC_ALL_LOG_HOSTS = env.flag("MAILWATCH_OIDC_ALL_LOG_HOSTS", default=False)
# Or the role that a claim gives, as VALUE=ROLE: to new people, and where the claim is named at each sign-in.
MAILWATCH_OIDC_FOLLOWS = bool(env.text("MAILWATCH_OIDC_CLAIM", ""))
MAILWATCH_OIDC_CLAIM = env.text("MAILWATCH_OIDC_CLAIM", "groups")
MAILWATCH_OIDC_ROLES = env.pairs("MAILWATCH_OIDC_ROLES")
_ROLES = ("reader", "helpdesk", "postmaster", "administrator")
env.checked("MAILWATCH_SECOND_FACTOR", MAILWATCH_SECOND_FACTOR, _ROLES)
env.checked("MAILWATCH_OIDC_ROLE", [MAILWATCH_OIDC_ROLE or "reader"], _ROLES)
env.checked("MAILWATCH_OIDC_ROLES", MAILWATCH_OIDC_ROLES.values(), _ROLES)
SOCIALACCOUNT_ADAPTER = "mailwatch.sign_in.IdentityAdapter"
SOCIALACCOUNT_LOGIN_ON_GET = True  # a form that leads to another site is against our Content-Security-Policy
SOCIALACCOUNT_QUERY_EMAIL = False
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "APPS": [
            {
                "provider_id": "oidc",
                "name": MAILWATCH_OIDC_NAME,
                "client_id": env.text("MAILWATCH_OIDC_CLIENT_ID", ""),
                "secret": env.secret("MAILWATCH_OIDC_CLIENT_SECRET") or "",
                "settings": {"server_url": MAILWATCH_OIDC_ISSUER, "oauth_pkce_enabled": True},
            }
        ]
        if MAILWATCH_OIDC_ISSUER
        else []
    }
}

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("ja", "日本語")]  # those of ingest.languages
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = env.directory("MAILWATCH_STATIC_ROOT", MAILWATCH_HOME / "static")
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": MAILWATCH_HOME / "files"},
    },
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage",
    },
}

# Logs are large: a file of any size goes to disk while it arrives, and only form fields are held in memory.
MAILWATCH_MAX_UPLOAD = env.size("MAILWATCH_MAX_UPLOAD", "20G")
# Larger files arrive in pieces, so that a connection that was lost costs a piece at most.
MAILWATCH_UPLOAD_PIECE = env.size("MAILWATCH_UPLOAD_PIECE", "8M")
MAILWATCH_UPLOAD_EXPIRES = env.integer("MAILWATCH_UPLOAD_EXPIRES", 48, minimum=1)  # hours
MAILWATCH_KEEP_UPLOADS = env.flag("MAILWATCH_KEEP_UPLOADS", default=False)
# Where sources may be: kinds of addresses that fsspec knows, and directories of this machine.
MAILWATCH_SOURCE_SCHEMES = env.names("MAILWATCH_SOURCE_SCHEMES", "file,sftp")
MAILWATCH_SOURCE_DIRECTORIES = env.names("MAILWATCH_SOURCE_DIRECTORIES", "/var/log/exim4,/var/log/exim")
# Of this machine, and of what only its own wire reaches: networks that sources may be on nonetheless.
MAILWATCH_SOURCE_NETWORKS = env.networks("MAILWATCH_SOURCE_NETWORKS")
# What archives and compressed files may unpack to; see ingest.sources.limits.
MAILWATCH_MAX_DEPTH = env.integer("MAILWATCH_MAX_DEPTH", 3, minimum=1)
MAILWATCH_MAX_MEMBERS = env.integer("MAILWATCH_MAX_MEMBERS", 10_000, minimum=1)
MAILWATCH_MAX_MEMBER = env.size("MAILWATCH_MAX_MEMBER", "50G")
MAILWATCH_MAX_UNPACKED = env.size("MAILWATCH_MAX_UNPACKED", "200G")
MAILWATCH_MAX_RATIO = env.integer("MAILWATCH_MAX_RATIO", 250, minimum=1)
# Days after which lines are deleted; a log host may have an age of its own. 0: never.
MAILWATCH_RETENTION = env.integer("MAILWATCH_RETENTION", 0)
# Days for which a shared report is open unless somebody chooses, and the most that can be chosen.
MAILWATCH_SHARE_MOST_DAYS = env.integer("MAILWATCH_SHARE_MOST_DAYS", 31, minimum=1)
MAILWATCH_SHARE_DAYS = env.integer("MAILWATCH_SHARE_DAYS", min(7, MAILWATCH_SHARE_MOST_DAYS), minimum=1)
if MAILWATCH_SHARE_DAYS > MAILWATCH_SHARE_MOST_DAYS:
    raise ImproperlyConfigured("MAILWATCH_SHARE_DAYS must not be more than MAILWATCH_SHARE_MOST_DAYS")
# Who complains in reports to abuse desks, and whether registries may be asked who answers for an address.
MAILWATCH_ORGANISATION = env.text("MAILWATCH_ORGANISATION", "")
MAILWATCH_ABUSE_CONTACT = env.text("MAILWATCH_ABUSE_CONTACT", "")
MAILWATCH_RDAP = env.flag("MAILWATCH_RDAP", default=False)
MAILWATCH_RDAP_URL = env.text("MAILWATCH_RDAP_URL", "https://rdap.org/ip")
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]
FILE_UPLOAD_TEMP_DIR = MAILWATCH_HOME / "arriving"
FILE_UPLOAD_TEMP_DIR.mkdir(mode=0o700, exist_ok=True)
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700
DATA_UPLOAD_MAX_MEMORY_SIZE = env.size("MAILWATCH_MAX_PASTE", "16M")
DATA_UPLOAD_MAX_NUMBER_FILES = 1000

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        "django": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
        "ingest": {"level": "INFO"},
        "mailwatch": {"level": "INFO"},
    },
}
