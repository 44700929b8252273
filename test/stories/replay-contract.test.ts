/**
 * What a script may rely on when it runs `halfkey lab replay`: one JSON object on standard output, also on failure; human
 * text on standard error; exit statuses; which files there are, and who can read them.
 *
 *   0 done    1 misuse or bad input    2 ran, but not as wished    (3 refused, 70 our fault, 130 interrupted)
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, isAbsolute, join, relative } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  ALICE,
  BOB,
  filesBelow,
  GOLDEN_1024,
  handedOver,
  lab,
  labs,
  rolesOf,
  run,
  secretsBelow,
  secretsIn,
  temporaryDirectory,
  type LabOutcome,
} from '../support/lab.ts';
import { childEnv, programFile } from '../support/children.ts';
import { needs } from '../support/needs.ts';
import { smallCall, type SmallCall } from './small-call.ts';

const golden = JSON.parse(readFileSync(GOLDEN_1024, 'utf8'));
const KEY = {
  K: Buffer.from(golden.K_SESSION, 'hex'),
  'TEK 1': Buffer.from(golden.cs[1].TEK, 'hex'),
  'TEK 2': Buffer.from(golden.cs[2].TEK, 'hex'),
};

let call: SmallCall;
let capture: string;

beforeAll(async () => {
  call = await smallCall();
  capture = join(temporaryDirectory(), 'call.pcap');
  writeFileSync(capture, call.all);
});

/** The payloads of a capture of clear packets, in its order. */
function clearPayloads(pcap: Buffer): { destination: string; payload: Buffer }[] {
  const found = [];
  for (let at = 24; at < pcap.length;) {
    const length = pcap.readUInt32LE(at + 8);
    const frame = pcap.subarray(at + 16, at + 16 + length);
    found.push({ destination: frame.subarray(30, 34).join('.'), payload: frame.subarray(14 + 20 + 8 + 12) });
    at += 16 + length;
  }
  return found;
}

