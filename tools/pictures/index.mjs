/**
 * The pictures of docs/concepts.md: sizes and contents come from decoding the golden call, matrices from the closure, so
 * that a picture says what the code does.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { tsImport } from 'tsx/esm/api';
import { root } from '../bootstrap.mjs';
import { epochs } from './epochs.mjs';
import { ladder } from './ladder.mjs';
import { table } from './table.mjs';

const { accessMatrix, derivable, recoveryMatrix, statements, DIRECT, MESSAGES } = await tsImport(
  '../../src/protocol/closure/index.ts',
  import.meta.url,
);
const { readIbakeMessage } = await tsImport('../../src/protocol/mikey/index.ts', import.meta.url);
const { fromHex } = await tsImport('../../src/foundation/base/index.ts', import.meta.url);

const golden = JSON.parse(readFileSync(join(root, 'test/vectors/golden-n3072-mode3-P-256.json'), 'utf8'));

const COMPONENTS = ['xP', 'NA', 'yP', 'NB'];

/** What the private key of one party reads in one message, in the order of the contribution. */
function contents(type, party) {
  const known = derivable([`PR_${party}`, type], DIRECT);
  return COMPONENTS.filter((component) => known.has(component));
}

const sized = (component) => `${component} ${golden[component].length / 2}`;

function call() {
  const steps = MESSAGES.map((type) => {
    const { encrypted } = readIbakeMessage(fromHex(golden.messages[type]));
    const octets = fromHex(golden.messages[type]).length;
    const recipient = type.startsWith('I_') ? 'B' : 'A';
    const inside =
      encrypted === undefined
        ? 'V, a MAC under the new key'
        : `{ ${contents(type, recipient).map(sized).join(', ')} } encrypted to ${recipient}`;
    return {
      ...(type.startsWith('I_') ? { from: 0, to: 1 } : { from: 1, to: 0 }),
      label: type,
      notes: `${inside}; ${octets} octets in all`,
    };
  });
  return ladder(
    {
      title: 'The four messages of a call',
      description: `A and B exchange xP and yP, each with an opaque nonce; sizes at n = ${golden.level}, ${golden.curve}, nonce mode ${golden.nonceMode}.`,
    },
    [
      { name: 'Client A', holds: 'PR_A, MS_A, a fresh x' },
      { name: 'Client B', holds: 'PR_B, MS_B, a fresh y' },
    ],
    [
      { from: 0, label: 'NA = AES(MS_A, x)', notes: 'opaque to everybody but the holder of MS_A' },
      steps[0],
      { from: 1, label: 'NB = AES(MS_B, y)', notes: 'NA goes back unchanged' },
      ...steps.slice(1),
    ],
  );
}

const DF = { name: 'Delivery Function', holds: 'the captured call, a warrant' };

function solution3() {
  return ladder(
    { title: 'Solution 3, consolidated', description: 'The KMS holds both secrets and answers with the session key.' },
    [DF, { name: 'KMS', holds: 's, and every MS' }],
    [
      { from: 0, to: 1, label: 'recover', notes: 'the messages, octet for octet' },
      { from: 1, label: 'x from NA, K = [x]yP', notes: 'only if [x]P = xP and V is right' },
      { from: 1, to: 0, label: 'K', notes: 'sealed to this request, after the record in the log' },
    ],
  );
}

const PROVIDER = { name: "Provider's Database", holds: 'every MS' };
const OPENING = [
  { from: 0, to: 2, label: "open the target's nonce", notes: 'NA, xP, CSB ID, T' },
  { from: 2, to: 0, label: 'x', notes: 'only if [x]P = xP' },
  { from: 0, label: 'K = [x]yP', notes: 'V of R_MESSAGE_2 proves it' },
];

function solution4(alternative) {
  const asking =
    alternative === 2
      ? [
          { from: 0, to: 1, label: 'decrypt', notes: 'the messages, octet for octet' },
          { from: 1, to: 0, label: 'xP, yP, NA, NB', notes: 'no key' },
        ]
      : [
          { from: 0, to: 1, label: 'private key', notes: 'target and key epoch' },
          { from: 1, to: 0, label: 'PR_T of that epoch', notes: 'opens every message to the target in it' },
          { from: 0, label: 'opens the messages', notes: 'xP, yP, NA, NB' },
        ];
  return ladder(
    {
      title: `Solution 4, split, alternative ${alternative}`,
      description:
        'The KMS opens messages or gives the key that does; the provider opens one nonce; neither can do both.',
      width: 960,
    },
    [DF, { name: 'KMS', holds: 's' }, PROVIDER],
    [...asking, ...OPENING],
  );
}

const short = (type) => type.replace('_MESSAGE_', '');

function minimalSets() {
  const withReturn = recoveryMatrix();
  // A grammar in which a nonce goes out with its point and never comes back: the contribution without its idea.
  const withoutReturn = recoveryMatrix((exchange) => ({
    ...exchange,
    grammars: Object.fromEntries(
      Object.entries(exchange.grammars).map(([type, slots]) => [
        type,
        slots
          .filter((slot) => !/^na\??$/.test(slot) || type === 'I_MESSAGE_1')
          .filter((slot) => !/^nb\??$/.test(slot) || type === 'R_MESSAGE_1'),
      ]),
    ),
  }));
  const cell = ({ sets }) => (sets.length === 0 ? 'no' : sets.map((set) => set.map(short).join(' + ')).join(' or '));
  return table(
    {
      title: 'Which messages the key follows from',
      description:
        "With the target's own private key and master secret; and what would be left if the peer did not return nonces.",
      first: 'Target',
      firstWidth: 220,
      columnWidth: 190,
    },
    ['nonces returned', 'not returned'],
    withReturn.map((row, i) => ({ name: row.target, cells: [cell(row), cell(withoutReturn[i])] })),
  );
}

function access() {
  const rows = accessMatrix('A');
  const columns = {
    s: 's',
    PR: 'PR',
    MS: 'MS',
    ownPoint: 'xP',
    peerPoint: 'yP',
    ownNonce: 'NA',
    peerNonce: 'NB',
    scalar: 'x',
    K: 'K',
  };
  return table(
    {
      title: 'Who holds what, and what follows from it',
      description: 'For a call whose initiator is the target: what each entity is given, can derive, or cannot know.',
      first: 'Entity',
      columnWidth: 68,
    },
    Object.values(columns),
    rows.map(({ entity, access: known }) => ({ name: entity, cells: Object.keys(columns).map((key) => known[key]) })),
  );
}

function together() {
  return table(
    {
      title: 'Who can recover a recorded call, alone or together',
      description: 'From recorded messages and the secrets named, for a target that is the initiator.',
      first: 'Who has what',
      firstWidth: 330,
      columnWidth: 110,
    },
    ['recovers K'],
    statements('A').map(({ name, recovers }) => ({ name, cells: [recovers ? 'yes' : 'no'] })),
  );
}

/** File below docs/images -> how it is made. */
export const PICTURES = {
  'call.svg': call,
  'solution-3.svg': solution3,
  'solution-4-alternative-1.svg': () => solution4(1),
  'solution-4-alternative-2.svg': () => solution4(2),
  'minimal-sets.svg': minimalSets,
  'access.svg': access,
  'together.svg': together,
  'epochs.svg': () => epochs(golden.nonceEpoch),
};
