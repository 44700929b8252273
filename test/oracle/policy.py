"""SRTP policies: which TLVs mean which suite, which key lengths and tags. Profile 3.2 with RFC 3711's defaults."""
from payloads import Malformed, Reader

DEFAULTS = {0: 1, 1: 16, 2: 1, 3: 20, 4: 14, 5: 0, 6: 0, 7: 1, 8: 1, 9: 0, 10: 1, 11: 10, 12: 0}
NAMES = {
    (1, 16, 10): 'AES_CM_128_HMAC_SHA1_80', (1, 16, 4): 'AES_CM_128_HMAC_SHA1_32',
    (1, 32, 10): 'AES_256_CM_HMAC_SHA1_80', (6, 16, 16): 'AEAD_AES_128_GCM', (6, 32, 16): 'AEAD_AES_256_GCM'}


def suite(params):
    """Name, master key length, salt length, whether AEAD; Malformed is ERR 10."""
    r, seen = Reader(params), {}
    while r.at < len(params):
        kind, value = r.number(1), r.counted(1)
        if kind in seen or kind not in (*DEFAULTS, 20) or len(value) != 1:
            raise Malformed('ERR 10')
        seen[kind] = value[0]
    aead = seen.get(0, 1) == 6
    if aead:
        if seen.get(2, 0) or seen.get(3, 0) or 11 in seen or seen.get(4, 12) != 12 or seen.get(10, 1) != 1:
            raise Malformed('ERR 10')
        if seen.get(1) not in (16, 32) or seen.get(20) != 16:
            raise Malformed('ERR 10')
    elif 20 in seen:
        raise Malformed('ERR 10')
    value = {**DEFAULTS, **seen}
    if any(value[k] != v for k, v in {5: 0, 6: 0, 7: 1, 8: 1, 9: 0, 10: 1, 12: 0}.items()):
        raise Malformed('ERR 10')
    if not aead and (value[2], value[3], value[4]) != (1, 20, 14):
        raise Malformed('ERR 10')
    name = NAMES.get((value[0], value[1], 16 if aead else value[11]))
    if name is None:
        raise Malformed('ERR 10')
    return {'name': name, 'keyLength': value[1], 'saltLength': 12 if aead else 14, 'aead': aead}