describe('a replay that succeeds', () => {
  let both: LabOutcome;
  let content: LabOutcome;
  let keys: LabOutcome;

  beforeAll(async () => {
    const done = await labs([
      { target: BOB, way: '4/2', capture, deliver: 'content,keys', more: ['--verbose'] },
      // Solution 3 takes --alternative and has none.
      { target: ALICE, way: '3', capture, deliver: 'content', more: ['--alternative', '1'] },
      { target: ALICE, way: '4/1', capture, deliver: 'keys', more: ['--quiet'] },
    ] as const);
    [both, content, keys] = done.map(({ outcome }) => outcome) as [LabOutcome, LabOutcome, LabOutcome];
  });

  it('prints one JSON object and nothing else on standard output', () => {
    for (const { status, stdout, stderr, json } of [both, content, keys]) {
      expect(status, stderr).toBe(0);
      expect(stdout).toBe(`${JSON.stringify(json)}\n`);
    }
  });

  it('has the members of the contract, of their types', () => {
    const { json, out } = both;
    expect(json).toEqual({
      version: 1,
      roles: ['kms', 'provider', 'df'].map((role) => ({ role, pid: expect.any(Number) })),
      sessions: [
        {
          callId: `${String(golden.csbId)}@fixture.invalid`,
          initiator: ALICE,
          responder: BOB,
          target: BOB,
          role: 'responder',
          status: 'recovered',
          reason: null,
          solution: 4,
          alternative: 2,
          keyConfirmed: true,
          kSession: golden.K_SESSION,
          streams: [
            { ssrc: golden.ssrc.A, direction: 'initiator-to-responder' },
            { ssrc: golden.ssrc.B, direction: 'responder-to-initiator' },
          ].map((stream) => ({
            ...{ ...stream, packets: 5, decrypted: 5, failed: 0 },
            timeline: { startMs: expect.any(Number), stepMs: 100, packets: [5], lost: [0], failed: [0] },
          })),
          files: {
            wav: join(out, 'session-1/call.wav'),
            pcap: join(out, 'session-1/media.pcap'),
            keys: join(out, 'session-1/keys.json'),
          },
        },
      ],
      notes: [],
      report: join(out, 'report.html'),
    });
    for (const file of Object.values(json.sessions[0]?.files ?? {})) expect(isAbsolute(file ?? '')).toBe(true);
    expect(content.json.sessions[0]).toMatchObject({ solution: 3, alternative: null, role: 'initiator' });
    expect(keys.json.sessions[0]).toMatchObject({ solution: 4, alternative: 1, role: 'initiator' });
  });

  it('writes files that only their owner can read', () => {
    for (const { out } of [both, content, keys]) {
      const entries = readdirSync(out, { recursive: true, withFileTypes: true });
      const modes = entries.map((entry) => {
        const mode = statSync(join(entry.parentPath, entry.name)).mode & 0o777;
        return { name: entry.name, mode, wanted: entry.isDirectory() ? 0o700 : 0o600 };
      });
      expect(modes.filter(({ mode, wanted }) => mode !== wanted)).toEqual([]);
      expect(statSync(out).mode & 0o777).toBe(0o700);
    }
  });

  it('delivers the media in the clear', () => {
    const pcap = readFileSync(content.json.sessions[0]?.files.pcap ?? '');
    const found = clearPayloads(pcap);
    expect(found.filter(({ destination }) => destination === '192.0.2.2').map(({ payload }) => payload)).toEqual(
      call.clear.initiator.map((payload) => Buffer.from(payload)),
    );
    expect(found.filter(({ destination }) => destination === '192.0.2.1').map(({ payload }) => payload)).toEqual(
      call.clear.responder.map((payload) => Buffer.from(payload)),
    );
  });

  it('without keys ordered, gives none: not in the result, not in a file, not in what it says', () => {
    const { json, out, stdout, stderr } = content;
    expect(json.sessions[0]).toMatchObject({ kSession: null, keyConfirmed: true, files: { keys: null } });
    expect(readdirSync(join(out, 'session-1')).sort()).toEqual(['call.wav', 'media.pcap']);
    expect(secretsIn(stdout + stderr, KEY)).toEqual([]);
    expect(secretsBelow(out, KEY)).toEqual([]);
  });

  it('without content ordered, gives none, and counts the packets all the same', () => {
    const { json, out } = keys;
    expect(json.sessions[0]).toMatchObject({ kSession: golden.K_SESSION, files: { wav: null, pcap: null } });
    expect(json.sessions[0]?.streams.map(({ decrypted, failed }) => [decrypted, failed])).toEqual([
      [5, 0],
      [5, 0],
    ]);
    expect(readdirSync(join(out, 'session-1'))).toEqual(['keys.json']);
    const clear = Object.fromEntries(
      [...call.clear.initiator, ...call.clear.responder].map((payload, i) => [i, payload]),
    );
    expect(secretsBelow(out, clear)).toEqual([]);
  });

  it('tells a person each step, more with --verbose, nothing with --quiet', () => {
    expect(keys.stderr).toBe('');
    const places = [
      'halfkey kms serve --config',
      'halfkey df serve --config',
      'issues a warrant, two people approve it',
      'recover the session key of this exchange',
      'answered, sealed to this request; entry 2 of its log',
      'proved by V of R_MESSAGE_2',
      'call.wav',
    ].map((step) => content.stderr.indexOf(step));
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(places).not.toContain(-1);
    expect(content.stderr).not.toContain('logged before');
    expect(both.stderr).toContain('kms: released decrypt to df, logged before');
    expect(both.stderr).toContain('provider: released open to df, logged before');
  });
});

describe('a replay that finds nothing, or not enough', () => {
  it('ends with 2, no session and a reason when the target is not in the capture', async () => {
    const { status, json, out } = await lab({ target: 'sip:carol@operator-a.example', way: '3', capture });
    expect(status).toBe(2);
    expect(json).toMatchObject({ version: 1, sessions: [], error: { code: 'NO_SESSION' } });
    expect(json.reason).toBe('the capture holds no call of the target');
    expect(handedOver(out)).toEqual([]);
    // And nothing of the call that is not the target's: its parties are in no file and no answer.
    expect(JSON.stringify(json)).not.toMatch(/alice|bob/);
    for (const file of filesBelow(out)) expect(readFileSync(file, 'latin1'), file).not.toMatch(/alice@|bob@/);
  });

  it('names the message that is missing, and works with what was whole', async () => {
    // Two of four messages, and half a third.
    const cut = join(temporaryDirectory(), 'cut.pcap');
    const third = 24 + [0, 1].reduce((at) => at + 16 + Buffer.from(call.all).readUInt32LE(24 + at + 8), 0);
    writeFileSync(cut, call.all.subarray(0, third + 400));
    const [bob, alice] = await labs([
      { target: BOB, way: '4/2', capture: cut },
      { target: ALICE, way: '4/2', capture: cut },
    ] as const);
    const note = 'the capture is cut off: what was whole has been used';
    expect(bob?.outcome.status).toBe(2);
    expect(bob?.outcome.json.sessions).toMatchObject([
      { status: 'INCOMPLETE', reason: 'need I_MESSAGE_2', keyConfirmed: false, kSession: null, streams: [] },
    ]);
    expect(bob?.outcome.json.notes).toContain(note);
    // I_MESSAGE_1 and R_MESSAGE_1 are all that the caller's key needs, but nothing is there to prove it right.
    expect(alice?.outcome.status).toBe(2);
    expect(alice?.outcome.json.sessions).toMatchObject([
      { status: 'recovered', keyConfirmed: false, kSession: golden.K_SESSION, streams: [] },
    ]);
    expect(alice?.outcome.json.error).toMatchObject({ code: 'NOT_RECOVERED' });
  });
});

