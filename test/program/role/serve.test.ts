/** `halfkey ROLE serve` as an operator runs it: how it says that it is ready, and how it ends. */
import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { childEnv } from '../../support/children.ts';
import { serveArguments, type Ended, type RoleName } from '../../support/role-process.ts';
import { DECRYPT, goldenExchange, withRoles } from '../../support/roles.ts';

interface Running {
  readonly child: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly ended: Promise<Ended>;
  /** Resolves when standard error or output holds `text`. */
  until(text: string): Promise<void>;
}

function launch(name: RoleName, configFile: string, ...flags: string[]): Running {
  const child = spawn(process.execPath, [...serveArguments(name, configFile), ...flags], {
    env: childEnv({ NO_COLOR: '1' }),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].on('data', (chunk: Buffer) => {
      text[name] += chunk.toString('utf8');
      child.emit('text');
    });
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (code, signal) => {
      resolve({ code, signal });
    });
  });
  return {
    child,
    ended,
    stdout: () => text.stdout,
    stderr: () => text.stderr,
    until: (wanted) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if ((text.stdout + text.stderr).includes(wanted)) resolve();
        };
        child.on('text', look);
        void ended.then(() => {
          reject(new Error(`ended: ${text.stdout}${text.stderr}`));
        });
        look();
      }),
  };
}

const ROLES = ['kms', 'provider', 'df'] as const;

withRoles({ start: ROLES }, (roles) => {
  describe('with --json', () => {
    it('prints one object a line, first that it is ready', () => {
      for (const name of ROLES) {
        const { stdout, stderr } = roles.role(name).printed();
        const [first] = stdout.trimEnd().split('\n');
        expect(JSON.parse(first!)).toMatchObject({ ready: true, role: name });
        expect(stderr).toBe('');
      }
    });

    it.each([
      ['', 'STATE_IN_USE'],
      ['.missing', 'BAD_CONFIG'],
    ])(
      'a failure to start is one object with the code on standard output, and its exit status',
      async (suffix, code) => {
        const running = launch('provider', `${roles.role('provider').configFile}${suffix}`, '--json');
        expect(await running.ended).toEqual({ code: 1, signal: null });
        expect(JSON.parse(running.stdout())).toEqual({
          error: { code, message: expect.any(String), hint: expect.any(String) },
        });
        expect(running.stderr()).toBe('');
      },
    );
  });

  describe('started by a person', () => {
    beforeAll(async () => {
      const ended = await Promise.all(ROLES.map((name) => roles.role(name).stop()));
      expect(ended).toEqual(ROLES.map(() => ({ code: 0, signal: null })));
    });
    afterAll(async () => {
      await Promise.all(ROLES.map((name) => roles.role(name).start()));
    });

    it.each([
      ['kms', 'SIGTERM', /^kms is ready: xk on port \d+, provisioning on port \d+\n$/],
      ['provider', 'SIGINT', /^provider is ready: open on port \d+, provisioning on port \d+\n$/],
      ['df', 'SIGTERM', /^df is ready: intake on port \d+\n$/],
    ] as const)('%s is ready on standard error, and ends with 0 on %s', async (name, signal, ready) => {
      const running = launch(name, roles.role(name).configFile);
      await running.until('is ready');
      running.child.kill(signal);
      expect(await running.ended).toEqual({ code: 0, signal: null });
      expect(running.stderr()).toMatch(ready);
      expect(running.stdout()).toBe('');
    });

    it('with --quiet says nothing at all', async () => {
      const running = launch('provider', roles.role('provider').configFile, '--quiet');
      const answers = (): Promise<boolean> =>
        roles.send('provider', 'provisioning', { method: 'GET', path: '/' }, {}, { of: 'provider' }).then(
          () => true,
          () => false,
        );
      while (!(await answers())) await new Promise((resolve) => setTimeout(resolve, 20));
      running.child.kill('SIGTERM');
      expect(await running.ended).toEqual({ code: 0, signal: null });
      expect([running.stdout(), running.stderr()]).toEqual(['', '']);
    });

    it('with --verbose tells what it answers and refuses: role, operation and code, nothing else', async () => {
      const running = launch('kms', roles.role('kms').configFile, '--verbose');
      await running.until('is ready');
      const asked = await roles.ask(await roles.agency.warrant(), roles.members(DECRYPT, goldenExchange));
      await roles.released(DECRYPT, asked);
      await roles.enter(DECRYPT, { ...asked.body, warrant: undefined });
      await running.until('WARRANT_MISSING');
      running.child.kill('SIGTERM');
      await running.ended;
      const [, ...lines] = running.stderr().trimEnd().split('\n');
      expect(lines.map((line) => JSON.parse(line) as object)).toEqual([
        { event: 'released', role: 'kms', operation: 'decrypt', to: 'df' },
        { event: 'refused', role: 'kms', operation: 'decrypt', to: 'df', code: 'WARRANT_MISSING' },
      ]);
    });

    it('exitWithParent: ends with 0 when its standard input is closed, without it goes on', async () => {
      const { configFile } = roles.role('provider');
      const config = JSON.parse(readFileSync(configFile, 'utf8')) as object;
      expect(config).toMatchObject({ exitWithParent: true });
      const bound = launch('provider', configFile, '--json');
      await bound.until('"ready":true');
      bound.child.stdin!.end();
      expect(await bound.ended).toEqual({ code: 0, signal: null });

      writeFileSync(configFile, JSON.stringify({ ...config, exitWithParent: false }), { mode: 0o600 });
      const free = launch('provider', configFile, '--json');
      free.child.stdin!.end();
      await free.until('"ready":true');
      // Answering takes longer than noticing the end of standard input would.
      expect((await roles.log('provider')).length).toBeGreaterThanOrEqual(0);
      expect(free.child.exitCode).toBeNull();
      free.child.kill('SIGTERM');
      expect(await free.ended).toEqual({ code: 0, signal: null });
    });
  });
});
