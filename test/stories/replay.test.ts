/**
 * Every golden file, without a capture: its four messages alone are opened. That of the small level in all three ways,
 * the others in one each, the parties in turn; with a capture both parties are opened in every way (golden-call.test.ts),
 * and `npm run matrix` has every combination.
 *
 *   lab ──> KMS: s          ┐
 *   lab ──> KMS or provider: MS ├─ and nothing else of the file
 *   lab ──> DF: I_MESSAGE_1, R_MESSAGE_1, I_MESSAGE_2, R_MESSAGE_2
 *   DF ──> KMS (──> provider) ──> K_SESSION, proved by V of R_MESSAGE_2
 *
 * What a weaker choice needs is set for that run only, and said: the flags are off by default.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { ALICE, BOB, labs, run, vector, WAYS, type LabOutcome, type Way } from '../support/lab.ts';

const FILES = [
  { name: 'golden-n1024-mode3-P-256', level: 1024, mode: 3 },
  { name: 'golden-n2048-mode2-P-384', level: 2048, mode: 2 },
  { name: 'golden-n3072-mode1-P-256', level: 3072, mode: 1 },
  { name: 'golden-n3072-mode3-P-256', level: 3072, mode: 3 },
];
const PARTIES = [
  { target: ALICE, role: 'initiator' },
  { target: BOB, role: 'responder' },
];
const CASES = FILES.flatMap((file, i) =>
  WAYS.flatMap((way, j) => {
    const party = PARTIES[(i + j) % 2] as (typeof PARTIES)[number];
    return file.level === 1024 || j === i % 3 ? [{ ...file, ...party, way }] : [];
  }),
);

/** The flags that a run cannot do without, from the rules of the profile. */
function flagsOf({ level, mode, way }: { level: number; mode: number; way: Way }): string[] {
  return [
    ...(level === 1024 ? ['unsafeTestLevel1024'] : []),
    ...(way === '4/1' ? ['allowPrivateKeyRelease'] : []),
    ...(mode === 3 ? [] : ['allowUnboundNonces']),
    // The KMS makes no statement when it hands out the key itself.
    ...(mode !== 3 && way === '4/1' ? ['requireKmsStatement: never'] : []),
  ];
}

describe('a golden file without a capture', () => {
  const outcomes = new Map<string, LabOutcome>();

  beforeAll(async () => {
    for (const done of await labs(CASES.map((one) => ({ ...one, fixture: vector(`${one.name}.json`) })))) {
      outcomes.set(`${done.name} ${done.way}`, done.outcome);
    }
  });

  describe.each(CASES)('$name, target $target, solution $way', (one) => {
    const { name, target, role, way } = one;
    const outcome = (): LabOutcome => outcomes.get(`${name} ${way}`) as LabOutcome;

    it('gives its session key, confirmed, and no stream', () => {
      const golden = JSON.parse(readFileSync(vector(`${name}.json`), 'utf8'));
      const { status, stderr, json } = outcome();
      expect(status, stderr).toBe(0);
      expect(json.sessions).toEqual([
        expect.objectContaining({
          initiator: ALICE,
          responder: BOB,
          target,
          role,
          status: 'recovered',
          keyConfirmed: true,
          kSession: golden.K_SESSION,
          streams: [],
        }),
      ]);
      expect(json.sessions[0]?.files).toMatchObject({ wav: null, pcap: null });
    });

    it('says which flags were set, and sets no other', () => {
      const { stderr, out } = outcome();
      const said = [...stderr.matchAll(/^ *set for this run, and off by default: (.*)$/gm)].map(([, flag]) => flag);
      expect(said).toEqual(flagsOf(one));
      const configs = (way === '3' ? ['kms-consolidated', 'df'] : ['kms', 'provider', 'df']).map((directory) =>
        readFileSync(join(out, 'roles', directory, 'config.json'), 'utf8'),
      );
      for (const flag of ['unsafeTestLevel1024', 'allowPrivateKeyRelease', 'allowUnboundNonces']) {
        const set = configs.some((config) => config.includes(`"${flag}": true`));
        expect(set, flag).toBe(flagsOf(one).includes(flag));
      }
      const believed = configs.some((config) => config.includes('"requireKmsStatement": "never"'));
      expect(believed).toBe(flagsOf(one).includes('requireKmsStatement: never'));
    });
  });

  it.each(WAYS)('leaves logs that verify, and tell what was released: solution %s', async (way) => {
    const { out } = outcomes.get(`golden-n1024-mode3-P-256 ${way}`) as LabOutcome;
    const verify = async (role: string, ...more: readonly string[]) => {
      const config = join(out, 'roles', role, 'config.json');
      const { status, stdout, stderr } = await run(['log', 'verify', '--config', config, '--json', ...more]);
      return { status, stderr, json: JSON.parse(stdout) };
    };
    const holders = way === '3' ? ['kms-consolidated'] : ['kms', 'provider'];
    const heads: string[] = [];
    for (const role of holders) {
      const { status, json } = await verify(role);
      expect({ status, json }).toMatchObject({ status: 0, json: { entries: 2, kinds: { request: 1, answer: 1 } } });
      heads.push(`${String(json.entries)}:${String(json.hash)}`);
    }
    expect((await verify('df')).json).toMatchObject({ entries: holders.length, kinds: { receipt: holders.length } });
    // A head that was kept elsewhere holds the log to it: one entry more, and the log is too short.
    const [head = ''] = heads;
    const [role = ''] = holders;
    expect(await verify(role, '--expect', head)).toMatchObject({ status: 0 });
    expect(await verify(role, '--expect', head.replace(/^2:/, '3:'))).toMatchObject({
      status: 2,
      json: { error: { code: 'LOG_BROKEN' } },
    });
  });
});
