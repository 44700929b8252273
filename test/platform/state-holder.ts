/** A process that holds a state directory, has committed one row, and stands inside a transaction when it is killed. */
import { openState } from '../../src/platform/index.ts';

const [directory = '', keyFile = ''] = process.argv.slice(2);
const state = await openState({ directory, role: 'provider', district: 'a.example', keyFile });
await state.define(['CREATE TABLE IF NOT EXISTS thing (id INTEGER PRIMARY KEY, octets BLOB, text TEXT) STRICT']);
const things = state.database<{ thing: { id: number; text: string } }>();
await things.insertInto('thing').values({ id: 1, text: 'committed' }).execute();
await things.transaction().execute(async (transaction) => {
  await transaction.insertInto('thing').values({ id: 2, text: 'not committed' }).execute();
  process.send?.('committed 1, writing 2');
  await new Promise((resolve) => setTimeout(resolve, 600_000));
});
