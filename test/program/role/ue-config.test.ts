import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { clientOptions, outward } from '../../../src/program/role/ue-client.ts';
import { readUeConfig, required } from '../../../src/program/role/ue-config.ts';
import { identityFromText } from '../../../src/foundation/identity/index.ts';
import { coded, temporaryDirectory } from '../../platform/support.ts';

const tls = { certificate: 'c', privateKey: 'k', trust: ['t'] };
const smallest = {
  role: 'ue',
  identity: 'sip:alice@operator-a.example',
  stateDirectory: 'state',
  kms: { origin: 'https://kms.example:1', tls },
  federation: { table: 'f', publicKey: 'p' },
  sip: {},
};

function read(config: object): ReturnType<typeof readUeConfig> {
  const file = join(temporaryDirectory(), 'config.json');
  writeFileSync(file, JSON.stringify(config));
  return readUeConfig(file);
}

describe('the configuration of a client', () => {
  it('has the defaults of the profile: P-256, PRF 1, no peer without echo, no test level', async () => {
    const { config } = await read(smallest);
    expect(config).toMatchObject({
      unsafeTestLevel1024: false,
      offer: { curve: 'P-256', prf: 1, suite: 'AES_CM_128_HMAC_SHA1_80' },
      policy: { curves: ['P-256', 'P-384', 'P-521'], prfs: [1], peerWithoutEcho: [] },
      sip: { authenticatedHops: false, route: [] },
      media: { address: '127.0.0.1', port: 0 },
      answer: { ringMs: 0, maxCalls: 1 },
      exitWithParent: false,
    });
  });

  it.each([
    ['an unknown member', { masterSecret: '00' }],
    ['an odd port of RTP', { media: { port: 4001 } }],
    ['a suite without encryption', { offer: { suite: 'NULL' } }],
    ['a curve that is refused', { offer: { curve: 'P-192' } }],
    ['no identity', { identity: '' }],
    ['an unknown PRF', { policy: { prfs: [2] } }],
  ])('%s: BAD_CONFIG', async (_what, more) => {
    await expect(read({ ...smallest, ...more })).rejects.toThrow(coded('BAD_CONFIG'));
  });

  it('a member that a command cannot do without: BAD_CONFIG naming it', () => {
    expect(required(1, 'sip.listen')).toBe(1);
    expect(() => required(undefined, 'sip.listen')).toThrow(coded('BAD_CONFIG', { message: 'sip.listen: is missing' }));
  });
});

describe('what every call of a client is given', () => {
  it('its policy by number and by domain, its sockets, and silence where it has no speech', async () => {
    const { config } = await read({
      ...smallest,
      offer: { curve: 'P-521' },
      policy: { curves: ['P-256', 'P-384'], peerWithoutEcho: ['old.example'] },
      media: { advertise: { address: '192.0.2.1', rtpPort: 5000, rtcpPort: 5001 } },
    });
    const events: object[] = [];
    const options = await clientOptions(config, (event) => events.push(event), undefined);
    expect([options.speech.length, options.offer]).toEqual([
      0,
      { curve: 14, prf: 1, suite: 'AES_CM_128_HMAC_SHA1_80' },
    ]);
    expect(options.policy?.curves).toEqual([8, 11]);
    const withoutEcho = (text: string): boolean | undefined =>
      options.policy?.peerWithoutEcho?.(identityFromText(text));
    expect(withoutEcho('sip:x@old.example;gr=1')).toBe(true);
    expect(withoutEcho('sip:old.example@new.example')).toBe(false);
    expect(withoutEcho('tel:+1')).toBe(false);
    const ports = await options.media();
    expect(ports.rtp.local.port % 2).toBe(0);
    expect(ports.rtcp?.local.port).toBe(ports.rtp.local.port + 1);
    expect(ports.advertise).toEqual({ address: '192.0.2.1', rtpPort: 5000, rtcpPort: 5001 });
    await ports.close();
    options.onEvent?.({ sip: 'BYE', direction: 'sent', timeMs: 1 });
    expect(events).toEqual([{ event: 'sip', role: 'ue', sip: 'BYE', direction: 'sent', timeMs: 1 }]);
  });

  it('tells neither what was heard nor who it was', () => {
    const peer = identityFromText('sip:bob@operator-b.example');
    const told = outward({ outcome: 'completed', ibeMs: 2, peer, recording: Uint8Array.of(7), endedBy: 'us' });
    expect(JSON.parse(JSON.stringify(told))).toEqual({ outcome: 'completed', ibeMs: 2, endedBy: 'us' });
  });

  it('speech that is no WAV of 8000 Hz: BadSound', async () => {
    const file = join(temporaryDirectory(), 'x.wav');
    writeFileSync(file, 'not a sound');
    const { config } = await read(smallest);
    await expect(clientOptions(config, () => undefined, file)).rejects.toThrow(coded('BadSound'));
  });
});