describe('a replay that cannot be', () => {
  const base = ['lab', 'replay', '--fixture', GOLDEN_1024, '--target', BOB, '--solution', '3', '--deliver', 'keys'];
  const without = (option: string): string[] => base.toSpliced(base.indexOf(option), 2);
  const instead = (option: string, value: string): string[] => base.with(base.indexOf(option) + 1, value);
  const file = (name: string, text: string): string => {
    const path = join(temporaryDirectory(), name);
    writeFileSync(path, text);
    return path;
  };
  const lacking = (member: string): string => JSON.stringify({ ...golden, [member]: undefined });

  const CASES: readonly (readonly [what: string, args: () => string[], code: string, message: RegExp])[] = [
    ['without a command', () => [], 'USAGE', /./],
    ['an unknown command', () => ['open'], 'USAGE', /unknown command/],
    ['an unknown option', () => [...base, '--everything'], 'USAGE', /unknown option '--everything'/],
    ['without a fixture', () => without('--fixture'), 'USAGE', /--fixture <file>/],
    ['without a target', () => without('--target'), 'USAGE', /--target <uri>/],
    ['without a solution', () => without('--solution'), 'USAGE', /--solution <3\|4>/],
    ['without a delivery', () => without('--deliver'), 'USAGE', /--deliver <what>/],
    ['solution 5', () => instead('--solution', '5'), 'USAGE', /--solution must be 3 or 4/],
    ['alternative 3', () => [...base, '--alternative', '3'], 'USAGE', /--alternative must be 1 or 2/],
    ['a delivery of nothing', () => instead('--deliver', ''), 'USAGE', /--deliver/],
    ['a delivery twice', () => instead('--deliver', 'keys,keys'), 'USAGE', /--deliver/],
    ['another delivery', () => instead('--deliver', 'keys,video'), 'USAGE', /--deliver/],
    ['a target that is no identity', () => instead('--target', 'sip:bob smith'), 'InvalidIdentity', /./],
    ['no such fixture', () => instead('--fixture', '/nonexistent.json'), 'BAD_FIXTURE', /cannot be read/],
    ['a fixture that is no JSON', () => instead('--fixture', capture), 'BAD_FIXTURE', /cannot be read/],
    ['a fixture without MS', () => instead('--fixture', file('f.json', lacking('MS'))), 'BAD_FIXTURE', /MS/],
    [
      'neither messages nor capture',
      () => instead('--fixture', file('f.json', lacking('messages'))),
      'BAD_FIXTURE',
      /no messages/,
    ],
    ['no such capture', () => [...base, '--capture', '/nonexistent.pcap'], 'BadCapture', /cannot be read/],
    ['a directory as a capture', () => [...base, '--capture', temporaryDirectory()], 'BadCapture', /cannot be read/],
    ['a capture that is none', () => [...base, '--capture', GOLDEN_1024], 'BadCapture', /./],
    ['an empty capture', () => [...base, '--capture', file('empty.pcap', '')], 'BadCapture', /./],
  ];

  it.each(CASES)('%s: status 1, and the error as JSON', async (_what, args, code, message) => {
    const out = join(temporaryDirectory(), 'out');
    const list = args();
    const { status, stdout, stderr } = await run(
      list[0] === 'lab' ? [...list, '--out', out, '--json'] : [...list, '--json'],
    );
    expect(stdout.endsWith('}\n')).toBe(true);
    const json = JSON.parse(stdout);
    expect(json).toEqual({ error: { code, message: expect.any(String), hint: expect.any(String) } });
    expect(json.error.message).toMatch(message);
    expect(status).toBe(1);
    // Nothing is made before the input is known to be good, and no role is started for it.
    expect(stderr).toBe('');
    expect(existsSync(out)).toBe(false);
    expect(rolesOf(out)).toEqual([]);
  });

  it('says the same to a person on standard error, in lower case, with a hint', async () => {
    const { status, stdout, stderr } = await run(instead('--solution', '5'));
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toBe('error: --solution must be 3 or 4 (USAGE)\nhint: see --help\n');
  });

  it('shows colours on a terminal only, and not with NO_COLOR', () => {
    needs('script');
    const command = [process.execPath, programFile, 'lab', 'replay'].map((word) => `'${word}'`).join(' ');
    const on = (env: Record<string, string | undefined>): string =>
      spawnSync('script', ['-qec', command, '/dev/null'], {
        env: childEnv({ TERM: 'xterm', ...env }),
        encoding: 'utf8',
      }).stdout;
    expect(on({ NO_COLOR: undefined, CI: undefined })).toContain('\u001b[31merror:');
    expect(on({ NO_COLOR: '1' })).toMatch(/^error:/);
    expect(on({ NO_COLOR: '1' })).not.toContain('\u001b');
  });
});

