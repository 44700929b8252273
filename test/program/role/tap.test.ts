/** A tap as an operator runs it: a capture that cannot be made is said before it is ready, one that is lost ends no call. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, connect, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { serve } from '../../../src/program/role/tap.ts';
import { coded, temporaryDirectory } from '../../platform/support.ts';
import { childEnv, ensureBuilt, programFile, SHORT_LIVED } from '../../support/children.ts';

beforeAll(ensureBuilt);
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** The configuration of a tap before the client at `port`. */
function configFile(capture: string, port = 9): string {
  const file = join(temporaryDirectory(), 'tap.json');
  const sip = [{ listen: { host: '127.0.0.1', port: 0 }, forward: { host: '127.0.0.1', port } }];
  writeFileSync(file, JSON.stringify({ role: 'tap', sip, capture }), { mode: 0o600 });
  return file;
}

/** The octets that a socket has received, once there are `length` of them. */
async function received(socket: Socket, length: number): Promise<string> {
  let text = '';
  while (text.length < length) text += String((await once(socket, 'data'))[0]);
  return text;
}

it('OUTPUT_EXISTS, BAD_CONFIG: a capture that is there already, or in a directory that is not', async () => {
  const there = join(temporaryDirectory(), 'capture.pcap');
  writeFileSync(there, 'an earlier one');
  await expect(serve(configFile(there), () => undefined)).rejects.toThrow(coded('OUTPUT_EXISTS'));
  expect(readFileSync(there, 'utf8')).toBe('an earlier one');
  const nowhere = join(temporaryDirectory(), 'missing', 'capture.pcap');
  await expect(serve(configFile(nowhere), () => undefined)).rejects.toThrow(coded('BAD_CONFIG'));
});

it('UNAVAILABLE: a capture that cannot grow is lost, which is said once; messages still pass, and the end is in order', async () => {
  const callee = createServer();
  callee.listen(0, '127.0.0.1');
  await once(callee, 'listening');
  ends.push(() => callee.close());
  const capture = join(temporaryDirectory(), 'capture.pcap');
  const config = configFile(capture, (callee.address() as AddressInfo).port);
  // No file of this process grows beyond a few KiB: that of its coverage would not either.
  const tap = spawn(
    'sh',
    ['-c', 'ulimit -f 8 && exec "$@"', 'sh', process.execPath, ...SHORT_LIVED, programFile].concat([
      'tap',
      'serve',
      '--config',
      config,
      '--json',
    ]),
    {
      env: { ...childEnv(), NODE_V8_COVERAGE: undefined },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  ends.push(() => tap.kill('SIGKILL'));
  let log = '';
  tap.stderr.on('data', (chunk: Buffer) => (log += chunk.toString('utf8')));
  const ended = once(tap, 'close');
  const lines = createInterface({ input: tap.stdout })[Symbol.asyncIterator]();
  const said = async (): Promise<unknown> => JSON.parse(String((await lines.next()).value));
  const { ports } = (await said()) as { ports: { sip0: number } };

  const caller = connect(ports.sip0, '127.0.0.1');
  ends.push(() => caller.destroy());
  const [other] = (await once(callee, 'connection')) as [Socket];
  const message = [
    'OPTIONS sip:b@b.example SIP/2.0',
    'Via: SIP/2.0/TCP 192.0.2.1;branch=z9hG4bK1',
    'From: <sip:a@a.example>;tag=1',
    'To: <sip:b@b.example>',
    'Call-ID: one',
    'CSeq: 1 OPTIONS',
    'Content-Length: 2000',
    '',
    'x'.repeat(2000),
  ].join('\r\n');
  // More than the limit by any unit that a shell counts in.
  for (let i = 0; i < 8; i++) {
    caller.write(message);
    expect(await received(other, message.length)).toBe(message);
  }
  expect(await said()).toEqual({ event: 'capture-lost', role: 'tap', code: 'UNAVAILABLE' });
  caller.write(message);
  expect(await received(other, message.length)).toBe(message);
  tap.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
  const logged = log
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as object);
  expect(logged).toMatchObject([{ role: 'tap', code: 'UNAVAILABLE', msg: 'the capture is lost' }]);
  expect(log).not.toMatch(/example|192\.0\.2/);
  expect(statSync(capture).mode & 0o777).toBe(0o600);
});
