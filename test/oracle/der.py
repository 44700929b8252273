"""Strict DER, the few types that are needed: written, and read back only in the one canonical encoding."""
INTEGER, OCTETS, OID, IA5, TIME, SEQUENCE = 0x02, 0x04, 0x06, 0x16, 0x18, 0x30


def tlv(tag, content):
    if len(content) < 128:
        return bytes([tag, len(content)]) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, 'big')
    return bytes([tag, 0x80 | len(length)]) + length + content


def integer(value):
    """Non-negative, minimal."""
    assert value >= 0
    return tlv(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, 'big'))


def oid(text):
    arcs = [int(arc) for arc in text.split('.')]
    content = b''
    for arc in [40 * arcs[0] + arcs[1], *arcs[2:]]:
        septets = [arc & 0x7F]
        while arc := arc >> 7:
            septets.append(0x80 | arc & 0x7F)
        content += bytes(reversed(septets))
    return tlv(OID, content)


def octets(value):
    return tlv(OCTETS, value)


def ia5(text):
    return tlv(IA5, text.encode('ascii'))


def time(text):
    assert len(text) == 15 and text.endswith('Z')
    return tlv(TIME, text.encode('ascii'))


def sequence(*parts):
    return tlv(SEQUENCE, b''.join(parts))


class BadDer(Exception):
    pass


def read(data):
    """(tag, content, rest) of the first element; definite minimal lengths only."""
    if len(data) < 2:
        raise BadDer
    tag, length, start = data[0], data[1], 2
    if length & 0x80:
        count = length & 0x7F
        start += count
        length = int.from_bytes(data[2:start], 'big')
        if count == 0 or len(data) < start or data[2] == 0 or length < 128:
            raise BadDer
    if len(data) < start + length:
        raise BadDer
    return tag, data[start:start + length], data[start + length:]


def items(content, *tags):
    """The contents of exactly these elements, nothing behind them."""
    found = []
    for tag in tags:
        actual, value, content = read(content)
        if actual != tag:
            raise BadDer
        found.append(value)
    if content:
        raise BadDer
    return found


def whole(data, tag=SEQUENCE):
    return items(data, tag)[0]


def to_integer(content):
    if not content or content[0] & 0x80 or (len(content) > 1 and content[0] == 0 and not content[1] & 0x80):
        raise BadDer
    return int.from_bytes(content, 'big')
