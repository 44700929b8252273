"""The driver: one JSON request a line on standard input, one JSON answer a line on standard output.

A request is {"op": name, ...arguments}. In both, octets are "hex:6d69", integers beyond 2^53 are "int:ff". A dict with
"level" gets the domain parameters of that level. An answer is {"ok": value} or {"error": why}.
"""
import functools
import json
import os
import sys

import aes
import aes_modes
import boneh_franklin
import curves
import envelope
import exchange
import identity
import keys
import messages
import nonces
import payloads
import policy
import request_key
import srtp
from type1 import Type1

PARAMETERS = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'vectors', 'params-type1.json')


@functools.lru_cache(maxsize=None)
def domain(level, sign=1):
    with open(PARAMETERS, encoding='utf-8') as file:
        v = json.load(file)[str(level)]
    p, q, x, y = (int(v[name], 16) for name in ('p', 'q', 'Px', 'Py'))
    return Type1(p, q, (x, y), v['hash'], sign)


def from_json(value):
    if isinstance(value, str) and value.startswith('hex:'):
        return bytes.fromhex(value[4:])
    if isinstance(value, str) and value.startswith('int:'):
        return int(value[4:], 16)
    if isinstance(value, list):
        return [from_json(item) for item in value]
    if isinstance(value, dict):
        result = {name: from_json(item) for name, item in value.items()}
        if 'level' in result:
            result['domain'] = domain(result.pop('level'), result.pop('sign', 1))
            for name in ('pPub', 'privateKey', 'a', 'b', 'u'):
                if isinstance(result.get(name), list):
                    result[name] = tuple(result[name])
        return result
    return value


def to_json(value):
    if isinstance(value, bytes):
        return f'hex:{value.hex()}'
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > 2**53:
        return f'int:{value:x}'
    if isinstance(value, (list, tuple)):
        return [to_json(item) for item in value]
    if isinstance(value, dict):
        return {name: to_json(item) for name, item in value.items()}
    return value


def decoded(octets):
    """A message without what only this program needs to know, its offsets."""
    message = payloads.decode(octets)
    message['payloads'] = plain(message['payloads'])
    return message


def plain(chain):
    return [{name: item for name, item in p.items() if name not in ('at', 'end')} for p in chain]


OPERATIONS = {
    'ecb': aes.ecb_encrypt,
    'cm': aes.cm,
    'gcm': aes_modes.gcm_seal,
    'siv': aes_modes.siv_seal,
    'kw': aes_modes.kw_wrap,
    'kwp': aes_modes.kwp_wrap,
    'hashToRange': lambda domain, data, n: domain.hash_to_range(data, n),
    'hashBytes': lambda domain, count, data: domain.hash_bytes(count, data),
    'hashToPoint': lambda domain, data: domain.hash_to_point(data),
    'times': lambda domain, scalar, a: domain.times(scalar, a),
    'pairing': lambda domain, a, b: domain.pairing(a, b),
    'setup': lambda domain, s: boneh_franklin.setup(domain, s),
    'extract': lambda domain, s, identity: boneh_franklin.extract(domain, s, identity),
    'encrypt': lambda domain, pPub, identity, message, rho: boneh_franklin.encrypt(
        domain, pPub, identity, message, rho),
    'decrypt': lambda domain, privateKey, u, v, w: boneh_franklin.decrypt(domain, privateKey, (u, v, w)),
    'privateKeyBlock': lambda domain, privateKey: envelope.private_key_block(privateKey),
    'hedged': lambda domain, random, aad, plaintext: [
        envelope.hedged(random[0], aad, plaintext, envelope.cek_length(domain), b'cek'),
        envelope.hedged(random[1], aad, plaintext, domain.hash_length, b'rho')],
    'hedgedByTheLetter': envelope.hedged_by_the_letter,
    'sealEnvelope': lambda domain, pPub, recipient, serial, notBefore, plaintext, aad, cek, rho: envelope.seal(
        domain, pPub, recipient, serial, notBefore, plaintext, aad, cek, rho),
    'openEnvelope': lambda domain, privateKey, octets, aad: envelope.open_envelope(domain, privateKey, octets, aad),
    'ibakeAad': lambda recipient, octets: envelope.ibake_aad(
        recipient, *messages.split_aad(octets, payloads.decode(octets))),
    'eskAad': envelope.esk_aad,
    'publicPoint': lambda curve, x: curves.CURVES[curve].public(x),
    'sharedPoint': lambda curve, x, peer: curves.CURVES[curve].shared(x, peer),
    'canonical': identity.canonical,
    'userOf': identity.user_of,
    'unix': identity.ntp_to_unix,
    'keyEpoch': lambda t, interval: identity.generalized(identity.key_epoch(identity.ntp_to_unix(t), interval)),
    'identityInfo': identity.identity_info,
    'sealNonce': nonces.seal,
    'openCommitted': nonces.open_committed,
    'openNonce': nonces.open_nonce,
    'ratchet': nonces.ratchet,
    'liMs': nonces.li_ms,
    'readLiMs': nonces.read_li_ms,
    'msEpoch': nonces.ms_epoch,
    'prf': keys.prf,
    'derive': exchange.derive,
    'streams': exchange.streams,
    'kemacKeys': request_key.kemac_keys,
    'srtpKeys': keys.srtp_keys,
    'suite': policy.suite,
    'protect': srtp.protect,
    'protectControl': srtp.protect_control,
    'decode': decoded,
    'decodePlain': lambda octets: plain(payloads.read_chain(octets, payloads.IDR)),
    'encodePlain': payloads.chain,
    'compose': messages.compose,
    'openIbake': lambda octets, holder: plain(messages.open_ibake(octets, holder)),
    'openEsk': lambda data, holder, t, csbId, rand: plain(messages.open_esk(data, holder, t, csbId, rand)),
    'verifyV': messages.verify_v,
    'exchange': exchange.four_messages,
    'discover': exchange.discover,
    'requestKey': request_key.request,
    'answerKey': request_key.answer,
    'openAnswer': lambda octets, psk, rand, holder: request_key.open_answer(octets, psk, rand, holder['domain']),
}


def answer(line):
    arguments = from_json(json.loads(line))
    try:
        return {'ok': to_json(OPERATIONS[arguments.pop('op')](**arguments))}
    except Exception as error:  # whatever it is, the asker hears of it
        return {'error': f'{type(error).__name__}: {error}'}


if __name__ == '__main__':
    for request in sys.stdin:
        print(json.dumps(answer(request)), flush=True)
