import { generateKeyPairSync, sign } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { signFederationTable, verifyFederationTable } from '../../../src/contract/provisioning/index.ts';
import { isHalfkeyError } from '../../../src/foundation/base/index.ts';
import { entry, entryB, parameters, publisher, s, stranger, table } from '../../entity/endpoint/holders.ts';
import { coded } from '../../platform/support.ts';

const signed = signFederationTable(table(), publisher.privateKey);
const outer = JSON.parse(signed) as { table: string; signature: string };
const refused = (text: string, key = publisher.publicKey): void => {
  expect(() => verifyFederationTable(text, key)).toThrow(coded('FEDERATION_TABLE'));
};

/** Any text under a good signature: what only a publisher can do wrong. */
function signedText(json: string): string {
  const octets = Buffer.from(json);
  const label = Buffer.from('halfkey federation table v1\0');
  const signature = sign(null, Buffer.concat([label, octets]), publisher.privateKey).toString('base64');
  return JSON.stringify({ table: octets.toString('base64'), signature });
}

describe('the signed table', () => {
  it('comes back as it was signed', () => {
    expect(verifyFederationTable(signed, publisher.publicKey)).toEqual(table());
    expect(verifyFederationTable(signedText(JSON.stringify(table())), publisher.publicKey)).toEqual(table());
  });

  it('under another key: FEDERATION_TABLE', () => {
    refused(signed, stranger.publicKey);
  });

  it('any octet of table or signature changed: FEDERATION_TABLE', () => {
    const flip = (text: string, at: number): string => {
      const octets = Buffer.from(text, 'base64');
      octets[at % octets.length]! ^= 1 << (at % 8);
      return octets.toString('base64');
    };
    fc.assert(
      fc.property(fc.nat(1e6), fc.boolean(), (at, first) => {
        refused(
          JSON.stringify(
            first ? { ...outer, table: flip(outer.table, at) } : { ...outer, signature: flip(outer.signature, at) },
          ),
        );
      }),
      { numRuns: 60, seed: 1 },
    );
  });

  it('any text at all: a table or FEDERATION_TABLE', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        try {
          verifyFederationTable(text, publisher.publicKey);
          return false;
        } catch (error) {
          return isHalfkeyError(error, 'FEDERATION_TABLE');
        }
      }),
      { numRuns: 100, seed: 2 },
    );
  });

  it.each([
    ['an unknown member outside', JSON.stringify({ ...outer, more: 1 })],
    ['no signature', JSON.stringify({ table: outer.table })],
    [
      'a signature that is not canonical base64',
      JSON.stringify({ ...outer, signature: `${outer.signature.slice(0, -3)}B==` }),
    ],
    ['an unknown member', signedText(JSON.stringify({ ...table(), more: 1 }))],
    ['another version', signedText(JSON.stringify({ ...table(), version: 2 }))],
    ['white space', signedText(JSON.stringify(table(), null, 1))],
    ['a doubled member', signedText(JSON.stringify(table()).replace('{', '{"sequence":9,'))],
    ['an upper-case domain', signedText(JSON.stringify(table({ entries: [entry({ domains: ['A.example'] })] })))],
    ['a trailing dot', signedText(JSON.stringify(table({ entries: [entry({ domains: ['a.example.'] })] })))],
    ['a wildcard', signedText(JSON.stringify(table({ entries: [entry({ domains: ['*.example'] })] })))],
    ['a prefix without +', signedText(JSON.stringify(table({ entries: [entry({ prefixes: ['44'] })] })))],
    ['no parameters', signedText(JSON.stringify(table({ entries: [entry({ parameters: [] })] })))],
    [
      'a negative serial',
      signedText(JSON.stringify(table({ entries: [entry({ parameters: [parameters(s.a, { serial: -1 })] })] }))),
    ],
    [
      'a domain of two districts',
      signedText(JSON.stringify(table({ entries: [entry(), entryB({ domains: ['operator-a.example'] })] }))),
    ],
    [
      'a prefix of two districts',
      signedText(JSON.stringify(table({ entries: [entry(), entryB({ prefixes: ['+4420'] })] }))),
    ],
    [
      'a district twice',
      signedText(JSON.stringify(table({ entries: [entry(), entry({ domains: [], prefixes: [] })] }))),
    ],
    [
      'a serial twice',
      signedText(JSON.stringify(table({ entries: [entry({ parameters: [parameters(s.a), parameters(s.b)] })] }))),
    ],
  ])('%s: FEDERATION_TABLE', (_what, text) => {
    refused(text);
  });

  it('a table that no client would take is not signed', () => {
    const bad = table({ entries: [entry(), entry()] });
    expect(() => signFederationTable(bad, publisher.privateKey)).toThrow(coded('FEDERATION_TABLE'));
  });

  it('another kind of key is a misuse', () => {
    const ec = generateKeyPairSync('ec', {
      namedCurve: 'P-256',
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    expect(() => signFederationTable(table(), ec.privateKey)).toThrow(TypeError);
    expect(() => verifyFederationTable(signed, ec.publicKey)).toThrow(TypeError);
  });
});
