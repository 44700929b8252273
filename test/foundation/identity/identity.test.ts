import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ascii } from '../../../src/foundation/base/bytes.ts';
import { isHalfkeyError } from '../../../src/foundation/base/errors.ts';
import {
  identityFromText,
  identityFromWire,
  identityToWire,
  isDeviceOf,
  sameIdentity,
  userOf,
} from '../../../src/foundation/identity/index.ts';

const text = (input: string): string => identityFromText(input).text;
const code = (run: () => unknown): unknown => {
  try {
    run();
  } catch (error) {
    return isHalfkeyError(error) ? error.code : error;
  }
  return 'no error';
};

describe('canonical identity (protocol profile 2.3)', () => {
  it.each([
    ['sip:alice@operator-a.example', 'sip:alice@operator-a.example'],
    ['SIPS:Alice@Operator-A.EXAMPLE:5061;transport=tls?Subject=x', 'sip:Alice@operator-a.example'],
    ['sip:alice@a.example.', 'sip:alice@a.example'],
    ['sip:%61l%2Dice@a.example', 'sip:al-ice@a.example'],
    ['sip:a%2fb%40c@a.example', 'sip:a%2Fb%40c@a.example'],
    ['sip:a%2541@a.example', 'sip:a%2541@a.example'],
    ['sip:a;x=y?z@A.example;lr;GR=Urn:Uuid-1', 'sip:a;x=y?z@a.example;gr=Urn:Uuid-1'],
    ['sip:alice@a.example;gr=a%2fB;user=phone', 'sip:alice@a.example;gr=a%2fB'],
    ['sip:+442079460000@a.example;user=phone', 'sip:+442079460000@a.example'],
    ['tel:+44-20.7946(0000)', 'tel:+442079460000'],
    ['TEL:+1234;npdi;rn=+1', 'tel:+1234'],
    ['Bob.Jr@Realm.Example', 'Bob.Jr@realm.example'],
    ['sip:alice@xn--bcher-kva.example', 'sip:alice@xn--bcher-kva.example'],
  ])('%s', (input, expected) => {
    expect(text(input)).toBe(expected);
    expect(identityFromText(input).type).toBe(/^(sips?|tel):/i.test(input) ? 1 : 0);
  });

  it.each([
    '',
    'sip:a.example',
    'sip:@a.example',
    'sip:alice:secret@a.example',
    'sip:alice:@a.example',
    'sip:alice@10.0.0.1',
    'sip:alice@[2001:db8::1]',
    'sip:alice@a..example',
    'sip:alice@-a.example',
    'sip:alice@a_b.example',
    'sip:alice@a.example:',
    'sip:alice@a.example:port',
    'sip:alice@a.example;gr',
    'sip:alice@a.example;gr=',
    'sip:alice@a.example;gr=1;gr=2',
    'sip:alice@a.example;;x',
    'sip:al%4ice@a.example',
    'sip:al%zz@a.example',
    'sip:al"ice@a.example',
    'sip:alice@b@a.example',
    'sip:alice@a.example?x=a@b',
    'sip:ali ce@a.example',
    'sip:al\u00efce@a.example',
    'sip:alice@a.example\n',
    'tel:1234',
    'tel:',
    'tel:+',
    'tel:-+1',
    'tel:+1234567890123456',
    'tel:+12;ext=3',
    'tel:+12;ISUB=3',
    'tel:+12;postd=1',
    'tel:+12;phone-context=x',
    'tel:+12a',
    'tel:+12;',
    'alice',
    '@a.example',
    'http://a.example',
    'x:y@a.example',
    'a..b@a.example',
    `sip:${'a'.repeat(250)}@a.example`,
  ])('refuses %j as InvalidIdentity', (input) => {
    expect(code(() => identityFromText(input))).toBe('InvalidIdentity');
  });

  it('accepts 255 octets, and does not count what canonicalisation removes', () => {
    const user = 'u'.repeat(255 - 'sip:@a.example'.length);
    expect(text(`sip:${user}@a.example;transport=tcp`)).toHaveLength(255);
    expect(code(() => identityFromText(`sip:${user}u@a.example`))).toBe('InvalidIdentity');
  });

  it('P17 canonicalisation is idempotent, keeps the type, and passes the wire unchanged', () => {
    const part = fc.string({
      unit: fc.constantFrom(..."aZ09-_.!~*'()&=+$,;?/%4fF2", '%41', '%2f', ';gr='),
      maxLength: 12,
    });
    const host = fc.constantFrom('a.example', 'A.B.Example.', '10.0.0.1', 'x', 'xn--a.example');
    const tail = fc.constantFrom('', ':5060', ';lr', ';gr=Ab', ';GR=x%2f;lr', '?h=1', ';gr');
    const input = fc.oneof(
      fc
        .tuple(fc.constantFrom('sip:', 'SIPS:', '', 'tel:'), part, host, tail)
        .map(([s, u, h, t]) => `${s}${u}@${h}${t}`),
      fc.string({ unit: fc.constantFrom(...'+0123456789-.()'), maxLength: 18 }).map((digits) => `tel:${digits}`),
      fc.string(),
    );
    let accepted = 0;
    fc.assert(
      fc.property(input, (raw) => {
        let identity;
        try {
          identity = identityFromText(raw);
        } catch (error) {
          expect(isHalfkeyError(error, 'InvalidIdentity')).toBe(true);
          return;
        }
        accepted++;
        expect(identityFromText(identity.text)).toEqual(identity);
        expect(identityFromWire(identity.type, identityToWire(identity))).toEqual(identity);
        expect(identityFromText(userOf(identity).text)).toEqual(userOf(identity));
      }),
      { seed: 17, numRuns: 2000 },
    );
    expect(accepted).toBeGreaterThan(200);
  });
});

