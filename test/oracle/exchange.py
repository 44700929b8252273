"""The four messages with everything that may stand in them, and discovery from them. Profile 3.3, 4.1 to 4.3, 6."""
import curves
import keys
import messages
import nonces
import policy
from payloads import ECCPT, ESK, GEN_EXT, I1, I2, IBAKE, IDR, R1, R2, RAND, RANDR, SK, SP, T, V, Malformed, decode, one


def idr(role, party):
    return {'type': IDR, 'role': role, 'idType': party.get('idType', 1), 'data': party['identity'].encode()}


def randr(role, value):
    return [] if value is None else [{'type': RANDR, 'role': role, 'value': value}]


def eccpt(curve, point, mki):
    validity = {} if mki is None else {'kv': 1, 'spi': mki}
    return {'type': ECCPT, 'curve': curve, 'point': point, **validity}


def nonce(party, role, curve, scalar, e):
    """NA or NB of a party {mode, ms, epoch}; None for one without a master secret."""
    if party.get('mode') is None:
        return None
    return nonces.seal(
        party['mode'], party['ms'], nonces.scalar_octets(scalar, curve), role, curve, party['epoch'],
        e['csbId'], e['t1'], party['identity'].encode())


def four_messages(e):
    """All messages and keys of an exchange.

    e: prf, csbId, rand, t1, t2, curve, x, y, mki, a, b (called), c (answering, or absent), map1 (I1), map2 (the rest),
    sp (list of SP params), sealing per message, opened (whether C could open I1), deferred, sk, challenge,
    currentMpk for a re-key.
    """
    number, a, b = e['curve'], e['a'], e['b']
    c = e.get('c') or b
    curve = curves.CURVES[number]
    x_point, y_point = curve.public(e['x']), curve.public(e['y'])
    na, nb = nonce(a, 1, number, e['x'], e), nonce(c, 2, number, e['y'], e)
    mki, rekey, opened = e.get('mki'), e.get('currentMpk'), e.get('opened', True)
    from_a = [eccpt(number, x_point, mki), *randr(1, na)]
    from_c = [eccpt(number, y_point, mki if opened else None), *randr(2, nb)]
    # 3.3: RAND in I1 and I2, and in no message of an update (6.4)
    rand = [] if rekey else [{'type': RAND, 'value': e['rand']}]
    offer = [{'type': SP, 'policy': i, 'params': params} for i, params in enumerate(e['sp'])]
    if not e.get('withoutSdpIds'):
        offer.append({'type': GEN_EXT, 'extType': 1, 'data': b'mikey'})
    v = [{'type': V, 'inkey': rekey}] if rekey else []

    def build(kind, t, entries, to, clear, plain, behind):
        plain_part = [] if plain is None else [
            {'type': IBAKE, 'plain': plain, 'to': to, 'sealing': e['sealing'][str(kind)]}]
        message = {'dataType': kind, 'prf': e['prf'], 'csbId': e['csbId'], 'map': entries,
                   'payloads': [{'type': T, 'value': t}, *clear, *plain_part, *behind]}
        return messages.compose(message, e['rand'])

    m1 = build(I1, e['t1'], e['map1'], b, [*rand, idr(1, a), idr(2, b), *offer], [idr(1, a), *from_a, idr(2, b)], v)
    deferred = [{'type': GEN_EXT, 'extType': 242, 'data': b''}] if e.get('deferred') else []
    r1 = build(R1, e['t1'], e['map2'], a, [idr(1, a), idr(2, c), *deferred],
               [idr(1, a), *(from_a if opened else []), idr(2, c), *from_c], [])

    # 6.2, 6.3: an answering entity that could not open I1 gets everything again in I2
    again = [] if opened else from_a
    sk, esk, nsk = e.get('sk'), [], None
    if sk is not None:
        esk = [{'type': ESK, 'to': b, 'sealing': e['sealing']['esk'],
                'plain': [idr(1, a), {'type': SK, 'keyType': 1, 'data': sk}]}]
        if a.get('mode') == 3 and e.get('nsk', True):
            nsk = nonces.seal(3, a['ms'], sk, 240, 0, a['epoch'], e['csbId'], e['t1'], a['identity'].encode())
    extra = [*randr(240, nsk), *randr(241, e.get('challenge'))]
    m2 = build(I2, e['t2'], e['map2'], c, [*rand, idr(1, a), idr(2, c), *([] if opened else offer)],
               [idr(1, a), *again, idr(2, c), *from_c, *extra], esk)

    session = curve.shared(e['x'], y_point)
    mpk = keys.from_session(e['prf'], keys.MPK, session, e['rand'])
    returned = [idr(1, a), *again, *extra] if again or e.get('challenge') else None
    r2 = build(R2, e['t2'], e['map2'], a, [idr(1, a), idr(2, c)], returned, [{'type': V, 'inkey': mpk}])
    return {'messages': [m1, r1, m2, r2], 'xP': x_point, 'yP': y_point, 'NA': na, 'NB': nb, 'NSK': nsk,
            **derive(session, e['prf'], e['csbId'], e['rand'], e['map2'], e['sp'])}


