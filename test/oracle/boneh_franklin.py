"""RFC 5091 section 5: Boneh-Franklin over type1.py. Inputs that must be random are arguments."""
from aes import xor
from aes_modes import Refused


def setup(curve, s):
    """5.1.2 step 5: P_pub = [s]P."""
    return curve.times(s, curve.base)


def extract(curve, s, identity):
    """5.3.1: S_id = [s]Q_id."""
    return curve.times(s, curve.hash_to_point(identity))


def encrypt(curve, p_pub, identity, message, rho):
    """5.4.1; rho has hashlen octets (profile 1.3 no. 7)."""
    assert len(rho) == curve.hash_length and len(message) <= curve.hash_length
    t = curve.hash(message)                                   # step 4
    l = curve.hash_to_range(rho + t, curve.q)                 # step 5
    assert l != 0                                             # profile 1.3 no. 10
    u = curve.times(l, curve.base)                            # step 6
    theta = curve.pairing(p_pub, curve.hash_to_point(identity))
    theta = curve.power2(theta, l)                            # step 7, 8
    w = curve.hash(curve.canonical(theta))                    # step 9, 10
    return u, xor(w, rho), xor(curve.hash_bytes(len(message), rho), message)


def decrypt(curve, private_key, ciphertext):
    """5.5.1; refused unless U = [l]P."""
    u, v, masked = ciphertext
    if u is None or not curve.on_curve(u) or curve.times(curve.q, u) is not None:
        raise Refused('IbeDecryptFailed')                     # profile 1.6
    theta = curve.pairing(u, private_key)
    rho = xor(v, curve.hash(curve.canonical(theta)))
    message = xor(curve.hash_bytes(len(masked), rho), masked)
    l = curve.hash_to_range(rho + curve.hash(message), curve.q)
    if l == 0 or curve.times(l, curve.base) != u:
        raise Refused('IbeDecryptFailed')
    return message
