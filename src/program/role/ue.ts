/**
 * A client: it calls (`halfkey ue call`) or answers (`halfkey ue serve`). It knows its holders by their contract only,
 * and nothing of warrants: what it does and what it sends is the same whoever is a target.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../foundation/base/index.ts';
import { identityFromText } from '../../foundation/identity/index.ts';
import { createCallee, placeCall, type Callee, type CallResult } from '../../entity/endpoint/index.ts';
import { ensurePrivateDirectory, openClientState, writeSecretFile } from '../../platform/index.ts';
import { connectTcp, listenTcp } from '../../platform/sockets.ts';
import type { Emit, RunningRole } from './running.ts';
import { clientOptions, outward } from './ue-client.ts';
import { readUeConfig, required } from './ue-config.ts';
import { openKeys } from './ue-keys.ts';
import { replayMemory } from './ue-replay.ts';

/** How long calls have to say goodbye when the client ends. */
const HANG_UP_MS = 1000;

export async function serve(configFile: string, emit: Emit): Promise<RunningRole> {
  const { config, at } = await readUeConfig(configFile);
  const { role, exitWithParent, sip, answer } = config;
  const listen = required(sip.listen, 'sip.listen');
  const state = await openClientState(at(config.stateDirectory));
  const options = await clientOptions(config, emit, answer.speech === undefined ? undefined : at(answer.speech));
  const folder = answer.recordings === undefined ? undefined : at(answer.recordings);
  if (folder !== undefined) await ensurePrivateDirectory(folder);
  const replay = replayMemory(state, systemClock());
  const provisioned = await openKeys(config, at, state.pins, emit);
  const saving = new Set<Promise<void>>();
  let recorded = 0;

  async function end(result: CallResult): Promise<void> {
    let recording: string | undefined;
    if (folder !== undefined && result.recording !== undefined) {
      recorded += 1;
      recording = join(folder, `call-${String(recorded)}.wav`);
      await writeSecretFile(recording, result.recording);
    }
    emit({ event: 'call-ended', role, ...outward(result), ...(recording === undefined ? {} : { recording }) });
  }

  const running: { callee?: Callee } = {};
  const listener = await listenTcp(listen, (connection) => {
    void running.callee?.attach(connection);
  }).catch(async (error: unknown) => {
    await provisioned.close();
    throw error;
  });
  const callee = createCallee({
    ...options,
    keys: provisioned.keys,
    contact: sip.contact ?? listener.local,
    replay,
    authenticatedHops: sip.authenticatedHops,
    ...{ maxCalls: answer.maxCalls, ringMs: answer.ringMs, tailMs: answer.tailMs },
    onResult: (result) => {
      const saved = end(result).catch(() => {
        emit({ event: 'recording-failed', role });
      });
      saving.add(saved);
      void saved.finally(() => saving.delete(saved));
    },
  });
  running.callee = callee;
  return {
    role,
    ports: { sip: listener.local.port },
    exitWithParent,
    async close() {
      callee.hangUp();
      for (const start = performance.now(); callee.pending.calls > 0 && performance.now() - start < HANG_UP_MS;) {
        await sleep(20);
      }
      callee.close();
      await listener.close();
      await Promise.all(saving);
      await provisioned.close();
    },
  };
}

export interface UeCall {
  /** Who is called: any form of a sip, sips or tel URI, or NAI. */
  readonly to: string;
  /** WAV, 8000 Hz, 16 bits, mono. */
  readonly speech: string;
  /** Where what is heard is written: WAV, mono, mu-law. */
  readonly record: string | undefined;
  /** Gives the call up, or hangs up. */
  readonly signal: AbortSignal;
}

/** Places one call and speaks. `emit` is told when the client is ready, then of each message. */
export async function call(
  configFile: string,
  { to, speech, record, signal }: UeCall,
  emit: Emit,
): Promise<Pick<CallResult, 'outcome' | 'code'>> {
  const { config, at } = await readUeConfig(configFile);
  const { role, sip } = config;
  const called = identityFromText(to);
  const proxy = required(sip.proxy, 'sip.proxy');
  const state = await openClientState(at(config.stateDirectory));
  // It is asked nothing itself, but a client that answers from this directory later must not believe its memory lost.
  replayMemory(state, systemClock());
  const options = await clientOptions(config, emit, speech);
  const provisioned = await openKeys(config, at, state.pins, emit);
  try {
    const channel = await connectTcp(proxy);
    emit({ ready: true, role, pid: process.pid, ports: {} });
    const result = await placeCall({
      ...{ ...options, keys: provisioned.keys, to: called, channel, route: sip.route, signal },
      ...(sip.contact === undefined ? {} : { contact: sip.contact }),
    });
    if (record !== undefined && result.recording !== undefined) await writeSecretFile(record, result.recording);
    const recording = record === undefined || result.recording === undefined ? {} : { recording: record };
    emit({ event: 'call-ended', role, ...outward(result), ...recording });
    return result;
  } finally {
    await provisioned.close();
  }
}
