"""Texts of other servers: those of the large providers, then those that many servers use.

Grounded in what the providers publish for postmasters, and in texts seen in logs. A provider may change its
words on any day; a text that is not here is explained by its codes.
"""

import re

from ingest.exim.meanings.entry import Known, Where, known

PROVIDERS: tuple[Known, ...] = known(
    Where.ANSWER,
    (
        # Google
        (r"4\.7\.28.{0,120}(?:DKIM|SPF|unauthenticated)|rate limited.{0,200}unauthenticated",
         "Gmail: rate limited, unauthenticated", "Gmail slows the sender down, since SPF or DKIM do not"
         " prove the domain. Publish SPF and sign with DKIM.", "421-4.7.28 Gmail has detected an unusual"
         " rate of mail that is unauthenticated: rate limited", True),
        (r"unusual rate of (?:unsolicited )?(?:mail|email)|4\.7\.28", "Gmail: unusual rate of mail",
         "Too much mail in a short time: the sender is slowed down by Gmail. Find out who sends it; it"
         " ends by itself when the rate falls.", "421-4.7.28 Gmail has detected an unusual rate of"
         " unsolicited mail originating from your IP address", True),
        (r"5\.7\.26.{0,200}DMARC|Unauthenticated email from .{1,255} is not accepted",
         "Gmail: DMARC policy", "The sender's domain is not proven, and that domain asks to refuse such"
         " mail (DMARC). Send through a server that SPF allows or that signs with DKIM.",
         "550-5.7.26 Unauthenticated email from example.com is not accepted due to domain's DMARC policy",
         True),
        (r"5\.7\.26|sender is unauthenticated", "Gmail: sender is unauthenticated",
         "The sender's domain is not proven: Gmail wants SPF or DKIM. Publish SPF and sign with DKIM.",
         "550-5.7.26 This mail has been blocked because the sender is unauthenticated", True),
        (r"likely unsolicited mail|likely suspicious due to the very low reputation",
         "Gmail: likely unsolicited", "Gmail takes the message for spam, by its content or by the"
         " reputation of the sender. Find out whether an account or a script of this server sends spam.",
         "550-5.7.1 Our system has detected that this message is likely unsolicited mail", True),
        (r"5\.7\.25|does not have a PTR record|sending IP does not match", "Gmail: no PTR record",
         "The sending address has no name in the DNS, or the name does not lead back. Set the PTR record"
         " at the provider of the address.", "550-5.7.25 The IP address sending this message does not have"
         " a PTR record setup", True),
        (r"user you are trying to contact is receiving mail", "Gmail: user receives too much",
         "The mailbox gets too much mail at the moment. It goes through later.",
         "450-4.2.1 The user you are trying to contact is receiving mail too quickly"),
        (r"email account that you tried to reach is (?:over quota|disabled)|out of storage space",
         "Gmail: mailbox full or disabled", "The mailbox is full or disabled. Only its owner can change"
         " that.", "452-4.2.2 The email account that you tried to reach is over quota"),
        (r"email account that you tried to reach does not exist", "Gmail: account does not exist",
         "The mailbox does not exist. Compare the address letter by letter.",
         "550-5.1.1 The email account that you tried to reach does not exist"),
        (r"violates .{0,255}email policy|\bgcdp\b", "Google: policy of the domain",
         "A rule that the recipient's own administrator made refuses it. Only they can change it.",
         "550 5.7.1 This message violates example.com email policy. - gcdp"),
        # Microsoft
        (r"\bA?S3150\b|part of their network is on our block list", "Microsoft: S3150",
         "A blocklist of Microsoft (Outlook, Hotmail) names the server that sends, or its network. Stop"
         " the spam first, then ask Microsoft's sender support to lift the block.",
         "550 5.7.1 Unfortunately, messages from [192.0.2.25] weren't sent. Please contact your Internet"
         " service provider since part of their network is on our block list (S3150).", True),
        (r"\bA?S3140\b", "Microsoft: S3140", "A blocklist of Microsoft (Outlook, Hotmail) names the server"
         " that sends. Stop the spam first, then ask Microsoft's sender support to lift the block.",
         "550 5.7.1 Unfortunately, messages from [192.0.2.25] weren't sent (S3140).", True),
        (r"\bRP-00[0-9]", "Microsoft: RP-001", "Too much mail in a short time: Microsoft (Outlook,"
         " Hotmail) slows the sender down by its reputation. Find out who sends it.",
         "421 RP-001 (BAY0-MC1-F1) Unfortunately, some messages from 192.0.2.25 weren't sent", True),
        (r"\b(?:SC|DY|OU)-00[0-9]", "Microsoft: SC-001, DY-001, OU-001",
         "Microsoft (Outlook, Hotmail) blocks the sending address: SC by content or reputation, DY because"
         " it looks like a home connection, OU by policy. Repair the cause, then ask Microsoft's sender"
         " support.", "550 SC-001 (SNT004-MC1F1) Unfortunately, messages from 192.0.2.25 weren't sent",
         True),
        (r"5\.7\.515", "Microsoft: 5.7.515", "The sender's domain does not meet Microsoft's demands on"
         " large senders: SPF, DKIM and DMARC must all be there and pass. Set them up for the domain.",
         "550 5.7.515 Access denied, sending domain example.com does not meet the required authentication"
         " level", True),
        (r"5\.7\.509", "Microsoft: 5.7.509", "The sender's domain is not proven, and that domain asks to"
         " refuse such mail (DMARC). Send through a server that SPF allows or that signs with DKIM.",
         "550 5.7.509 Access denied, sending domain example.com does not pass DMARC verification", True),
        (r"5\.7\.60[6-9]|5\.7\.6[1-4][0-9]|banned sending IP|5\.7\.511", "Microsoft: banned sending IP",
         "Microsoft 365 has banned the sending address. Stop the spam first, then ask for removal at"
         " Microsoft's delist page.", "550 5.7.606 Access denied, banned sending IP [192.0.2.25]", True),
        (r"5\.7\.50[1-8]|5\.7\.512|spam abuse detected|banned sender", "Microsoft: spam abuse",
         "Microsoft 365 has seen spam from this sender and refuses it. Find out which account sends.",
         "550 5.7.501 Access denied, spam abuse detected", True),
        (r"5\.7\.70[0-9]|5\.7\.750|exceeded threshold", "Microsoft: tenant blocked",
         "The Microsoft 365 customer that sends is blocked for too much or suspicious mail. Its"
         " administrator must act.", "550 5.7.705 Access denied, tenant has exceeded threshold", True),
        (r"4\.7\.(?:500|6[0-9]{2}|8[0-9]{2})|\(AS ?(?:843|844|77[0-9]{2})\)"
         r"|server busy\. please try again later", "Microsoft: server busy",
         "Microsoft asks to wait, often since it does not know the sender well yet. It goes through later"
         " unless the rate stays high.", "451 4.7.500 Server busy. Please try again later from"
         " [192.0.2.25]. (AS843)"),
        (r"5\.7\.57\b|client was not authenticated", "Microsoft: client not authenticated",
         "The server wants a login before it takes mail. Set up the login of whoever sends.",
         "530 5.7.57 Client not authenticated to send mail"),
        (r"5\.7\.64\b|TenantAttribution", "Microsoft: relay access denied",
         "Microsoft 365 does not relay for this server. The connector of that customer must be repaired.",
         "550 5.7.64 TenantAttribution; Relay Access Denied"),
        (r"5\.7\.520|external forwarding", "Microsoft: no external forwarding",
         "The organisation does not allow automatic forwarding to the outside. Its administrator can.",
         "550 5.7.520 Access denied, Your organization does not allow external forwarding"),
        (r"5\.4\.1\b.{0,60}access denied|RecipientNotFound|RESOLVER\.ADR", "Microsoft: recipient not found",
         "The mailbox does not exist in that Microsoft 365 domain. Compare the address letter by letter.",
         "550 5.4.1 Recipient address rejected: Access denied"),
        (r"5\.1\.8\b.{0,60}(?:access denied|outbound)|bad outbound sender",
         "Microsoft: bad outbound sender", "Microsoft has blocked the account that sends, since it sent"
         " spam. Secure the account, then release it.", "550 5.1.8 Access denied, bad outbound sender",
         True),
        # Yahoo, AOL, Verizon: one service
        (r"\[TSS?0?[1-4]\]|TSS04|due to (?:unexpected volume or )?user complaints", "Yahoo: TSS04",
         "Yahoo (also AOL) slows the sender down: too much mail, or complaints of its users. Find out who"
         " sends it, and wait some hours.", "421 4.7.0 [TSS04] Messages from 192.0.2.25 temporarily"
         " deferred due to unexpected volume or user complaints", True),
        (r"TSS?0?9\b|TSS?1[01]\b|permanently deferred", "Yahoo: TSS09", "Yahoo (also AOL) refuses this"
         " address for good, whatever is tried. Stop the spam, then ask Yahoo's sender support.",
         "553 5.7.2 [TSS09] All messages from 192.0.2.25 will be permanently deferred; Retrying will NOT"
         " succeed", True),
        (r"554 (?:delivery error: )?dd |this user doesn't have a (?:yahoo|aol)\S* account",
         "Yahoo: no such account", "The mailbox does not exist. Compare the address letter by letter.",
         "554 delivery error: dd This user doesn't have a yahoo.com account"),
        (r"\[BL2[0-9]\]|\[GL01\]|\(PH01\)|Message not accepted for policy reasons", "Yahoo: policy reasons",
         "Yahoo (also AOL) refuses by policy: a blocklist names the server that sends, or the content"
         " looks like phishing. Its error page names the code.", "553 5.7.1 [BL21] Connections will not be"
         " accepted from 192.0.2.25, because the ip is in Spamhaus's list", True),
        (r"554 RTR:|\bRLY:B[0-9]|421 DYN:T[0-9]|\bHVU:B[0-9]|CON:B[0-9]", "AOL: RTR, RLY, HVU",
         "AOL (now Yahoo) refuses by reputation: RTR and CON the address, RLY a relay, HVU a link in the"
         " text. Find out who sends it.", "554 RTR:BL", True),
        # Apple
        (r"\[(?:CS0[0-9]|HM0[0-9])\]", "iCloud: CS01, HM08", "Apple (iCloud) refuses by its own rules:"
         " reputation, content or a link in the text. Check SPF, DKIM and the content, then write to"
         " Apple's postmaster.", "550 5.7.1 [CS01] Message rejected due to local policy. Please visit"
         " https://support.apple.com/en-us/HT204137", True),
        (r"HT204137", "iCloud: postmaster page", "Apple (iCloud) names its rules for senders. The text"
         " before the link says what was wrong.", "421 4.7.1 Messages to bob@icloud.com deferred due to"
         " excessive volume. Try again later - https://support.apple.com/en-us/HT204137"),
        # GMX, web.de, mail.com, IONOS
        (r"Nemesis ESMTP|postmaster\.(?:gmx|web|mail)\.(?:net|de|com)|mail\.gmx\.(?:net"
         r"|com)/senderguidelines", "GMX, web.de: Nemesis", "GMX or web.de refuses the connection or the"
         " message. The link in the text says why, for instance a blocklist that names the server that"
         " sends or a missing PTR record.", "554-gmx.net (mxgmx104) Nemesis ESMTP Service not available",
         True),
        (r"Reject due to SPF policy", "GMX, web.de: SPF policy", "The sender's domain does not allow this"
         " server (SPF). Add the server to the domain's SPF record.", "550 Reject due to SPF policy. The"
         " originating IP of the message is not permitted by the domain owner", True),
        # Filters in front of many domains
        (r"blocked (?:- see |using ).{0,40}(?:proofpoint|pphosted)|ipcheck\.proofpoint|\bPDR\b"
         r"|proofpoint dynamic reputation", "Proofpoint: dynamic reputation",
         "A blocklist of Proofpoint names the server that sends; Apple and many companies use it. Stop the"
         " spam, then ask at ipcheck.proofpoint.com.", "554 5.7.0 Blocked - see"
         " https://ipcheck.proofpoint.com/?ip=192.0.2.25", True),
        (r"internal resource (?:is )?temporarily unavailable", "Mimecast: greylisted",
         "The sender is asked to try again later: greylisting of Mimecast. Nothing to do.",
         "451 Internal resource temporarily unavailable -"
         " https://community.mimecast.com/docs/DOC-1369#451"),
        (r"community\.mimecast|mimecast|envelope blocked|administrative prohibition", "Mimecast",
         "The filter Mimecast in front of the recipient refuses by a rule. The recipient's administrator"
         " can see which.", "550 Administrative prohibition - envelope blocked -"
         " https://community.mimecast.com/docs/DOC-1369#550"),
        (r"barracudacentral|barracuda ?networks|blocked using Barracuda|\bBRBL\b|bl\.barracuda",
         "Barracuda", "A blocklist of Barracuda names the server that sends. Stop the spam, then ask for"
         " removal at barracudacentral.org.", "550 permanent failure: Client host [192.0.2.25] blocked"
         " using Barracuda Reputation; http://www.barracudanetworks.com/reputation/", True),
        (r"csi\.cloudmark|cloudmark", "Cloudmark", "A blocklist of Cloudmark names the server that sends;"
         " many providers use it. Stop the spam, then ask at csi.cloudmark.com.",
         "550 5.7.1 Client host blocked, see https://csi.cloudmark.com/reset-request/?ip=192.0.2.25", True),
        (r"spamhaus", "Spamhaus", "A blocklist of Spamhaus names the server that sends, or a link in the"
         " text. Look it up at check.spamhaus.org, stop the spam, then ask for removal.",
         "554 5.7.1 Service unavailable; Client host [192.0.2.25] blocked using zen.spamhaus.org", True),
        (r"spamcop", "SpamCop", "A blocklist of SpamCop names the server that sends, since people reported"
         " spam. It ends by itself about a day after the last report.",
         "550 5.7.1 Blocked - see https://www.spamcop.net/bl.shtml?192.0.2.25", True),
        (r"\bsorbs\b|uceprotect|\babusix\b|senderscore|invaluement|psbl\b|dnsbl\.|\brbl\b",
         "another blocklist", "A blocklist names the server that sends. The text names the list; its page"
         " says why and how to be removed.", "550 5.7.1 blocked using dnsbl.example.net", True),
        # Others
        (r"help\.mail\.ru|spam message rejected", "mail.ru: spam message rejected",
         "The message is taken for spam by mail.ru. Find out who sends it; the link in the text leads to"
         " its form.", "550 spam message rejected. Please visit http://help.mail.ru/notspam-support/id",
         True),
        (r"\b(?:BL|RL|ES|PH|DM)0[01]{5}\b|postmaster\.comcast|xfinity", "Comcast: BL000001",
         "Comcast names its reason by a code: BL a blocklist, RL too much mail, ES a home connection, PH"
         " phishing, DM DMARC. Its postmaster page explains each.", "554 resimta-po-01v.sys.comcast.net"
         " 192.0.2.25 Comcast block for spam. BL000001", True),
        (r"\bOFR_?[0-9]{3}|\bofr_[0-9]+|wanadoo", "Orange: OFR", "Orange (Wanadoo) names its reason by a"
         " code: 506 spam, 999 and 104 too much or suspicious mail, 416 no such mailbox. Send less, and"
         " see its postmaster page.", "550 5.2.0 Mail rejete. Mail rejected. OFR_506 [506]", True),
        (r"\bLPN0?[0-9]", "La Poste: LPN", "La Poste (laposte.net) refuses, with its own code. Send less,"
         " and see its postmaster page.", "550 5.5.0 Service refuse. Veuillez essayer plus tard. service"
         " refused, please try later. LPN007_510", True),
        (r"postmaster\.free\.fr|too many (?:spams?|errors?) from your ip", "Free: too many spams",
         "Free (free.fr) blocks the sending address for spam. Stop the spam, then see postmaster.free.fr.",
         "550 spam detected, too many spams from your IP (192.0.2.25), please visit"
         " http://postmaster.free.fr/", True),
        (r"t-online|tosa\.rx|rbl-t-online", "T-Online", "T-Online blocks addresses that it does not know"
         " or that sent spam. Write to its postmaster address that the text names.",
         "554 IP=192.0.2.25 - A problem occurred. Ask your postmaster for help or to contact"
         " tosa@rx.t-online.de to clarify.", True),
    ),
    re.IGNORECASE | re.DOTALL,
)  # fmt: skip

