"""AES (FIPS 197), one block at a time, and the two modes that MIKEY and SRTP need of it: ECB and counter mode.

Plain and slow on purpose: the S-box is computed from its definition, the rest follows the standard's figures.
"""


def xtime(a):
    """Multiplication by x in GF(2^8), FIPS 197 4.2.1."""
    a <<= 1
    return (a ^ 0x11B) & 0xFF if a & 0x100 else a


def _sbox():
    """FIPS 197 5.1.1: multiplicative inverse, then the affine map."""
    powers = [1]  # of the generator x + 1
    for _ in range(254):
        powers.append(powers[-1] ^ xtime(powers[-1]))
    logarithm = {value: exponent for exponent, value in enumerate(powers)}
    box = []
    for value in range(256):
        inverse = powers[(255 - logarithm[value]) % 255] if value else 0
        result = 0x63
        for shift in range(5):
            result ^= ((inverse << shift) | (inverse >> (8 - shift))) & 0xFF
        box.append(result)
    return box


SBOX = _sbox()
INVERSE_SBOX = [SBOX.index(value) for value in range(256)]
DOUBLE = [xtime(value) for value in range(256)]


def times(a, b):
    """Product in GF(2^8)."""
    result = 0
    while b:
        if b & 1:
            result ^= a
        a, b = DOUBLE[a], b >> 1
    return result


INVERSE_MIX = {factor: [times(value, factor) for value in range(256)] for factor in (9, 11, 13, 14)}


def xor(a, b):
    assert len(a) == len(b)
    return bytes(x ^ y for x, y in zip(a, b))


class Aes:
    """One key of 16 or 32 octets."""

    def __init__(self, key):
        assert len(key) in (16, 32)
        words = [list(key[i:i + 4]) for i in range(0, len(key), 4)]
        key_words = len(words)
        self.rounds = key_words + 6
        rcon = 1
        for i in range(key_words, 4 * (self.rounds + 1)):  # FIPS 197 5.2 KeyExpansion
            word = list(words[-1])
            if i % key_words == 0:
                word = [SBOX[b] for b in word[1:] + word[:1]]
                word[0] ^= rcon
                rcon = xtime(rcon)
            elif key_words > 6 and i % key_words == 4:
                word = [SBOX[b] for b in word]
            words.append([a ^ b for a, b in zip(words[i - key_words], word)])
        self.keys = [sum(words[4 * r:4 * r + 4], []) for r in range(self.rounds + 1)]

    def encrypt(self, block):
        state = [a ^ b for a, b in zip(block, self.keys[0])]
        for r in range(1, self.rounds + 1):
            # SubBytes and ShiftRows: row i of column c comes from column c + i
            state = [SBOX[state[(4 * (c + i) + i) % 16]] for c in range(4) for i in range(4)]
            if r < self.rounds:
                mixed = []
                for c in range(0, 16, 4):
                    a = state[c:c + 4]
                    whole = a[0] ^ a[1] ^ a[2] ^ a[3]
                    mixed += [a[i] ^ whole ^ DOUBLE[a[i] ^ a[(i + 1) % 4]] for i in range(4)]
                state = mixed
            state = [a ^ b for a, b in zip(state, self.keys[r])]
        return bytes(state)

    def decrypt(self, block):
        state = [a ^ b for a, b in zip(block, self.keys[self.rounds])]
        for r in range(self.rounds - 1, -1, -1):
            state = [INVERSE_SBOX[state[(4 * (c - i) + i) % 16]] for c in range(4) for i in range(4)]
            state = [a ^ b for a, b in zip(state, self.keys[r])]
            if r > 0:
                nine, eleven, thirteen, fourteen = (INVERSE_MIX[k] for k in (9, 11, 13, 14))
                mixed = []
                for c in range(0, 16, 4):
                    for i in range(4):
                        a, b, d, e = (state[c + (i + k) % 4] for k in range(4))
                        mixed.append(fourteen[a] ^ eleven[b] ^ thirteen[d] ^ nine[e])
                state = mixed
        return bytes(state)


def blocks(data):
    return [data[i:i + 16] for i in range(0, len(data), 16)]


def ecb_encrypt(key, data):
    assert len(data) % 16 == 0
    aes = Aes(key)
    return b''.join(aes.encrypt(block) for block in blocks(data))


def ecb_decrypt(key, data):
    assert len(data) % 16 == 0
    aes = Aes(key)
    return b''.join(aes.decrypt(block) for block in blocks(data))


def key_stream(key, iv, length):
    """RFC 3711 4.1.1 segmented integer counter mode: E(k, IV + i mod 2^128)."""
    aes = Aes(key)
    start = int.from_bytes(iv, 'big')
    stream = b''
    while len(stream) < length:
        counter = (start + len(stream) // 16) % 2**128
        stream += aes.encrypt(counter.to_bytes(16, 'big'))
    return stream[:length]


def cm(key, iv, data):
    """AES-CM; encryption and decryption are the same."""
    return xor(data, key_stream(key, iv, len(data)))
