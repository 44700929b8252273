import { createHash, createSign, KeyObject, X509Certificate } from 'node:crypto';
import { generalVerify } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { ntpFromUnixMs, ntpTime, type NtpTime } from '../../../src/foundation/base/index.ts';
import { identityFromText } from '../../../src/foundation/identity/index.ts';
import {
  approveWarrant,
  assertDeliverable,
  assertIntercepted,
  assertKeyEpoch,
  assertScope,
  assertTarget,
  signWarrant,
  verifyWarrant,
  type SignedWarrant,
  type VerifiedWarrant,
  type Warrant,
  type WarrantSigner,
} from '../../../src/trust/warrant/index.ts';
import {
  APPROVER,
  ISSUER,
  makeAuthority,
  makeSigner,
  newKeys,
  NOW,
  type Authority,
  type LeafOptions,
} from './authority.ts';

const WARRANT: Warrant = {
  version: 1,
  id: 'W-2026/17',
  agency: 'Agency of Examples',
  targets: ['sip:alice@a.example', 'sip:alice@a.example;gr=9f', 'tel:+442071234567'],
  interception: { from: '2026-02-01T00:00:00Z', to: '2026-02-15T00:00:00Z' },
  request: { from: '2026-03-01T00:00:00Z', to: '2026-03-02T00:00:00Z' },
  inProgressSeconds: 3600,
  solutions: ['3', '4/2'],
  deliver: ['content'],
  maxReleases: 10,
};

let authority: Authority;
let issuer: WarrantSigner;
let anna: WarrantSigner;
let bert: WarrantSigner;
let good: SignedWarrant;

beforeAll(async () => {
  authority = await makeAuthority('Authority');
  issuer = await makeSigner(authority, 'Judge Dorn', ISSUER);
  anna = await makeSigner(authority, 'Anna Berg', APPROVER);
  bert = await makeSigner(authority, 'Bert Cole', APPROVER);
  good = await sign(WARRANT, issuer, anna, bert);
});

async function sign(
  warrant: Warrant,
  by: WarrantSigner,
  ...approvers: readonly WarrantSigner[]
): Promise<SignedWarrant> {
  let signed = await signWarrant(warrant, by);
  for (const approver of approvers) signed = await approveWarrant(signed, approver);
  return signed;
}

const verify = (input: unknown, nowMs = NOW): Promise<VerifiedWarrant> =>
  verifyWarrant(input, { roots: [authority.pem] }, nowMs);
const refusal = (code: string): unknown => expect.objectContaining({ name: 'HalfkeyError', code });
const expectRefusal = async (input: unknown, code: string, nowMs = NOW): Promise<void> => {
  await expect(verify(input, nowMs)).rejects.toThrow(refusal(code));
};
const base64url = (text: string | Uint8Array): string => Buffer.from(text).toString('base64url');
const leafOf = ({ certificate }: WarrantSigner): string => new X509Certificate(certificate).raw.toString('base64');

/** Signs any header over any payload, as somebody would who does not use our code. */
function rawSignature(
  payload: string,
  header: string,
  signer: WarrantSigner,
): { protected: string; signature: string } {
  const protectedHeader = base64url(header);
  const key = { key: signer.privateKey as KeyObject, dsaEncoding: 'ieee-p1363' as const };
  return {
    protected: protectedHeader,
    signature: createSign('sha256').update(`${protectedHeader}.${payload}`).sign(key, 'base64url'),
  };
}
const header = (signer: WarrantSigner, changes: object = {}): string =>
  JSON.stringify({ alg: 'ES256', typ: 'halfkey-warrant+json', x5c: [leafOf(signer)], ...changes });

