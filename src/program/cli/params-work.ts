/** The work of `halfkey params`, loaded when it is asked for. */
import { writeFile } from 'node:fs/promises';
import { HalfkeyError, isHalfkeyError } from '../../foundation/base/index.ts';
import {
  domainFromLabel,
  domainParameters,
  generateDomain,
  parametersToPem,
  readParameters,
  solinasForm,
  validateDomain,
  validatePublicParameters,
  type Domain,
  type Level,
  type PublicParameters,
} from '../../crypto/ibe/index.ts';
import { readOctetFile } from '../../platform/index.ts';
import { createOutput, type OutputFlags } from './output.ts';
import type { GenerateFlags, VerifyFlags } from './params.ts';

const LEVELS: readonly Level[] = [1024, 2048, 3072, 7680];

/** @throws HalfkeyError `USAGE`, `OUTPUT_EXISTS`, `BAD_CONFIG` */
export async function generate({ level: text, nothingUpMySleeve: label, out, ...flags }: GenerateFlags): Promise<void> {
  const level = LEVELS.find((known) => String(known) === text);
  if (level === undefined) throw new HalfkeyError('USAGE', `--level must be ${LEVELS.join(' or ')}`);
  if (label === '') throw labelMissing();
  const made = label === undefined ? { domain: generateDomain(level) } : { label, ...domainFromLabel(level, label) };
  const { domain, ...how } = made;
  const pem = parametersToPem(domain);
  if (out !== undefined) await writeNew(out, pem);
  createOutput(flags).result({ ...numbers(domain), ...how, pem }, out === undefined ? pem.trimEnd() : '');
}

/** Anybody may read them. @throws HalfkeyError `OUTPUT_EXISTS`, `BAD_CONFIG` */
async function writeNew(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text, { flag: 'wx' });
  } catch (cause) {
    const exists = cause instanceof Error && 'code' in cause && cause.code === 'EEXIST';
    if (exists) throw new HalfkeyError('OUTPUT_EXISTS', `${path} exists`, { hint: 'give another file', cause });
    throw new HalfkeyError('BAD_CONFIG', `cannot write ${path}`, { cause });
  }
}

/** `what`: a level, or a file. @throws HalfkeyError `BadParameters`, `BadDer`, `BAD_CONFIG` */
export async function show(what: string, flags: OutputFlags): Promise<void> {
  const level = LEVELS.find((known) => String(known) === what);
  const parameters = level === undefined ? readParameters(await readOctetFile(what)) : domainParameters(level);
  createOutput(flags).result(numbers(parameters), table(parameters));
}

/** Runs the checks and tells; the exit status. @throws HalfkeyError `BadDer`, `BAD_CONFIG`, `USAGE` */
export async function verify(
  file: string,
  { nothingUpMySleeve: label, allowTestLevel, ...flags }: VerifyFlags,
): Promise<number> {
  if (label === '') throw labelMissing();
  const octets = await readOctetFile(file);
  const shown = createOutput(flags);
  try {
    const parameters = readParameters(octets);
    // A level for tests is refused after everything else was checked.
    validateDomain(parameters);
    if ('Ppub' in parameters) validatePublicParameters(parameters, { allowTestLevels: true });
    if (label !== undefined && !sameDomain(domainFromLabel(parameters.level, label).domain, parameters)) {
      throw new HalfkeyError('BadParameters', 'label: leads to other parameters');
    }
    if (parameters.level === 1024 && allowTestLevel !== true) {
      throw new HalfkeyError('LevelRefused', 'level: 1024 is for tests only');
    }
    const { level, hash } = parameters;
    const what = 'Ppub' in parameters ? 'public parameters' : 'domain parameters';
    shown.result({ valid: true, level, hash }, `valid: ${what} of level ${String(level)}, ${hash}`);
    return 0;
  } catch (error) {
    if (!isHalfkeyError(error, 'BadParameters') && !isHalfkeyError(error, 'LevelRefused')) throw error;
    const { code, message } = error;
    const [check, why] = message.split(/: (.*)/s);
    shown.result({ valid: false, code, check, why }, `not valid: ${message}`);
    return code === 'LevelRefused' ? 3 : 2;
  }
}

function labelMissing(): HalfkeyError {
  return new HalfkeyError('USAGE', '--nothing-up-my-sleeve needs a label');
}

function sameDomain(a: Domain, b: Domain): boolean {
  return a.p === b.p && a.q === b.q && a.P.x === b.P.x && a.P.y === b.P.y;
}

/** Numbers in hexadecimal, without a prefix. */
function numbers(parameters: Domain | PublicParameters) {
  const { level, hash, p, q, P } = parameters;
  const point = ({ x, y }: Domain['P']): { x: string; y: string } => ({ x: x.toString(16), y: y.toString(16) });
  return {
    ...{ level, hash, bits: { p: p.toString(2).length, q: q.toString(2).length } },
    ...{ p: p.toString(16), q: q.toString(16), qForm: solinasForm(q) ?? '', P: point(P) },
    ...('Ppub' in parameters ? { Ppub: point(parameters.Ppub) } : {}),
  };
}

function table(parameters: Domain | PublicParameters): string {
  const { level, hash, bits, p, q, qForm, P, Ppub } = numbers(parameters);
  const rows: [string, string][] = [
    ['level', `${String(level)}, ${hash}`],
    ['q', `${qForm === '' ? q : qForm} (${String(bits.q)} bits)`],
    ['p', `12qr - 1, ${String(bits.p)} bits\n${wrapped(p)}`],
    ['P', `x, then y\n${wrapped(P.x)}\n${wrapped(P.y)}`],
    ...(Ppub === undefined ? [] : [['P_pub', `x, then y\n${wrapped(Ppub.x)}\n${wrapped(Ppub.y)}`] as [string, string]]),
  ];
  return rows.map(([name, value]) => `${name.padEnd(6)} ${value}`).join('\n');
}

function wrapped(hex: string): string {
  return (hex.match(/.{1,64}/g) ?? []).map((line) => `       ${line}`).join('\n');
}
