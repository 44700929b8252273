/**
 * REQUEST_KEY with a pre-shared key, written by the oracle: we read the request, and in the answer the private keys and
 * the LI-MS under KEMAC (protocol profile 3.7, 10).
 */
import { createCipheriv } from 'node:crypto';
import { expect, it } from 'vitest';
import { decodePrivateKey, domainParameters, encodePrivateKey } from '../../src/crypto/ibe/index.ts';
import { decodeLiMs } from '../../src/crypto/nonce/index.ts';
import { concat, ntpFromUnixMs, uint, xor } from '../../src/foundation/base/index.ts';
import { identityFromText } from '../../src/foundation/identity/index.ts';
import { decodeMessage, deriveEncrKey, deriveSaltKey, encodeMessage } from '../../src/protocol/mikey/index.ts';
import {
  decodeKeyTransport,
  encodeKeyTransport,
  readRequestKey,
  readRequestKeyResponse,
} from '../../src/protocol/mikey/provisioning/index.ts';
import { describeWithOracle, seeded, turned } from './oracle.ts';

const DOMAIN = domainParameters(1024);
const MASTER = 0x1b5f_77a1_c0de_1024n;
const alice = identityFromText('sip:alice@operator-a.example');
const T1 = ntpFromUnixMs(Date.UTC(2026, 2, 14, 15, 9, 26, 535));

describeWithOracle('REQUEST_KEY, judged by the oracle', (ask) => {
  it.each([
    [0, 1],
    [0, 3],
    [1, 1],
    [1, 3],
  ] as const)(
    'REQUEST_KEY, PRF %i, KEMAC under encryption algorithm %i: request, answer, keys, LI-MS',
    async (prf, encrAlg) => {
      const random = seeded(`REQUEST_KEY ${String(prf)} ${String(encrAlg)}`);
      const [csbId, rand, psk] = [random(4), random(16), random(32)];
      const kms = 'sip:kms@operator-a.example';
      const t = T1;
      const seconds = (at: number) => ntpFromUnixMs(Date.UTC(2026, 2, at)).subarray(0, 4);
      const wanted = [
        { identity: alice.text, start: seconds(14), end: seconds(21) },
        { identity: 'sip:ali@operator-a.example' },
      ];
      const common = { prf, csbId, rand, t, psk, kms };
      const request = await ask<Uint8Array>('requestKey', { q: { ...common, wanted } });
      const read = readRequestKey(request);
      expect(read).toMatchObject({ prf, csbId, rand, t, kms: identityFromText(kms) });
      expect(read.wishes).toEqual([
        { identity: alice, from: Date.UTC(2026, 2, 14) / 1000, to: Date.UTC(2026, 2, 21) / 1000 },
        { identity: identityFromText('sip:ali@operator-a.example') },
      ]);
      expect(encodeMessage(decodeMessage(request))).toEqual(request);

      const points = await Promise.all(
        ['one', 'two', 'three'].map((text) =>
          ask<[bigint, bigint]>('extract', { level: 1024, s: MASTER, identity: new TextEncoder().encode(text) }),
        ),
      );
      const blocks = points.map(([x, y]) => encodePrivateKey({ x, y }));
      const interval = { from: seconds(14), to: seconds(15) };
      const liMs = await ask<Uint8Array>('liMs', {
        mode: 3,
        epoch: 7,
        interval: 86400,
        valid_from: ntpFromUnixMs(Date.UTC(2026, 2, 14)),
        valid_to: ntpFromUnixMs(Date.UTC(2026, 2, 21)),
        ms: random(32),
      });
      const keys = [
        { identity: alice.text, privateKeys: [{ data: blocks[0], ...interval }, { data: blocks[1] }], liMs },
        { identity: 'sip:ali@operator-a.example', privateKeys: [{ data: blocks[2], ...interval }] },
      ];
      const answer = await ask<Uint8Array>('answerKey', { q: { ...common, encrAlg, keys } });
      const response = readRequestKeyResponse(answer);
      expect(response.identities.map(({ text }) => text)).toEqual(keys.map(({ identity }) => identity));
      expect(encodeMessage(decodeMessage(answer))).toEqual(answer);

      const [encr, salt] = [
        deriveEncrKey(prf, psk, csbId, rand, encrAlg === 1 ? 16 : 32),
        deriveSaltKey(prf, psk, csbId, rand),
      ];
      expect(await ask('kemacKeys', { prf, encr_alg: encrAlg, psk, csb_id: csbId, rand })).toEqual([encr, salt]);
      // RFC 3830 4.2.3: IV = (S XOR (0x0000 || CSB ID || T)) || 0x0000.
      const iv = concat(xor(salt, concat(uint(0, 2), csbId, t)), uint(0, 2));
      const counterMode = createCipheriv(encrAlg === 1 ? 'aes-128-ctr' : 'aes-256-ctr', encr, iv);
      const plaintext = new Uint8Array(counterMode.update(response.kemac.encrypted));
      const transported = decodeKeyTransport(plaintext);
      expect(encodeKeyTransport(transported)).toEqual(plaintext);
      const validity = { kv: 2, from: interval.from, to: interval.to };
      expect(transported.map(({ identity, keys: got }) => [identity.text, got.length])).toEqual([
        [alice.text, 2],
        ['sip:ali@operator-a.example', 1],
      ]);
      expect(transported[0]?.keys[0]?.validity).toEqual(validity);
      expect(transported.flatMap(({ keys: got }) => got.map(({ key }) => decodePrivateKey(key, DOMAIN)))).toEqual(
        points.map(([x, y]) => ({ x, y })),
      );
      expect(decodeLiMs(transported[0]?.liMs as Uint8Array)).toMatchObject({
        mode: 3,
        epoch: 7,
        intervalSeconds: 86400,
      });

      const open = { octets: answer, psk, rand, holder: { level: 1024 } };
      expect(await ask('openAnswer', open)).toMatchObject([
        { identity: alice.text, liMs: { epoch: 7 } },
        { privateKeys: [{ point: points[2] }] },
      ]);
      for (const fault of [{ octets: turned(answer) }, { octets: turned(answer, 120) }, { psk: turned(psk) }])
        await expect(ask('openAnswer', { ...open, ...fault })).rejects.toThrow('Refused');
    },
  );
});