describe('a good warrant', () => {
  it('verifies, with its digest, issuer and approvers', async () => {
    const verified = await verify(structuredClone(good));
    expect(verified.warrant).toEqual(WARRANT);
    expect(verified.issuer).toBe('Judge Dorn');
    expect(verified.approvers).toEqual(['Anna Berg', 'Bert Cole']);
    expect(Buffer.from(verified.digest)).toEqual(createHash('sha256').update(JSON.stringify(WARRANT)).digest());
  });

  it('is a General JWS that jose verifies too', async () => {
    const { payload, protectedHeader } = await generalVerify(
      structuredClone(good) as never,
      new X509Certificate(issuer.certificate).publicKey,
    );
    expect(JSON.parse(new TextDecoder().decode(payload))).toEqual(WARRANT);
    expect(protectedHeader?.alg).toBe('ES256');
  });

  it('may carry three approvals and Ed25519 keys', async () => {
    const ed = await makeSigner(authority, 'Cleo Dahl', APPROVER, { keys: await newKeys({ name: 'Ed25519' }) });
    expect((await verify(await sign(WARRANT, issuer, ed, anna, bert))).approvers).toEqual([
      'Cleo Dahl',
      'Anna Berg',
      'Bert Cole',
    ]);
  });

  it('is verified with one root of several, also in one PEM text', async () => {
    const other = await makeAuthority('Other');
    await expect(verifyWarrant(good, { roots: [other.pem, authority.pem] }, NOW)).resolves.toBeDefined();
    await expect(verifyWarrant(good, { roots: [`${other.pem}\n${authority.pem}\n`] }, NOW)).resolves.toBeDefined();
  });
});

describe('time and revocation', () => {
  it('N52 no warrant: WARRANT_MISSING', async () => {
    await expectRefusal(undefined, 'WARRANT_MISSING');
    await expectRefusal(null, 'WARRANT_MISSING');
  });

  it('N52 before the request interval: WARRANT_NOT_YET; from its first millisecond: valid', async () => {
    const from = Date.UTC(2026, 2, 1);
    await expectRefusal(good, 'WARRANT_NOT_YET', from - 1);
    await expect(verify(good, from)).resolves.toBeDefined();
  });

  it('N52 after the request interval: WARRANT_EXPIRED; the interval is half open', async () => {
    const to = Date.UTC(2026, 2, 2);
    await expect(verify(good, to - 1)).resolves.toBeDefined();
    await expectRefusal(good, 'WARRANT_EXPIRED', to);
  });

  it('N52 revoked: WARRANT_REVOKED, also when it is expired as well', async () => {
    const trust = { roots: [authority.pem], revoked: new Set(['W-2026/17']) };
    await expect(verifyWarrant(good, trust, NOW)).rejects.toThrow(refusal('WARRANT_REVOKED'));
    await expect(verifyWarrant(good, trust, Date.UTC(2026, 2, 2))).rejects.toThrow(refusal('WARRANT_REVOKED'));
    await expect(verifyWarrant(good, { ...trust, revoked: new Set(['W-2026/1']) }, NOW)).resolves.toBeDefined();
  });
});

describe('dual control', () => {
  it('N55 no approver and one approver: DUAL_CONTROL', async () => {
    await expectRefusal(await sign(WARRANT, issuer), 'DUAL_CONTROL');
    await expectRefusal(await sign(WARRANT, issuer, anna), 'DUAL_CONTROL');
  });

  it('N55 the same approver twice: DUAL_CONTROL', async () => {
    await expectRefusal(await sign(WARRANT, issuer, anna, anna), 'DUAL_CONTROL');
    await expectRefusal(await sign(WARRANT, issuer, anna, bert, anna), 'DUAL_CONTROL');
    const [first, second] = (await sign(WARRANT, issuer, anna)).signatures;
    await expectRefusal({ payload: good.payload, signatures: [first, second, second] }, 'DUAL_CONTROL');
  });

  it.each(['Anna Berg', 'anna  berg', 'ANNA BERG', 'Ａｎｎａ Berg'])(
    'N55 one person with two keys, second certificate for %j: DUAL_CONTROL',
    async (name) => {
      await expectRefusal(
        await sign(WARRANT, issuer, anna, await makeSigner(authority, name, APPROVER)),
        'DUAL_CONTROL',
      );
    },
  );

  it('N55 one key under two names: DUAL_CONTROL', async () => {
    const keys = await newKeys();
    const [one, two] = [
      await makeSigner(authority, 'Cleo Dahl', APPROVER, { keys }),
      await makeSigner(authority, 'Dirk Ende', APPROVER, { keys }),
    ];
    await expectRefusal(await sign(WARRANT, issuer, one, two), 'DUAL_CONTROL');
  });

  it("N55 the issuer's person or key as approver: DUAL_CONTROL", async () => {
    const keys = await newKeys();
    const judge = await makeSigner(authority, 'Judge Dorn', ISSUER, { keys });
    await expectRefusal(
      await sign(WARRANT, judge, anna, await makeSigner(authority, 'Judge Dorn', APPROVER)),
      'DUAL_CONTROL',
    );
    await expectRefusal(
      await sign(WARRANT, judge, anna, await makeSigner(authority, 'Cleo Dahl', APPROVER, { keys })),
      'DUAL_CONTROL',
    );
  });
});