COMMON: tuple[Known, ...] = known(
    Where.ANSWER,
    (
        (r"relay(?:ing)? (?:is )?(?:not (?:permitted|allowed)|denied|access denied)|relay access denied"
         r"|not permitted to relay|we do not relay", "relay not permitted",
         "The server takes no mail for this recipient from this client (no relaying). As it should be,"
         " unless the client is one of its own.", "550 relay not permitted", False),
        (r"blocked using|black ?list|block ?list|dnsbl|poor reputation|low reputation|listed (?:at|in|by"
         r"|on)|is in an? .{0,20}list", "blocklist", "A blocklist names the server that sends. The text"
         " names the list; its page says why.", "554 5.7.1 Client host [192.0.2.25] blocked using"
         " bl.example.net", True),
        (r"rate.?limit|too many messages|throttl|too many connections|too much mail|excessive (?:volume"
         r"|rate)|sending limit|exceeded the max|quota.{0,20}(?:per hour|hourly)", "rate limited",
         "Too much mail in a short time: the sender is slowed down. Find out who sends it.",
         "450 4.7.1 Error: too much mail from 192.0.2.25", True),
        (r"gr[ae]y-?list", "greylisted", "The sender is asked to try again later (greylisting). Nothing to"
         " do; it goes through at the next attempt.", "451 4.7.1 Greylisted, please try again"),
        (r"\b[45]\.2\.2\b|mailbox (?:is )?full|over ?quota|quota exceeded|exceeded (?:storage|disk"
         r"|mailbox)|insufficient (?:disk|storage)", "mailbox full",
         "The mailbox is full. Its owner must make room.", "552 5.2.2 mailbox full"),
        (r"\b5\.1\.[01]\b|user unknown|unknown user|no such (?:user|mailbox|recipient|person|address)"
         r"|does not exist|(?:mailbox|user) (?:unavailable|not found)|invalid (?:mailbox|recipient)"
         r"|unknown (?:recipient|address)|not our customer|no mailbox|recipient (?:not found|rejected)",
         "user unknown", "The mailbox does not exist. Compare the address letter by letter; many such"
         " answers mean a bought or guessed list.", "550 5.1.1 User unknown"),
        (r"\b5\.2\.1\b|(?:account|mailbox|user) .{0,20}(?:disabled|inactive|suspended|locked)",
         "mailbox disabled", "The mailbox is disabled. Only its provider can change that.",
         "550 5.2.1 mailbox disabled"),
        (r"\bspf\b", "SPF", "The sender's domain is not proven: it does not allow this server (SPF). Add"
         " the server to the domain's SPF record.", "550 5.7.23 SPF validation failed"),
        (r"\bdkim\b|\bdmarc\b", "DKIM, DMARC", "The sender's domain is not proven (DKIM, DMARC). Sign"
         " outgoing mail and publish the key.", "550 5.7.1 rejected by DMARC policy"),
        (r"\bspam\b|junk|message content|content (?:rejected|denied)|AUP#|unsolicited|bulk mail|virus"
         r"|malware|phish", "taken for spam", "The message is taken for spam, or worse. Find out who sends"
         " it and what.", "554 5.7.1 Message rejected as spam", True),
        (r"sender verif\w+ failed|could not verify sender|verify sender", "sender verify failed",
         "The sender's address does not exist, as far as can be told.", "550 Sender verify failed"),
        (r"sender (?:address )?(?:rejected|refused|denied)|domain of sender|sender domain",
         "sender rejected", "The server does not take mail from this sender's address or domain.",
         "550 5.1.8 Sender address rejected: Domain not found"),
        (r"(?:reverse|rdns|ptr)\b.{0,40}(?:fail|missing|lookup|record|require|not found|no )|no (?:ptr"
         r"|reverse)|cannot find your (?:reverse )?hostname", "no reverse DNS",
         "The sending address has no name in the DNS, or the name does not lead back. Set the PTR record"
         " at the provider of the address.", "450 4.7.1 Client host rejected: cannot find your reverse"
         " hostname", True),
        (r"\bhelo\b|\behlo\b", "HELO", "The server does not accept the name that the client gave itself.",
         "550 5.7.1 Helo command rejected: Host not found"),
        (r"message (?:is )?too (?:big|large)|message size|size limit|5\.3\.4", "message too large",
         "The message is too large for the other server.", "552 5.3.4 Message too big"),
        (r"too many recipients", "too many recipients", "More recipients at once than the server takes.",
         "452 4.5.3 Too many recipients"),
        (r"must issue a? ?STARTTLS|requires? (?:TLS|encryption)|TLS (?:is )?required|encryption required",
         "TLS required", "The server takes this only over an encrypted connection.",
         "530 5.7.0 Must issue a STARTTLS command first"),
        (r"auth\w* (?:is )?required|authenticate first|must be authenticated|please (?:log ?in|auth)"
         r"|authentication (?:before|needed)|no auth", "login required", "The server wants a login first.",
         "530 5.7.0 Authentication required"),
        (r"incorrect authentication|authentication (?:failed|failure|unsuccessful|credentials invalid)"
         r"|bad (?:username|password)|535[ -]", "login refused",
         "The login was refused: user name or password are wrong.", "535 5.7.8 Authentication failed"),
        (r"unable to authenticate", "login could not be checked",
         "The login could not be checked just now.", "435 Unable to authenticate at present"),
        (r"access denied|not authori[sz]ed|not (?:allowed|permitted)|administrative(?:ly)? prohibit|policy"
         r"|prohibited|forbidden|banned|local reject|denied", "refused by a rule",
         "A rule of the server refuses it. The text is all that is known.", "550 5.7.1 Access denied"),
        (r"try (?:again )?later|temporar|please retry|service (?:not |un)available|busy|resources|overload"
         r"|come back", "try again later", "The sender is asked to try again later.",
         "451 4.3.0 Temporary problem, try again later"),
        (r"unrecogni[sz]ed command|syntax error|bad sequence|command not|protocol", "command not accepted",
         "The server did not accept a command.", "500 5.5.1 unrecognized command"),
    ),
    re.IGNORECASE | re.DOTALL,
)  # fmt: skip

