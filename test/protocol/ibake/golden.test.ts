/** Every golden file, made again from its secrets by handing in its draws: nothing is patched (protocol profile 10). */
import { describe, expect, it } from 'vitest';
import type { NonceMode } from '../../../src/crypto/nonce/index.ts';
import { fromHex, ntpTime, ntpToUnixSeconds, Secret, toHex } from '../../../src/foundation/base/index.ts';
import {
  answerI1,
  createInitiator,
  inspectI1,
  onI2,
  onR1,
  onR2,
  type Established,
  type ExchangeRandom,
} from '../../../src/protocol/ibake/index.ts';
import { CURVE_PARAMETERS } from '../../../src/crypto/curve/index.ts';
import { ecCurve } from '../../../src/crypto/ecdh/index.ts';
import { itIsTheKernelAskedFor } from '../../support/kernel-of-run.ts';
import { golden, GOLDEN_NAMES, SHORT } from '../mikey/golden.ts';
import { alice, bob, districtOf, endpoint, taken } from './support.ts';

type Party = 'A' | 'B';
interface Secrets {
  readonly level: 1024 | 2048 | 3072;
  readonly nonceMode: NonceMode;
  readonly nonceEpoch: number;
  readonly masterSecrets: { readonly a: string; readonly b: string };
  readonly MS: Readonly<Record<Party, string>>;
  readonly x: string;
  readonly y: string;
  readonly cek: Readonly<Record<'I1' | 'R1' | 'I2', string>>;
  readonly rho: Readonly<Record<'I1' | 'R1' | 'I2', string>>;
}

const never = (): never => {
  throw new Error('this draw is not expected');
};

describe.each(GOLDEN_NAMES)('%s', (name) => {
  const file = golden(name) as ReturnType<typeof golden> & Secrets;
  itIsTheKernelAskedFor([CURVE_PARAMETERS[file.level]]);

  const a = districtOf('operator-a.example', BigInt(file.masterSecrets.a), file.level);
  const b = districtOf('operator-b.example', BigInt(file.masterSecrets.b), file.level);
  const t1 = ntpToUnixSeconds(ntpTime(fromHex(file.T1))) * 1000 + 500;

  /** The draws of one party, each as often as the exchange needs it. */
  const draws = (party: Party): ExchangeRandom => ({
    scalar: () => new Secret('EcdhScalar', fromHex((party === 'A' ? file.x : file.y).slice(2))),
    rand: party === 'A' ? () => fromHex(file.RAND) : never,
    csbId: party === 'A' ? () => fromHex(file.csbId) : never,
    ssrc: () => Number(`0x${file.ssrc[party]}`),
    challenge: never,
    envelope: (type) =>
      type === 'R_MESSAGE_2' ? never() : { cek: fromHex(file.cek[SHORT[type]]), rho: fromHex(file.rho[SHORT[type]]) },
  });
  const party = (of: Party) =>
    endpoint(
      of === 'A' ? alice : bob,
      of === 'A' ? a : b,
      0,
      {
        random: draws(of),
        masterSecretAt: () => ({
          mode: file.nonceMode,
          epoch: file.nonceEpoch,
          masterSecret: new Secret('MasterSecret', fromHex(file.MS[of])),
        }),
      },
      [a, b],
    );

  it('four messages and all keys, octet for octet', () => {
    const [caller, called] = [party('A'), party('B')];
    const lines = ['AES_CM_128_HMAC_SHA1_80'] as const;
    const i1 = createInitiator(caller, { to: bob, nowMs: t1, lines, curve: ecCurve(file.curve).number });
    expect(toHex(i1.message)).toBe(file.messages.I_MESSAGE_1);

    const replay = () => 'fresh' as const;
    const offer = { octets: i1.message, nowMs: t1, accepted: [true], sdpIds: ['mikey'], replay };
    const { invitation } = taken(inspectI1(called, offer));
    const r1 = taken(answerI1(called, invitation, { nowMs: t1, replay }));
    expect(toHex(r1.message)).toBe(file.messages.R_MESSAGE_1);

    const i2 = taken(onR1(caller, i1.state, { octets: r1.message, dialog: '1', nowMs: t1 + 1000 }));
    expect(toHex(i2.message)).toBe(file.messages.I_MESSAGE_2);

    const r2 = taken(onI2(called, r1.state, { octets: i2.message, nowMs: t1 + 1000 }));
    expect(toHex(r2.message)).toBe(file.messages.R_MESSAGE_2);

    const end = taken(onR2(caller, i2.branch, { octets: r2.message, nowMs: t1 + 1000 }));
    const keys = ({ kSession, streams }: Established) => ({
      K: kSession.use(toHex),
      cs: streams.map(({ csId, masterKey, masterSalt }) => [csId, masterKey.use(toHex), toHex(masterSalt)]),
    });
    const cs = Object.entries(file.cs).map(([id, { TEK, SALT }]) => [Number(id), TEK, SALT]);
    expect(keys(r2.established)).toEqual({ K: file.K_SESSION, cs });
    expect(keys(end.established)).toEqual({ K: file.K_SESSION, cs });
  });
});
