/** What a replay takes in: a golden file's secrets, a capture and its clock, or a capture made of four messages. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { concat, fromHex, toHex } from '../../../src/foundation/base/index.ts';
import { capturedMikey } from '../../../src/program/cli/captured-mikey.ts';
import { clockOffset, timeOfCall } from '../../../src/program/lab/capture-clock.ts';
import { readFixture } from '../../../src/program/lab/fixture.ts';
import { captureOf } from '../../../src/program/lab/message-capture.ts';
import {
  chunksOf,
  interleave,
  makeCall,
  pcapngOf,
  pcapOf,
  testDistrict,
  testParty,
  type CallOptions,
  type TestCall,
} from '../../support/calls.ts';
import { vector } from '../../support/lab.ts';

const folder = mkdtempSync(join(tmpdir(), 'halfkey-inputs-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});
let files = 0;
function file(content: string | Uint8Array): string {
  const path = join(folder, String((files += 1)));
  writeFileSync(path, content);
  return path;
}
const GOLDEN = vector('golden-n1024-mode3-P-256.json');
const golden = (): Record<string, unknown> & { messages: Record<string, string> } =>
  JSON.parse(readFileSync(GOLDEN, 'utf8')) as ReturnType<typeof golden>;

describe('a fixture', () => {
  it('is read as far as a holder owns it, and nothing else of it', async () => {
    const { t1, ...read } = await readFixture(GOLDEN);
    expect(Object.keys(read).sort()).toEqual(
      ['MS', 'T1', 'curve', 'district', 'level', 'masterSecrets', 'messages', 'nonceEpoch', 'nonceMode'].sort(),
    );
    expect(t1).toBe(Number.parseInt(String(golden()['T1']).slice(0, 8), 16) - 2_208_988_800);
  });

  it.each(['level', 'curve', 'nonceMode', 'nonceEpoch', 'T1', 'district', 'masterSecrets', 'MS'])(
    'without %s: BAD_FIXTURE, which names it',
    async (member) => {
      const { [member]: gone, ...rest } = golden();
      expect(gone).toBeDefined();
      await expect(readFixture(file(JSON.stringify(rest)))).rejects.toMatchObject({
        code: 'BAD_FIXTURE',
        message: `the fixture lacks a usable ${member}`,
      });
    },
  );

  it.each<[string, object]>([
    ['level', { level: 512 }],
    ['nonceMode', { nonceMode: 4 }],
    ['curve', { curve: 'P-192' }],
    ['MS.A', { MS: { A: 'secret', B: '00'.repeat(32) } }],
    ['masterSecrets.b', { masterSecrets: { a: '0x01', b: '1234' } }],
    ['messages.I_MESSAGE_1', { messages: { I_MESSAGE_1: 'zz' } }],
  ])('with a bad %s: BAD_FIXTURE, which does not repeat it', async (member, change) => {
    const failure = readFixture(file(JSON.stringify({ ...golden(), ...change })));
    await expect(failure).rejects.toMatchObject({
      code: 'BAD_FIXTURE',
      message: `the fixture lacks a usable ${member}`,
    });
  });
});

describe('a capture that is made of messages', () => {
  it.each([
    ['all four', ['I_MESSAGE_1', 'R_MESSAGE_1', 'I_MESSAGE_2', 'R_MESSAGE_2']],
    ['one', ['R_MESSAGE_1']],
    ['two', ['I_MESSAGE_1', 'I_MESSAGE_2']],
  ])('carries %s, octet for octet', async (_, types) => {
    const messages = Object.fromEntries(types.map((type) => [type, golden().messages[type] ?? '']));
    const found = await capturedMikey(chunksOf(captureOf(messages, 1_700_000_000)));
    expect(found.map(({ bytes }) => toHex(bytes))).toEqual(Object.values(messages));
    for (const { label } of found) expect(label).toMatch(/^2023-11-14T22:13:20/);
  });
});

describe('the clock of a capture', () => {
  const district = testDistrict('operator-a.example');
  const [alice, bob] = [
    testParty('sip:a@operator-a.example', district),
    testParty('sip:b@operator-a.example', district),
  ];
  const T1 = 1_767_225_600;
  const call = (options: Partial<CallOptions> = {}): TestCall =>
    makeCall({ number: 1, caller: alice, called: bob, t1Ms: 1000 * T1, ...options });
  const earlier = call({ number: 2, t1Ms: 1000 * T1 - 2_400_000 });

  it('is that of the call with this T, whatever was captured before', async () => {
    const made = call({ clockMs: 1234 });
    const expected = 1000 * T1 + 1234 + 1;
    for (const capture of [pcapOf, pcapngOf]) {
      expect(await timeOfCall(file(capture(interleave(earlier.frames, made.frames))), T1)).toBeCloseTo(expected, 2);
    }
  });

  it('is that of its first packet when the call does not begin in it', async () => {
    const made = call({ without: ['INVITE', '183'] });
    const first = made.frames[0]?.timeMs ?? 0;
    expect(await timeOfCall(file(pcapOf(made.frames)), T1)).toBeCloseTo(first, 2);
  });

  it('is found in a capture that is cut off', async () => {
    const made = call();
    const cut = pcapOf(made.frames).subarray(0, -5);
    expect(await timeOfCall(file(cut), T1)).toBeCloseTo(1000 * T1 + 1, 2);
  });

  it('is BadCapture where there is no packet, or no file', async () => {
    const whole = pcapOf(call().frames);
    for (const path of [file(whole.subarray(0, 24)), file('no capture'), file(''), join(folder, 'none'), folder]) {
      await expect(timeOfCall(path, T1)).rejects.toMatchObject({ code: 'BadCapture' });
    }
  });

  it('is changed only when the call lies outside the interval', () => {
    const [from, to] = [1000 * T1 - 1000, 1000 * T1 + 1000];
    expect(clockOffset(from, T1, from, to)).toBe(0);
    expect(clockOffset(to - 1, T1, from, to)).toBe(0);
    expect(clockOffset(to, T1, from, to)).toBe(-1000);
    expect(clockOffset(0.4, T1, from, to)).toBe(1000 * T1);
  });

  it('a message that does not parse is passed over', async () => {
    const made = call({ rewrite: (step, mikey) => (step === 'INVITE' ? concat(mikey, fromHex('00')) : mikey) });
    // R_MESSAGE_1 copies T.
    expect(await timeOfCall(file(pcapOf(made.frames)), T1)).toBeCloseTo(1000 * T1 + 101, 2);
  });
});
