/**
 * A call through Kamailio, a SIP proxy that shares no line with this project, over TCP, with Record-Route. On both of
 * its sides every octet is kept, and what one client sent is compared with what the other received.
 *
 *   ue call -- relay -- kamailio -- relay -- ue serve
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { headerValues, type SipMessage } from '../../src/protocol/signalling/index.ts';
import { readIbakeMessage } from '../../src/protocol/mikey/index.ts';
import { temporaryDirectory } from '../platform/support.ts';
import { CLIENT_ROLES, clientDirectory, halfkey, register } from '../support/clients.ts';
import { needs } from '../support/needs.ts';
import { withRoles } from '../support/roles.ts';
import { freePort, mikeyOf, nameOf, relaySip, shortSpeech } from './sip-relay.ts';

const ANN = 'sip:ann@operator-a.example';
const BEN = 'sip:ben@operator-a.example';

/** A stateful proxy that stays in the dialog; `callee` is the only place it knows. */
const configuration = (port: number, callee: number): string => `#!KAMAILIO
debug=0
log_stderror=yes
children=1
tcp_children=1
auto_aliases=no
dns=no
rev_dns=no
listen=tcp:127.0.0.1:${String(port)}
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "siputils.so"
loadmodule "nathelper.so"
request_route {
  if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }
  if (method == "CANCEL") { if (t_check_trans()) t_relay(); exit; }
  if (has_totag()) {
    if (loose_route()) t_relay();
    else if (method != "ACK") sl_send_reply("404", "Not Here");
    exit;
  }
  record_route();
  # The caller listens nowhere: what is for it goes back over its connection.
  fix_nated_contact();
  $du = "sip:127.0.0.1:${String(callee)};transport=tcp";
  t_relay();
}
`;

/** Runs Kamailio in the foreground, on loopback only, until the test is over; its port. */
async function kamailio(callee: number): Promise<number> {
  const directory = temporaryDirectory();
  const file = join(directory, 'kamailio.cfg');
  const port = await freePort();
  writeFileSync(file, configuration(port, callee));
  // -DD: no fork to the background; with -D Kamailio has no TCP.
  const args = ['-DD', '-E', '-f', file, '-Y', directory, '-w', directory, '-m', '32', '-M', '4'];
  const child = spawn('kamailio', args, { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const ended = once(child, 'close');
  onTestFinished(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  const answers = (): Promise<boolean> =>
    new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy();
        resolve(true);
      });
      socket.on('error', () => {
        resolve(false);
      });
    });
  while (!(await answers())) {
    if (child.exitCode !== null) throw new Error(`kamailio ended: ${said}`);
    await sleep(50);
  }
  return port;
}

describe('a call through a foreign proxy', () => {
  withRoles(CLIENT_ROLES, (roles) => {
    it('arrives octet for octet, and completes', async () => {
      needs('kamailio');
      await register(roles, ANN);
      await register(roles, BEN);
      const ports = { callee: 0, kamailio: 0 };
      const [near, far] = [await relaySip(() => ports.kamailio), await relaySip(() => ports.callee)];
      const calleeDirectory = await clientDirectory(roles, BEN, {
        sip: { listen: { host: '127.0.0.1', port: 0 }, contact: { address: '127.0.0.1', port: far.port } },
      });
      const server = halfkey(['ue', 'serve', '--config', join(calleeDirectory, 'config.json')], calleeDirectory);
      ports.callee = (await server.line(({ ready }) => ready === true)).ports?.sip ?? 0;
      ports.kamailio = await kamailio(far.port);

      const caller = await clientDirectory(roles, ANN, { sip: { proxy: { host: '127.0.0.1', port: near.port } } });
      const config = join(caller, 'config.json');
      const call = halfkey(['ue', 'call', '--config', config, '--to', BEN, '--speech', shortSpeech(caller)], caller);
      const placed = await call.line(({ event }) => event === 'call-ended');
      expect(placed).toMatchObject({ outcome: 'completed', statistics: { droppedPackets: 0 } });
      const answered = await server.line(({ event }) => event === 'call-ended');
      expect(answered).toMatchObject({ outcome: 'completed', statistics: { droppedPackets: 0 } });
      expect(await call.ended).toBe(0);
      expect(await server.stop()).toBe(0);

      const carrying = (messages: readonly SipMessage[]): (readonly [string, string, Uint8Array])[] =>
        messages.flatMap((message) => {
          const mikey = mikeyOf(message);
          return mikey === undefined ? [] : [[nameOf(message), readIbakeMessage(mikey).type, message.body] as const];
        });
      const [up, down] = [carrying(near.sent()), carrying(near.received())];
      expect(up.map(([name, type]) => [name, type])).toEqual([
        ['INVITE', 'I_MESSAGE_1'],
        ['PRACK', 'I_MESSAGE_2'],
      ]);
      expect(down.map(([name, type]) => [name, type])).toEqual([
        ['183 INVITE', 'R_MESSAGE_1'],
        ['200 PRACK', 'R_MESSAGE_2'],
      ]);
      // Whole descriptions, of which the MIKEY messages are part.
      expect(carrying(far.sent())).toEqual(up);
      expect(carrying(far.received())).toEqual(down);

      // It went through the proxy: a Via of its own, and it stayed in the dialog.
      const arrived = new Map(far.sent().map((message) => [nameOf(message), message]));
      expect([...arrived.keys()]).toEqual(['INVITE', 'PRACK', 'ACK', 'BYE']);
      for (const message of arrived.values()) expect(headerValues(message, 'via')).toHaveLength(2);
      expect(headerValues(arrived.get('INVITE') as SipMessage, 'record-route')).toHaveLength(1);
    }, 60_000);
  });
});
