/** The reports that `halfkey bench check` saved in bench/results: the tables of docs/performance.md, the ratios of README. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../bootstrap.mjs';

const folder = join(root, 'bench', 'results');

/** The reports of `halfkey bench check`, the oldest Node first. */
function reports() {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')))
    .sort((a, b) => Number.parseInt(a.node) - Number.parseInt(b.node));
}

const shown = (value) => (value === undefined ? '-' : Number(value.toPrecision(3)).toString());

/** Times and speeds of each report. */
export function resultTables() {
  return reports()
    .flatMap(({ machine, results, speeds }) => {
      const kernels = [...new Set(results.map(({ kernel }) => kernel))];
      const operations = [...new Set(results.map(({ op }) => op))];
      const time = (op, kernel) => results.find((one) => one.op === op && one.kernel === kernel)?.medianMs;
      const { cpu, cores, system, node, load } = machine;
      return [
        `### Node ${node}`,
        '',
        `${cpu}, ${String(cores)} cores, ${system}, load ${load.toFixed(1)}; p of ${String(results[0].bits)} bits, median in ms.`,
        '',
        `| | ${kernels.map((kernel) => (kernel === 'gmp' ? 'C + GMP' : `\`${kernel}\``)).join(' | ')} |`,
        `| --- |${' --- |'.repeat(kernels.length)}`,
        ...operations.map((op) => `| \`${op}\` | ${kernels.map((kernel) => shown(time(op, kernel))).join(' | ')} |`),
        '',
        '| Speed | Target | Reached | |',
        '| --- | --- | --- | --- |',
        ...speeds.map(
          ({ what, bound, target, reached, verdict }) =>
            `| ${what} | ${target === undefined ? '-' : `${bound} ${String(target)}`} | ${reached === undefined ? '-' : reached.toFixed(2)} | ${verdict} |`,
        ),
        '',
      ];
    })
    .join('\n')
    .trimEnd();
}

/** Rows of the README, one time over another, and the speeds that stand in them. */
const RATIOS = {
  'pairing: BigInt / halfkey': ['pairing: BigInt/fma'],
  'pairing: halfkey / C on GMP': ['pairing: fma/C + GMP'],
  'encrypt: new identity / pairing; known identity / new identity': [
    'encrypt-new, in pairings',
    'encrypt-cached/encrypt-new',
  ],
  'extract / pairing; decrypt / pairing': ['extract, in pairings', 'decrypt with cached lines, in pairings'],
  'live call: mathematics, BigInt / halfkey; set-up, halfkey / BigInt': [
    'call, time of the mathematics: BigInt/kernel',
    'call, set-up: kernel/BigInt',
  ],
};

const ratio = ({ reached }) => (reached === undefined ? 'not measured' : reached.toFixed(2));

/** The speeds of a report that are promised and were missed, or not measured. */
function notReached({ node, speeds }) {
  const short = speeds.filter(({ target, verdict }) => target !== undefined && verdict !== 'ok');
  if (short.length === 0) return `- Node ${node}: every speed that is promised was reached.`;
  const each = short.map((one) => `${one.what} is ${ratio(one)}, promised ${one.bound} ${String(one.target)}`);
  return `- Node ${node}: **not reached:** ${each.join('; ')}.`;
}

/** A few ratios with a column for each report, and what was missed. */
export function resultRatios() {
  const all = reports();
  const cell = ({ node, speeds }, whats) =>
    whats
      .map((what) => {
        const speed = speeds.find((one) => one.what === what);
        if (speed === undefined) throw new Error(`bench/results: Node ${node} has no speed ${what}`);
        return `${ratio(speed)}${speed.verdict === 'missed' ? ' (missed)' : ''}`;
      })
      .join('; ');
  const machines = new Set(
    all.map(({ machine: { cpu, cores, system } }) => `${cpu}, ${String(cores)} cores, ${system}`),
  );
  return [
    `| p of ${[...new Set(all.map(({ results }) => String(results[0].bits)))].join(' and ')} bits | ${all.map(({ node }) => `Node ${node}`).join(' | ')} |`,
    `| --- |${' --- |'.repeat(all.length)}`,
    ...Object.entries(RATIOS).map(([row, whats]) => `| ${row} | ${all.map((one) => cell(one, whats)).join(' | ')} |`),
    '',
    `One time over the other, medians of rounds that take turns: processor time, in a live call the clock. ${[...machines].join('; ')}.`,
    '',
    ...all.map(notReached),
  ].join('\n');
}