describe('certificates', () => {
  it('an unknown issuer: WARRANT_ISSUER', async () => {
    const other = await makeAuthority('Authority');
    await expectRefusal(
      await sign(WARRANT, await makeSigner(other, 'Judge Dorn', ISSUER), anna, bert),
      'WARRANT_ISSUER',
    );
    await expect(verifyWarrant(good, { roots: [other.pem] }, NOW)).rejects.toThrow(refusal('WARRANT_ISSUER'));
    await expect(verifyWarrant(good, { roots: [] }, NOW)).rejects.toThrow(refusal('WARRANT_ISSUER'));
  });

  it('an approver certified by an authority of his own, of the same name: WARRANT_ISSUER', async () => {
    const own = await makeAuthority('Authority');
    await expectRefusal(
      await sign(WARRANT, issuer, anna, await makeSigner(own, 'Bert Cole', APPROVER)),
      'WARRANT_ISSUER',
    );
    await expectRefusal(
      await sign(WARRANT, issuer, anna, bert, await makeSigner(own, 'Cleo Dahl', APPROVER)),
      'WARRANT_ISSUER',
    );
  });

  it('an approver as issuer and an issuer as approver: WARRANT_ISSUER', async () => {
    const cleo = await makeSigner(authority, 'Cleo Dahl', APPROVER);
    await expectRefusal(await sign(WARRANT, cleo, anna, bert), 'WARRANT_ISSUER');
    await expectRefusal(
      await sign(WARRANT, issuer, anna, await makeSigner(authority, 'Judge Ek', ISSUER)),
      'WARRANT_ISSUER',
    );
    const [first, second, third] = good.signatures;
    await expectRefusal({ payload: good.payload, signatures: [second, first, third] }, 'WARRANT_ISSUER');
  });

  it('somebody who was certified by an approver: WARRANT_ISSUER', async () => {
    const person = await makeSigner(authority, 'Mallory', APPROVER);
    const below = { ...(await makeAuthority('Mallory', { keys: person.keys })) };
    await expectRefusal(
      await sign(WARRANT, issuer, anna, await makeSigner(below, 'Cleo Dahl', APPROVER)),
      'WARRANT_ISSUER',
    );
  });

  it('the authority itself, or a root that is no CA: WARRANT_ISSUER', async () => {
    await expectRefusal(
      await sign(
        WARRANT,
        { certificate: authority.pem, privateKey: KeyObject.from(authority.keys.privateKey) },
        anna,
        bert,
      ),
      'WARRANT_ISSUER',
    );
    const noCa = await makeAuthority('Authority', { ca: false, keys: authority.keys });
    await expect(verifyWarrant(good, { roots: [noCa.pem] }, NOW)).rejects.toThrow(refusal('WARRANT_ISSUER'));
  });

  it('an authority outside its own validity: WARRANT_ISSUER', async () => {
    const old = await makeAuthority('Authority', { to: NOW - 1000, keys: authority.keys });
    await expect(verifyWarrant(good, { roots: [old.pem] }, NOW)).rejects.toThrow(refusal('WARRANT_ISSUER'));
  });

  const cases: [string, LeafOptions][] = [
    ['expired', { to: NOW - 1000 }],
    ['not yet valid', { from: NOW + 1000 }],
    ['without a use', { uris: [] }],
    ['of a TLS role', { uris: ['urn:halfkey:role:df'] }],
    ['with two uses', { uris: [ISSUER, APPROVER] }],
    ['with a longer use', { uris: [`${ISSUER}x`] }],
    ['with the use as DNS name', { uris: [], dns: [ISSUER] }],
    ['that hides the use in a DNS name', { uris: [], dns: [`x, URI:${ISSUER}, y`] }],
    ['that hides the use in another name', { uris: [`http://x, URI:${ISSUER}, y`] }],
    ['with a TLS usage', { extendedKeyUsage: ['1.3.6.1.5.5.7.3.2'] }],
    ['that is a CA', { ca: true }],
    ['without a common name', { subject: [{ O: ['Court'] }] }],
    ['with a blank common name', { subject: [{ CN: [' '] }] }],
    ['with two common names', { subject: [{ CN: ['Judge Dorn'] }, { CN: ['Judge Ek'] }] }],
    ['with a control character in the name', { subject: [{ CN: ['Judge\nDorn'] }] }],
  ];
  it.each(cases)('an issuer certificate %s: WARRANT_ISSUER', async (_, options) => {
    await expectRefusal(
      await sign(WARRANT, await makeSigner(authority, 'Judge Dorn', ISSUER, options), anna, bert),
      'WARRANT_ISSUER',
    );
  });

  it('accepts an extended usage that is not for TLS', async () => {
    const judge = await makeSigner(authority, 'Judge Dorn', ISSUER, { extendedKeyUsage: ['1.3.6.1.5.5.7.3.36'] });
    await expect(verify(await sign(WARRANT, judge, anna, bert))).resolves.toBeDefined();
  });

  it('an unreadable root is a fault of the configuration', async () => {
    for (const root of ['', 'x', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----']) {
      await expect(verifyWarrant(good, { roots: [root] }, NOW)).rejects.toThrow(refusal('BAD_CONFIG'));
    }
  });
});

describe('signatures', () => {
  it('an altered payload: WARRANT_SIGNATURE', async () => {
    const payload = base64url(JSON.stringify({ ...WARRANT, targets: ['sip:bob@b.example'] }));
    await expectRefusal({ ...good, payload }, 'WARRANT_SIGNATURE');
  });

  it('approvals of another warrant: WARRANT_SIGNATURE', async () => {
    const other = await sign({ ...WARRANT, id: 'W-2026/18' }, issuer, anna, bert);
    await expectRefusal(
      { payload: good.payload, signatures: [good.signatures[0], ...other.signatures.slice(1)] },
      'WARRANT_SIGNATURE',
    );
    await expectRefusal({ payload: other.payload, signatures: good.signatures }, 'WARRANT_SIGNATURE');
  });

  it('any one signature with one bit changed refuses the whole warrant: WARRANT_SIGNATURE', async () => {
    const cleo = await makeSigner(authority, 'Cleo Dahl', APPROVER);
    const signed = await sign(WARRANT, issuer, anna, bert, cleo);
    for (let i = 0; i < 4; i++) {
      const signatures = structuredClone(signed.signatures) as { protected: string; signature: string }[];
      const part = signatures[i];
      if (part === undefined) throw new Error('four signatures');
      const octets = Buffer.from(part.signature, 'base64url');
      octets[10] = (octets[10] as number) ^ 1;
      part.signature = octets.toString('base64url');
      await expectRefusal({ payload: signed.payload, signatures }, 'WARRANT_SIGNATURE');
    }
  });

  it("somebody else's certificate over one's own signature: WARRANT_SIGNATURE", async () => {
    const forged = rawSignature(good.payload, header(bert), await makeSigner(authority, 'Mallory', APPROVER));
    await expectRefusal(
      { payload: good.payload, signatures: [...good.signatures.slice(0, 2), forged] },
      'WARRANT_SIGNATURE',
    );
  });

  it('EdDSA in the header of a P-256 certificate: WARRANT_SIGNATURE', async () => {
    const forged = rawSignature(good.payload, header(bert, { alg: 'EdDSA' }), bert);
    await expectRefusal(
      { payload: good.payload, signatures: [...good.signatures.slice(0, 2), forged] },
      'WARRANT_SIGNATURE',
    );
  });

  it('an empty or DER signature: WARRANT_SIGNATURE', async () => {
    const protectedHeader = base64url(header(bert));
    const der = createSign('sha256')
      .update(`${protectedHeader}.${good.payload}`)
      .sign(bert.privateKey as KeyObject, 'base64url');
    for (const signature of ['', der]) {
      await expectRefusal(
        {
          payload: good.payload,
          signatures: [...good.signatures.slice(0, 2), { protected: protectedHeader, signature }],
        },
        'WARRANT_SIGNATURE',
      );
    }
  });

  it('a key that does not belong to the certificate is a misuse', async () => {
    await expect(
      signWarrant(WARRANT, { certificate: issuer.certificate, privateKey: anna.privateKey }),
    ).rejects.toThrow(TypeError);
  });
});

describe('form', () => {
  it.each([
    ['a text', 'x'],
    ['a number', 1],
    ['a list', []],
    ['an empty object', {}],
  ])('%s: WARRANT_MALFORMED', async (_, input) => {
    await expectRefusal(input, 'WARRANT_MALFORMED');
  });

  it('members beyond payload and signatures, an unprotected header, no signature, too many: WARRANT_MALFORMED', async () => {
    const [first] = good.signatures;
    await expectRefusal({ ...good, header: {} }, 'WARRANT_MALFORMED');
    await expectRefusal(
      { payload: good.payload, signatures: good.signatures.map((part) => ({ ...part, header: { kid: 'x' } })) },
      'WARRANT_MALFORMED',
    );
    await expectRefusal({ payload: good.payload, signatures: [] }, 'WARRANT_MALFORMED');
    await expectRefusal(
      { payload: good.payload, signatures: Array.from({ length: 9 }, () => first) },
      'WARRANT_MALFORMED',
    );
    await expectRefusal({ payload: good.payload, ...first }, 'WARRANT_MALFORMED');
  });

  it('base64url with padding, of the other alphabet, with stray bits or blanks: WARRANT_MALFORMED', async () => {
    for (const payload of [
      `${good.payload}=`,
      `${good.payload}\n`,
      ` ${good.payload}`,
      `${good.payload}+`,
      base64url('{}').slice(0, -1) + '1',
      7,
    ]) {
      await expectRefusal({ ...good, payload }, 'WARRANT_MALFORMED');
    }
    const [first, ...rest] = good.signatures;
    await expectRefusal(
      { ...good, signatures: [{ ...first, signature: `${String(first?.signature)}==` }, ...rest] },
      'WARRANT_MALFORMED',
    );
  });

  const headers: [string, (signer: WarrantSigner) => string][] = [
    ['alg none', (s) => header(s, { alg: 'none' })],
    ['alg HS256', (s) => header(s, { alg: 'HS256' })],
    ['alg ES384', (s) => header(s, { alg: 'ES384' })],
    ['crit', (s) => header(s, { crit: ['b64'], b64: true })],
    ['jku', (s) => header(s, { jku: 'https://evil.example/' })],
    ['jwk', (s) => header(s, { jwk: { kty: 'EC' } })],
    ['kid', (s) => header(s, { kid: '../key' })],
    ['x5u', (s) => header(s, { x5u: 'https://evil.example/' })],
    ['another typ', (s) => header(s, { typ: 'JWT' })],
    ['the typ of a revocation list', (s) => header(s, { typ: 'halfkey-revocations+json' })],
    ['no typ', (s) => JSON.stringify({ alg: 'ES256', x5c: [leafOf(s)] })],
    ['no x5c', () => JSON.stringify({ alg: 'ES256', typ: 'halfkey-warrant+json' })],
    ['x5c as text', (s) => header(s, { x5c: leafOf(s) })],
    ['two certificates', (s) => header(s, { x5c: [leafOf(s), leafOf(s)] })],
    ['a PEM in x5c', (s) => header(s, { x5c: [Buffer.from(s.certificate).toString('base64')] })],
    [
      'octets after the certificate',
      (s) => header(s, { x5c: [Buffer.concat([Buffer.from(leafOf(s), 'base64'), Buffer.of(0)]).toString('base64')] }),
    ],
    ['not a certificate', (s) => header(s, { x5c: ['AAAA'] })],
    ['a doubled alg', (s) => header(s).replace('{', '{"alg":"none",')],
    ['a doubled x5c', (s) => header(s).replace('{', '{"x5c":[],')],
    ['__proto__', (s) => header(s).replace('{', '{"__proto__":{},')],
    ['white space', (s) => header(s).replace('{', '{ ')],
    ['an escaped name', (s) => header(s).replace('"alg"', '"\\u0061lg"')],
    ['a list', () => '[]'],
    ['null', () => 'null'],
    ['no JSON', () => 'x'],
  ];
  it.each(headers)('a header with %s: WARRANT_MALFORMED', async (_, make) => {
    const forged = rawSignature(good.payload, make(bert), bert);
    await expectRefusal(
      { payload: good.payload, signatures: [...good.signatures.slice(0, 2), forged] },
      'WARRANT_MALFORMED',
    );
  });

  const json = JSON.stringify(WARRANT);
  const payloads: [string, string][] = [
    ['an unknown member', JSON.stringify({ ...WARRANT, urgent: true })],
    ['a missing member', JSON.stringify({ ...WARRANT, maxReleases: undefined })],
    ['a doubled member', json.replace('{', '{"id":"other",')],
    ['white space', json.replace('{', '{ ')],
    ['another order', JSON.stringify(Object.fromEntries(Object.entries(WARRANT).reverse()))],
    ['another version', JSON.stringify({ ...WARRANT, version: 2 })],
    ['a number as 1e1', json.replace('"maxReleases":10', '"maxReleases":1e1')],
    ['octets that are no JSON', 'warrant'],
    ['a list', '[]'],
    ['null', 'null'],
    ['a BOM', `\ufeff${json}`],
  ];
  it.each(payloads)('a payload with %s, properly signed: WARRANT_MALFORMED', async (_, text) => {
    const payload = base64url(text);
    await expectRefusal(
      { payload, signatures: [issuer, anna, bert].map((signer) => rawSignature(payload, header(signer), signer)) },
      'WARRANT_MALFORMED',
    );
  });

  const members: [string, object][] = [
    ['an empty id', { id: '' }],
    ['an id with a blank', { id: 'W 1' }],
    ['an agency with a control character', { agency: 'A\u0007' }],
    ['an agency that is not NFC', { agency: 'Ame\u0301lie' }],
    ['no target', { targets: [] }],
    ['a target twice', { targets: ['sip:a@b.example', 'sip:a@b.example'] }],
    ['a target that is not canonical', { targets: ['sip:alice@A.example'] }],
    ['a target with a port', { targets: ['sip:alice@a.example:5060'] }],
    ['a local number', { targets: ['tel:110'] }],
    ['a wildcard', { targets: ['*'] }],
    ['a target that is no text', { targets: [7] }],
    ['an empty interval', { request: { from: '2026-03-01T00:00:00Z', to: '2026-03-01T00:00:00Z' } }],
    ['a reversed interval', { interception: { from: '2026-03-02T00:00:00Z', to: '2026-03-01T00:00:00Z' } }],
    ['an interval with more members', { request: { ...WARRANT.request, zone: 'UTC' } }],
    ['a time with an offset', { request: { from: '2026-03-01T00:00:00+01:00', to: '2026-03-02T00:00:00Z' } }],
    ['30 February', { interception: { from: '2026-02-01T00:00:00Z', to: '2026-02-30T00:00:00Z' } }],
    ['a date only', { request: { from: '2026-03-01', to: '2026-03-02' } }],
    ['more than a day in progress', { inProgressSeconds: 86_401 }],
    ['a negative time in progress', { inProgressSeconds: -1 }],
    ['no solution', { solutions: [] }],
    ['an unknown solution', { solutions: ['4'] }],
    ['a solution twice', { solutions: ['3', '3'] }],
    ['an unknown product', { deliver: ['all'] }],
    ['no release', { maxReleases: 0 }],
    ['half a release', { maxReleases: 1.5 }],
  ];
  it.each(members)('%s: WARRANT_MALFORMED, to the signer and to the holder', async (_, change) => {
    const changed = { ...WARRANT, ...change };
    await expect(signWarrant(changed, issuer)).rejects.toThrow(refusal('WARRANT_MALFORMED'));
    const payload = base64url(JSON.stringify(changed));
    await expectRefusal(
      { payload, signatures: [issuer, anna, bert].map((signer) => rawSignature(payload, header(signer), signer)) },
      'WARRANT_MALFORMED',
    );
  });

  it('takes milliseconds in times', async () => {
    const request = { from: '2026-03-01T11:59:59.999Z', to: '2026-03-01T12:00:00.001Z' };
    const signed = await sign({ ...WARRANT, request }, issuer, anna, bert);
    await expect(verify(signed)).resolves.toBeDefined();
    await expectRefusal(signed, 'WARRANT_EXPIRED', NOW + 1);
    await expectRefusal(signed, 'WARRANT_NOT_YET', NOW - 2);
  });
});

describe('the order of the checks', () => {
  it('names the first fault in the documented order', async () => {
    const stranger = await makeSigner(await makeAuthority('Stranger'), 'Mallory', APPROVER);
    const revoked = new Set([WARRANT.id]);
    const late = Date.UTC(2026, 2, 2);
    const code = async (input: unknown): Promise<unknown> =>
      verifyWarrant(input, { roots: [authority.pem], revoked }, late).catch(
        (error: unknown) => (error as { code: string }).code,
      );
    const altered = base64url(JSON.stringify({ ...WARRANT, maxReleases: 11 }));
    expect(await code({ payload: `${altered}=`, signatures: (await sign(WARRANT, issuer, stranger)).signatures })).toBe(
      'WARRANT_MALFORMED',
    );
    expect(await code({ payload: altered, signatures: (await sign(WARRANT, issuer, stranger)).signatures })).toBe(
      'WARRANT_ISSUER',
    );
    expect(await code({ payload: altered, signatures: (await sign(WARRANT, issuer, anna)).signatures })).toBe(
      'WARRANT_SIGNATURE',
    );
    expect(await code(await sign(WARRANT, issuer, anna))).toBe('DUAL_CONTROL');
    expect(await code(good)).toBe('WARRANT_REVOKED');
  });
});

describe('scope', () => {
  let verified: VerifiedWarrant;
  beforeAll(async () => {
    verified = await verify(good);
  });
  const from = Date.UTC(2026, 1, 1) / 1000;
  const to = Date.UTC(2026, 1, 15) / 1000;

  it('N53 an identity that is not a target: TARGET_MISMATCH', () => {
    for (const target of WARRANT.targets) assertTarget(verified, identityFromText(target));
    for (const text of [
      'sip:bob@b.example',
      'sip:alice@a.example;gr=9e',
      'sip:Alice@a.example',
      'alice@a.example',
      'tel:+44207123456',
    ]) {
      expect(() => {
        assertTarget(verified, identityFromText(text));
      }).toThrow(refusal('TARGET_MISMATCH'));
    }
  });

  it('N54 T outside [from - inProgress, to): OUTSIDE_WINDOW', () => {
    for (const t of [from - 3600, from, to - 1]) assertIntercepted(verified, ntpFromUnixMs(1000 * t));
    for (const t of [from - 3601, to, 0, Date.UTC(2100, 0, 1) / 1000]) {
      expect(() => {
        assertIntercepted(verified, ntpFromUnixMs(1000 * t));
      }).toThrow(refusal('OUTSIDE_WINDOW'));
    }
  });

  it('N54 T outside an interval that begins and ends inside a second: OUTSIDE_WINDOW, to the last bit of T', async () => {
    const [begins, ends] = [1000 * from + 500, 1000 * to + 501];
    const interception = { from: new Date(begins).toISOString(), to: new Date(ends).toISOString() };
    const exact = await verify(await sign({ ...WARRANT, interception, inProgressSeconds: 0 }, issuer, anna, bert));
    const tick = (ms: number, ticks: bigint): NtpTime => {
      const octets = Buffer.from(ntpFromUnixMs(ms));
      octets.writeBigUInt64BE(octets.readBigUInt64BE() + ticks);
      return ntpTime(octets);
    };
    for (const t of [tick(begins, 0n), tick(begins + 400, 0n), tick(ends, -1n)]) assertIntercepted(exact, t);
    for (const t of [tick(begins, -1n), tick(ends, 0n), tick(ends + 400, 0n)]) {
      expect(() => {
        assertIntercepted(exact, t);
      }).toThrow(refusal('OUTSIDE_WINDOW'));
    }
  });

  it('N54 a key epoch that does not meet the interval: OUTSIDE_WINDOW', () => {
    const day = 86_400;
    for (const start of [from - day, from, to - day, from - 3600 - day + 1, to - 1])
      assertKeyEpoch(verified, start, day);
    for (const start of [from - 3600 - day, to, to + day, NaN]) {
      expect(() => {
        assertKeyEpoch(verified, start, day);
      }).toThrow(refusal('OUTSIDE_WINDOW'));
    }
    expect(() => {
      assertKeyEpoch(verified, from + 5, 0);
    }).toThrow(refusal('OUTSIDE_WINDOW'));
  });

  it('a solution or product that is not ordered: WARRANT_SCOPE', () => {
    assertScope(verified, '3');
    assertScope(verified, '4/2');
    assertDeliverable(verified, 'content');
    expect(() => {
      assertScope(verified, '4/1');
    }).toThrow(refusal('WARRANT_SCOPE'));
    expect(() => {
      assertDeliverable(verified, 'keys');
    }).toThrow(refusal('WARRANT_SCOPE'));
  });
});
