"""REQUEST_KEY with a pre-shared key: the request, and the answer with private keys and LI-MS. Profile 3.7."""
import envelope
import keys
import messages
import nonces
import payloads
from aes_modes import Refused
from payloads import GEN_EXT, IDR, KEMAC, KEY_DATA, RAND, REQUEST_KEY_PSK, REQUEST_KEY_RESP, T, TR, V

LI_MS = 241
# Table of 3.4: 128 bits for AES-CM-128 (1), 256 for AES-CM-256 (3).
KEMAC_KEY_LENGTH = {1: 16, 3: 32}


def name(role, identity):
    return {'type': IDR, 'role': role, 'idType': 1, 'data': identity.encode()}


def request(q):
    """INIT_PSK: HDR T RAND (IDR(1) TR TR)+ IDRkms V; times are NTP-UTC-32 (A14)."""
    wanted = []
    for item in q['wanted']:
        wanted.append(name(1, item['identity']))
        if 'start' in item:
            wanted += [{'type': TR, 'role': 2, 'tsType': 3, 'value': item['start']},
                       {'type': TR, 'role': 3, 'tsType': 3, 'value': item['end']}]
    return messages.compose(
        {'dataType': REQUEST_KEY_PSK, 'prf': q['prf'], 'csbId': q['csbId'],
         'payloads': [{'type': T, 'value': q['t']}, {'type': RAND, 'value': q['rand']}, *wanted,
                      name(3, q['kms']), {'type': V, 'inkey': q['psk']}]}, q['rand'])


def kemac_keys(prf, encr_alg, psk, csb_id, rand):
    encr = keys.for_messages(prf, keys.ENCR, psk, csb_id, rand, KEMAC_KEY_LENGTH[encr_alg])
    return encr, keys.for_messages(prf, keys.SALT, psk, csb_id, rand, 14)


def answer(q):
    """RESP: HDR T IDRi.. IDRkms KEMAC(MAC alg NULL) V, with T, CSB ID and RAND of the request."""
    plain = []
    for item in q['keys']:
        plain.append(name(1, item['identity']))
        for key in item['privateKeys']:
            plain.append({'type': KEY_DATA, 'keyType': 7, 'kv': 2, **key} if 'from' in key else
                         {'type': KEY_DATA, 'keyType': 7, **key})
        if 'liMs' in item:
            plain.append({'type': GEN_EXT, 'extType': LI_MS, 'data': item['liMs']})
    encr, salt = kemac_keys(q['prf'], q['encrAlg'], q['psk'], q['csbId'], q['rand'])
    sealed = keys.kemac_cm(encr, salt, q['csbId'], q['t'], payloads.chain(plain))
    return messages.compose(
        {'dataType': REQUEST_KEY_RESP, 'prf': q['prf'], 'csbId': q['csbId'],
         'payloads': [{'type': T, 'value': q['t']}, *(name(1, item['identity']) for item in q['keys']),
                      name(3, q['kms']), {'type': KEMAC, 'encrAlg': q['encrAlg'], 'data': sealed, 'macAlg': 0},
                      {'type': V, 'inkey': q['psk']}]}, q['rand'])


def open_answer(octets, psk, rand, curve):
    """V first, then what the KEMAC holds: for each identity its private keys (points) and its LI-MS."""
    if not messages.verify_v(octets, psk, rand):
        raise Refused('V')
    message = payloads.decode(octets)
    kemac = payloads.one(message['payloads'], KEMAC)
    if kemac['macAlg'] != 0:
        raise payloads.Malformed('MAC alg')
    encr, salt = kemac_keys(message['prf'], kemac['encrAlg'], psk, message['csbId'], rand)
    t = payloads.one(message['payloads'], T)['value']
    found = []
    for p in payloads.read_chain(keys.kemac_cm(encr, salt, message['csbId'], t, kemac['data']), IDR):
        if p['type'] == IDR:
            found.append({'identity': p['data'].decode(), 'privateKeys': []})
        elif p['type'] == KEY_DATA:
            found[-1]['privateKeys'].append(
                {'point': envelope.read_private_key(p['data'], curve.p), 'keyType': p['keyType'], 'kv': p['kv'],
                 'from': p.get('from'), 'to': p.get('to')})
        elif p['type'] == GEN_EXT and p['extType'] == LI_MS:
            found[-1]['liMs'] = nonces.read_li_ms(p['data'])
        else:
            raise payloads.Malformed('KEMAC')
    return found
