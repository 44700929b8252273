/** A process whose files may not grow as long as its second batch of lines: tells what that failed with, and goes on. */
import { createLineFile } from '../../src/platform/index.ts';
import { systemCode } from '../../src/platform/files.ts';

const file = await createLineFile(process.argv[2] ?? '', 'first');
await file.append(['second']);
const failed = await file.append(['whole', 'x'.repeat(3000)]).then(() => 'nothing', systemCode);
await file.append(['third']);
await file.close();
process.stdout.write(String(failed));
