/**
 * Two clients alone: each fetches its keys from KMS and provider, then one calls the other over TCP and UDP.
 *
 *   ue call (alice)                     ue serve (bob)
 *      | INVITE   I_MESSAGE_1 ------------->|
 *      |<------------ 183     R_MESSAGE_1   |
 *      | PRACK    I_MESSAGE_2 ------------->|
 *      |<------------ 200     R_MESSAGE_2   |
 *      |<------------ 200 INVITE            |
 *      | ACK, then SRTP both ways, then BYE |
 */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodeMuLaw, readSpeechWav } from '../../src/protocol/media/index.ts';
import { CLIENT_ROLES, clientDirectory, halfkey, register, speech, tableOf, type Client } from '../support/clients.ts';
import { withRoles } from '../support/roles.ts';

const ANN = 'sip:ann@operator-a.example';
const BEN = 'sip:ben@operator-a.example';

describe('two clients alone', () => {
  withRoles(CLIENT_ROLES, (roles) => {
    async function serving(identity: string): Promise<{ server: Client; port: number; directory: string }> {
      await register(roles, identity);
      const directory = await clientDirectory(roles, identity, {
        sip: { listen: { host: '127.0.0.1', port: 0 } },
        answer: { speech: speech('bob'), recordings: 'recordings', tailMs: 2000 },
      });
      const server = halfkey(['ue', 'serve', '--config', join(directory, 'config.json')], directory);
      const { ports } = await server.line(({ ready }) => ready === true);
      return { server, port: ports?.sip ?? 0, directory };
    }

    it('one calls the other: each hears what the other said, sample for sample', async () => {
      const { server, port, directory } = await serving(BEN);
      await register(roles, ANN);
      const caller = await clientDirectory(roles, ANN, { sip: { proxy: { host: '127.0.0.1', port } } });
      const record = join(caller, 'heard.wav');
      const args = ['ue', 'call', '--config', join(caller, 'config.json'), '--to', BEN];
      const call = halfkey([...args, '--speech', speech('alice'), '--record', record], caller);
      const { outcome } = await call.line(({ event }) => event === 'call-ended');
      expect(outcome).toBe('completed');
      expect(await call.ended).toBe(0);
      const { recording = '' } = await server.line(({ event }) => event === 'call-ended');
      expect(recording).toBe(join(directory, 'recordings', 'call-1.wav'));
      expect(await server.stop()).toBe(0);

      const data = (file: string): Buffer => {
        const wav = readFileSync(file);
        return wav.subarray(wav.indexOf('data') + 8);
      };
      const said = (name: string): Buffer => Buffer.from(encodeMuLaw(readSpeechWav(readFileSync(speech(name)))));
      // What is recorded begins with the first packet and ends with the last one.
      for (const [file, name] of [
        [record, 'bob'],
        [recording, 'alice'],
      ] as const) {
        const spoken = said(name);
        expect(data(file).subarray(0, spoken.length).equals(spoken)).toBe(true);
      }
      const messages = call.lines.flatMap(({ name, direction }) => (name === undefined ? [] : [[direction, name]]));
      expect(messages).toEqual([
        ['sent', 'I_MESSAGE_1'],
        ['received', 'R_MESSAGE_1'],
        ['sent', 'I_MESSAGE_2'],
        ['received', 'R_MESSAGE_2'],
      ]);
      // Nothing that is kept or told names anybody or holds a key.
      for (const line of [...call.lines, ...server.lines]) expect(JSON.stringify(line)).not.toMatch(/ann@|ben@/);
      expect(readdirSync(join(directory, 'state')).sort()).toEqual(['replay.json', 'serials.json']);
      const kept = readFileSync(join(directory, 'state', 'replay.json'), 'utf8');
      expect((JSON.parse(kept) as { entries: unknown[] }).entries).toHaveLength(1);
      expect(statSync(recording).mode & 0o777).toBe(0o600);
    });

    it('N70 a table that is older than one used before: ParametersUnusable, and no call', async () => {
      const { directory, server } = await serving(BEN);
      expect(await server.orphan()).toBe(0);
      const config = join(directory, 'config.json');
      const start = async (sequence: number): Promise<Client> => {
        writeFileSync(join(directory, 'federation.json'), await tableOf(roles, sequence));
        return halfkey(['ue', 'serve', '--config', config], directory);
      };
      const newer = await start(5);
      await newer.line(({ ready }) => ready === true);
      expect(await newer.stop()).toBe(0);
      const older = await start(4);
      expect(await older.ended).toBe(1);
      expect(older.lines.map(({ error }) => error?.code)).toEqual(['ParametersUnusable']);
    });

    it('who is not registered gets no keys: UNKNOWN_SUBSCRIBER, exit status 3', async () => {
      const directory = await clientDirectory(roles, 'sip:mallory@operator-a.example', {
        sip: { proxy: { host: '127.0.0.1', port: 9 } },
      });
      const args = ['ue', 'call', '--config', join(directory, 'config.json'), '--to', BEN, '--speech', speech('alice')];
      const call = halfkey(args, directory);
      expect(await call.ended).toBe(3);
      expect(call.lines.map(({ error }) => error?.code)).toEqual(['UNKNOWN_SUBSCRIBER']);
    });

    it.each([
      ['no sip.proxy', {}, BEN, 'BAD_CONFIG', 1],
      ['nobody there', { sip: { proxy: { host: '127.0.0.1', port: 9 } } }, BEN, 'UNAVAILABLE', 2],
      ['a name that is none', { sip: { proxy: { host: '127.0.0.1', port: 9 } } }, 'sip:x', 'InvalidIdentity', 1],
    ])('a call with %s: %s', async (_what, more, to, code, status) => {
      const directory = await clientDirectory(roles, ANN, { sip: {}, ...more });
      const args = ['ue', 'call', '--config', join(directory, 'config.json'), '--to', to, '--speech', speech('alice')];
      const call = halfkey(args, directory);
      expect(await call.ended).toBe(status);
      expect(call.lines.at(-1)?.error?.code).toBe(code);
    });
  });
});
