/** A thread of a pool that says what it was told, in which thread, or ends as one does that fell. */
import { parentPort, threadId } from 'node:worker_threads';

parentPort.on('message', (message) => {
  if ('end' in message) parentPort.close();
  else if ('start' in message) parentPort.postMessage({ ready: true });
  else if (message.task === 'fall') process.exit(1);
  else parentPort.postMessage({ result: `${message.task} ${String(threadId)}` });
});
