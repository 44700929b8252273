/** The page as text: nothing of its data is markup, and its policy allows its own script and style only. */
import { createHash } from 'node:crypto';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ReportData } from '../../../src/program/report/data.ts';
import { escapedJson, readPageParts, renderReport, type PageParts } from '../../../src/program/report/render.ts';
import { ensureBuilt, projectRoot } from '../../support/children.ts';
import { HOSTILE, hostileReport } from './hostile.ts';

const sha256 = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
const one = (page: string, pattern: RegExp): string => {
  const found = [...page.matchAll(pattern)];
  expect(found).toHaveLength(1);
  return found[0]?.[1] ?? '';
};

describe('a page', () => {
  let parts: PageParts;
  beforeAll(async () => {
    ensureBuilt();
    parts = await readPageParts(pathToFileURL(`${projectRoot}/dist/program/report/page/`));
  });

  it('holds hostile texts as data, whole and without one character of markup', () => {
    const data = hostileReport();
    const page = renderReport(data, parts);
    const json = one(page, /<script type="application\/json" id="data">([^<]*)<\/script>/g);
    expect(JSON.parse(json)).toEqual(data);
    expect(json).not.toMatch(/[<>&\u2028\u2029]/);
    for (const text of HOSTILE) expect(page.replace(json, '')).not.toContain(text);
    expect(page.match(/<script/g)).toHaveLength(2);
    expect(page.match(/<\/script/g)).toHaveLength(2);
  });

  it('allows its own script and style by their hashes, sound and pictures in it, and nothing else', () => {
    const page = renderReport(hostileReport(), parts);
    const policy = one(page, /http-equiv="Content-Security-Policy" content="([^"]*)"/g);
    const script = one(page, /<script type="module">([^]*?)<\/script>/g);
    const style = one(page, /<style>([^]*?)<\/style>/g);
    expect(policy.split('; ').sort()).toEqual(
      [
        "base-uri 'none'",
        "default-src 'none'",
        "form-action 'none'",
        'img-src data:',
        'media-src data:',
        `script-src ${sha256(script)}`,
        `style-src ${sha256(style)}`,
      ].sort(),
    );
    expect(page).not.toMatch(/https?:\/\/(?!www\.w3\.org\/2000\/svg)/);
  });

  it('brings the code of the closure along, as it was compiled', () => {
    expect(parts.script).toContain('function derivable(');
    expect(parts.script).toContain('function whatIf(');
    expect(parts.script).not.toContain('sourceMappingURL');
  });

  it('is not made with a script or style that would end its element', () => {
    const data = {} as ReportData;
    for (const script of ['a</script>', 'a</SCRIPT x', '<!--']) {
      expect(() => renderReport(data, { script, style: '' })).toThrow(TypeError);
    }
    expect(() => renderReport(data, { script: '', style: '</style>' })).toThrow(TypeError);
  });
});

it('any text survives the escaping', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const json = escapedJson({ [text]: text });
      expect(json).not.toMatch(/[<>&\u2028\u2029]/);
      expect(JSON.parse(json)).toEqual({ [text]: text });
    }),
  );
});
