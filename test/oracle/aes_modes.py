"""GCM (SP 800-38D), SIV (RFC 5297), key wrap (RFC 3394) and key wrap with padding (RFC 5649) over aes.py."""
from aes import Aes, blocks, key_stream, xor

ZERO = bytes(16)


class Refused(Exception):
    """An authentication tag, an integrity value or a check failed."""


def ghash(h, data):
    """SP 800-38D 6.4; bit 0 is the leftmost one (6.3)."""
    h = int.from_bytes(h, 'big')
    powers = []  # h * x^i
    for _ in range(128):
        powers.append(h)
        h = (h >> 1) ^ (0xE1 << 120) if h & 1 else h >> 1
    y = 0
    for block in blocks(data):
        y ^= int.from_bytes(block, 'big')
        product = 0
        for i in range(128):
            if y >> (127 - i) & 1:
                product ^= powers[i]
        y = product
    return y.to_bytes(16, 'big')


def _gcm_tag(aes, nonce, aad, ciphertext):
    def padded(data):
        return data + bytes(-len(data) % 16)
    lengths = (8 * len(aad)).to_bytes(8, 'big') + (8 * len(ciphertext)).to_bytes(8, 'big')
    digest = ghash(aes.encrypt(ZERO), padded(aad) + padded(ciphertext) + lengths)
    return xor(digest, aes.encrypt(nonce + b'\0\0\0\1'))


def gcm_seal(key, nonce, aad, plaintext):
    """Ciphertext || 16-octet tag, for a nonce of 96 bits."""
    assert len(nonce) == 12
    ciphertext = xor(plaintext, key_stream(key, nonce + b'\0\0\0\2', len(plaintext)))
    return ciphertext + _gcm_tag(Aes(key), nonce, aad, ciphertext)


def gcm_open(key, nonce, aad, sealed):
    if len(sealed) < 16:
        raise Refused('gcm')
    ciphertext, tag = sealed[:-16], sealed[-16:]
    if _gcm_tag(Aes(key), nonce, aad, ciphertext) != tag:
        raise Refused('gcm')
    return xor(ciphertext, key_stream(key, nonce + b'\0\0\0\2', len(ciphertext)))


def dbl(block):
    """RFC 5297 2.3: multiplication by x in GF(2^128)."""
    value = int.from_bytes(block, 'big') << 1
    return (value ^ (0x87 | 1 << 128) if value >> 128 else value).to_bytes(16, 'big')


def cmac(key, data):
    """RFC 4493, as RFC 5297 uses it."""
    aes = Aes(key)
    k1 = dbl(aes.encrypt(ZERO))
    if data and len(data) % 16 == 0:
        data = data[:-16] + xor(data[-16:], k1)
    else:
        data += b'\x80' + bytes(-(len(data) + 1) % 16)
        data = data[:-16] + xor(data[-16:], dbl(k1))
    mac = ZERO
    for block in blocks(data):
        mac = aes.encrypt(xor(mac, block))
    return mac


def s2v(key, associated, plaintext):
    """RFC 5297 2.4 with a list of associated data."""
    d = cmac(key, ZERO)
    for item in associated:
        d = xor(dbl(d), cmac(key, item))
    if len(plaintext) >= 16:
        return cmac(key, plaintext[:-16] + xor(plaintext[-16:], d))
    return cmac(key, xor(dbl(d), plaintext + b'\x80' + bytes(15 - len(plaintext))))


def _siv_stream(key, v, length):
    """RFC 5297 2.6: Q = V with the two top bits of its last two words cleared."""
    q = int.from_bytes(v, 'big') & ~(1 << 63) & ~(1 << 31)
    return key_stream(key, q.to_bytes(16, 'big'), length)


def siv_seal(key, associated, plaintext):
    """V || C; the first half of the key is for S2V, the second for counter mode."""
    half = len(key) // 2
    v = s2v(key[:half], associated, plaintext)
    return v + xor(plaintext, _siv_stream(key[half:], v, len(plaintext)))


def siv_open(key, associated, sealed):
    half = len(key) // 2
    v, ciphertext = sealed[:16], sealed[16:]
    plaintext = xor(ciphertext, _siv_stream(key[half:], v, len(ciphertext)))
    if s2v(key[:half], associated, plaintext) != v:
        raise Refused('siv')
    return plaintext


def _wrap(key, a, data):
    """RFC 3394 2.2.1, index-based."""
    aes = Aes(key)
    r = [data[i:i + 8] for i in range(0, len(data), 8)]
    for j in range(6):
        for i in range(len(r)):
            b = aes.encrypt(a + r[i])
            a = xor(b[:8], (len(r) * j + i + 1).to_bytes(8, 'big'))
            r[i] = b[8:]
    return a + b''.join(r)


def _unwrap(key, wrapped):
    """RFC 3394 2.2.2."""
    aes = Aes(key)
    a = wrapped[:8]
    r = [wrapped[i:i + 8] for i in range(8, len(wrapped), 8)]
    for j in range(5, -1, -1):
        for i in range(len(r) - 1, -1, -1):
            b = aes.decrypt(xor(a, (len(r) * j + i + 1).to_bytes(8, 'big')) + r[i])
            a, r[i] = b[:8], b[8:]
    return a, b''.join(r)


def kw_wrap(key, data):
    return _wrap(key, b'\xA6' * 8, data)


def kwp_wrap(key, data):
    """RFC 5649 4.1: alternative initial value A65959A6 || length, zero padding to 8 octets."""
    a = bytes.fromhex('A65959A6') + len(data).to_bytes(4, 'big')
    padded = data + bytes(-len(data) % 8)
    if len(padded) == 8:
        return Aes(key).encrypt(a + padded)
    return _wrap(key, a, padded)


def kwp_unwrap(key, wrapped):
    """RFC 5649 4.2 and the three checks of section 3."""
    if len(wrapped) < 16 or len(wrapped) % 8:
        raise Refused('kwp')
    if len(wrapped) == 16:
        block = Aes(key).decrypt(wrapped)
        a, padded = block[:8], block[8:]
    else:
        a, padded = _unwrap(key, wrapped)
    length = int.from_bytes(a[4:], 'big')
    good = a[:4] == bytes.fromhex('A65959A6') and len(padded) - 8 < length <= len(padded)
    if not good or any(padded[length:]):
        raise Refused('kwp')
    return padded[:length]