ACCEPTED: tuple[Known, ...] = known(
    Where.ANSWER,
    (
        (r"\bid=[0-9A-Za-z]{6}-[0-9A-Za-z]{6,11}-", "id= (Exim)", "The next server is Exim too; id= is its"
         " own id for the message. Ask its postmaster with that id.", "250 OK id=1vwZZZ-00000000009-0002"),
        (r"queued mail for delivery", "Queued mail for delivery (Microsoft)",
         "Microsoft has taken the message. Whether it reaches the inbox is not said.",
         "250 2.6.0 <a@example.com> [InternalId=1, Hostname=x] Queued mail for delivery"),
        (r"\bgsmtp\b", "gsmtp (Google)", "Google has taken the message. Whether it reaches the inbox is"
         " not said.", "250 2.0.0 OK  1700000000 a1-20020a05 - gsmtp"),
        (r"ok dirdel", "ok dirdel (Yahoo)", "Yahoo has taken the message. Whether it reaches the inbox is"
         " not said.", "250 ok dirdel"),
        (r"queued as (?:\S+)|queued for delivery|queued\b", "queued as",
         "The next server has taken the message and names its own id for it. Ask its postmaster with that"
         " id.", "250 2.0.0 Ok: queued as ABC123"),
        (r"message accepted for delivery", "Message accepted for delivery",
         "The next server has taken the message. The word before is its own id for it.",
         "250 2.0.0 a1B2c3 Message accepted for delivery"),
        (r"\bqp [0-9]+", "qp", "The next server (qmail) has taken the message and names its own numbers"
         " for it.", "250 ok 1700000000 qp 4711"),
        (r"\bsaved\b|delivered|mail accepted", "Saved", "The mailbox server has stored the message.",
         "250 2.0.0 <bob@example.org> abc Saved"),
    ),
    re.IGNORECASE,
)  # fmt: skip
