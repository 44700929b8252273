/** report.html: what happened in a lab, for people who would rather look than read. */
export { audioOf } from './audio.ts';
export { readCalls } from './call-reading.ts';
export type { LogEntryView, LogView, ReportData, SessionView } from './data.ts';
export { readPageParts, renderReport, type PageParts } from './render.ts';
