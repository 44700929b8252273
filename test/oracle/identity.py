"""Canonical identities, epochs and DER(IBEIdentityInfo). Profile 2.3."""
import calendar
import re
import time as clock

import der

# Profile 2.3: the UUID arc of urn:li-ibake:mikey-identity:v1.
IDENTITY_TYPE = '2.25.121698714555808039573330697175064966403.1'
UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!~*'()")
# RFC 1035 2.3.4 with RFC 3261 25.1 (hostname, whose top label begins with a letter).
LABEL = re.compile(r'[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?')
USER = re.compile(r"(?:[A-Za-z0-9\-_.!~*'()&=+$,;?/]|%[0-9A-Fa-f]{2})+")
PARAMETER_CHARACTERS = r"(?:[A-Za-z0-9\-_.!~*'()\[\]/:&+$]|%[0-9A-Fa-f]{2})+"
SIP_PARAMETER = re.compile(rf'{PARAMETER_CHARACTERS}(?:={PARAMETER_CHARACTERS})?')
TEL_PARAMETER = re.compile(rf'[A-Za-z0-9-]+(?:={PARAMETER_CHARACTERS})?')
# RFC 4282 2.1
ATOM = r"[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+"
NAI = re.compile(rf'{ATOM}(?:\.{ATOM})*')


class Refused(Exception):
    pass


def _domain(host):
    """The canonical form has no trailing dot; who enters one means the same host (docs/spec-notes.md)."""
    host = host.lower().removesuffix('.')
    labels = host.split('.')
    if len(host) > 253 or not all(map(LABEL.fullmatch, labels)) or not labels[-1][0].isalpha():
        raise Refused('host')
    return host


def _escape(match):
    value = int(match[0][1:], 16)
    return chr(value) if value in UNRESERVED else match[0].upper()


def _sip(rest):
    user, at, rest = rest.partition('@')
    if not at or not USER.fullmatch(user):                      # a password has a colon, which no user has
        raise Refused('user')
    rest, _, headers = rest.partition('?')
    address, *parameters = rest.split(';')
    host, colon, port = address.partition(':')
    if (colon and not re.fullmatch(r'[0-9]{1,5}', port)) or '@' in headers:
        raise Refused('port')
    if not all(map(SIP_PARAMETER.fullmatch, parameters)):
        raise Refused('parameter')
    text = f'sip:{re.sub(r"%..", _escape, user)}@{_domain(host)}'
    named = [parameter.partition('=') for parameter in parameters]
    devices = [value for name, _, value in named if name.lower() == 'gr']
    if len(devices) > 1 or '' in devices:
        raise Refused('gr')
    return text + ''.join(f';gr={value}' for value in devices)


def _tel(rest):
    number, *parameters = rest.split(';')
    digits = re.sub(r'[-.()]', '', number)
    if not number.startswith('+') or not re.fullmatch(r'\+[0-9]{1,15}', digits):
        raise Refused('number')
    for parameter in parameters:
        if not TEL_PARAMETER.fullmatch(parameter):
            raise Refused('parameter')
        if parameter.partition('=')[0].lower() in ('ext', 'isub', 'postd', 'phone-context'):
            raise Refused('parameter')
    return f'tel:{digits}'


def canonical(text):
    """(id type, canonical text) or a refusal."""
    if not re.fullmatch(r'[\x21-\x7E]+', text):
        raise Refused('octets')
    scheme, colon, rest = text.partition(':')
    if colon and scheme.lower() in ('sip', 'sips'):
        return 1, _limited(_sip(rest))
    if colon and scheme.lower() == 'tel':
        return 1, _limited(_tel(rest))
    user, at, realm = text.partition('@')
    if not at or not NAI.fullmatch(user):
        raise Refused('nai')
    return 0, _limited(f'{user}@{_domain(realm)}')


def _limited(text):
    if len(text) > 255:
        raise Refused('length')
    return text


def user_of(text):
    """The user of a device identity: the same string without gr, which stands behind the host."""
    user, at, host = text.partition('@')
    return user + at + host.split(';gr=')[0]


def ntp_to_unix(t):
    """64-bit NTP as octets, to whole seconds of Unix time; era 1 begins in 2036 (RFC 4330 3)."""
    seconds = int.from_bytes(t[:4], 'big')
    return seconds - 2208988800 if seconds & 0x80000000 else seconds + 2085978496


def key_epoch(unix, interval):
    return unix // interval * interval


def generalized(unix):
    return clock.strftime('%Y%m%d%H%M%SZ', clock.gmtime(unix))


def from_generalized(text):
    return calendar.timegm(clock.strptime(text, '%Y%m%d%H%M%SZ'))


def identity_info(district, serial, id_type, identity, epoch):
    """DER(IBEIdentityInfo), the input of H1; `epoch` in Unix seconds."""
    data = der.sequence(der.integer(id_type), der.ia5(identity), der.time(generalized(epoch)))
    return der.sequence(der.ia5(district), der.integer(serial), der.oid(IDENTITY_TYPE), der.octets(data))
