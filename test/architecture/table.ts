/**
 * The house: floors, rooms, and the only imports allowed. test/architecture.test.ts holds src/ to it and the
 * picture in ARCHITECTURE.md is made from it (`npm run generate`). A new edge is a design decision:
 * change the table and say why in the same commit.
 */

/** A folder below src/. It is named by its last part; a contract is always named with its floor. */
export interface Room {
  readonly path: string;
  /** What it holds, in one line. */
  readonly holds: string;
  /** Rooms it may import; `contract/*` stands for every contract. */
  readonly imports: readonly string[];
  /** Rooms of which it may import `ports.ts` only. */
  readonly ports?: readonly string[];
  /** Rooms it may load by dynamic import only. */
  readonly onDemand?: readonly string[];
  /** When true, it may import types only. */
  readonly typesOnly?: boolean;
}

export interface Floor {
  readonly name: string;
  readonly purpose: string;
  readonly rooms: readonly Room[];
}

/** What one process, or one room, must never reach, types and dynamic imports included. */
export type Reach = { readonly from: string; readonly why: string } & (
  { readonly never: readonly string[] } | { readonly only: readonly string[] }
);

export interface House {
  /** From the ground up: an import goes down, or sideways where the table says so. */
  readonly floors: readonly Floor[];
  /** Files directly in src/: the rooms they may import, and the floors, rooms or files that may import them. */
  readonly rootFiles: Readonly<Record<string, { readonly imports: readonly string[]; readonly by: readonly string[] }>>;
  /** Where a built-in module of Node may be imported: floors, rooms or files. */
  readonly builtins: Readonly<Record<string, readonly string[]>>;
  /** Where a package may be imported: floors, rooms or files. */
  readonly packages: Readonly<Record<string, readonly string[]>>;
  /** Folders outside src/ of which a file may be named by `new URL(..., import.meta.url)`, and by whom. */
  readonly outside: Readonly<Record<string, readonly string[]>>;
  readonly reach: readonly Reach[];
  /** Lines a file of `program/role` may have. */
  readonly roleLines: number;
}

const everywhere = ['*'];
const outermost = ['platform', 'program'];

