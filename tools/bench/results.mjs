/** The results of bench/results as text: the tables of docs/performance.md and the sentence of README.md. */
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
      const { cpu, cores, system, node } = machine;
      return [
        `### Node ${node}`,
        '',
        `${cpu}, ${String(cores)} cores, ${system}; p of ${String(results[0].bits)} bits, median in ms.`,
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

/** One sentence a version of Node: what the kernel is worth. */
export function resultSentences() {
  return reports()
    .map(({ node, results, speeds }) => {
      const pairing = results.find(({ op, kernel }) => op === 'pairing' && kernel === 'fma').medianMs;
      const reached = (what) => speeds.find((speed) => speed.what === what)?.reached;
      const ofC = reached('pairing: fma/C + GMP');
      const c = ofC === undefined ? '' : `, and ${ofC.toFixed(1)} times as long as C on GMP`;
      const times = reached('pairing: BigInt/fma').toFixed(1);
      return `Node ${String(Number.parseInt(node))}: a pairing takes ${shown(pairing)} ms, ${times} times faster than BigInt${c}.`;
    })
    .join('\n');
}
