/** The command `halfkey` itself: help, version, misuse, and one table of exit statuses for everything. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ERROR_TABLE, type ErrorCode } from '../../../src/foundation/base/error-table.ts';
import { HalfkeyError } from '../../../src/foundation/base/index.ts';
import { createOutput, reportFailure } from '../../../src/program/cli/output.ts';
import { version } from '../../../src/index.ts';
import { childEnv, ensureBuilt, programFile, projectRoot } from '../../support/children.ts';

const folder = mkdtempSync(join(tmpdir(), 'halfkey-cli-'));
const GOLDEN = join(projectRoot, 'test/vectors/golden-n1024-mode3-P-256.json');

beforeAll(() => {
  ensureBuilt();
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

interface Run {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}
function halfkey(args: readonly string[], node: readonly string[] = []): Run {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...node, programFile, ...args], {
    cwd: folder,
    env: childEnv(),
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}
/** What `work` writes to the standard streams of this process. */
function printed(work: () => void): Omit<Run, 'status'> {
  const said = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((stream) =>
    vi.spyOn(process[stream], 'write').mockImplementation((text) => {
      said[stream] += String(text);
      return true;
    }),
  );
  try {
    work();
    return said;
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}
const errorOf = ({ stdout }: Run): { code: string; message: string; hint: string } =>
  (JSON.parse(stdout) as { error: { code: string; message: string; hint: string } }).error;
const REPLAY = ['lab', 'replay', '--fixture', GOLDEN, '--target', 'sip:bob@operator-b.example'];
const ORDER = [...REPLAY, '--solution', '4', '--deliver', 'keys'];

describe('help and version', () => {
  it('--help: the commands and the exit statuses, on standard output, 0', () => {
    const { status, stdout, stderr } = halfkey(['--help']);
    expect([status, stderr]).toEqual([0, '']);
    for (const text of ['Usage: halfkey', 'lab', 'kms', 'provider', 'df', 'mikey', 'log', '130 interrupted'])
      expect(stdout).toContain(text);
  });

  it.each([
    ['lab', 'replay'],
    ['kms', 'serve'],
    ['kms', 'issue'],
    ['params', 'verify'],
    ['mikey', 'decode'],
    ['log', 'verify'],
  ])('%s %s --help, 0', (...args) => {
    const { status, stdout } = halfkey([...args, '--help']);
    expect(status).toBe(0);
    expect(stdout).toContain(`Usage: halfkey ${args.join(' ')}`);
    expect(stdout).toContain('--json');
  });

  it('--version is that of the package', () => {
    expect(halfkey(['--version'])).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
    expect(version).toBe(
      (JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as { version: string }).version,
    );
  });
});

describe('misuse: USAGE, 1, and nothing is done', () => {
  it.each<[string, string[]]>([
    ['no command', []],
    ['no subcommand', ['mikey']],
    ['no subcommand of a role', ['kms']],
    ['an unknown command', ['open-everything']],
    ['an unknown subcommand', ['lab', 'guess']],
    ['an unknown option', ['mikey', 'decode', '--loud', 'x']],
    ['a missing argument', ['mikey', 'decode']],
    ['an argument too many', ['mikey', 'decode', 'a', 'b']],
    ['a missing option', ['lab', 'replay', '--target', 'sip:a@b.example']],
    ['solution 5', [...REPLAY, '--deliver', 'keys', '--solution', '5']],
    ['alternative 3', [...ORDER, '--alternative', '3']],
    ['an unknown deliverable', [...REPLAY, '--solution', '4', '--deliver', 'everything']],
    ['a deliverable twice', [...REPLAY, '--solution', '4', '--deliver', 'keys,keys']],
    ['a head that is none', ['log', 'verify', '--config', 'x', '--expect', '1']],
  ])('%s', (_, args) => {
    const outcome = halfkey([...args, '--json']);
    expect([outcome.status, outcome.stderr]).toEqual([1, '']);
    expect(errorOf(outcome)).toMatchObject({ code: 'USAGE', hint: 'see --help' });
    expect(outcome.stdout.trimEnd().split('\n')).toHaveLength(1);
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each([
    ['no command', []],
    ['an unknown command', ['open-everything']],
    ['an option without its value', ['kms', 'serve', '--config']],
  ])('%s, told to a person', (_, args) => {
    const { status, stdout, stderr } = halfkey(args);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^error: .*\(USAGE\)\nhint: see --help\n$/);
    expect(stderr).not.toContain(String.fromCharCode(27));
  });
});

describe('bad input: its code, 1, before anything is started', () => {
  const fixture = (name: string, content: string): string => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };
  afterAll(() => {
    for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
  });
  const replayed = (changes: Record<string, string>): string[] => {
    const options = {
      fixture: GOLDEN,
      target: 'sip:bob@operator-b.example',
      solution: '4',
      deliver: 'keys',
      ...changes,
    };
    return ['lab', 'replay', '--json', ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, value])];
  };

  it.each<[ErrorCode, string, () => Record<string, string>]>([
    ['BAD_FIXTURE', 'no fixture', () => ({ fixture: join(folder, 'none.json') })],
    ['BAD_FIXTURE', 'a fixture that is no JSON', () => ({ fixture: fixture('text.json', 'hello') })],
    ['BAD_FIXTURE', 'a fixture without secrets', () => ({ fixture: fixture('empty.json', '{}') })],
    [
      'BAD_FIXTURE',
      'a fixture without messages, and no capture',
      () => {
        const { messages, ...rest } = JSON.parse(readFileSync(GOLDEN, 'utf8')) as Record<string, unknown>;
        expect(messages).toBeDefined();
        return { fixture: fixture('silent.json', JSON.stringify(rest)) };
      },
    ],
    [
      'BAD_FIXTURE',
      'a fixture with no message among its messages',
      () => ({
        fixture: fixture(
          'mute.json',
          JSON.stringify({ ...(JSON.parse(readFileSync(GOLDEN, 'utf8')) as object), messages: {} }),
        ),
      }),
    ],
    ['InvalidIdentity', 'a target that is no identity', () => ({ target: 'bob' })],
    ['OUTPUT_EXISTS', 'an output directory with something in it', () => ({ out: folder })],
  ])('%s: %s', (code, _, changes) => {
    fixture('something', '');
    const before = readdirSync(folder);
    const outcome = halfkey(replayed(changes()));
    expect(outcome.status).toBe(1);
    expect(errorOf(outcome).code).toBe(code);
    // The messages do not repeat what they were given.
    expect(errorOf(outcome).message).not.toContain('bob');
    expect(readdirSync(folder).filter((name) => !before.includes(name) && !name.endsWith('.json'))).toEqual([]);
  });

  it.each(['kms', 'provider', 'df'])(
    'BAD_CONFIG: %s with a configuration that is missing or of another role',
    (role) => {
      const config = fixture('other.json', JSON.stringify({ role: 'nobody' }));
      for (const path of [join(folder, 'none.json'), config]) {
        const outcome = halfkey([role, 'serve', '--config', path, '--json']);
        expect(outcome.status).toBe(1);
        expect(errorOf(outcome).code).toBe('BAD_CONFIG');
      }
    },
  );
});