def derive(session, prf, csb_id, rand, entries, sp):
    """K_SESSION -> MPK, TGK, auth_key and the keys of each crypto session."""
    mpk = keys.from_session(prf, keys.MPK, session, rand)
    tgk = keys.from_session(prf, keys.TGK, session, rand)
    return {'K': session, 'MPK': mpk, 'TGK': tgk, 'authKey': keys.auth_key(prf, mpk, csb_id, rand),
            'cs': streams(tgk, prf, csb_id, rand, entries, sp)}


def streams(tgk, prf, csb_id, rand, entries, sp):
    """3.4: entry i of the map, from 1, is CS ID i; entries of an m-line without media stay zero and have no keys."""
    found = {}
    for i, entry in enumerate(entries, 1):
        if not any(entry['ssrc']):
            continue
        suite = policy.suite(sp[entry['policy']])
        tek = keys.for_stream(prf, keys.TEK, tgk, i, csb_id, rand, suite['keyLength'])
        salt = keys.for_stream(prf, keys.TEK_SALT, tgk, i, csb_id, rand, suite['saltLength'])
        found[str(i)] = {'tek': tek, 'salt': salt, 'suite': suite['name'],
                         **keys.srtp_keys(tek, salt, suite['aead'])}
    return found


def components(role, opened):
    """4.1: (xP, NA, yP, NB, mki) from the plaintexts that a target's key opens."""
    parts = [p for plain in opened for p in plain]
    points = [p for p in parts if p['type'] == ECCPT]
    if len(points) != 2:
        raise Malformed('INCOMPLETE')
    # In every plaintext that has both, ECCPTi stands before ECCPTr; I1 comes before I2, and R2 behind R1.
    x, y = points if not _initiator_last(opened) else reversed(points)
    na, nb = one(parts, RANDR, role=1), one(parts, RANDR, role=2)
    return {'xP': x['point'], 'yP': y['point'], 'curve': x['curve'],
            'NA': na and na['value'], 'NB': nb and nb['value'],
            'mki': (y if not x['kv'] else x).get('spi')}


def _initiator_last(opened):
    """{R1, R2} of a retargeted call: R1 has ECCPTr only, R2 ECCPTi."""
    return len(opened) == 2 and one(opened[0], IDR, role=2) is not None and one(opened[1], IDR, role=2) is None


def discover(role, octets, holders, secret, rand, sp, r2=None):
    """Keys from the messages that are encrypted to the target, its private keys, its MS root and its point's nonce.

    A private key for each message, or one for all: a forked call has a user's and a device's (6.1). MS: the last one's.
    """
    holder = holders[-1]
    keyed = holders if len(holders) > 1 else holders * len(octets)
    opened = [messages.open_ibake(m, h) for m, h in zip(octets, keyed)]
    c = components(role, opened)
    first = decode(octets[0])
    own, peer, n = (c['xP'], c['yP'], c['NA']) if role == 1 else (c['yP'], c['xP'], c['NB'])
    scalar = nonces.open_committed(
        secret['mode'], secret['root'], secret['rootEpoch'], secret['epoch'], n, role, c['curve'], first['csbId'],
        secret['t1'], holder['identity'].encode(), own)
    session = curves.CURVES[c['curve']].shared(int.from_bytes(scalar, 'big'), peer)
    result = {**c, 'secret': scalar, **derive(session, first['prf'], first['csbId'], rand, secret['map'], sp)}
    if r2 is not None:
        result['confirmed'] = messages.verify_v(r2, result['MPK'], rand)
    return result
