/**
 * Tells a person what the roles do, as they do it: who asked whom for what, what was refused or answered, and by what
 * the key was proved right. Prints nothing that the result would not.
 */
import type { Session } from '../../contract/administration/index.ts';
import type { LabWarrant } from './lab-warrant.ts';
import type { RoleEvent } from './processes.ts';
import type { LabDistrict } from './holders.ts';

export interface Colours {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly green: (text: string) => string;
  readonly red: (text: string) => string;
  readonly cyan: (text: string) => string;
}

export interface Narrator {
  plan(district: LabDistrict, curve: string, flags: readonly string[]): void;
  started(command: string): void;
  warranted(warrant: LabWarrant): void;
  capture(offsetMs: number): void;
  event(role: string, event: RoleEvent): void;
  /** One rung of a call's ladder. */
  rung(time: string, actor: string, text: string): void;
  result(
    result: {
      readonly sessions: readonly Session[];
      readonly notes: readonly string[];
      readonly report: string | null;
      readonly reason?: string;
    },
    out: string,
  ): void;
}

const ASKED: Readonly<Record<string, string>> = {
  recover: 'recover the session key of this exchange',
  decrypt: 'decrypt the messages that were sent to the target',
  'private-key': "the target's private key of these key epochs",
  'open-nonce': "open the target's nonce",
};

export function createNarrator({
  narrate,
  detail,
  colours: c,
}: {
  readonly narrate: (line: string) => void;
  readonly detail: (line: string) => void;
  readonly colours: Colours;
}): Narrator {
  const step = (actor: string, text: string): void => {
    narrate(`  ${c.cyan(actor.padEnd(18))} ${text}`);
  };

  return {
    plan({ solution, alternative, level, nonceMode, name }, curve, flags) {
      const how =
        solution === 3
          ? 'solution 3 (consolidated KMS)'
          : `solution 4 (KMS and provider split), alternative ${String(alternative)}`;
      narrate(c.bold(`halfkey: lawful recovery, ${how}`));
      narrate(c.dim(`  n = ${String(level)}, ${curve}, nonce mode ${String(nonceMode)}, district ${name}`));
      for (const flag of flags) narrate(c.dim(`  set for this run, and off by default: ${flag}`));
    },
    started(command) {
      narrate(c.dim(`  $ ${command}`));
    },
    warranted({ fromMs, toMs }) {
      step('agency', `issues a warrant, two people approve it: calls set up from ${time(fromMs)} to ${time(toMs)}`);
    },
    capture(offsetMs) {
      if (offsetMs !== 0) {
        step(
          'capture',
          `was made ${String(Math.round(Math.abs(offsetMs) / 86_400_000))} days ${offsetMs < 0 ? 'after' : 'before'} T; replayed as at T (no clock is changed)`,
        );
      }
    },
    event(role, event) {
      const {
        event: name,
        holder,
        operation,
        code,
        to,
        csbId,
        confirmedBy,
        file,
        octets,
        logEntry,
      } = event as Record<string, string>;
      if (name === 'session') step(role, `a call of the target is in the capture (CSB ID ${csbId ?? ''})`);
      else if (name === 'asked') step(`${role} -> ${holder ?? ''}`, ASKED[operation ?? ''] ?? operation ?? '');
      else if (name === 'answered')
        step(`${role} <- ${holder ?? ''}`, `answered, sealed to this request; entry ${String(logEntry)} of its log`);
      else if (name === 'refused' && holder !== undefined)
        step(`${role} <- ${holder}`, c.red(`refused: ${code ?? ''}`));
      else if (name === 'waiting') step(role, `${holder ?? ''} cannot be reached, asking again`);
      else if (name === 'recovered') step(role, c.green(`session key recovered; proved by ${confirmedBy ?? ''}`));
      else if (name === 'delivered') step(role, `hands over ${file ?? ''} (${String(octets)} octets)`);
      else if (name === 'released') detail(`  ${role}: released ${operation ?? ''} to ${to ?? ''}, logged before`);
      else if (name === 'refused') detail(`  ${role}: refused ${operation ?? ''} to ${to ?? ''}: ${code ?? ''}`);
    },
    rung(time, actor, text) {
      narrate(`  ${c.dim(time.padStart(9))}  ${actor.padEnd(12)} ${text}`);
    },
    result({ sessions, notes, reason, report }, out) {
      for (const session of sessions) narrateSession(session);
      for (const note of notes) narrate(c.dim(`  note: ${note}`));
      if (reason !== undefined) narrate(c.red(`  not as wished: ${reason}`));
      narrate(c.dim(`  everything is in ${out}`));
      if (report !== null) narrate(`  to look at: ${c.cyan(report)}`);
    },
  };

  function narrateSession({
    callId,
    initiator,
    responder,
    target,
    role,
    status,
    keyConfirmed,
    streams,
    files,
  }: Session): void {
    const good = status === 'recovered' && keyConfirmed;
    narrate('');
    narrate(c.bold(`call ${callId}`));
    narrate(`  ${initiator} -> ${responder}, target ${target} (${role})`);
    narrate(
      `  ${good ? c.green('recovered, key confirmed') : c.red(`${status}${keyConfirmed ? '' : ', key not confirmed'}`)}`,
    );
    for (const { ssrc, direction, packets, decrypted, failed } of streams) {
      narrate(
        `  SSRC ${ssrc} ${direction}: ${String(decrypted)} of ${String(packets)} packets decrypted, ${String(failed)} failed`,
      );
    }
    for (const [name, path] of Object.entries(files)) if (path !== null) narrate(`  ${name.padEnd(4)} ${path}`);
  }
}

const time = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z');