describe('exit statuses', () => {
  function reported(error: unknown, json: boolean): Run {
    let status = 0;
    const said = printed(() => {
      status = reportFailure(error, json);
    });
    return { status, ...said };
  }

  it.each(Object.keys(ERROR_TABLE) as ErrorCode[])(
    '%s ends with the status of its row, as one object or two lines',
    (code) => {
      const { exit, hint } = ERROR_TABLE[code];
      const error = new HalfkeyError(code, 'what was wrong');
      const json = reported(error, true);
      expect(json.status).toBe(exit);
      expect(JSON.parse(json.stdout)).toEqual({ error: { code, message: 'what was wrong', hint } });
      expect(json.stderr).toBe('');
      const plain = reported(error, false);
      expect(plain).toEqual({ status: exit, stdout: '', stderr: `error: what was wrong (${code})\nhint: ${hint}\n` });
    },
  );

  it('there are five of them beside 0, and 70 is for our own faults only', () => {
    const rows = Object.entries(ERROR_TABLE);
    expect([...new Set(rows.map(([, { exit }]) => exit))].sort((a, b) => a - b)).toEqual([1, 2, 3, 70, 130]);
    expect(rows.filter(([, { exit }]) => exit === 70).map(([code]) => code)).toEqual(['INTERNAL']);
    expect(rows.filter(([, { exit }]) => exit === 130).map(([code]) => code)).toEqual(['INTERRUPTED']);
    // What a warrant or a policy forbids is told from what went wrong.
    for (const code of [
      'WARRANT_EXPIRED',
      'DUAL_CONTROL',
      'TARGET_MISMATCH',
      'ROLE',
      'POLICY_REFUSED',
      'CAP_REACHED',
    ] as const)
      expect(ERROR_TABLE[code].exit).toBe(3);
  });

  it.each([
    ['an error of the platform', new TypeError('cannot read /run/keys/master')],
    ['a text', 'the key is 0123456789'],
    ['nothing', undefined],
  ])('an unexpected fault, %s: INTERNAL, 70, without detail', (_, fault) => {
    for (const json of [true, false]) {
      const { status, stdout, stderr } = reported(fault, json);
      expect(status).toBe(70);
      expect(stdout + stderr).toContain('INTERNAL');
      expect(stdout + stderr).not.toMatch(/keys|0123456789|TypeError|\.ts/);
    }
  });

  it('an unexpected fault in the running program: 70, one object, no detail on standard output', () => {
    const fault = "Date.prototype.toISOString = () => { throw new TypeError('cannot read /run/keys/master'); };";
    const outcome = halfkey(
      ['mikey', 'decode', join(projectRoot, 'test/vectors/golden-call.pcap'), '--json'],
      [...['--import', `data:text/javascript,${encodeURIComponent(fault)}`]],
    );
    expect(outcome.status).toBe(70);
    expect(errorOf(outcome)).toMatchObject({ code: 'INTERNAL', message: 'an unexpected fault' });
    expect(outcome.stdout + outcome.stderr).not.toContain('/run/keys');
  });
});

