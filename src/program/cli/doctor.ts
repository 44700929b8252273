/** `halfkey doctor`: whether this machine has what halfkey can use, and what it does without. */
import type { Command } from 'commander';
import { createOutput, type OutputFlags } from './output.ts';

export function addDoctor(program: Command, done: (status: number) => void): void {
  program
    .command('doctor')
    .description('which arithmetic kernel runs here and why: status 2 when a part of the installation is damaged')
    .option('--json', 'one JSON object on standard output and nothing else')
    .option('--quiet', 'no human text')
    .option('--verbose', 'more human text')
    .addHelpText('after', '\nHALFKEY_KERNEL=fma|scalar|bigint in the environment forces a kernel.')
    .action(async (flags: OutputFlags) => {
      const [{ kernelLines, kernelReport }, { machineText, thisMachine }] = await Promise.all([
        import('../bench/kernel-report.ts'),
        import('../bench/machine.ts'),
      ]);
      const machine = thisMachine();
      const { damaged, ...kernels } = kernelReport();
      const advice = damaged ? ['a kernel is damaged: install halfkey again; until then the next one computes'] : [];
      createOutput(flags).result(
        { ok: !damaged, machine, ...kernels },
        [`machine    ${machineText(machine)}`, ...kernelLines({ damaged, ...kernels }), ...advice].join('\n'),
      );
      done(damaged ? 2 : 0);
    });
}
