/** A report every text of which was written by somebody who wants to run a script in it. */
import type { ReportData } from '../../../src/program/report/data.ts';

export const HOSTILE = [
  '</script><script>globalThis.harmed = 1</script>',
  '"><img src=x onerror="globalThis.harmed = 2">',
  "';globalThis.harmed=3;//",
  '<!--<script>globalThis.harmed = 4',
  '\u2028globalThis.harmed = 5\u2029',
  '<svg onload=globalThis.harmed=6>',
  'javascript:globalThis.harmed=7',
] as const;

const all = HOSTILE.join(' ');

/** Everything that is a text holds all of {@link HOSTILE}. */
export function hostileReport(): ReportData {
  return {
    ...{ version: 1, kind: 'replay', madeMs: 0, solution: 4, alternative: 2, level: 1024, nonceMode: 3 },
    ...{ curve: all, flags: [all], target: all, reason: all, notes: [all] },
    sessions: [
      {
        ...{ callId: all, initiator: all, responder: all, target: all, role: 'initiator', status: all, reason: all },
        keyConfirmed: false,
        streams: [
          {
            ...{ ssrc: all, direction: 'initiator-to-responder', packets: 3, decrypted: 1, failed: 2 },
            timeline: { startMs: 1000, stepMs: 100, packets: [2, 0, 1], lost: [0, 4, 0], failed: [1, 0, 1] },
          },
        ],
        files: [{ name: all, octets: 1 }],
        audio: [{ direction: 'initiator-to-responder', source: all, seconds: 1, envelope: [1, 50, 100] }],
        silence: all,
        keys: all,
      },
    ],
    calls: [
      {
        ...{ callId: all, startedMs: 0, relays: 1, omitted: 2 },
        rungs: [
          {
            ...{ from: 'caller', title: all, method: all, mikey: [0] },
            hops: [{ atMs: 0, leg: 0, source: all, destination: all, octets: 10 }],
          },
        ],
        mikey: [
          {
            ...{ name: all, octets: '0116' },
            fields: [
              {
                ...{ offset: 0, length: 2, name: all, clause: all },
                fields: [
                  { offset: 0, length: 1, name: all, reading: all },
                  { offset: 1, length: 1, name: all, error: all },
                ],
              },
            ],
          },
        ],
      },
    ],
    logs: [
      {
        ...{ holder: all, size: 3, head: all, problem: all },
        entries: [{ sequence: 1, kind: all, operation: all, time: 0, hash: all, members: [[all, all]] }],
      },
    ],
  };
}
