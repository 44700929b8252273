/** `halfkey mikey decode` reads a message from wherever it stands. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fromHex, toBase64 } from '../../../src/foundation/base/index.ts';
import { childEnv, ensureBuilt, programFile, projectRoot } from '../../support/children.ts';

const golden = JSON.parse(readFileSync(join(projectRoot, 'test/vectors/golden-n3072-mode3-P-256.json'), 'utf8')) as {
  messages: Record<string, string>;
};
const hex = golden.messages['I_MESSAGE_1'] as string;
const octets = fromHex(hex);
const base64 = toBase64(octets);
const capture = join(projectRoot, 'test/vectors/golden-call.pcap');
const folder = mkdtempSync(join(tmpdir(), 'halfkey-decode-'));

beforeAll(() => {
  ensureBuilt();
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

interface Decoded {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command; `input` goes to its standard input in chunks. */
function decode(args: readonly string[], input: readonly Uint8Array[] = []): Promise<Decoded> {
  const child = spawn(process.execPath, [programFile, 'mikey', 'decode', ...args], { cwd: folder, env: childEnv() });
  const out = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (out.stdout += chunk.toString('utf8')));
  child.stderr.on('data', (chunk: Buffer) => (out.stderr += chunk.toString('utf8')));
  child.stdin.on('error', () => undefined);
  for (const chunk of input) child.stdin.write(chunk);
  child.stdin.end();
  return new Promise((resolve) => {
    child.once('close', (status) => {
      resolve({ status, ...out });
    });
  });
}

interface Field {
  readonly name: string;
  readonly offset: number;
  readonly length: number;
  readonly octets: string;
  readonly fields?: readonly Field[];
  readonly error?: { readonly code: string };
}
interface Result {
  readonly messages: readonly { readonly label: string; readonly octets: number; readonly fields: readonly Field[] }[];
  readonly error?: { readonly code: string; readonly message: string; readonly hint: string };
}
const parsed = ({ stdout }: Decoded): Result => JSON.parse(stdout) as Result;
const leaves = (fields: readonly Field[]): Field[] =>
  fields.flatMap((field) => (field.fields === undefined ? [field] : leaves(field.fields)));

function file(name: string, content: string | Uint8Array): string {
  writeFileSync(join(folder, name), content);
  return name;
}

describe('the same reading', () => {
  it.each<[string, () => [string[], Uint8Array[]?]]>([
    ['base64', () => [[base64]]],
    ['hex', () => [[hex]]],
    ['hex in upper case, with blanks', () => [[hex.toUpperCase().replace(/(.{8})/g, '$1 ')]]],
    ['the attribute line of an SDP description', () => [[`a=key-mgmt:mikey ${base64}`]]],
    ['a file of base64, in lines', () => [[file('b64.txt', base64.replace(/(.{64})/g, '$1\r\n'))]]],
    ['a file of hex', () => [[file('hex.txt', `${hex}\n`)]]],
    ['a file of an attribute line', () => [[file('line.txt', `a=key-mgmt:mikey ${base64}\r\n`)]]],
    ['a file of an attribute line with a blank before', () => [[file('line2.txt', `a=key-mgmt: mikey ${base64}\n`)]]],
    ['a file of raw octets', () => [[file('message.mikey', octets)]]],
    ['a file whose name could be hex', () => [[file('00112233445566778899aabbccddeeff', octets)]]],
    ['standard input, raw', () => [['-'], [octets]]],
    ['standard input, octet by octet', () => [['-'], [...Buffer.from(base64)].map((octet) => Uint8Array.of(octet))]],
  ])('of %s', async (_, source) => {
    const [args, input] = source();
    const decoded = await decode([...args, '--json'], input);
    expect(decoded.stderr).toBe('');
    expect(decoded.status).toBe(0);
    const { messages, error } = parsed(decoded);
    expect(error).toBeUndefined();
    expect(messages).toHaveLength(1);
    const fields = messages[0]?.fields ?? [];
    // Each octet exactly once, in order.
    expect(
      leaves(fields)
        .map((field) => field.octets)
        .join(''),
    ).toBe(hex);
    expect(fields.map(({ name }) => name)).toEqual(['HDR', 'T', 'RAND', 'IDRi', 'IDRr', 'SP', 'Gen.Ext', 'IBAKE']);
  });
});

