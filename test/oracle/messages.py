"""Messages whose payloads IBAKE, ESK and V depend on the rest of them. Profile 2.1, 3.3, 3.5, 6.3."""
import envelope
import identity
import keys
import payloads
from payloads import ESK, I1, I2, IBAKE, IDR, R1, R2, RAND, T, V


def recipient_info(to, t):
    """(DER(IBEIdentityInfo), notBefore): the key epoch contains T, by the recipient's district (2.3)."""
    epoch = identity.key_epoch(identity.ntp_to_unix(t), to['interval'])
    info = identity.identity_info(to['district'], to['serial'], to.get('idType', 1), to['identity'], epoch)
    return info, identity.generalized(epoch)


def seal(to, t, plaintext, make_aad, given):
    """`given` holds CEK and rho, or the random octets from which both are hedged (2.1)."""
    info, not_before = recipient_info(to, t)
    aad, curve = make_aad(info), to['domain']
    if 'cek' in given:
        cek, rho = given['cek'], given['rho']
    else:
        cek = envelope.hedged(given['random'][0], aad, plaintext, envelope.cek_length(curve), b'cek')
        rho = envelope.hedged(given['random'][1], aad, plaintext, curve.hash_length, b'rho')
    return envelope.seal(curve, to['pPub'], info, to['serial'], not_before, plaintext, aad, cek, rho)


def compose(message, rand):
    """Octets of a message. In it stand IBAKE and ESK as {plain, to, sealing}, V as {inkey}: MPK or PSK.

    `rand` is the RAND of the CSB, which a message need not carry.
    """
    t = payloads.one(message['payloads'], T)['value']
    body = [dict(p) for p in message['payloads']]
    kinds = [p['type'] for p in body]
    if ESK in kinds:  # first, since the AAD of IBAKE covers it
        esk = body[kinds.index(ESK)]
        esk['data'] = seal(
            esk['to'], t, payloads.chain(esk['plain']),
            lambda info: envelope.esk_aad(info, message['csbId'], rand), esk['sealing'])
    if IBAKE in kinds:
        at = kinds.index(IBAKE)
        ibake, following = body[at], kinds[at + 1] if at + 1 < len(kinds) else 0
        # Up to and including the Next-payload octet of IBAKE: the chain before it points to it.
        before = payloads.chain([*body[:at], {'type': IBAKE, 'data': b''}])[:-3]
        prefix = payloads.header(message) + before + bytes([following])
        behind = [p for p in body[at + 1:] if p['type'] != V]
        # The octets as they are sent: a payload before V points to it.
        suffix = b''.join(
            bytes([after]) + payloads.body(p) for p, after in zip(behind, [*kinds[at + 2:], 0]))
        ibake['data'] = seal(
            ibake['to'], t, payloads.chain(ibake['plain']),
            lambda info: envelope.ibake_aad(info, prefix, suffix), ibake['sealing'])
    if V in kinds:
        v = body[-1]
        v['alg'], v['data'] = message['prf'] + 1, b''
        v['data'] = expected_v(message, payloads.encode({**message, 'payloads': body}), v['inkey'], rand)
    return payloads.encode({**message, 'payloads': body})


def signers(message):
    """Whose ID data follows the message in V: IDRi and IDRr, or for REQUEST_KEY every IDR(1) and IDRkms (3.5, 3.7)."""
    idrs = [p for p in message['payloads'] if p['type'] == IDR]
    last_role = 2 if message['dataType'] in (I1, R1, I2, R2) else 3
    return [p['data'] for p in idrs if p['role'] == 1] + [p['data'] for p in idrs if p['role'] == last_role]


def expected_v(message, to_auth_alg, inkey, rand):
    key = keys.auth_key(message['prf'], inkey, message['csbId'], rand)
    return keys.verification(message['prf'], key, to_auth_alg, *signers(message))


def verify_v(octets, inkey, rand=None):
    message = payloads.decode(octets)
    v = message['payloads'][-1]
    own = payloads.one(message['payloads'], RAND)
    return v['type'] == V and v['alg'] == message['prf'] + 1 and v['data'] == expected_v(
        message, octets[:-len(v['data'])], inkey, rand or own['value'])


def split_aad(octets, message):
    """Prefix and suffix of the IBAKE payload, from the octets received."""
    ibake = payloads.one(message['payloads'], IBAKE)
    last = message['payloads'][-1]
    end = last['at'] if last['type'] == V else len(octets)
    return octets[:ibake['at'] + 1], octets[ibake['end']:end]


def open_ibake(octets, holder):
    """Sub-payloads of IBAKE for the holder of S_id {domain, district, serial, interval, identity, privateKey}."""
    message = payloads.decode(octets)
    t = payloads.one(message['payloads'], T)['value']
    ibake = payloads.one(message['payloads'], IBAKE)
    info, not_before = recipient_info(holder, t)
    serial, named, _, _ = envelope.decode(ibake['data'], holder['domain'])
    if serial != holder['serial']:
        raise payloads.Malformed('UnknownParameterSerial')
    if named != not_before:
        raise payloads.Malformed('EpochMismatch')
    aad = envelope.ibake_aad(info, *split_aad(octets, message))
    plain = envelope.open_envelope(holder['domain'], holder['privateKey'], ibake['data'], aad)
    return payloads.read_chain(plain, IDR)


def open_esk(data, holder, t, csb_id, rand):
    """IDRi and SK of an ESK payload's Encr data (6.3)."""
    info, _ = recipient_info(holder, t)
    plain = envelope.open_envelope(
        holder['domain'], holder['privateKey'], data, envelope.esk_aad(info, csb_id, rand))
    return payloads.read_chain(plain, IDR)
