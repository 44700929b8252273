import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { HalfkeyError } from '../../src/foundation/base/index.ts';
import { createLogger, type Logger } from '../../src/platform/index.ts';

async function capture(
  use: (log: Logger) => void,
  level: 'debug' | 'info' = 'info',
): Promise<Record<string, unknown>[]> {
  const lines: string[] = [];
  use(await createLogger({ role: 'kms', level, write: (line) => lines.push(line) }));
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('process log', () => {
  it('is JSON lines with level, role and time', async () => {
    const [line] = await capture((log) => {
      log.info('listening', { port: 443 });
    });
    expect(line).toMatchObject({ level: 'info', role: 'kms', msg: 'listening', port: 443, pid: process.pid });
    expect(line?.['time']).toMatch(/^\d{4}-\d\d-\d\dT/);
  });

  it('keeps to its level', async () => {
    const all = (log: Logger): void => {
      log.debug('d');
      log.info('i');
      log.warn('w');
      log.error('e');
    };
    expect((await capture(all)).map(({ msg }) => msg)).toEqual(['i', 'w', 'e']);
    expect((await capture(all, 'debug')).map(({ msg }) => msg)).toEqual(['d', 'i', 'w', 'e']);
  });

  it('removes members that name a secret or a person', async () => {
    const names = [
      'masterSecret',
      'identity',
      'targets',
      'warrant',
      'nonce',
      'ownPoint',
      'privateKey',
      'body',
      'url',
      'query',
      'commonName',
    ];
    const [line] = await capture((log) => {
      log.info('x', Object.fromEntries(names.map((name) => [name, 'LEAK'])));
    });
    expect(JSON.stringify(line)).not.toContain('LEAK');
  });

  it.each(['sip:alice@a.example', 'SIPS:alice@a.example;gr=9f', 'tel:+442071234567', 'alice@a.example'])(
    'masks %s wherever it stands',
    async (identity) => {
      const cause = new Error(`cause ${identity}`);
      const [line, second, third] = await capture((log) => {
        log.info(`call of ${identity}, ended`, { note: `<${identity}>` });
        log.error('failed', {}, new HalfkeyError('INTERNAL', `about ${identity}`, { cause }));
        log.error('failed', {}, cause);
      });
      for (const shown of [line, second, third]) {
        expect(JSON.stringify(shown)).not.toMatch(/alice|442071234567/i);
        expect(JSON.stringify(shown)).toContain('[identity]');
      }
      expect(second?.['code']).toBe('INTERNAL');
    },
  );

  it('goes to standard error and never to standard output', () => {
    const script = `import { createLogger } from './src/platform/index.ts'; (await createLogger({ role: 'df', level: 'info' })).warn('here');`;
    const { stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      cwd: join(import.meta.dirname, '../..'),
      encoding: 'utf8',
    });
    expect(stdout).toBe('');
    expect(JSON.parse(stderr)).toMatchObject({ level: 'warn', msg: 'here' });
  });
});