describe('a capture', () => {
  it('gives each message once, in order, with the time and the SIP message that carried it', async () => {
    const decoded = await decode([capture, '--json']);
    expect(decoded.status).toBe(0);
    const { messages } = parsed(decoded);
    expect(
      messages.map(({ octets: length, fields }) => [
        length,
        leaves(fields)
          .map((field) => field.octets)
          .join(''),
      ]),
    ).toEqual(
      ['I_MESSAGE_1', 'R_MESSAGE_1', 'I_MESSAGE_2', 'R_MESSAGE_2'].map((type) => {
        const message = golden.messages[type] ?? '';
        return [message.length / 2, message];
      }),
    );
    expect(messages.map(({ label }) => label.replace(/^\S+Z /, ''))).toEqual([
      'INVITE',
      '183 to INVITE',
      'PRACK',
      '200 to PRACK',
    ]);
    for (const { label } of messages) expect(Date.parse(label.split(' ')[0] ?? '')).not.toBeNaN();
  });

  it('also from standard input', async () => {
    const whole = readFileSync(capture);
    const decoded = await decode(['-', '--json'], [whole.subarray(0, 2), whole.subarray(2)]);
    expect(decoded.status).toBe(0);
    expect(parsed(decoded).messages).toHaveLength(4);
  });

  it('without a MIKEY message: BadCapture, 1', async () => {
    const empty = readFileSync(capture).subarray(0, 24);
    const decoded = await decode([file('empty.pcap', empty), '--json']);
    expect(decoded.status).toBe(1);
    expect(parsed(decoded)).toMatchObject({ error: { code: 'BadCapture' } });
    expect(parsed(decoded).messages).toBeUndefined();
  });
});

describe('for a person', () => {
  it('prints the reading on standard output: payload, clause, fields', async () => {
    const { status, stdout, stderr } = await decode([hex]);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout.split('\n')[0]).toBe(`argument, ${String(octets.length)} octets`);
    for (const text of ['HDR', 'RFC 3830 6.1', 'I_MESSAGE_1', 'IBAKE', 'sip:alice@operator-a.example'])
      expect(stdout).toContain(text);
  });

  it('a broken message: the good part, then the coded error, and 2', async () => {
    const { status, stdout, stderr } = await decode([hex.slice(0, 120)]);
    expect([status, stderr]).toEqual([2, '']);
    expect(stdout).toContain('HDR');
    expect(stdout).toContain('Truncated');
    expect(stdout.indexOf('HDR')).toBeLessThan(stdout.indexOf('Truncated'));
  });
});

describe('what cannot be read', () => {
  it('a broken message with --json: one object with the good part and the error, and 2', async () => {
    const decoded = await decode([hex.slice(0, 120), '--json']);
    expect(decoded.status).toBe(2);
    const { messages, error } = parsed(decoded);
    expect(error).toMatchObject({ code: 'Truncated', hint: expect.any(String) as string });
    expect(
      leaves(messages[0]?.fields ?? [])
        .map((field) => field.octets)
        .join(''),
    ).toBe(hex.slice(0, 120));
    expect(messages[0]?.fields.at(-1)?.error?.code).toBe('Truncated');
    expect(decoded.stdout.trimEnd().split('\n')).toHaveLength(1);
  });

  it.each([
    ['N1 version 2', (message: Uint8Array) => message.set([2], 0), 'UnsupportedVersion'],
    ['N2 data type 99', (message: Uint8Array) => message.set([99], 1), 'InvalidDataType'],
    ['N9 PRF func 5', (message: Uint8Array) => message.set([0x85], 3), 'InvalidPrf'],
  ])('%s', async (_, change, code) => {
    const message = Uint8Array.from(octets);
    change(message);
    const decoded = await decode([toBase64(message), '--json']);
    expect(decoded.status).toBe(2);
    expect(parsed(decoded).error?.code).toBe(code);
  });

  it('N4 octets behind the message', async () => {
    const decoded = await decode([`${hex}00`, '--json']);
    expect(decoded.status).toBe(2);
    expect(parsed(decoded).error?.code).toBe('TrailingData');
  });

  it.each([
    ['neither a message nor a file', () => 'no-such-file.bin'],
    ['a short text', () => 'QUJD'],
    ['a directory', () => folder],
    ['a file that is far too long', () => file('long.bin', new Uint8Array(200_000))],
  ])('%s: USAGE, 1', async (_, input) => {
    const decoded = await decode([input(), '--json']);
    expect(decoded.status).toBe(1);
    expect(parsed(decoded)).toMatchObject({ error: { code: 'USAGE' } });
  });

  it('an empty standard input, and an empty file: the message is cut at its first octet', async () => {
    for (const args of [['-'], [file('empty', '')]]) {
      const decoded = await decode([...args, '--json']);
      expect(decoded.status).toBe(2);
      expect(parsed(decoded).error?.code).toBe('Truncated');
    }
  });
});
