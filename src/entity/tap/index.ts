/** The network element that intercepts: it relays, records what passes, and feeds an intake. */
export { createFeed, type Feed } from './feed.ts';
export { createRecorder, type Recorder } from './recorder.ts';
