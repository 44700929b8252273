import { describe, expect, it } from 'vitest';
import { Secret } from '../../../src/foundation/base/index.ts';
import { createAnswerKey, openAnswer, sealAnswer } from '../../../src/trust/release/index.ts';
import { answerKey, privateKey, WARRANT } from './support.ts';

const context = { requestId: '00000000-0000-4000-8000-000000000000', warrantDigest: WARRANT };
const key = (octets = privateKey): Secret<'AnswerKey'> => Secret.copyOf('AnswerKey', octets);

describe('a sealed answer', () => {
  it('opens with the key of its request and nothing is lost', async () => {
    const payload = { kSession: '04', list: [1, { deep: 'ä' }], none: null };
    const sealed = await sealAnswer(payload, answerKey, context);
    expect(await openAnswer(sealed, key(), context)).toEqual(payload);
  });

  it('shows its binding in the clear header, and no secret', async () => {
    const sealed = await sealAnswer({ secret: 'hidden' }, answerKey, context);
    const header = JSON.parse(Buffer.from(sealed.split('.')[0]!, 'base64url').toString()) as Record<string, unknown>;
    expect(header).toMatchObject({
      alg: 'ECDH-ES',
      enc: 'A256GCM',
      typ: 'halfkey-answer+jwe',
      rid: context.requestId,
      wrt: WARRANT,
    });
    expect(sealed).not.toContain(Buffer.from('hidden').toString('base64url'));
  });

  it('is another one each time', async () => {
    const [one, two] = [await sealAnswer({}, answerKey, context), await sealAnswer({}, answerKey, context)];
    expect(one).not.toBe(two);
  });

  it.each([
    ['request', { ...context, requestId: '00000000-0000-4000-8000-000000000001' }],
    ['warrant', { ...context, warrantDigest: 'ee'.repeat(32) }],
  ])('is bound to its %s: taken for the answer to another it is UNAVAILABLE', async (_, other) => {
    const sealed = await sealAnswer({}, answerKey, context);
    await expect(openAnswer(sealed, key(), other)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('does not open with the key of another request', async () => {
    const sealed = await sealAnswer({}, answerKey, context);
    const other = await createAnswerKey();
    await expect(openAnswer(sealed, key(other.privateKey), context)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('altered anywhere it does not open', async () => {
    const sealed = await sealAnswer({ secret: 'hidden' }, answerKey, context);
    for (let at = 0; at < sealed.length; at += 17) {
      // Not B: at the end of a part only the highest bits of a character count.
      const other = sealed[at] === 'A' ? 'w' : 'A';
      const altered = `${sealed.slice(0, at)}${other}${sealed.slice(at + 1)}`;
      await expect(openAnswer(altered, key(), context), String(at)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    }
    for (const text of ['', '....', 'a.b.c.d.e', sealed.slice(0, -30)])
      await expect(openAnswer(text, key(), context)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('is not sealed to a key that is no point of P-256: BAD_REQUEST', async () => {
    for (const bad of [
      { ...answerKey, y: answerKey.x },
      { ...answerKey, x: 'A'.repeat(43), y: 'A'.repeat(43) },
    ])
      await expect(sealAnswer({}, bad, context)).rejects.toMatchObject({ code: 'BAD_REQUEST' });
  });
});
