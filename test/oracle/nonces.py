"""NA and NB in the three modes, master secrets and their epochs, LI-MS. Profile 3.7, 4.2."""
import curves
from aes import ecb_decrypt, ecb_encrypt
from aes_modes import Refused, kwp_unwrap, kwp_wrap, siv_open, siv_seal
from envelope import hkdf, hkdf_expand
from identity import ntp_to_unix

NSK_ROLE = 240


def ratchet(ms, identity, epoch):
    """MS_{epoch+1} from MS_epoch."""
    info = b'LI-IBAKE MS ratchet v1\0' + identity + (epoch + 1).to_bytes(4, 'big')
    return hkdf_expand(ms, info, 32)


def ms_at(root, root_epoch, epoch, identity):
    """MS of `epoch` from the root; before the root there is nothing."""
    if epoch < root_epoch:
        raise Refused('MS_EPOCH_ERASED')
    ms = root
    for e in range(root_epoch, epoch):
        ms = ratchet(ms, identity, e)
    return ms


def nonce_key(ms, mode):
    """Key separation of modes 2 and 3."""
    return hkdf(ms, b'LI-IBAKE nonce key v1\0' + bytes([mode]), {2: 32, 3: 64}[mode])


def associated_data(role, curve, epoch, csb_id, t1, identity):
    return b''.join([
        b'LI-IBAKE nonce v1\0', bytes([role, curve]), epoch.to_bytes(4, 'big'), csb_id, t1,
        len(identity).to_bytes(2, 'big'), identity])


def scalar_octets(x, curve):
    """Fixed big-endian length of the order: 32, 48, 66."""
    return x.to_bytes((curves.CURVES[curve].n.bit_length() + 7) // 8, 'big')


def seal(mode, ms, secret, role, curve, epoch, csb_id, t1, identity):
    """Wire form of a nonce; `secret` is the scalar's octets, or SK for role 240."""
    if mode == 1:
        if curve == curves.P521.number or len(secret) % 16:
            raise Refused('MODE_CURVE_REFUSED')
        return ecb_encrypt(ms, secret)
    prefix = bytes([mode]) + epoch.to_bytes(4, 'big')
    if mode == 2:
        return prefix + kwp_wrap(nonce_key(ms, 2), secret)
    return prefix + siv_seal(
        nonce_key(ms, 3), [associated_data(role, curve, epoch, csb_id, t1, identity)], secret)


def wire_epoch(mode, nonce):
    """Modes 2 and 3 carry the epoch; mode 1 does not."""
    if mode == 1:
        return None
    if nonce[0] != mode:
        raise Refused('NONCE_COMMITMENT_MISMATCH')
    return int.from_bytes(nonce[1:5], 'big')


def open_nonce(mode, ms, nonce, role, curve, epoch, csb_id, t1, identity):
    if mode == 1:
        return ecb_decrypt(ms, nonce)
    body = nonce[5:]
    if mode == 2:
        return kwp_unwrap(nonce_key(ms, 2), body)
    return siv_open(nonce_key(ms, 3), [associated_data(role, curve, epoch, csb_id, t1, identity)], body)


def open_committed(mode, root, root_epoch, t1_epoch, nonce, role, curve, csb_id, t1, identity, own_point):
    """The secret x with [x]P == own_point, for a holder that keeps the root of the ratchet."""
    wire = wire_epoch(mode, nonce)
    candidates = [t1_epoch, t1_epoch - 1, t1_epoch + 1] if wire is None else [wire]
    for epoch in candidates:
        if abs(epoch - t1_epoch) > 1:
            raise Refused('NONCE_CONTEXT_MISMATCH')
        if epoch < root_epoch:
            continue
        ms = ms_at(root, root_epoch, epoch, identity)
        try:
            secret = open_nonce(mode, ms, nonce, role, curve, epoch, csb_id, t1, identity)
        except Refused:
            continue
        x = int.from_bytes(secret, 'big')
        if 1 <= x < curves.CURVES[curve].n and curves.CURVES[curve].public(x) == own_point:
            return secret
    raise Refused('NONCE_COMMITMENT_MISMATCH')


# LI-MS, 58 octets (3.7)
def li_ms(mode, epoch, interval, valid_from, valid_to, ms):
    assert len(valid_from) == len(valid_to) == 8 and len(ms) == 32
    return bytes([1, mode]) + epoch.to_bytes(4, 'big') + interval.to_bytes(4, 'big') + valid_from + valid_to + ms


def read_li_ms(data):
    if len(data) != 58 or data[0] != 1 or data[1] not in (1, 2, 3):
        raise Refused('li-ms')
    return {
        'mode': data[1], 'epoch': int.from_bytes(data[2:6], 'big'), 'interval': int.from_bytes(data[6:10], 'big'),
        'validFrom': data[10:18], 'validTo': data[18:26], 'ms': data[26:]}


def ms_epoch(t, e0, valid_from, valid_to, interval):
    """3.7: e0 + floor((unix(T) - unix(validFrom)) / interval), validFrom <= T < validTo."""
    unix, start, end = (ntp_to_unix(value) for value in (t, valid_from, valid_to))
    if not start <= unix < end:
        raise Refused('validity')
    return e0 + (unix - start) // interval
