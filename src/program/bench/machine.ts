/** What a figure depends on besides the code: for the top of every bench. */
import { arch, cpus, loadavg, release, type } from 'node:os';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly system: string;
  readonly node: string;
  readonly v8: string;
  /** Load of the last minute before: above 0 somebody else computes. */
  readonly load: number;
}

export function thisMachine(): Machine {
  const all = cpus();
  return {
    cpu: all[0]?.model.trim() ?? 'unknown',
    cores: all.length,
    system: `${type()} ${release()} ${arch()}`,
    node: process.versions.node,
    v8: process.versions.v8,
    load: loadavg()[0] ?? 0,
  };
}

export function machineText({ cpu, cores, system, node, v8, load }: Machine): string {
  return `${cpu}, ${String(cores)} cores; ${system}; Node ${node}, V8 ${v8}; load before ${load.toFixed(1)}`;
}
