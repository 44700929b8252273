"""PRF, the key chain, SRTP session keys and V. Profile 3.4, 3.5."""
import hmac

from aes import cm, key_stream, xor

HASHES = {0: ('sha1', 20), 1: ('sha256', 32)}
MPK, TGK = '220E99A2', '1F4D675B'
ENCR, SALT, AUTH = '150533E1', '29B88916', '2D22AC75'
TEK, TEK_SALT = '2AD01C64', '39A2C14B'


def p_function(hash_name, s, label, m):
    """RFC 3830 4.1.2: A_0 = label, A_i = HMAC(s, A_{i-1})."""
    result, a = b'', label
    for _ in range(m):
        a = hmac.digest(s, a, hash_name)
        result += hmac.digest(s, a + label, hash_name)
    return result


def prf(func, inkey, label, length):
    """RFC 3830 4.1.3; blocks of 256 bits, the last may be short (A25). `length` in octets."""
    hash_name, size = HASHES[func]
    m = -(-length // size)
    result = bytes(m * size)
    for start in range(0, len(inkey), 32):
        result = xor(result, p_function(hash_name, inkey[start:start + 32], label, m))
    return result[:length]


def from_session(func, constant, session, rand):
    """MPK or TGK; the whole of K_SESSION is the inkey (A6)."""
    length = HASHES[func][1] if constant == MPK else 32
    return prf(func, session, bytes.fromhex(constant) + b'\xFF' * 5 + rand, length)


def for_messages(func, constant, inkey, csb_id, rand, length):
    """auth_key, encr_key and salt_key from MPK or PSK."""
    return prf(func, inkey, bytes.fromhex(constant) + b'\xFF' + csb_id + rand, length)


def auth_key(func, inkey, csb_id, rand):
    return for_messages(func, AUTH, inkey, csb_id, rand, HASHES[func][1])


def for_stream(func, constant, tgk, cs_id, csb_id, rand, length):
    """TEK_i or salt_i."""
    return prf(func, tgk, bytes.fromhex(constant) + bytes([cs_id]) + csb_id + rand, length)


def srtp_keys(master_key, master_salt, aead):
    """RFC 3711 4.3 with KDR 0; a 96-bit salt is used as salt || 0x0000."""
    salt = master_salt + bytes(14 - len(master_salt))
    lengths = {'ke': len(master_key), 'ka': 0 if aead else 20, 'ks': 12 if aead else 14}

    def derive(label, length):
        x = salt[:7] + bytes([salt[7] ^ label]) + salt[8:]
        return key_stream(master_key, x + b'\0\0', length)
    srtp = {name: derive(label, lengths[name]) for label, name in ((0, 'ke'), (1, 'ka'), (2, 'ks'))}
    srtcp = {name: derive(label, lengths[name]) for label, name in ((3, 'ke'), (4, 'ka'), (5, 'ks'))}
    return {'srtp': srtp, 'srtcp': srtcp}


def verification(func, key, message_to_auth_alg, *identities):
    """V: HMAC over the message up to the Auth-alg octet, then the identities."""
    return hmac.digest(key, message_to_auth_alg + b''.join(identities), HASHES[func][0])


def kemac_cm(encr_key, salt_key, csb_id, t, data):
    """RFC 3830 4.2.3: IV = (S xor (0x0000 || CSB ID || T)) || 0x0000."""
    return cm(encr_key, xor(salt_key, b'\0\0' + csb_id + t) + b'\0\0', data)
