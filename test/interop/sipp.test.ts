/**
 * Calls with our client at one end only: at the other end a sipp that follows a script and sends golden messages, which
 * are right in themselves and wrong here. What may go over the wire then is the end of protocol profile 7.3.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { masterSecretRoute } from '../../src/contract/provisioning/index.ts';
import { readErrorMessage } from '../../src/protocol/mikey/index.ts';
import { headerValue, type SipMessage } from '../../src/protocol/signalling/index.ts';
import { CLIENT_ROLES, clientDirectory, halfkey, register, type Client } from '../support/clients.ts';
import { needs } from '../support/needs.ts';
import { ALICE, BOB, golden, withRoles, type TestRoles } from '../support/roles.ts';
import { findInFiles } from '../support/taint.ts';
import { freePort } from './ports.ts';
import { nameOf, relaySip, shortSpeech } from './sip-relay.ts';
import { listening, scenario, send, sipp } from './sipp.ts';

/** Both domains in the one district that runs: whose keys are used does not matter where none is. */
const DOMAINS = ['operator-a.example', 'operator-b.example'];

/** What is offered, or answered, with a golden message. */
const description = (message: 'I_MESSAGE_1' | 'R_MESSAGE_1'): string =>
  [
    'v=0',
    'o=- 1 1 IN IP4 127.0.0.1',
    's=-',
    'c=IN IP4 127.0.0.1',
    't=0 0',
    `a=key-mgmt:mikey ${Buffer.from(golden.messages[message], 'hex').toString('base64')}`,
    'm=audio 40000 RTP/SAVP 0',
    'a=rtpmap:0 PCMU/8000',
  ].join('\n');

/** Calls with golden I_MESSAGE_1, and takes a refusal only. */
const CALLER = scenario(
  send(
    `INVITE ${BOB} SIP/2.0`,
    'Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]',
    'Max-Forwards: 70',
    `From: <${ALICE}>;tag=[call_number]`,
    `To: <${BOB}>`,
    'Call-ID: [call_id]',
    'CSeq: 1 INVITE',
    'Contact: <sip:alice@[local_ip]:[local_port];transport=tcp>',
    'Supported: 100rel',
    'Content-Type: application/sdp',
    'Content-Length: [len]',
    '',
    description('I_MESSAGE_1'),
  ),
  '<recv response="488"></recv>',
  send(
    `ACK ${BOB} SIP/2.0`,
    'Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch-2]',
    'Max-Forwards: 70',
    `From: <${ALICE}>;tag=[call_number]`,
    '[last_To:]',
    'Call-ID: [call_id]',
    'CSeq: 1 ACK',
    'Content-Length: 0',
  ),
);

const TAGGED = '[last_To:];tag=sipp';
/** Fields of the last request, for its response, or for that of the INVITE which it cancels. */
const echo = (cseq = '[last_CSeq:]', to = TAGGED): string[] => [
  '[last_Via:]',
  '[last_From:]',
  to,
  '[last_Call-ID:]',
  cseq,
];
/** Keeps the value of a field for later. */
const keep = (field: string): string =>
  `<ereg regexp="[^ ].*" search_in="hdr" header="${field}:" assign_to="${field}"/>`;

/** Answers with golden R_MESSAGE_1, and takes nothing but the end of the call. */
const ANSWERER = scenario(
  '<recv request="INVITE"></recv>',
  send(
    'SIP/2.0 183 Session Progress',
    ...echo(),
    'Contact: <sip:bob@[local_ip]:[local_port];transport=tcp>',
    'Require: 100rel',
    'RSeq: 1',
    'Content-Type: application/sdp',
    'Content-Length: [len]',
    '',
    description('R_MESSAGE_1'),
  ),
  // Both come at once: the branch of the call ends, and so does its INVITE.
  `<recv request="BYE"><action>${keep('Via')}${keep('CSeq')}</action></recv>`,
  '<recv request="CANCEL"></recv>',
  send(
    'SIP/2.0 200 OK',
    'Via: [$Via]',
    '[last_From:]',
    TAGGED,
    '[last_Call-ID:]',
    'CSeq: [$CSeq]',
    'Content-Length: 0',
  ),
  send('SIP/2.0 200 OK', ...echo('[last_CSeq:]', '[last_To:]'), 'Content-Length: 0'),
  send('SIP/2.0 487 Request Terminated', ...echo('CSeq: 1 INVITE'), 'Content-Length: 0'),
  '<recv request="ACK"></recv>',
);

