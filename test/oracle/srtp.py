"""SRTP and SRTCP packets of all suites: RFC 3711 (AES-CM with HMAC-SHA-1), RFC 6188, RFC 7714 (AEAD). KDR 0."""
import hmac

from aes import cm, xor
from aes_modes import gcm_seal


def header_length(packet):
    """RFC 3550 5.1: fixed header, CSRCs, extension."""
    length = 12 + 4 * (packet[0] & 15)
    if packet[0] & 0x10:
        length += 4 + 4 * int.from_bytes(packet[length + 2:length + 4], 'big')
    return length


def _cm_iv(salt, ssrc, index):
    """RFC 3711 4.1.1: (k_s * 2^16) XOR (SSRC * 2^64) XOR (i * 2^16)."""
    value = int.from_bytes(salt, 'big') << 16 ^ int.from_bytes(ssrc, 'big') << 64 ^ index << 16
    return value.to_bytes(16, 'big')


def protect(packet, keys, suite, roc, mki=b''):
    """SRTP: `keys` are ke, ka, ks of the stream, `mki` empty or four octets."""
    at = header_length(packet)
    head, payload, sequence, ssrc = packet[:at], packet[at:], packet[2:4], packet[8:12]
    if suite.startswith('AEAD'):
        # RFC 7714 8.1: 00 00 || SSRC || ROC || SEQ, XORed with the salt; the AAD is the header
        iv = xor(b'\0\0' + ssrc + roc.to_bytes(4, 'big') + sequence, keys['ks'])
        return head + gcm_seal(keys['ke'], iv, head, payload) + mki
    index = roc << 16 | int.from_bytes(sequence, 'big')
    secret = head + cm(keys['ke'], _cm_iv(keys['ks'], ssrc, index), payload)
    tag = hmac.digest(keys['ka'], secret + roc.to_bytes(4, 'big'), 'sha1')
    return secret + mki + tag[:4 if suite.endswith('_32') else 10]


def protect_control(packet, keys, suite, index, mki=b''):
    """SRTCP, always encrypted (E = 1); its tag has 80 bits also under _32 (RFC 4568 6.2)."""
    head, payload, ssrc = packet[:8], packet[8:], packet[4:8]
    trailer = (1 << 31 | index).to_bytes(4, 'big')
    if suite.startswith('AEAD'):
        # RFC 7714 9.1: 00 00 || SSRC || 00 00 || index; the AAD is header || E and index
        iv = xor(b'\0\0' + ssrc + b'\0\0' + index.to_bytes(4, 'big'), keys['ks'])
        return head + gcm_seal(keys['ke'], iv, head + trailer, payload) + trailer + mki
    secret = head + cm(keys['ke'], _cm_iv(keys['ks'], ssrc, index), payload) + trailer
    return secret + mki + hmac.digest(keys['ka'], secret, 'sha1')[:10]
