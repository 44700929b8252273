/**
 * `halfkey kms|provider|df serve --config FILE`: runs one role until it is told to end.
 * Loads the code of that role only. With `--json` standard output has one object a line: that the role is
 * ready, then what happens.
 */
import type { Command } from 'commander';
import { addKmsIssue } from './kms-issue.ts';
import { createOutput, type OutputFlags } from './output.ts';

/** What a role module offers; `emit` takes one event without identity or secret. */
export interface RoleModule {
  serve(configFile: string, emit: (event: object) => void): Promise<RunningRole>;
}
export interface RunningRole {
  readonly role: string;
  readonly ports: Readonly<Record<string, number>>;
  readonly exitWithParent: boolean;
  close(): Promise<void>;
}

interface Served {
  readonly name: string;
  readonly description: string;
  readonly load: (config: string) => Promise<RoleModule>;
  /** Adds what else the command of the role has. */
  readonly more?: (group: Command, done: (status: number) => void) => void;
}

const ROLES: readonly Served[] = [
  {
    name: 'kms',
    description: 'key management server: issues private keys, answers XK',
    load: loadKms,
    more: addKmsIssue,
  },
  {
    name: 'provider',
    description: "provider's database: opens one nonce under a warrant",
    load: () => import('../role/provider.ts'),
  },
  {
    name: 'df',
    description: 'delivery function: takes captures in, asks, decrypts, hands over',
    load: () => import('../role/df.ts'),
  },
  {
    name: 'tap',
    description: 'relays SIP and media between two clients, records what passes, feeds an intake',
    load: () => import('../role/tap.ts'),
  },
];

/** The two kinds of KMS are two compositions: the split one never loads the code that opens nonces. */
async function loadKms(config: string): Promise<RoleModule> {
  const { isConsolidated } = await import('../role/config.ts');
  return (await isConsolidated(config)) ? import('../role/kms-consolidated.ts') : import('../role/kms.ts');
}

const LINGER_MS = 500;

export function addServe(program: Command, done: (status: number) => void): void {
  for (const { name, description, load, more } of ROLES) {
    const group = program.command(name).description(description);
    addServeCommand(group, name, load, done);
    more?.(group, done);
  }
}

/** `serve` below the command of a role. */
export function addServeCommand(
  group: Command,
  name: string,
  load: (config: string) => Promise<RoleModule>,
  done: (status: number) => void,
): void {
  group
    .command('serve')
    .description(`run the ${name} until SIGTERM`)
    .requiredOption('--config <file>', 'configuration file (JSON)')
    .option('--json', 'one JSON object a line on standard output')
    .option('--quiet', 'no human text')
    .option('--verbose', 'more human text')
    .action(async ({ config, ...flags }: OutputFlags & { config: string }) => {
      const output = createOutput(flags);
      const module = await load(config);
      const emit = (event: object): void => {
        if (output.json) process.stdout.write(`${JSON.stringify(event)}\n`);
        else output.detail(JSON.stringify(event));
      };
      const running = await module.serve(config, emit);
      const { role, ports } = running;
      // Before anybody is told that it is ready, and may end it.
      const told = ending(running.exitWithParent);
      if (output.json) emit({ ready: true, role, pid: process.pid, ports });
      else
        output.say(
          `${role} is ready: ${Object.entries(ports)
            .map(([use, port]) => `${use} on port ${String(port)}`)
            .join(', ')}`,
        );
      await told;
      await running.close();
      // What is still open, as a connection to a host that does not answer, must not keep the process.
      setTimeout(() => process.exit(), LINGER_MS).unref();
      done(0);
    });
}

/** Resolves when the process is told to end, or, where that is wanted, when its parent is gone. */
function ending(withParent: boolean): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      // Standard input that is still read would keep the process alive.
      process.stdin.pause();
      resolve();
    };
    process.once('SIGTERM', end);
    process.once('SIGINT', end);
    if (!withParent) return;
    process.stdin.once('end', end);
    process.stdin.once('error', end);
    process.stdin.resume();
    // A parent that was killed also leaves standard output without a reader.
    process.stdout.once('error', end);
  });
}
