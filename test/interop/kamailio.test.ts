/**
 * A call through Kamailio, a SIP proxy that shares no line with this project, over TCP, with Record-Route. On both of
 * its sides every octet is kept, and what one client sent is compared with what the other received.
 *
 *   ue call -- relay -- kamailio -- relay -- ue serve
 */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { headerValues, type SipMessage } from '../../src/protocol/signalling/index.ts';
import { readIbakeMessage } from '../../src/protocol/mikey/index.ts';
import { CLIENT_ROLES, clientDirectory, halfkey, register } from '../support/clients.ts';
import { needs } from '../support/needs.ts';
import { withRoles } from '../support/roles.ts';
import { kamailio } from './kamailio.ts';
import { mikeyOf, nameOf, relaySip, shortSpeech } from './sip-relay.ts';

const ANN = 'sip:ann@operator-a.example';
const BEN = 'sip:ben@operator-a.example';

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
      ports.kamailio = await kamailio({ callee: far.port, transport: 'tcp' });

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
