/**
 * The built command, but the role named in HALFKEY_TEST_STRANGER finds, as the authority whose warrants it believes, the
 * certificate in HALFKEY_TEST_ROOT. A lab that is started with this file starts its roles with it, too.
 */
import { copyFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const [, program, role, verb, , config] = process.argv;
if (verb === 'serve' && role === process.env.HALFKEY_TEST_STRANGER) {
  copyFileSync(process.env.HALFKEY_TEST_ROOT, join(dirname(config), 'agency-ca.crt'));
}
await import(new URL('../../dist/program/cli/main.js', `file://${program}`).href);