describe('what a command says', () => {
  const said = (flags: Parameters<typeof createOutput>[0]): Omit<Run, 'status'> =>
    printed(() => {
      const output = createOutput(flags);
      output.say('human');
      output.detail('more');
      output.result({ version: 1 }, 'the result');
    });

  it.each([
    [{}, 'the result\n', 'human\n'],
    [{ verbose: true }, 'the result\n', 'human\nmore\n'],
    [{ quiet: true }, 'the result\n', ''],
    [{ quiet: true, verbose: true }, 'the result\n', ''],
    [{ json: true }, '{"version":1}\n', 'human\n'],
    [{ json: true, quiet: true }, '{"version":1}\n', ''],
  ])('with %j', (flags, stdout, stderr) => {
    expect(said(flags)).toEqual({ stdout, stderr });
  });
});

describe('standard output', () => {
  it('whose reader has gone stops nothing', async () => {
    const child = spawn(process.execPath, [programFile, 'params', 'show', '7680', '--json'], { env: childEnv() });
    child.stdout.destroy();
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString('utf8')));
    const [status] = await once(child, 'close');
    expect([status, said]).toEqual([0, '']);
  });

  it.runIf(existsSync('/dev/full'))('that is full: one line, status 1', () => {
    const full = openSync('/dev/full', 'w');
    const { status, stderr } = spawnSync(process.execPath, [programFile, 'params', 'show', '1024', '--json'], {
      env: childEnv(),
      stdio: ['ignore', full, 'pipe'],
      encoding: 'utf8',
    });
    expect([status, stderr.split('\n')[0]]).toEqual([1, 'error: cannot write standard output (ENOSPC) (BAD_CONFIG)']);
  });
});
