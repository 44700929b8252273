import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { intakeRoute } from '../../src/contract/intake/index.ts';
import { entriesRoute } from '../../src/contract/log/index.ts';
import { openNonceRoute } from '../../src/contract/provider/index.ts';
import { masterSecretRoute, subscriberRoute } from '../../src/contract/provisioning/index.ts';
import { base64Octets, handler, hexOctets, identityText, parseBody, route } from '../../src/contract/route/index.ts';
import { decryptRoute, privateKeyRoute, recoverRoute } from '../../src/contract/xk/index.ts';
import { fromBase64, fromHex } from '../../src/foundation/base/index.ts';

const about = {
  requestId: '00000000-0000-4000-8000-000000000000',
  warrant: {},
  purpose: 'case 1',
  answerKey: { kty: 'EC', crv: 'P-256', x: 'A'.repeat(43), y: 'A'.repeat(43) },
};
const exchange = { ...about, target: 'sip:a@b.example', role: 'initiator', csbId: '27675852', messages: ['AAAA'] };
const opening = {
  ...about,
  identity: 'sip:a@b.example',
  role: 'initiator',
  curve: 8,
  csbId: '27675852',
  t1: 'eb1facc080000000',
  nonce: '00',
  ownPoint: '04',
  messageDigests: [],
};

describe('parseBody', () => {
  it.each([
    [recoverRoute, exchange],
    [decryptRoute, exchange],
    [privateKeyRoute, { ...about, pairs: [{ identity: 'sip:a@b.example', keyEpoch: 0 }] }],
    [openNonceRoute, opening],
  ])('takes a request of its form as it is: $path', ({ request }, body) => {
    expect(parseBody<unknown>(request, body)).toEqual(body);
  });

  it.each<[string, unknown, object]>([
    ['requestId', 'XXXXXXXX-secret', exchange],
    ['purpose', '', exchange],
    ['purpose', 'p'.repeat(201), exchange],
    ['answerKey', 'secret', exchange],
    ['answerKey.x', 'secret', { ...exchange, answerKey: { ...about.answerKey, x: 'secret' } }],
    ['answerKey.crv', 'secret', { ...exchange, answerKey: { ...about.answerKey, crv: 'secret' } }],
    ['target', 'sip:secret with blanks', exchange],
    ['role', 'secret', exchange],
    ['csbId', 'secret', exchange],
    ['csbId', '2767585A', exchange],
    ['messages', [], exchange],
    ['messages', ['AA==', 'AA==', 'AA==', 'AA==', 'AA=='], exchange],
    ['messages.1', 'secret!', { ...exchange, messages: ['AA==', 'secret!'] }],
  ])('names the member that is wrong, never its value: %s', (member, value, body) => {
    const name = member.split('.')[0]!;
    const wrong = member.includes('.') ? body : { ...body, [name]: value };
    let message = '';
    try {
      parseBody<unknown>(decryptRoute.request, wrong);
    } catch (error) {
      expect(error).toMatchObject({ code: 'BAD_REQUEST' });
      message = (error as Error).message;
    }
    expect(message.startsWith(`${member}: `)).toBe(true);
    expect(message).not.toContain('secret');
  });

  it.each([undefined, null, 'text', 7, [], [exchange]])('a body that is no object: %j', (body) => {
    expect(() => parseBody<unknown>(decryptRoute.request, body)).toThrow(
      expect.objectContaining({ code: 'BAD_REQUEST', message: expect.stringMatching(/^the body: /) }),
    );
  });

  it('a member too many is refused, and its name, which the client chose, is not repeated', () => {
    for (const { request } of [decryptRoute, openNonceRoute, subscriberRoute, entriesRoute]) {
      const body = { ...exchange, ...opening, 'sip:secret@b.example': 1 };
      expect(() => parseBody<unknown>(request, body)).toThrow(
        expect.objectContaining({ code: 'BAD_REQUEST', message: expect.not.stringContaining('secret') }),
      );
    }
  });

  it('a missing warrant is no fault of form: the holder says WARRANT_MISSING itself', () => {
    const { warrant, ...rest } = exchange;
    expect(warrant).toEqual({});
    expect(parseBody<unknown>(decryptRoute.request, rest)).toEqual(rest);
  });
});

describe('octets as text', () => {
  it('hex has one spelling and the right number of octets', () => {
    const schema = hexOctets(1, 2);
    for (const good of ['00', 'ab', 'abcd']) expect(parseBody(schema, good)).toBe(good);
    for (const bad of ['', '0', 'AB', 'abc', 'abcdef', ' ab', 'ab\n', '0x', 'gg'])
      expect(() => parseBody(schema, bad), bad).toThrow();
  });

  it('what base64 is accepted decodes, or is refused as no canonical base64', () => {
    const schema = base64Octets(3);
    for (const good of ['', 'AA==', 'AAA=', 'AAAA']) {
      expect(parseBody(schema, good)).toBe(good);
      expect(() => fromBase64(good)).not.toThrow();
    }
    for (const bad of ['A', 'AA', 'AAA', 'AA=', 'AA-_', 'AAAAAAAA', 'AAAA\n', '===='])
      expect(() => parseBody(schema, bad), bad).toThrow();
    expect(() => fromBase64('AB==')).toThrow(expect.objectContaining({ code: 'BadBase64' }));
  });

  it('an identity is 1 to 255 printable characters', () => {
    for (const good of ['a', 'sip:a@b.example', 'x'.repeat(255)]) expect(parseBody(identityText, good)).toBe(good);
    for (const bad of ['', 'a b', 'a\n', 'ä', 'x'.repeat(256)]) expect(() => parseBody(identityText, bad)).toThrow();
  });

  it('scalars and points of impossible length are refused', () => {
    expect(() => parseBody<unknown>(masterSecretRoute.request, { masterSecret: '00'.repeat(65) })).toThrow();
    expect(() => parseBody<unknown>(openNonceRoute.request, { ...opening, ownPoint: '00'.repeat(134) })).toThrow();
    expect(fromHex(opening.t1)).toHaveLength(8);
  });
});

describe('routes', () => {
  it('every release is for Delivery Functions only', () => {
    for (const { roles, method } of [recoverRoute, decryptRoute, privateKeyRoute, openNonceRoute])
      expect({ roles, method }).toEqual({ roles: ['df'], method: 'POST' });
    expect(entriesRoute.roles).toEqual(['auditor']);
    expect(subscriberRoute.roles).toEqual(['provisioning']);
    expect(intakeRoute.roles).toEqual(['tap']);
  });

  it('a handler judges the body before its function sees it', async () => {
    const seen: unknown[] = [];
    const { handle, roles } = handler(
      route({ method: 'PUT', path: '/x', roles: ['ue'], request: z.strictObject({ n: z.int() }), response: z.int() }),
      async ({ n }) => {
        seen.push(n);
        return n;
      },
    );
    const client = { role: 'ue', fingerprint: '', commonName: '' };
    await expect((async () => handle({ n: 'x' }, client))()).rejects.toMatchObject({ code: 'BAD_REQUEST' });
    expect(await handle({ n: 1 }, client)).toBe(1);
    expect({ seen, roles }).toEqual({ seen: [1], roles: ['ue'] });
  });
});