describe('identities on the wire', () => {
  it.each([
    ['sip:alice@a.example:5060', 'port'],
    ['sip:alice@a.example;user=phone', 'parameter other than gr'],
    ['sip:alice@A.example', 'upper-case host'],
    ['sip:a%2fb@a.example', 'lower-case hex'],
    ['sips:alice@a.example', 'sips'],
    ['sip:alice@a.example.', 'trailing dot'],
    ['sip:alice@a.example;GR=1', 'upper-case gr'],
  ])('N21 %s: InvalidId on the wire, canonical from a SIP header', (raw) => {
    expect(code(() => identityFromWire(1, ascii(raw)))).toBe('InvalidId');
    expect(identityFromWire(1, identityToWire(identityFromText(raw)))).toEqual(identityFromText(raw));
  });

  it.each([
    [1, new Uint8Array([0x73, 0x69, 0x70, 0x3a, 0xe4, 0x40, 0x61])],
    [1, ascii('tel:1234')],
    [1, ascii('tel:+1-2')],
    [1, new Uint8Array(0)],
  ])('N22 non-ASCII or local tel: InvalidId (%#)', (type, data) => {
    expect(code(() => identityFromWire(type, data))).toBe('InvalidId');
  });

  it('refuses ID type 2, and a type that does not fit the text', () => {
    expect(code(() => identityFromWire(2, ascii('sip:alice@a.example')))).toBe('InvalidId');
    expect(code(() => identityFromWire(0, ascii('sip:alice@a.example')))).toBe('InvalidId');
    expect(code(() => identityFromWire(1, ascii('alice@a.example')))).toBe('InvalidId');
  });

  it('puts no identity text into the error', () => {
    expect(() => identityFromWire(1, ascii('sip:alice@A.example'))).toThrow(/^((?!alice).)*$/s);
    expect(() => identityFromText('sip:alice@[::1]')).toThrow(/^((?!alice).)*$/s);
  });
});

describe('devices and users', () => {
  const user = identityFromText('sip:alice@a.example');
  const device = identityFromText('sip:alice@a.example;gr=9f2');

  it('takes gr off and recognises a device of its user only', () => {
    expect(userOf(device)).toEqual(user);
    expect(userOf(user)).toBe(user);
    expect(isDeviceOf(device, user)).toBe(true);
    expect(isDeviceOf(user, user)).toBe(false);
    expect(isDeviceOf(device, device)).toBe(false);
    expect(isDeviceOf(device, identityFromText('sip:bob@a.example'))).toBe(false);
  });

  it('does not take ;gr= inside a user part for a device', () => {
    const odd = identityFromText('sip:alice;gr=x@a.example');
    expect(userOf(odd)).toEqual(odd);
    expect(isDeviceOf(odd, identityFromText('sip:alice@a.example'))).toBe(false);
  });

  it('compares type and octets, nothing else', () => {
    expect(sameIdentity(user, identityFromText('SIPS:alice@A.EXAMPLE;lr'))).toBe(true);
    expect(sameIdentity(identityFromText('sip:+4412@a.example;user=phone'), identityFromText('tel:+4412'))).toBe(false);
    expect(sameIdentity(user, device)).toBe(false);
  });
});
