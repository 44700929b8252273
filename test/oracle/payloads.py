"""MIKEY messages and sub-payloads as octets. Profile 3.1, 3.2.

A payload is a dict with a 'type' and its fields; a chain is a list of them, and the Next-payload octets follow from it.
"""
import curves

LAST, KEMAC, T, V, SP, RAND, ERR, TR, IDR, RANDR = 0, 1, 5, 9, 10, 11, 12, 13, 14, 15
KEY_DATA, GEN_EXT, IBAKE, ESK, SK, ECCPT = 20, 21, 22, 23, 24, 25
REQUEST_KEY_PSK, REQUEST_KEY_RESP = 19, 21
I1, R1, I2, R2 = 22, 23, 24, 25
VER_LENGTH = {1: 20, 2: 32}


class Malformed(Exception):
    pass


def u8(value):
    return value.to_bytes(1, 'big')


def u16(value):
    return value.to_bytes(2, 'big')


def counted(data, size):
    return len(data).to_bytes(size, 'big') + data


def key_validity(payload):
    """KV data: SPI, or interval; nothing for KV 0."""
    if payload.get('kv', 0) == 1:
        return counted(payload['spi'], 1)
    if payload.get('kv', 0) == 2:
        return counted(payload['from'], 1) + counted(payload['to'], 1)
    return b''


def padding(curve):
    """A2: the point ends on a 32-bit boundary counted from the sub-payload's first octet."""
    return bytes(-(2 + 1 + 2 * curve.length) % 4)


def body(p):
    """What follows the Next-payload octet."""
    kind = p['type']
    if kind == T:
        return u8(0) + p['value']
    if kind == RAND:
        return counted(p['value'], 1)
    if kind == IDR:
        return u8(p['role']) + u8(p['idType']) + counted(p['data'], 2)
    if kind == RANDR:
        return u8(p['role']) + counted(p['value'], 1)
    if kind == TR:
        return u8(p['role']) + u8(p['tsType']) + p['value']
    if kind == SP:
        return u8(p['policy']) + u8(0) + counted(p['params'], 2)
    if kind == GEN_EXT:
        return u8(p['extType']) + counted(p['data'], 2)
    if kind in (IBAKE, ESK):
        return counted(p['data'], 2)
    if kind == ECCPT:
        curve = curves.CURVES[p['curve']]
        return (u8(p['curve']) + p['point'] + padding(curve) + bytes(3) + u8(p.get('kv', 0)) + key_validity(p))
    if kind in (SK, KEY_DATA):
        return u8(p['keyType'] << 4 | p.get('kv', 0)) + counted(p['data'], 2) + key_validity(p)
    if kind == KEMAC:
        return u8(p['encrAlg']) + counted(p['data'], 2) + u8(p['macAlg'])
    if kind == V:
        return u8(p['alg']) + p['data']
    raise AssertionError(kind)


def chain(payloads):
    """The first type is told by what stands before the chain, or implied (A1)."""
    following = [p['type'] for p in payloads[1:]] + [LAST]
    return b''.join(u8(after) + body(p) for p, after in zip(payloads, following))


def header(message):
    """HDR with an SRTP-ID map, or the empty map where there is no 'map'. V is 1 where an answer is expected."""
    expects = message['dataType'] in (I1, R1, I2, REQUEST_KEY_PSK)
    entries = message.get('map')
    result = (u8(1) + u8(message['dataType']) + u8(message['payloads'][0]['type'])
              + u8(0x80 * expects | message['prf']) + message['csbId']
              + u8(len(entries or [])) + u8(1 if entries is None else 0))
    for entry in entries or []:
        result += u8(entry['policy']) + entry['ssrc'] + entry['roc'].to_bytes(4, 'big')
    return result


def encode(message):
    return header(message) + chain(message['payloads'])


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        if self.at + count > len(self.data):
            raise Malformed('Truncated')
        self.at += count
        return self.data[self.at - count:self.at]

    def number(self, size):
        return int.from_bytes(self.take(size), 'big')

    def counted(self, size):
        return self.take(self.number(size))


def read_key_validity(r, kv):
    if kv == 1:
        return {'kv': 1, 'spi': r.counted(1)}
    if kv == 2:
        return {'kv': 2, 'from': r.counted(1), 'to': r.counted(1)}
    if kv != 0:
        raise Malformed('kv')
    return {'kv': 0}


def read_body(kind, r):
    if kind == T:
        if r.number(1) != 0:
            raise Malformed('TS type')
        return {'value': r.take(8)}
    if kind == RAND:
        return {'value': r.counted(1)}
    if kind == IDR:
        return {'role': r.number(1), 'idType': r.number(1), 'data': r.counted(2)}
    if kind == RANDR:
        return {'role': r.number(1), 'value': r.counted(1)}
    if kind == TR:
        role, ts_type = r.number(1), r.number(1)
        return {'role': role, 'tsType': ts_type, 'value': r.take({0: 8, 1: 8, 2: 4, 3: 4}[ts_type])}
    if kind == SP:
        policy, _ = r.number(1), r.number(1)
        return {'policy': policy, 'params': r.counted(2)}
    if kind == GEN_EXT:
        return {'extType': r.number(1), 'data': r.counted(2)}
    if kind in (IBAKE, ESK):
        return {'data': r.counted(2)}
    if kind == ECCPT:
        curve = curves.CURVES[r.number(1)]
        point = r.take(1 + 2 * curve.length)
        curve.decode(point)
        if any(r.take(len(padding(curve)))):
            raise Malformed('BadPadding')
        r.take(3)
        kv = r.number(1)
        if kv >> 4:
            raise Malformed('reserved')
        return {'curve': curve.number, 'point': point, **read_key_validity(r, kv)}
    if kind in (SK, KEY_DATA):
        types = r.number(1)
        return {'keyType': types >> 4, 'data': r.counted(2), **read_key_validity(r, types & 15)}
    if kind == KEMAC:
        return {'encrAlg': r.number(1), 'data': r.counted(2), 'macAlg': r.number(1)}
    if kind == V:
        alg = r.number(1)
        if alg not in VER_LENGTH:
            raise Malformed('V')
        return {'alg': alg, 'data': r.take(VER_LENGTH[alg])}
    raise Malformed(f'UnknownPayload({kind})')


def read_chain(data, first, start=0):
    """Payloads with the offset of the first octet of each ('at') and the one behind it ('end')."""
    r, found, kind = Reader(data), [], first
    r.at = start
    while kind != LAST:
        at = r.at
        following = r.number(1)
        found.append({'type': kind, **read_body(kind, r), 'at': at, 'end': r.at})
        kind = following
    if r.at != len(data):
        raise Malformed('TrailingData')
    return found


def decode(octets):
    r = Reader(octets)
    version, data_type, first, flags, csb_id = r.number(1), r.number(1), r.number(1), r.number(1), r.take(4)
    count, map_type = r.number(1), r.number(1)
    if version != 1 or map_type > 1:
        raise Malformed('HDR')
    message = {'dataType': data_type, 'prf': flags & 0x7F, 'csbId': csb_id}
    if map_type == 0:
        message['map'] = [
            {'policy': r.number(1), 'ssrc': r.take(4), 'roc': r.number(4)} for _ in range(count)]
    message['payloads'] = read_chain(octets, first, r.at)
    return message


def one(payloads, kind, **fields):
    """The only payload of this type with these fields, or None."""
    found = [p for p in payloads if p['type'] == kind and all(p[k] == v for k, v in fields.items())]
    if len(found) > 1:
        raise Malformed('DuplicatePayload')
    return found[0] if found else None
