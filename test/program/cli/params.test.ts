/** `halfkey params`: what an operator makes, looks at and checks; every failing check is named (N69). */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { kernelFor } from '../../../src/crypto/curve/index.ts';
import { domainFromLabel, parametersToPem, readParameters, type Domain } from '../../../src/crypto/ibe/index.ts';
import { district } from '../../crypto/ibe/fixtures.ts';
import { runProgram, type Run } from '../../support/bulk.ts';
import { ensureBuilt } from '../../support/children.ts';
import { verify } from '../../../src/program/cli/params-work.ts';
import { temporaryDirectory } from '../../platform/support.ts';

beforeAll(ensureBuilt);

const directory = temporaryDirectory();
const at = (name: string): string => join(directory, name);
const params = (...args: string[]): Promise<Run> => runProgram(['params', ...args]);
const json = ({ stdout }: Run): Record<string, unknown> => JSON.parse(stdout) as Record<string, unknown>;
const LABEL = ['--nothing-up-my-sleeve', 'halfkey test'];

describe('generate', () => {
  it('at random: PEM on standard output, and what verifies', async () => {
    const { status, stdout, stderr } = await params('generate', '--level', '1024');
    expect([status, stderr]).toEqual([0, '']);
    expect(readParameters(Buffer.from(stdout)).level).toBe(1024);
  });

  it('from a label: a file that anybody can read and make again, never overwritten', async () => {
    const first = await params('generate', '--level', '1024', ...LABEL, '--out', at('domain.pem'), '--json');
    const { domain, rCounter, pCounter } = domainFromLabel(1024, 'halfkey test');
    expect(json(first)).toMatchObject({
      level: 1024,
      label: 'halfkey test',
      rCounter,
      pCounter,
      pem: parametersToPem(domain),
    });
    expect(readFileSync(at('domain.pem'), 'utf8')).toBe(parametersToPem(domain));
    expect(statSync(at('domain.pem')).mode & 0o044).toBe(0o044);
    const again = await params('generate', '--level', '1024', '--out', at('domain.pem'), '--json');
    expect([again.status, json(again)]).toMatchObject([1, { error: { code: 'OUTPUT_EXISTS' } }]);
    expect(readFileSync(at('domain.pem'), 'utf8')).toBe(parametersToPem(domain));
  });

  it.each([
    ['another level', ['--level', '4096']],
    ['an empty label', ['--level', '1024', '--nothing-up-my-sleeve', '']],
  ])('%s: USAGE', async (_what, args) => {
    const run = await params('generate', ...args, '--json');
    expect([run.status, json(run)]).toMatchObject([1, { error: { code: 'USAGE' } }]);
  });
});

describe('show', () => {
  it('a built-in level, for people and for programs', async () => {
    const { status, stdout } = await params('show', '3072');
    expect(status).toBe(0);
    for (const text of ['3072, sha256', '2^255 + 2^41 + 1 (256 bits)', '12qr - 1, 1536 bits'])
      expect(stdout).toContain(text);
    expect(json(await params('show', '2048', '--json'))).toMatchObject({
      level: 2048,
      qForm: '2^224 - 2^6 + 1',
      bits: { p: 1024, q: 224 },
    });
  });

  it('a file; what cannot be read is BAD_CONFIG', async () => {
    writeFileSync(at('public.pem'), parametersToPem(district()));
    expect(json(await params('show', at('public.pem'), '--json'))).toMatchObject({
      Ppub: { x: district().Ppub.x.toString(16) },
    });
    expect(json(await params('show', at('none'), '--json'))).toMatchObject({ error: { code: 'BAD_CONFIG' } });
  });
});

describe('verify', () => {
  /** Without a process of its own: status and what is printed. */
  async function checked(file: string, flags: object): Promise<[number, Record<string, unknown>]> {
    let printed = '';
    const spy = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      printed += String(text);
      return true;
    });
    try {
      const status = await verify(file, { json: true, ...flags });
      return [status, JSON.parse(printed) as Record<string, unknown>];
    } finally {
      spy.mockRestore();
    }
  }

  const known = domainFromLabel(1024, 'halfkey test').domain;
  const write = (name: string, parameters: Domain): string => {
    writeFileSync(at(name), parametersToPem(parameters));
    return at(name);
  };

  it('text before the block is passed over, whatever it begins with', async () => {
    writeFileSync(at('commented.pem'), `0 was drawn\n${parametersToPem(known)}`);
    expect(await checked(at('commented.pem'), { allowTestLevel: true })).toMatchObject([0, { valid: true }]);
  });

  it('what is right is valid, with its label too; level 1024 needs to be allowed', async () => {
    const file = write('right.pem', known);
    const label = 'halfkey test';
    const right = await checked(file, { allowTestLevel: true, nothingUpMySleeve: label });
    expect(right).toEqual([0, { valid: true, level: 1024, hash: 'sha1' }]);
    expect(await checked(file, {})).toMatchObject([3, { valid: false, code: 'LevelRefused', check: 'level' }]);
    const other = await checked(file, { allowTestLevel: true, nothingUpMySleeve: 'other' });
    expect(other).toMatchObject([2, { valid: false, check: 'label' }]);
  });

  const { p, q, P } = known;
  const wrongOrder = kernelFor(known).pointWithY(5n);
  it.each<[string, string, Domain]>([
    ['p composite', 'p', { ...known, p: composite() }],
    ['p not 11 modulo 12', 'p', { ...known, p: p + 4n }],
    ['q that does not divide', 'q', { ...known, p: p + 12n }],
    ['q of no Solinas form', 'q', { ...known, q: q - 2n ** 90n - 2n ** 70n, p: composite(q - 2n ** 90n - 2n ** 70n) }],
    ['hash of another level', 'level', { ...known, hash: 'sha256' }],
    ['P off the curve', 'P', { ...known, P: { x: P.x, y: P.y ^ 1n } }],
    ['P of wrong order', 'P', { ...known, P: wrongOrder }],
    ['P_pub of wrong order', 'P_pub', { ...district(), Ppub: wrongOrderIn(district()) } as Domain],
    ['P_pub equal to P', 'P_pub', { ...district(), Ppub: district().P } as Domain],
  ])('N69 %s: status 2, and the check is %s', async (_what, check, parameters) => {
    const found = await checked(write('wrong.pem', parameters), { allowTestLevel: true });
    expect(found).toMatchObject([2, { valid: false, code: 'BadParameters', check }]);
  });

  it('says it to people, and octets that are no parameters are an error', async () => {
    const run = await params('verify', write('wrong.pem', { ...known, p: p + 4n }));
    expect([run.status, run.stdout]).toEqual([2, 'not valid: p: not 11 modulo 12\n']);
    writeFileSync(at('text'), 'no parameters!');
    expect(await checked(at('text'), {})).toMatchObject([2, { valid: false, check: 'file' }]);
    expect(await params('verify', write('right.pem', known), '--nothing-up-my-sleeve', '')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('(USAGE)') as string,
    });
    writeFileSync(at('der'), Uint8Array.of(0x30, 0));
    await expect(verify(at('der'), {})).rejects.toThrow(expect.objectContaining({ code: 'BadDer' }));
  });

  /** A multiple of 12q of 512 bits, less one, that is not prime: a multiple of 5. */
  function composite(divisor = q): bigint {
    for (let r = 2n ** 511n / (12n * divisor) + 1n; ; r++) {
      const candidate = 12n * divisor * r - 1n;
      if (candidate % 5n === 0n) return candidate;
    }
  }
  function wrongOrderIn(domain: Domain): Domain['P'] {
    return kernelFor(domain).pointWithY(5n);
  }
});
