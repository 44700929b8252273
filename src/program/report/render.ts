/**
 * report.html: one page that needs nothing beside it and asks the network for nothing. What it shows stands in it as
 * JSON, in one place and escaped in one way, because texts of SIP and MIKEY come from whoever sent them; the page writes
 * them as text, never as markup, and its Content-Security-Policy lets no other script run.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { ReportData } from './data.ts';
import { linkModules } from './linker.ts';

/** What a page is made of beside its data. */
export interface PageParts {
  readonly script: string;
  readonly style: string;
}

/** Reads the compiled page; `directory` ends with a slash and is the `page/` beside this module by default. */
export async function readPageParts(directory = new URL('./page/', import.meta.url)): Promise<PageParts> {
  const script = await linkModules(new URL('main.js', directory), (url) => readFile(url, 'utf8'));
  return { script, style: await readFile(new URL('style.css', directory), 'utf8') };
}

/** The page as text, to be written as UTF-8. */
export function renderReport(data: ReportData, { script, style }: PageParts): string {
  // Inside <script> and <style> nothing is escaped: what would end them may not stand in them.
  if (/<\/script|<!--/i.test(script) || /<\/style/i.test(style)) throw new TypeError('renderReport: unfit for a page');
  const policy = [
    "default-src 'none'",
    `script-src '${sourceHash(script)}'`,
    `style-src '${sourceHash(style)}'`,
    'img-src data:',
    'media-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>halfkey report</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<a class="skip" href="#content">Skip to the report</a>
<div id="page"><noscript><p>This report computes what it shows in your browser, with a script that it brings along. Please allow scripts.</p></noscript></div>
<script type="application/json" id="data">${escapedJson(data)}</script>
<script type="module">${script}</script>
</body>
</html>
`;
}

/** JSON that can stand inside <script>: no text in it can end the element, begin a comment, or end a line. */
export function escapedJson(value: object): string {
  const escape = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, escape);
}

function sourceHash(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