describe('the output directory', () => {
  it('is refused when it is not empty, and left as it is', async () => {
    const out = temporaryDirectory();
    writeFileSync(join(out, 'notes.txt'), 'mine');
    const { status, json } = await lab({ target: BOB, way: '3', out });
    expect(status).toBe(1);
    expect(json).toMatchObject({ error: { code: 'OUTPUT_EXISTS' } });
    expect(readdirSync(out)).toEqual(['notes.txt']);
  });

  it('is used with --force: what an earlier lab left is replaced, everything else stays', async () => {
    const out = temporaryDirectory();
    writeFileSync(join(out, 'notes.txt'), 'mine');
    const first = await lab({ target: BOB, way: '4/2', out, deliver: 'keys', more: ['--force'] });
    expect(first.status, first.stderr).toBe(0);
    expect(readdirSync(join(out, 'session-1'))).toEqual(['keys.json']);
    const second = await lab({ target: ALICE, way: '3', out, deliver: 'content', capture, more: ['--force'] });
    expect(second.status, second.stderr).toBe(0);
    expect(second.json.sessions).toMatchObject([{ status: 'recovered', kSession: null }]);
    expect(readdirSync(join(out, 'session-1')).sort()).toEqual(['call.wav', 'media.pcap']);
    expect(readdirSync(join(out, 'roles')).sort()).toEqual(['df', 'kms-consolidated']);
    expect(readFileSync(join(out, 'notes.txt'), 'utf8')).toBe('mine');
    expect(secretsBelow(out, KEY)).toEqual([]);
  });

  it('is one of its own, named by the time, for each of two labs that start at once; paths may be relative', async () => {
    const cwd = temporaryDirectory();
    // Whatever second it is when they start, its name is taken.
    const names = Array.from({ length: 120 }, (_, second) =>
      new Date(Date.now() + 1000 * second).toISOString().replace(/[-:]|\.\d+/g, ''),
    );
    for (const name of names) mkdirSync(join(cwd, 'halfkey-out', name), { recursive: true });
    const args = ['--fixture', relative(cwd, GOLDEN_1024), '--capture', relative(cwd, capture), '--target', BOB];
    const order = ['lab', 'replay', ...args, '--solution', '3', '--deliver', 'content', '--json'];
    const outcomes = await Promise.all([run(order, { cwd }), run(order, { cwd })]);
    const directories = outcomes.map(({ status, stdout, stderr }) => {
      expect(status, stderr).toBe(0);
      const { wav } = JSON.parse(stdout).sessions[0].files;
      expect(isAbsolute(wav)).toBe(true);
      expect(existsSync(wav)).toBe(true);
      return basename(wav.slice(0, wav.indexOf('/session-1/')));
    });
    expect(new Set(directories).size).toBe(2);
    for (const directory of directories) expect(directory).toMatch(/^\d{8}T\d{6}Z-\d+$/);
    expect(readdirSync(join(cwd, 'halfkey-out')).sort()).toEqual([...names, ...directories].sort());
    for (const name of names) expect(readdirSync(join(cwd, 'halfkey-out', name))).toEqual([]);
    // Without --json a person gets the same, on standard error alone.
    mkdirSync(join(cwd, 'empty'));
    const spoken = await run([...order.slice(0, -1), '--out', 'empty'], { cwd });
    expect({ status: spoken.status, stdout: spoken.stdout }).toEqual({ status: 0, stdout: '' });
    expect(spoken.stderr).toContain(join(cwd, 'empty/session-1/call.wav'));
  });
});
