/**
 * Worker threads: a few of one kind, each with its own start message, which may carry octets that nobody else keeps.
 * A message goes from memory to memory; nothing of it stands on a command line, in the environment or in a file.
 */
import { parentPort, Worker } from 'node:worker_threads';
import { HalfkeyError, isErrorCode, isHalfkeyError } from '../foundation/base/index.ts';

/** Sends a thread its start message; `moved` are octets of it that move there: here they are empty afterwards. */
export type SendStart<Start> = (message: Start, moved: readonly Uint8Array[]) => Promise<void>;

export interface WorkerPool<Task, Result> {
  /**
   * Runs a task in the next thread that is free; one that ended gets no other.
   * @throws HalfkeyError what the task threw; `INTERNAL` when its thread ended, or all have
   */
  run(task: Task): Promise<Result>;
  /** Ends all threads, after what each holds was closed. */
  close(): Promise<void>;
}

type ToWorker<Start, Task> = { readonly start: Start } | { readonly task: Task } | { readonly end: true };
type FromWorker<Result> =
  | { readonly ready: true }
  | { readonly result: Result }
  | { readonly failed: { readonly code: string; readonly message: string } };

/**
 * Starts `count` threads that run `file` ({@link serveTasks}) and waits until all are ready.
 * @throws HalfkeyError what starting one threw
 */
export async function startWorkers<Start, Task, Result>(
  file: URL,
  count: number,
  start: (send: SendStart<Start>) => Promise<void>,
): Promise<WorkerPool<Task, Result>> {
  const threads = Array.from({ length: count }, () => startThread<Start, Task, Result>(file));
  const free = [...threads];
  const waiting: ((thread: Thread<Start, Task, Result>) => void)[] = [];
  /** When all have ended, each of them is good enough to say so. */
  const usable = (thread: Thread<Start, Task, Result>): boolean =>
    !thread.ended() || threads.every((one) => one.ended());
  const handOver = (): void => {
    const thread = free.findLast(usable);
    if (thread === undefined) return;
    const next = waiting.shift();
    if (next === undefined) return;
    free.splice(free.indexOf(thread), 1);
    next(thread);
  };
  const close = async (): Promise<void> => {
    await Promise.all(threads.map((thread) => thread.end()));
  };
  try {
    await Promise.all(
      threads.map((thread) =>
        start(async (message, moved) => {
          await thread.ask({ start: message }, moved);
        }),
      ),
    );
  } catch (error) {
    await close();
    throw error;
  }
  return {
    async run(task) {
      const thread = await new Promise<Thread<Start, Task, Result>>((resolve) => {
        waiting.push(resolve);
        handOver();
      });
      try {
        return (await thread.ask({ task }, [])) as Result;
      } finally {
        free.push(thread);
        handOver();
      }
    },
    close,
  };
}

interface Thread<Start, Task, Result> {
  /** One question at a time. */
  ask(message: ToWorker<Start, Task>, moved: readonly Uint8Array[]): Promise<Result | undefined>;
  end(): Promise<void>;
  /** Whether it has ended by itself, or failed. */
  ended(): boolean;
}

function startThread<Start, Task, Result>(file: URL): Thread<Start, Task, Result> {
  const worker = new Worker(file, { argv: [], stdin: false });
  let answer: { resolve: (result: Result | undefined) => void; reject: (error: unknown) => void } | undefined;
  let ended: HalfkeyError | undefined;
  const finished = new Promise<void>((resolve) => {
    worker.once('exit', () => {
      fail(new HalfkeyError('INTERNAL', 'a worker thread ended'));
      resolve();
    });
  });
  const fail = (error: HalfkeyError): void => {
    ended ??= error;
    answer?.reject(ended);
  };
  worker.on('error', (cause) => {
    fail(new HalfkeyError('INTERNAL', 'a worker thread failed', { cause }));
  });
  worker.on('message', (message: FromWorker<Result>) => {
    if ('failed' in message) answer?.reject(errorOf(message.failed));
    else answer?.resolve('result' in message ? message.result : undefined);
  });
  return {
    ask: (message, moved) =>
      new Promise((resolve, reject) => {
        answer = { resolve, reject };
        if (ended !== undefined) reject(ended);
        else
          worker.postMessage(
            message,
            moved.map(({ buffer }) => buffer as ArrayBuffer),
          );
      }),
    async end() {
      worker.postMessage({ end: true });
      await finished;
    },
    ended: () => ended !== undefined,
  };
}

function errorOf({ code, message }: { readonly code: string; readonly message: string }): HalfkeyError {
  return new HalfkeyError(isErrorCode(code) ? code : 'INTERNAL', message);
}

/** What a thread does: made from the start message, then one task after the other. */
export interface TaskServer<Task, Result> {
  run(task: Task): Promise<Result>;
  /** Wipes what it holds. */
  close(): void;
}

/** Makes this thread one of {@link startWorkers}; to be called by its file. @throws TypeError outside a thread */
export function serveTasks<Task, Result>(begin: (start: unknown) => TaskServer<Task, Result>): void {
  const port = parentPort;
  if (port === null) throw new TypeError('serveTasks: not in a worker thread');
  let server: TaskServer<Task, Result> | undefined;

  async function answer(message: ToWorker<unknown, Task>): Promise<FromWorker<Result>> {
    if ('start' in message) {
      server = begin(message.start);
      return { ready: true };
    }
    if (server === undefined || !('task' in message)) throw new TypeError('serveTasks: a task before the start');
    return { result: await server.run(message.task) };
  }

  port.on('message', (message: ToWorker<unknown, Task>) => {
    if ('end' in message) {
      server?.close();
      port.close();
      return;
    }
    answer(message).then(
      (reply) => {
        port.postMessage(reply);
      },
      (error: unknown) => {
        const known = isHalfkeyError(error) ? error : new HalfkeyError('INTERNAL', 'a task failed');
        port.postMessage({ failed: { code: known.code, message: known.message } });
      },
    );
  });
}
