import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { identityFromText, type Identity } from '../../src/foundation/identity/index.ts';
import { createKeyFile, openRegisterStore, openState, type State } from '../../src/platform/index.ts';
import { temporaryDirectory } from './support.ts';

const ALICE = identityFromText('sip:alice@operator-a.example');
const PHONE = identityFromText('sip:alice@operator-a.example;gr=phone');
const TABLET = identityFromText('sip:alice@operator-a.example;gr=tablet');
const CAROL = identityFromText('sip:carol@operator-a.example');
const pseudonym = ({ text }: Identity): string => createHash('sha256').update(`salt ${text}`).digest('hex');

let directory: string;
let state: State;
const open = async (): Promise<void> => {
  state = await openState({
    directory: join(directory, 'state'),
    role: 'kms',
    district: 'a',
    keyFile: join(directory, 'key'),
  });
};
const openRegister = (): ReturnType<typeof openRegisterStore> => openRegisterStore(state, pseudonym);

beforeEach(async () => {
  directory = temporaryDirectory();
  await createKeyFile(join(directory, 'key'));
  await open();
});
afterEach(() => state.close());

describe('the register of subscribers', () => {
  it('has exactly the identities last set for each user, also after it was reopened', async () => {
    let register = await openRegister();
    const served = async (): Promise<boolean[]> =>
      Promise.all([ALICE, PHONE, TABLET, CAROL].map((identity) => register.has(identity)));
    expect(await served()).toEqual([false, false, false, false]);
    await register.set(ALICE, [ALICE, PHONE, PHONE]);
    await register.set(CAROL, [CAROL]);
    expect(await served()).toEqual([true, true, false, true]);
    await register.set(ALICE, [ALICE, TABLET]);
    await state.close();
    await open();
    register = await openRegister();
    expect(await served()).toEqual([true, false, true, true]);
    await register.set(ALICE, []);
    expect(await served()).toEqual([false, false, false, true]);
  });

  it('names nobody in its files', async () => {
    await (await openRegister()).set(ALICE, [ALICE, PHONE]);
    const files = readdirSync(join(directory, 'state'));
    expect(files).toContain('state.db');
    for (const file of files) expect(readFileSync(join(directory, 'state', file), 'latin1')).not.toContain('alice');
  });
});