export const HOUSE: House = {
  floors: [
    {
      name: 'foundation',
      purpose: 'what everything stands on',
      rooms: [
        { path: 'foundation/base', holds: 'octets, secrets, the error table, clock, random, NTP time', imports: [] },
        { path: 'foundation/der', holds: 'strict DER', imports: ['base'] },
        {
          path: 'foundation/identity',
          holds: 'canonical identities, key epochs, districts',
          imports: ['base'],
        },
      ],
    },
    {
      name: 'crypto',
      purpose: 'the mathematics, as the RFCs write it',
      rooms: [
        { path: 'crypto/curve', holds: 'fields, the curve, the pairing (RFC 5091 2-4)', imports: ['base'] },
        { path: 'crypto/ecdh', holds: 'P-256, P-384, P-521 and the check of a commitment', imports: ['base'] },
        {
          path: 'crypto/ibe',
          holds: 'Boneh-Franklin, the envelope, RFC 5408 parameters',
          imports: ['base', 'der', 'identity', 'curve'],
        },
        {
          path: 'crypto/nonce',
          holds: 'sealing and opening NA and NB, the master secret ratchet',
          imports: ['base', 'identity', 'ecdh'],
        },
      ],
    },
    {
      name: 'protocol',
      purpose: 'messages in, messages out; pure',
      rooms: [
        { path: 'protocol/mikey', holds: 'payload codec, grammar, PRF and key chain', imports: ['base', 'identity'] },
        {
          path: 'protocol/ibake',
          holds: 'the exchange as state machines',
          imports: ['base', 'identity', 'ecdh', 'ibe', 'mikey', 'nonce'],
        },
        {
          path: 'protocol/discovery',
          holds: 'from messages and one nonce to the session key',
          imports: ['base', 'identity', 'ecdh', 'ibe', 'mikey'],
        },
        { path: 'protocol/closure', holds: 'what each set of holders can learn', imports: ['base', 'mikey'] },
        {
          path: 'protocol/signalling',
          holds: 'SIP, dialogs, SDP, a=key-mgmt',
          imports: ['base', 'identity', 'mikey'],
        },
        { path: 'protocol/srtp', holds: 'SRTP and SRTCP', imports: ['base'] },
        { path: 'protocol/media', holds: 'captures, RTP streams, audio files', imports: ['base'] },
      ],
    },
    {
      name: 'trust',
      purpose: 'who allowed it, and the proof of it',
      rooms: [
        { path: 'trust/warrant', holds: 'signed warrant, approvals, revocation', imports: ['base', 'identity'] },
        { path: 'trust/audit', holds: 'the log, its checkpoints and proofs', imports: ['base'] },
        {
          path: 'trust/release',
          holds: 'the record before the key, sealed answers, receipts',
          imports: ['base', 'identity', 'audit', 'warrant'],
        },
      ],
    },
    {
      name: 'contract',
      purpose: 'what goes between processes: octets only, never MIKEY structures',
      rooms: [
        { path: 'contract/route', holds: 'the shape of a route', imports: ['base'] },
        {
          path: 'contract/provisioning',
          holds: 'a client and its holders',
          imports: ['base', 'identity', 'contract/route'],
        },
        { path: 'contract/log', holds: 'reading a log', imports: ['base', 'identity', 'contract/route'] },
        { path: 'contract/intake', holds: 'what an intake takes', imports: ['base', 'identity', 'contract/route'] },
        {
          path: 'contract/xk',
          holds: 'Delivery Function to KMS',
          imports: ['base', 'identity', 'warrant', 'contract/route'],
        },
        {
          path: 'contract/provider',
          holds: 'a holder to the Provider',
          imports: ['base', 'identity', 'warrant', 'contract/route'],
        },
        {
          path: 'contract/administration',
          holds: 'warrants and tasks',
          imports: ['base', 'identity', 'warrant', 'contract/route'],
        },
      ],
    },
    {
      name: 'entity',
      purpose: "the boxes of the contribution's figures",
      rooms: [
        {
          path: 'entity/custody',
          holds: 'master secrets by epoch, erasure, opening one nonce',
          imports: ['base', 'identity', 'ecdh', 'nonce'],
        },
        {
          path: 'entity/endpoint',
          holds: 'a client and a mailbox',
          imports: [
            'base',
            'identity',
            'ibe',
            'mikey',
            'ibake',
            'nonce',
            'srtp',
            'signalling',
            'media',
            'contract/provisioning',
          ],
        },
        {
          path: 'entity/kms',
          holds: 'publishes parameters, issues keys, answers XK',
          imports: [
            'base',
            'der',
            'identity',
            'ibe',
            'mikey',
            'discovery',
            'warrant',
            'audit',
            'release',
            'contract/xk',
            'contract/provisioning',
            'contract/administration',
            'contract/log',
          ],
        },
        {
          path: 'entity/provider',
          holds: 'opens one nonce under a warrant',
          imports: [
            'base',
            'identity',
            'custody',
            'warrant',
            'audit',
            'release',
            'contract/provider',
            'contract/provisioning',
            'contract/administration',
            'contract/log',
          ],
        },
        {
          path: 'entity/delivery',
          holds: 'intake, dialogs, asking, recovering, handing over',
          imports: [
            'base',
            'identity',
            'ibe',
            'mikey',
            'discovery',
            'srtp',
            'media',
            'signalling',
            'warrant',
            'audit',
            'release',
            'contract/xk',
            'contract/provider',
            'contract/administration',
            'contract/log',
            'contract/intake',
          ],
        },
        {
          path: 'entity/administration',
          holds: 'warrants, approvals, tasks',
          imports: ['base', 'identity', 'warrant', 'audit', 'release', 'contract/administration', 'contract/log'],
        },
        {
          path: 'entity/tap',
          holds: 'a relay that copies what passes',
          imports: ['base', 'signalling', 'media', 'contract/intake'],
        },
        {
          path: 'entity/evidence',
          holds: "an auditor's tools",
          imports: ['base', 'identity', 'audit', 'warrant', 'release', 'contract/log'],
        },
      ],
    },
    {
      name: 'platform',
      purpose: 'the outside world',
      rooms: [
        {
          path: 'platform',
          holds: 'TLS, TCP, UDP, files, databases, key encryption, metrics, logs',
          imports: ['base', 'contract/route'],
          ports: ['audit', 'release', 'custody', 'kms', 'provider', 'delivery', 'endpoint', 'administration'],
        },
      ],
    },
    {
      name: 'program',
      purpose: 'processes and commands',
      rooms: [
        {
          path: 'program/role',
          holds: 'composition, one file a process, no protocol logic',
          imports: [
            'base',
            'der',
            'identity',
            'curve',
            'ecdh',
            'ibe',
            'nonce',
            'mikey',
            'ibake',
            'discovery',
            'closure',
            'signalling',
            'srtp',
            'media',
            'warrant',
            'audit',
            'release',
            'contract/*',
            'custody',
            'endpoint',
            'kms',
            'provider',
            'delivery',
            'administration',
            'tap',
            'evidence',
            'platform',
          ],
        },
        {
          path: 'program/report',
          holds: 'report.html',
          imports: ['base', 'mikey', 'signalling', 'media', 'audit', 'warrant', 'closure'],
        },
        {
          path: 'program/lab',
          holds: 'starts the roles as processes; fixtures, stories',
          imports: [
            'base',
            'identity',
            'mikey',
            'signalling',
            'media',
            'warrant',
            'audit',
            'evidence',
            'closure',
            'report',
            'contract/*',
            'platform',
          ],
        },
        {
          path: 'program/bench',
          holds: "the project's own benches",
          imports: ['base', 'curve', 'ibe', 'srtp', 'media', 'audit', 'lab', 'platform'],
        },
        {
          path: 'program/cli',
          holds: 'one program, a file a command',
          imports: [
            'base',
            'lab',
            'bench',
            'evidence',
            'warrant',
            'audit',
            'ibe',
            'mikey',
            'signalling',
            'media',
            'platform',
          ],
          onDemand: ['role'],
        },
        { path: 'program/console', holds: '(later)', imports: ['contract/*'], typesOnly: true },
      ],
    },
  ],

  rootFiles: { 'index.ts': { imports: ['base'], by: ['program/cli'] } },

  builtins: {
    'node:crypto': everywhere,
    'node:util': everywhere,
    'node:buffer': everywhere,
    'node:module': ['index.ts'],
    'node:v8': ['crypto/curve/load.ts'],
    'node:fs': outermost,
    'node:fs/promises': outermost,
    'node:net': outermost,
    'node:tls': outermost,
    'node:dgram': outermost,
    'node:http': outermost,
    'node:https': outermost,
    'node:child_process': outermost,
    'node:worker_threads': outermost,
    'node:path': outermost,
    'node:os': outermost,
    'node:url': outermost,
    'node:process': outermost,
    'node:events': outermost,
    'node:stream': outermost,
    'node:stream/promises': outermost,
    'node:timers': outermost,
    'node:timers/promises': outermost,
    'node:readline': outermost,
    'node:perf_hooks': outermost,
    'node:zlib': outermost,
  },

  packages: {
    '@noble/curves': ['crypto/ecdh'],
    '@noble/ciphers': ['crypto/ibe', 'crypto/nonce', 'protocol/srtp'],
    zod: ['trust', 'contract', 'entity', 'platform', 'program'],
    jose: ['trust/warrant', 'trust/release'],
    kysely: ['entity', 'platform', 'program'],
    '@photostructure/sqlite': outermost,
    pg: outermost,
    pkcs11js: outermost,
    fastify: outermost,
    'fastify-type-provider-zod': outermost,
    undici: outermost,
    pino: outermost,
    '@peculiar/x509': outermost,
    'reflect-metadata': outermost,
    commander: ['program/cli'],
    'cli-progress': ['program/cli'],
    picocolors: ['program/cli', 'program/lab'],
  },

  outside: { 'test/vectors': ['program/lab', 'program/cli'], share: ['program/lab'] },

  reach: [
    {
      from: 'program/role/provider.ts',
      why: 'it can open one nonce, and neither read a message nor make a session key',
      never: [
        'curve',
        'ibe',
        'mikey',
        'ibake',
        'discovery',
        'kms',
        'delivery',
        'endpoint',
        'srtp',
        'media',
        'signalling',
      ],
    },
    {
      from: 'program/role/kms.ts',
      why: 'it can open messages, and no nonce',
      never: ['nonce', 'custody', 'ibake', 'provider', 'delivery', 'endpoint', 'srtp', 'media', 'signalling'],
    },
    ...['program/role/kms-issue.ts', 'program/role/kms-issue-worker.ts'].map((from) => ({
      from,
      why: 'it issues keys in bulk, and opens nothing',
      never: ['nonce', 'custody', 'ibake', 'provider', 'delivery', 'endpoint', 'srtp', 'media', 'signalling'],
    })),
    {
      from: 'program/role/kms-consolidated.ts',
      why: 'the one process where keys and nonces meet hears no call',
      never: ['provider', 'delivery', 'endpoint', 'srtp', 'media', 'signalling'],
    },
    {
      from: 'program/role/df.ts',
      why: 'it hears the warranted call, and can neither open a nonce nor issue a warrant',
      never: ['nonce', 'custody', 'ibake', 'kms', 'provider', 'endpoint', 'administration'],
    },
    {
      from: 'program/role/admf.ts',
      why: 'it allows, and can open nothing',
      never: ['curve', 'ibe', 'ecdh', 'nonce', 'custody', 'mikey', 'discovery', 'srtp', 'media'],
    },
    {
      from: 'program/role/ue.ts',
      why: 'it calls, and knows no holder from inside',
      never: ['kms', 'provider', 'custody', 'delivery', 'administration', 'discovery', 'warrant', 'release'],
    },
    {
      from: 'program/role/witness.ts',
      why: 'it signs checkpoints and knows nothing else',
      only: ['base', 'identity', 'audit', 'contract/log', 'contract/route', 'platform'],
    },
    {
      from: 'program/role/tap.ts',
      why: 'it copies what passes and can open nothing',
      only: [
        'base',
        'identity',
        'mikey',
        'signalling',
        'media',
        'tap',
        'contract/intake',
        'contract/route',
        'platform',
      ],
    },
    {
      from: 'program/lab',
      why: 'what it shows is done by the processes it starts, not by itself',
      never: ['kms', 'provider', 'custody', 'delivery', 'endpoint', 'nonce', 'ibake', 'discovery', 'role'],
    },
  ],

  roleLines: 150,
};
