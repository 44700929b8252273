/** The reports that `halfkey bench check` saved in bench/results, as the tables of docs/performance.md. */
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