describe('a call with a foreign client', () => {
  withRoles({ ...CLIENT_ROLES, provision: false }, (roles) => {
    beforeAll(async () => {
      const { status } = await roles.send('kms', 'provisioning', masterSecretRoute, {}, { as: 'provisioning' });
      expect(status).toBe(200);
    });

    async function bob(): Promise<{ server: Client; port: number; directory: string }> {
      await register(roles, BOB);
      const listen = { host: '127.0.0.1', port: 0 };
      const directory = await clientDirectory(roles, BOB, { sip: { listen } }, DOMAINS);
      const server = halfkey(['ue', 'serve', '--config', join(directory, 'config.json')], directory);
      const { ports } = await server.line(({ ready }) => ready === true);
      return { server, port: ports?.sip ?? 0, directory };
    }

    it('N7 golden I_MESSAGE_1, whose T is past: 488 with ERR 1, nothing kept, and the next call works', async () => {
      needs('sipp');
      const { server, port, directory } = await bob();
      const relay = await relaySip(() => port);
      const [status, said] = await sipp(CALLER, [`127.0.0.1:${String(relay.port)}`]);
      expect(status, said).toBe(0);
      expect(relay.sent().map(nameOf)).toEqual(['INVITE', 'ACK']);
      const answers = relay.received();
      expect(answers.map(nameOf)).toEqual(['488 INVITE']);
      const [{ body }] = answers as [SipMessage];
      expect(headerValue(answers[0] as SipMessage, 'content-type')).toBe('application/mikey');
      expect(readErrorMessage(body)).toMatchObject({ error: 1 });
      const refused = await server.line(({ event }) => event === 'call-ended');
      expect(refused).toMatchObject({ outcome: 'failed', code: 'InvalidTimestamp' });
      expect(remembered(directory)).toBe(0);

      expect(await call(roles, port)).toMatchObject({ outcome: 'completed' });
      expect(await server.stop()).toBe(0);
      expect(remembered(directory)).toBe(1);
      expect(kept(roles, directory)).toEqual([]);
    }, 60_000);

    it('N16 golden R_MESSAGE_1, of another exchange: CsbMismatch, the call ends, and the next one works', async () => {
      needs('sipp');
      const port = await freePort();
      const ended = sipp(ANSWERER, ['-p', String(port)]);
      const relay = await relaySip(() => port);
      await Promise.race([listening(port), ended]);
      const directory = await callerDirectory(roles, relay.port);
      const result = await callFrom(directory);
      expect(result).toMatchObject({ outcome: 'failed', code: 'CsbMismatch' });
      const [status, said] = await ended;
      expect(status, said).toBe(0);
      // No PRACK: I_MESSAGE_2 is not sent. What ends the dialog may say which field of the clear header was wrong.
      const sent = relay.sent();
      expect(sent.map(nameOf)).toEqual(['INVITE', 'BYE', 'CANCEL', 'ACK']);
      const [, { body }] = sent as [SipMessage, SipMessage];
      expect(readErrorMessage(body)).toMatchObject({ error: 12 });
      expect(kept(roles, directory)).toEqual([]);

      const { server, port: proper } = await bob();
      expect(await call(roles, proper, directory)).toMatchObject({ outcome: 'completed' });
      expect(await server.stop()).toBe(0);
      expect(kept(roles, directory)).toEqual([]);
    }, 60_000);
  });
});

/** The directory of alice, whose calls go to a port. */
async function callerDirectory(roles: TestRoles, port: number): Promise<string> {
  await register(roles, ALICE);
  return clientDirectory(roles, ALICE, { sip: { proxy: { host: '127.0.0.1', port } } }, DOMAINS);
}

/** Alice calls bob; the last line she prints about it. */
async function callFrom(directory: string): Promise<object> {
  const config = join(directory, 'config.json');
  const client = halfkey(
    ['ue', 'call', '--config', config, '--to', BOB, '--speech', shortSpeech(directory)],
    directory,
  );
  const result = await client.line(({ event }) => event === 'call-ended');
  await client.ended;
  return result;
}

/** A call to a proper client, from a directory that has been used before, or a new one. */
async function call(roles: TestRoles, port: number, used?: string): Promise<object> {
  const directory = used ?? (await callerDirectory(roles, port));
  const file = join(directory, 'config.json');
  const config = JSON.parse(readFileSync(file, 'utf8')) as object;
  writeFileSync(file, JSON.stringify({ ...config, sip: { proxy: { host: '127.0.0.1', port } } }));
  return callFrom(directory);
}

/** How many I_MESSAGE_1 a client has in its replay cache. */
function remembered(directory: string): number {
  const file = join(directory, 'state', 'replay.json');
  return (JSON.parse(readFileSync(file, 'utf8')) as { readonly entries: readonly unknown[] }).entries.length;
}

/** What a client keeps that it must not: other files than the two of numbers and digests, secrets, names. */
function kept(roles: TestRoles, directory: string): string[] {
  const state = join(directory, 'state');
  const others = readdirSync(state).filter((name) => name !== 'replay.json' && name !== 'serials.json');
  return [...others, ...findInFiles(state, roles.needles)];
}
