"""The configuration of the case that the project began with, as published; the dump is shortened."""

EXIM_BP = """\
accept_8bitmime
acl_smtp_rcpt = acl_check_rcpt
no_allow_mx_to_ip
auth_advertise_hosts = *
log_selector = +smtp_protocol_error +smtp_syntax_error +tls_certificate_verified +tls_peerdn
no_log_timezone
mysql_servers = localhost/system/exim/mypassw
never_users =
primary_hostname = srv1.mydomain.com
qualify_domain = mydomain.com
qualify_recipient = mydomain.com
smtp_accept_queue_per_connection = 10
write_rejectlog
"""

AS_FOUND = """\
plain:
driver                          = plaintext
public_name                     = PLAIN
server_advertise_condition      = yes
server_condition                = ${if eq{$3}{${lookup mysql{ SELECT password FROM users WHERE \
CONCAT(username,'@',domain)='${quote_mysql:$2}' AND smtp>0 }}}{yes}{no}}
server_set_id                   = $2
"""

AS_MENDED = """\
plain:
driver                          = plaintext
public_name                     = PLAIN
server_advertise_condition      = yes
server_condition                = ${if and {{!eq{$2}{}}{!eq{$3}{}}{crypteq{$3}{${lookup mysql{SELECT \
password FROM users WHERE user='$2' }{$value}fail}} }} {yes}{no}}
server_set_id                   = $2
"""
