"""LiIbeEnvelope, its associated data, and the encodings of RFC 5091 section 8. Profile 1.5, 2.1."""
import hashlib
import hmac

import boneh_franklin
import der
from aes_modes import Refused, gcm_open, gcm_seal
from der import BadDer

BF = '2.16.840.1.114334.1.1.2.1'
ZERO_NONCE = bytes(12)


def hkdf(key, info, length, salt=b''):
    """RFC 5869 with SHA-256: extract (empty salt), expand."""
    return hkdf_expand(hmac.digest(salt or bytes(32), key, 'sha256'), info, length)


def hkdf_expand(prk, info, length):
    result, block, counter = b'', b'', 1
    while len(result) < length:
        block = hmac.digest(prk, block + info + bytes([counter]), 'sha256')
        result, counter = result + block, counter + 1
    return result[:length]


def hedged_by_the_letter(random, aad, plaintext, length):
    """2.1: HKDF-SHA256(32 random octets, SHA-256(AAD || plaintext), length); of octets drawn twice, the same twice."""
    return hkdf(random, hashlib.sha256(aad + plaintext).digest(), length)


def hedged(random, aad, plaintext, length, name):
    """What docs/spec-notes.md makes of it: the digest as salt, and an info that keeps CEK and rho apart."""
    return hkdf(random, b'LI-IBAKE ' + name, length, hashlib.sha256(aad + plaintext).digest())


def cek_length(curve):
    return 32 if 2 * curve.p.bit_length() >= 3072 else 16


def ibake_aad(recipient, prefix, suffix):
    """2.1; `recipient` is its DER(IBEIdentityInfo)."""
    return b'LI-IBAKE env v1\0' + recipient + prefix + suffix


def esk_aad(recipient, csb_id, rand):
    return b'LI-IBAKE esk v1\0' + recipient + csb_id + bytes([len(rand)]) + rand


def point(value):
    return der.sequence(der.integer(value[0]), der.integer(value[1]))


def read_point(content, p):
    x, y = (der.to_integer(part) for part in der.items(content, der.INTEGER, der.INTEGER))
    if max(x, y) >= p:
        raise BadDer
    return x, y


def private_key_block(private_key):
    """BFPrivateKeyBlock, version 2."""
    return der.sequence(der.integer(2), point(private_key))


def read_private_key(octets, p):
    version, key = der.items(der.whole(octets), der.INTEGER, der.SEQUENCE)
    if der.to_integer(version) != 2:
        raise BadDer
    return read_point(key, p)


def seal(curve, p_pub, recipient, serial, not_before, plaintext, aad, cek, rho):
    """Encr data: DER of the envelope; `not_before` as GeneralizedTime text."""
    assert len(cek) == cek_length(curve)
    u, v, w = boneh_franklin.encrypt(curve, p_pub, recipient, cek, rho)
    kem = der.sequence(der.integer(2), point(u), der.octets(v), der.octets(w))
    dem = gcm_seal(cek, ZERO_NONCE, aad, plaintext)
    return der.sequence(
        der.integer(1), der.oid(BF), der.integer(serial), der.time(not_before), kem, der.octets(dem))


def decode(octets, curve):
    """(serial, notBefore, (U, V, W), dem); anything but the canonical form is refused."""
    version, alg, serial, not_before, kem, dem = der.items(
        der.whole(octets), der.INTEGER, der.OID, der.INTEGER, der.TIME, der.SEQUENCE, der.OCTETS)
    if der.to_integer(version) != 1 or der.tlv(der.OID, alg) != der.oid(BF):
        raise BadDer
    kem_version, u, v, w = der.items(kem, der.INTEGER, der.SEQUENCE, der.OCTETS, der.OCTETS)
    if der.to_integer(kem_version) != 2 or len(v) != curve.hash_length or len(w) != cek_length(curve):
        raise BadDer
    return der.to_integer(serial), not_before.decode('ascii'), (read_point(u, curve.p), v, w), dem


def open_envelope(curve, private_key, octets, aad):
    _, _, kem, dem = decode(octets, curve)
    try:
        return gcm_open(boneh_franklin.decrypt(curve, private_key, kem), ZERO_NONCE, aad, dem)
    except Refused:
        raise Refused('IbeDecryptFailed') from None
