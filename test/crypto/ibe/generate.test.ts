/** New domain parameters, and their files. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kernelFor } from '../../../src/crypto/curve/index.ts';
import { solinasPrimes } from '../../../src/crypto/ibe/generate.ts';
import {
  decodeDomainParameters,
  domainFromLabel,
  domainParameters,
  encodeDomainParameters,
  encodePublicParameters,
  generateDomain,
  parametersToPem,
  readParameters,
  setup,
  solinasForm,
  validateDomain,
} from '../../../src/crypto/ibe/index.ts';
import { ascii, concat, isHalfkeyError, systemRandom, toBase64 } from '../../../src/foundation/base/index.ts';
import { district } from './fixtures.ts';

const LABEL = 'halfkey test';
const made = domainFromLabel(1024, LABEL);

describe('at random', () => {
  it.each([1024, 2048] as const)('%s: passes every check, and is another each time', (level) => {
    const [a, b] = [generateDomain(level), generateDomain(level)];
    for (const domain of [a, b]) {
      validateDomain(domain);
      expect(domain.level).toBe(level);
    }
    expect(a.p).not.toBe(b.p);
    expect(a.P).not.toEqual(b.P);
  });

  it('keys work on it', () => {
    const { params } = setup(generateDomain(1024), systemRandom);
    expect(kernelFor(params).hasOrderQ(params.Ppub)).toBe(true);
  });
});

describe('from a label', () => {
  /** docs/parameters.md, word for word. */
  function draw(tag: string, counter: number): bigint {
    let octets = Buffer.alloc(0);
    for (let block = 0; octets.length < 512 / 8 + 16; block++) {
      const numbers = Buffer.alloc(11);
      numbers.writeUInt16BE(1024, 0);
      numbers.write(tag, 2, 'latin1');
      numbers.writeUInt32BE(counter, 3);
      numbers.writeUInt32BE(block, 7);
      const text = Buffer.from('halfkey domain parameters v1\0', 'latin1');
      octets = Buffer.concat([octets, createHash('sha512').update(text).update(numbers).update(LABEL).digest()]);
    }
    return BigInt(`0x${octets.subarray(0, 512 / 8 + 16).toString('hex')}`);
  }

  it('is what the document says', () => {
    const { p, q, P } = made.domain;
    const choices = solinasPrimes(160);
    expect(q).toBe(choices[Number(draw('q', 0) % BigInt(choices.length))]);
    const low = 2n ** 511n / (12n * q) + 1n;
    const high = 2n ** 512n / (12n * q);
    expect(p).toBe(12n * q * (low + (draw('r', made.rCounter) % (high - low + 1n))) - 1n);
    const kernel = kernelFor(made.domain);
    expect(P).toEqual(kernel.multiply((p + 1n) / q, kernel.pointWithY(draw('P', made.pCounter) % p)));
  });

  it('passes every check, is the same again, and another for another label or level', () => {
    validateDomain(made.domain);
    expect(domainFromLabel(1024, LABEL)).toEqual(made);
    expect(domainFromLabel(1024, `${LABEL} `).domain.p).not.toBe(made.domain.p);
    expect(() => domainFromLabel(1024, '')).toThrow(TypeError);
  });

  it('stays what it was: SHA-256 of its DER', () => {
    const digest = createHash('sha256').update(encodeDomainParameters(made.domain)).digest('hex');
    expect(digest).toBe('587433ef12f4f0cc96fc3a57cb51ce97daa6972ab74c6fe81e1177cd0c7f75ce');
  });
});

describe('Solinas primes', () => {
  it('have the size and the form, ascending, and the built-in ones are among them', () => {
    for (const [level, bits] of [
      [1024, 160],
      [3072, 256],
    ] as const) {
      const primes = solinasPrimes(bits);
      expect(primes).toContain(domainParameters(level).q);
      expect([...primes].sort((a, b) => (a < b ? -1 : 1))).toEqual(primes);
      for (const q of primes) expect([q.toString(2).length, solinasForm(q)]).toEqual([bits, expect.any(String)]);
    }
  });

  it('are written as their form, which gives them back', () => {
    expect(solinasForm(domainParameters(3072).q)).toBe('2^255 + 2^41 + 1');
    expect(solinasForm(domainParameters(2048).q)).toBe('2^224 - 2^6 + 1');
    expect(solinasForm(2n ** 224n - 2n ** 100n - 2n ** 6n + 1n)).toBeUndefined();
    expect(solinasForm(2n ** 224n + 2n ** 6n)).toBeUndefined();
    for (const q of solinasPrimes(160)) {
      const terms = (solinasForm(q) ?? '').replace(/(^|\s)([+-]?)\s*/g, ' $2').trim();
      const value = terms.split(/ (?=[+-])/).reduce((sum, term) => {
        const [, sign, exponent] = /^([+-]?)(?:2\^(\d+)|1)$/.exec(term) ?? [];
        return sum + (sign === '-' ? -1n : 1n) * (exponent === undefined ? 1n : 2n ** BigInt(exponent));
      }, 0n);
      expect(value).toBe(q);
    }
  });
});

describe('files', () => {
  const { domain } = made;
  const params = district();

  it('PEM and DER of domain parameters, PEM, DER and base64 of public ones', () => {
    expect(decodeDomainParameters(encodeDomainParameters(domain))).toEqual(domain);
    expect(readParameters(ascii(parametersToPem(domain)))).toEqual(domain);
    const der = encodePublicParameters(params);
    for (const octets of [
      der,
      ascii(toBase64(der)),
      ascii(parametersToPem(params)),
      ascii(`text\n${parametersToPem(params)}`),
    ])
      expect(readParameters(octets)).toEqual(params);
    expect(parametersToPem(domain)).toMatch(/^-----BEGIN IBE DOMAIN PARAMETERS-----\n/);
  });

  it.each<[string, Uint8Array]>([
    ['nothing', new Uint8Array()],
    ['a text', ascii('no parameters')],
    ['two blocks', ascii(parametersToPem(domain) + parametersToPem(domain))],
    ['another block', ascii(parametersToPem(domain).replaceAll('IBE DOMAIN PARAMETERS', 'CERTIFICATE'))],
    ['a damaged block', ascii(parametersToPem(domain).replace('\nM', '\nM='))],
  ])('%s: BadParameters or BadDer', (_name, octets) => {
    expect(() => readParameters(octets)).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^Bad(?:Parameters|Der)$/) as unknown }),
    );
  });

  it('P18 mutated DER is refused, or encodes to the same octets', () => {
    const bytes = encodeDomainParameters(domain);
    let accepted = 0;
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const mutated = bytes.map((octet, i) => (i === at ? octet ^ flip : octet));
        try {
          expect(encodeDomainParameters(decodeDomainParameters(mutated))).toEqual(mutated);
          accepted++;
        } catch (error) {
          if (!isHalfkeyError(error, 'BadDer') && !isHalfkeyError(error, 'BadParameters')) throw error;
        }
      }),
      { numRuns: 300, seed: 5091 },
    );
    expect(accepted).toBeGreaterThan(50);
    expect(() => decodeDomainParameters(concat(bytes, Uint8Array.of(0)))).toThrow(
      expect.objectContaining({ code: 'BadDer' }),
    );
  });
});
