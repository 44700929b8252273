/** Kamailio, a SIP proxy that shares no line with this project. Callers say `needs('kamailio')` first. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { temporaryDirectory } from '../platform/support.ts';
import { boundPorts, freePort } from './ports.ts';

export interface Route {
  /** The only place that the proxy knows. */
  readonly callee: number;
  readonly transport: 'tcp' | 'udp';
  /** Planted fault: in the body of every INVITE this text becomes that one; letters and digits only. */
  readonly falsify?: readonly [text: string, replacement: string];
}

/** A stateful proxy that stays in the dialog. */
const configuration = (port: number, { callee, transport, falsify }: Route): string => `#!KAMAILIO
debug=0
log_stderror=yes
children=1
tcp_children=1
auto_aliases=no
dns=no
rev_dns=no
listen=tcp:127.0.0.1:${String(port)}
listen=udp:127.0.0.1:${String(port)}
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "siputils.so"
loadmodule "nathelper.so"
loadmodule "textops.so"
# Nothing is lost here: what is only late shall not be sent twice.
modparam("tm", "retr_timer1", 4000)
request_route {
  if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }
  force_rport();
  if (method == "CANCEL") { if (t_check_trans()) t_relay(); exit; }
  if (has_totag()) {
    if (loose_route()) t_relay();
    else if (method != "ACK") sl_send_reply("404", "Not Here");
    exit;
  }
  record_route();
  # The caller listens nowhere: what is for it goes back to where it comes from.
  fix_nated_contact();
  ${falsify === undefined ? '' : `subst_body("/${falsify.join('/')}/");`}
  $du = "sip:127.0.0.1:${String(callee)};transport=${transport}";
  t_relay();
}
`;

/** Runs Kamailio in the foreground, on loopback only, until the test is over; its port, of TCP and UDP. */
export async function kamailio(route: Route): Promise<number> {
  const directory = temporaryDirectory();
  const file = join(directory, 'kamailio.cfg');
  const port = await freePort();
  writeFileSync(file, configuration(port, route));
  // -DD: no fork to the background; with -D Kamailio has no TCP.
  const args = ['-DD', '-E', '-f', file, '-Y', directory, '-w', directory, '-m', '32', '-M', '4'];
  const child = spawn('kamailio', args, { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const ended = once(child, 'close');
  onTestFinished(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  while (!boundPorts('tcp').has(port)) {
    if (child.exitCode !== null) throw new Error(`kamailio ended: ${said}`);
    await sleep(50);
  }
  return port;
}
