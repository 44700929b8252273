import { beforeAll, describe, expect, it } from 'vitest';
import {
  signRevocations,
  signWarrant,
  verifyRevocations,
  verifyWarrant,
  type WarrantSigner,
} from '../../../src/trust/warrant/index.ts';
import { APPROVER, ISSUER, makeAuthority, makeSigner, NOW, type Authority } from './authority.ts';

const LIST = { agency: 'Agency of Examples', warrantIds: ['W-1', 'W-2'], issuedAt: '2026-03-01T11:00:00Z' };
const refusal = (code: string): Error => expect.objectContaining({ code }) as Error;

let authority: Authority;
let issuer: WarrantSigner;
let good: string;
beforeAll(async () => {
  authority = await makeAuthority('Authority');
  issuer = await makeSigner(authority, 'Judge Dorn', ISSUER);
  good = await signRevocations(LIST, issuer);
});
const verify = (input: unknown, nowMs = NOW): ReturnType<typeof verifyRevocations> =>
  verifyRevocations(input, { roots: [authority.pem] }, nowMs);

describe('revocation lists', () => {
  it('verify, and name who signed', async () => {
    expect(await verify(good)).toEqual({ ...LIST, issuer: 'Judge Dorn' });
  });

  it('of an approver, a stranger, or an expired certificate: WARRANT_ISSUER', async () => {
    const stranger = await makeAuthority('Authority');
    const signers = [
      await makeSigner(authority, 'Anna Berg', APPROVER),
      await makeSigner(stranger, 'Judge Dorn', ISSUER),
      await makeSigner(authority, 'Judge Dorn', ISSUER, { to: NOW - 1000 }),
    ];
    for (const signer of signers)
      await expect(verify(await signRevocations(LIST, signer))).rejects.toThrow(refusal('WARRANT_ISSUER'));
  });

  it('altered or with an exchanged payload: WARRANT_SIGNATURE', async () => {
    const [header, , signature] = good.split('.');
    const other = (await signRevocations({ ...LIST, warrantIds: ['W-3'] }, issuer)).split('.')[1];
    await expect(verify(`${String(header)}.${String(other)}.${String(signature)}`)).rejects.toThrow(
      refusal('WARRANT_SIGNATURE'),
    );
  });

  it('of the future: WARRANT_NOT_YET beyond 300 s', async () => {
    await expect(verify(good, Date.UTC(2026, 2, 1, 10, 55))).resolves.toBeDefined();
    await expect(verify(good, Date.UTC(2026, 2, 1, 10, 54, 59))).rejects.toThrow(refusal('WARRANT_NOT_YET'));
  });

  it('and warrants are not taken for each other', async () => {
    const [header, payload, signature] = good.split('.');
    await expect(
      verifyWarrant({ payload, signatures: [{ protected: header, signature }] }, { roots: [authority.pem] }, NOW),
    ).rejects.toThrow(refusal('WARRANT_MALFORMED'));
    const warrant = await signWarrant(
      {
        version: 1,
        id: 'W-1',
        agency: 'A',
        targets: ['sip:a@b.example'],
        interception: { from: '2026-03-01T00:00:00Z', to: '2026-03-02T00:00:00Z' },
        request: { from: '2026-03-01T00:00:00Z', to: '2026-03-02T00:00:00Z' },
        inProgressSeconds: 0,
        solutions: ['3'],
        deliver: ['content'],
        maxReleases: 1,
      },
      issuer,
    );
    const [part] = warrant.signatures;
    // The payload of a list under the header of a warrant, and the whole warrant as a list.
    await expect(verify(`${String(part?.protected)}.${String(payload)}.${String(signature)}`)).rejects.toThrow(
      refusal('WARRANT_MALFORMED'),
    );
    await expect(verify(`${String(part?.protected)}.${warrant.payload}.${String(part?.signature)}`)).rejects.toThrow(
      refusal('WARRANT_MALFORMED'),
    );
  });

  it('of any other form: WARRANT_MALFORMED', async () => {
    for (const input of [
      undefined,
      null,
      7,
      {},
      '',
      '..',
      good.split('.').slice(0, 2).join('.'),
      `${good}.x`,
      `${good}=`,
      ` ${good}`,
    ]) {
      await expect(verify(input)).rejects.toThrow(refusal('WARRANT_MALFORMED'));
    }
    for (const change of [
      { warrantIds: [] },
      { warrantIds: ['W-1', 'W-1'] },
      { warrantIds: ['W 1'] },
      { issuedAt: 'now' },
      { agency: '' },
      { more: 1 },
    ]) {
      await expect(signRevocations({ ...LIST, ...change }, issuer)).rejects.toThrow(refusal('WARRANT_MALFORMED'));
    }
  });
});
