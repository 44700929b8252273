/**
 * A lab that stands still while its roles run: its capture is a named pipe, into which the test has put the dialog of a
 * call and not yet its media. The key has been recovered by then, and the lab waits for more octets.
 *
 * A lab opens its capture twice: once for the time of the first packet, once to send it. There are two pipes for that,
 * and the first gives its name to the second as soon as it has been opened.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, constants, openSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import {
  rolesOf,
  startLab,
  temporaryDirectory,
  waitUntil,
  type LabOrder,
  type RoleProcess,
  type Running,
} from '../support/lab.ts';
import { firstPacketOf, smallCall } from './small-call.ts';

export interface PausedLab extends Running {
  readonly out: string;
  readonly roles: readonly RoleProcess[];
  /** Lets the lab go on to its end: what is left of the call, and the end of the capture. */
  goOn(): void;
  /** Ends the capture here, when it has not ended. */
  cutOff(): void;
}

/** A lab whose roles have been started and given all they need, and wait for the capture. */
export async function waitingLab(order: Omit<LabOrder, 'capture'>): Promise<PausedLab & { sendDialog(): void }> {
  const { signalling, media } = await smallCall();
  const directory = temporaryDirectory();
  const [capture, next] = [join(directory, 'capture.pcap'), join(directory, 'next')];
  for (const pipe of [capture, next]) {
    if (spawnSync('mkfifo', ['-m', '600', pipe]).status !== 0) throw new Error('mkfifo failed');
  }
  const lab = startLab({ ...order, capture });
  const first = await writerOf(capture, lab);
  renameSync(next, capture);
  writeSync(first, firstPacketOf(signalling));
  closeSync(first);
  const second = await writerOf(capture, lab);
  let open = true;
  let left: Uint8Array = Buffer.concat([signalling, media]);
  const cutOff = (): void => {
    if (open) closeSync(second);
    open = false;
  };
  return {
    ...lab,
    roles: rolesOf(lab.out),
    sendDialog() {
      writeSync(second, signalling);
      left = media;
    },
    goOn() {
      writeSync(second, left);
      cutOff();
    },
    cutOff,
  };
}

/** A lab that has recovered the key and waits for the media. */
export async function pausedLab(order: Omit<LabOrder, 'capture'>): Promise<PausedLab> {
  const lab = await waitingLab(order);
  lab.sendDialog();
  await lab.says('session key recovered');
  return lab;
}

/** A descriptor that writes to the pipe, as soon as the lab reads from it; nothing ever blocks on it. */
async function writerOf(pipe: string, lab: Running): Promise<number> {
  let descriptor: number | undefined;
  let over = false;
  void lab.ended.then(() => (over = true));
  await waitUntil(
    () => {
      try {
        descriptor = openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK);
        return true;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENXIO') throw error;
        return false;
      }
    },
    'the lab to open its capture',
    () => over && lab.said(),
  );
  return descriptor as number;
}
