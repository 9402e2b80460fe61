"""A whole configuration as Exim's example has it, and pieces to put into it."""

WHOLE = """\
primary_hostname = mx.example.org
qualify_domain = example.org
domainlist local_domains = @ : example.org
domainlist relay_to_domains =
hostlist relay_from_hosts = localhost
acl_smtp_rcpt = acl_check_rcpt
acl_smtp_data = acl_check_data
log_selector = +received_recipients +incoming_port +incoming_interface +smtp_no_mail +arguments
log_timezone = true
host_lookup =
tls_advertise_hosts =
never_users =
keep_environment =
begin acl
acl_check_rcpt:
  accept  hosts = :
          control = dkim_disable_verify
  deny    message = restricted characters in address
          domains = +local_domains
          local_parts = ^[.] : ^.*[@%!/|]
  deny    message = restricted characters in address
          domains = !+local_domains
          local_parts = ^[./|] : ^.*[@%!] : ^.*/\\\\.\\\\./
  accept  local_parts = postmaster
          domains = +local_domains
  require verify = sender
  deny    authenticated = *
          ratelimit = 100 / 1h / strict / per_rcpt / $authenticated_id
  accept  hosts = +relay_from_hosts
          control = submission
          control = dkim_disable_verify
  accept  authenticated = *
          control = submission
          control = dkim_disable_verify
  require message = relay not permitted
          domains = +local_domains : +relay_to_domains
  require verify = recipient
  accept
acl_check_data:
  accept
begin routers
dnslookup:
  driver = manualroute
  domains = ! +local_domains
  transport = remote_smtp
  route_list = * 127.0.0.1
  self = send
localuser:
  driver = accept
  transport = local_delivery
begin transports
remote_smtp:
  driver = smtp
local_delivery:
  driver = appendfile
  file = /dev/null
  user = mail
begin retry
* * F,2h,15m
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_condition = ${if and{{!eq{$auth2}{}}{!eq{$auth3}{}}\\
    {crypteq{$auth3}{${lookup{$auth2}lsearch{/etc/exim4/passwd}{$value}fail}}}}}
  server_set_id = $auth2
  server_advertise_condition = ${if def:tls_in_cipher}
"""
"""Nothing in it is bad."""


def changed(*pairs: tuple[str, str]) -> str:
    """The whole configuration with texts replaced; each of them stands in it."""
    text = WHOLE
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


def with_list(kind: str, name: str, value: str) -> str:
    """The whole configuration with another value of a named list."""
    lines = [
        f"{kind} {name} = {value}" if line.startswith(f"{kind} {name} ") else line
        for line in WHOLE.splitlines()
    ]
    return "\n".join(lines) + "\n"


def with_acl(statements: str) -> str:
    """The whole configuration with another list for recipients."""
    before, rest = WHOLE.split("acl_check_rcpt:\n", 1)
    return f"{before}acl_check_rcpt:\n{statements}\nacl_check_data:{rest.split('acl_check_data:', 1)[1]}"
