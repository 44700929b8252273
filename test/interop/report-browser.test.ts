/**
 * report.html in Debian's Chromium: the report of the golden call, of a live lab, of a call of which a part is missing,
 * and one written by an enemy. What the page says of knowledge is held against the closure in this process.
 */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asItIs, MESSAGES, whatIf, type Circumstances, type Entity } from '../../src/protocol/closure/index.ts';
import type { ReportData } from '../../src/program/report/data.ts';
import { readPageParts, renderReport } from '../../src/program/report/render.ts';
import { hostileReport } from '../program/report/hostile.ts';
import {
  launchChromium,
  openFile,
  picture,
  SCREENSHOTS,
  violations,
  type Look,
  type OpenPage,
} from '../support/browser.ts';
import { ensureBuilt, projectRoot } from '../support/children.ts';
import { ALICE, GOLDEN_3072, GOLDEN_CALL, lab, run, temporaryDirectory } from '../support/lab.ts';
import { describeNeeding } from '../support/needs.ts';

const DESK: Look = { width: 1440, height: 900, scheme: 'light' };
/** How the page is looked at, and where axe-core judges, which takes its time: each width and each scheme once. */
const LOOKS: readonly (Look & { readonly judged: boolean })[] = [
  { ...DESK, judged: true },
  { width: 1440, height: 900, scheme: 'dark', judged: false },
  { width: 360, height: 740, scheme: 'light', judged: false },
  { width: 360, height: 740, scheme: 'dark', judged: true },
  { width: 2000, height: 1100, scheme: 'light', judged: false },
];

const dataOf = (file: string): ReportData =>
  JSON.parse(/id="data">([^<]*)</.exec(readFileSync(file, 'utf8'))?.[1] ?? '') as ReportData;

/** The table of knowledge as the page has it: by entity the word of each cell. */
function tableOf(page: Page): Promise<[string, string[]][]> {
  return page
    .locator('table.knowledge tbody')
    .evaluate((body) =>
      [...body.querySelectorAll('tr')].map((row) => [
        row.dataset['entity'] ?? '',
        [...row.querySelectorAll('td')].map((cell) => cell.querySelector('.word')?.textContent ?? ''),
      ]),
    );
}

/** What the closure says in this process, in the words of the page. */
function wanted(circumstances: Circumstances): [string, string[]][] {
  const words = { given: 'holds', derived: 'derives', no: 'no' };
  return whatIf(circumstances).map(({ entity, access: { K, ...rest }, confirmed }) => {
    const key = words[K] + (K !== 'no' && !confirmed ? ', not proved' : '');
    return [entity, [key, ...Object.values(rest).map((cell) => words[cell])]];
  });
}

/** Puts the switches, as a click does, and returns the table. Many at once, for there are many states. */
function tablesFor(page: Page, states: readonly Circumstances[]): Promise<[string, string[]][][]> {
  return page.evaluate((all) => {
    const boxes = [...document.querySelectorAll<HTMLInputElement>('.switches input')];
    return all.map((state) => {
      const wish = state as unknown as Record<string, readonly string[]>;
      for (const box of boxes) {
        // A device must be seized before those who have it can join others.
        if (box.checked !== (wish[box.name] ?? []).includes(box.value)) box.click();
      }
      return [...document.querySelectorAll<HTMLTableRowElement>('table.knowledge tbody tr')].map(
        (row): [string, string[]] => [
          row.dataset['entity'] ?? '',
          [...row.querySelectorAll('td')].map((cell) => cell.querySelector('.word')?.textContent ?? ''),
        ],
      );
    });
  }, states);
}

function subsets<T>(items: readonly T[]): T[][] {
  return Array.from({ length: 2 ** items.length }, (_, bits) => items.filter((_, i) => (bits >> i) % 2 === 1));
}

/** Every combination of recording, seizure and erasure; and in some of them every coalition. */
function statesOf(start: Circumstances): Circumstances[] {
  const joinable: Entity[] = ['kms', 'peerKms', 'provider', 'df', 'network', 'seizedTarget', 'seizedPeer'];
  const alone = subsets([...MESSAGES]).flatMap((messages) =>
    subsets(['target', 'peer'] as const).flatMap((seized) =>
      subsets(['PR', 'MS'] as const).map((erased) => ({ ...start, messages, seized, erased })),
    ),
  );
  const joined = subsets(joinable).flatMap((together) =>
    [[], ['PR'] as const].map((erased) => ({ ...start, seized: ['target', 'peer'] as const, erased, together })),
  );
  return [...alone, ...joined];
}

describeNeeding(['chromium'], 'report.html in Chromium', () => {
  let browser: Browser;
  let goldenFile: string;
  let liveFile: string;
  let liveStatus: number | null;

  beforeAll(async () => {
    ensureBuilt();
    const live = run(['lab', '--level', '1024', '--out', join(temporaryDirectory(), 'live'), '--json']);
    const golden = await lab({
      fixture: GOLDEN_3072,
      capture: GOLDEN_CALL,
      target: ALICE,
      way: '4/2',
      deliver: 'content',
    });
    expect(golden.status, golden.stderr).toBe(0);
    goldenFile = golden.json.report ?? '';
    const { status, stdout } = await live;
    liveStatus = status;
    liveFile = (JSON.parse(stdout) as { report: string }).report;
    browser = await launchChromium();
  });

  afterAll(async () => {
    await browser.close();
    console.log(`screenshots: ${SCREENSHOTS}`);
  });

  async function opened(file: string, look: Look, use: (open: OpenPage) => Promise<void>): Promise<void> {
    const open = await openFile(browser, file, look);
    try {
      await use(open);
      expect(open.complaints).toEqual([]);
    } finally {
      await open.close();
    }
  }

  describe.each([
    ['the golden call', 'golden', () => goldenFile, LOOKS],
    ['a live lab', 'live', () => liveFile, LOOKS.slice(3)],
  ] as const)('%s', (_what, name, file, looks) => {
    it('is under 1 MB without its sound', () => {
      const data = dataOf(file());
      const sound = data.sessions.flatMap(({ audio }) => audio.map(({ source }) => source.length));
      expect(sound).toHaveLength(2);
      expect(readFileSync(file()).length - sound.reduce((a, b) => a + b)).toBeLessThan(1_000_000);
    });

    it('shows the ladder of the real messages with times and sizes', async () => {
      const [call] = dataOf(file()).calls;
      await opened(file(), DESK, async ({ page }) => {
        const rungs = await page.locator('svg.ladder a.rung').evaluateAll((all) => all.map((rung) => rung.textContent));
        expect(rungs).toHaveLength(call?.rungs.length ?? -1);
        for (const [i, { title, hops, mikey }] of (call?.rungs ?? []).entries()) {
          expect(rungs[i]).toContain(title);
          expect(rungs[i]).toContain(`${String(hops[0]?.octets)} octets`);
          for (const place of mikey) expect(rungs[i]).toContain(call?.mikey[place]?.name);
        }
        expect(await page.locator('svg.ladder .missing').count()).toBe(0);
      });
    });

    it('each message unfolds into its octets, by a click on its rung and by the keyboard', async () => {
      const [call] = dataOf(file()).calls;
      await opened(file(), DESK, async ({ page }) => {
        for (const [i, { mikey }] of (call?.rungs ?? []).entries()) {
          const message = page.locator(`#call-0-message-${String(i)}`);
          expect(await message.getAttribute('open')).toBeNull();
          if (i % 2 === 0) await page.locator('svg.ladder a.rung').nth(i).click();
          else {
            await message.locator('> summary').focus();
            await page.keyboard.press('Enter');
          }
          expect(await message.getAttribute('open')).not.toBeNull();
          for (const place of mikey) {
            const table = message.locator('table.octets');
            await expect(table.isVisible()).resolves.toBe(true);
            // The octets of the rows, the long ones from where all of them stand, are the message.
            const shown = await table.locator('tbody').evaluate((body) =>
              [...body.querySelectorAll('tr:not(.group)')]
                .map((row) => [...row.querySelectorAll('code')].at(-1)?.textContent ?? '')
                .join('')
                .replaceAll(' ', ''),
            );
            expect(shown).toBe(call?.mikey[place]?.octets);
          }
          if (i === 0 && name === 'golden') expect(await violations(page)).toEqual([]);
        }
      });
    });

    it('fits every width, and axe-core has nothing against it, light and dark', async () => {
      await opened(file(), DESK, async ({ page }) => {
        const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        for (const { width, height, scheme, judged } of looks) {
          await page.setViewportSize({ width, height });
          await page.emulateMedia({ colorScheme: scheme });
          // A drawing follows its width with the next frame.
          await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve))));
          expect([width, await overflow()]).toEqual([width, 0]);
          await picture(page, `${name}-${String(width)}-${scheme}`);
          if (judged) expect([width, scheme, await violations(page)]).toEqual([width, scheme, []]);
        }
        await page.setViewportSize({ width: 360, height: 740 });
        await page.evaluate(() => {
          for (const one of document.querySelectorAll('details')) one.open = true;
        });
        expect(await overflow()).toBe(0);
      });
    });

    it('plays each direction', async () => {
      await opened(file(), DESK, async ({ page }) => {
        const players = page.locator('audio');
        expect(await players.count()).toBe(2);
        for (let i = 0; i < 2; i++) {
          const played = await players.nth(i).evaluate(async (element) => {
            const audio = element as HTMLAudioElement;
            audio.muted = true;
            await audio.play();
            await new Promise<void>((resolve) => {
              audio.addEventListener('timeupdate', () => audio.currentTime > 0 && resolve());
            });
            audio.pause();
            return { error: audio.error?.code, position: audio.currentTime, duration: audio.duration };
          });
          expect(played.error).toBeUndefined();
          expect(played.position).toBeGreaterThan(0);
          expect(played.duration).toBeCloseTo(dataOf(file()).sessions[0]?.audio[i]?.seconds ?? -1, 1);
        }
      });
    });
  });

  it('has a head that is a picture for README', async () => {
    await opened(goldenFile, { width: 1000, height: 1265, scheme: 'light' }, async ({ page }) => {
      const path = await picture(page, 'report', false);
      expect(statSync(path).size).toBeLessThan(150_000);
    });
  });

  it('the live lab ends well and its report has the logs of both operators', () => {
    expect(liveStatus).toBe(0);
    const logs = dataOf(liveFile).logs;
    expect(logs.map(({ holder, problem }) => [holder, problem])).toEqual([
      ['kms, operator A', null],
      ['provider, operator A', null],
      ['df, operator A', null],
      ['kms, operator B', null],
      ['provider, operator B', null],
    ]);
    const kinds = (holder: string) => logs.find((log) => log.holder === holder)?.entries.map(({ kind }) => kind);
    expect(kinds('provider, operator A')).toEqual(['issue', 'request', 'answer']);
    expect(kinds('provider, operator B')).toEqual(['issue']);
  });

  it('every state of the switches gives the table that the closure gives here', async () => {
    const start = asItIs('4/2', 'A');
    const states = statesOf(start);
    await opened(goldenFile, DESK, async ({ page }) => {
      expect(await tableOf(page)).toEqual(wanted(start));
      const tables = await tablesFor(page, states);
      for (const [i, state] of states.entries()) expect([state, tables[i]]).toEqual([state, wanted(state)]);
    });
  });

  it('says aloud what a switch changes, by keyboard alone, and goes back', async () => {
    await opened(goldenFile, DESK, async ({ page }) => {
      const status = page.getByRole('status');
      await expect(status.textContent()).resolves.toContain('3 of 8');
      const box = page.getByRole('checkbox', { name: "Seize the target's device" });
      await box.focus();
      await page.keyboard.press('Space');
      await expect(status.textContent()).resolves.toContain("4 of 9: Target's client, in the call");
      await page.getByRole('checkbox', { name: 'PR of the day' }).check();
      await expect(status.textContent()).resolves.toContain('3 of 9');
      await page.getByRole('button', { name: 'As it was' }).click();
      await expect(status.textContent()).resolves.toContain('3 of 8');
    });
  });

  it('a call of which a message is missing shows where, and the message can be added', async () => {
    const data = dataOf(goldenFile);
    const [call] = data.calls;
    const without = {
      ...data,
      reason: 'MISSING',
      sessions: data.sessions.map((one) => ({
        ...one,
        status: 'MISSING_R_MESSAGE_1',
        streams: [],
        audio: [],
        silence: 'none',
      })),
      calls: [
        {
          ...call!,
          rungs: call!.rungs.filter(({ mikey }) => !mikey.includes(1)),
          mikey: call!.mikey.map((one, i) => (i === 1 ? { ...one, name: 'unread' } : one)),
        },
      ],
    };
    const file = join(temporaryDirectory(), 'missing.html');
    writeFileSync(
      file,
      renderReport(without, await readPageParts(pathToFileURL(`${projectRoot}/dist/program/report/page/`))),
    );
    await opened(file, DESK, async ({ page }) => {
      expect(await page.locator('svg.ladder .missing').allTextContents()).toEqual([
        'R_MESSAGE_1 is not in the capture',
      ]);
      const start = { ...asItIs('4/2', 'A'), messages: MESSAGES.filter((type) => type !== 'R_MESSAGE_1') } as const;
      expect(await tableOf(page)).toEqual(wanted(start));
      await page.getByRole('checkbox', { name: 'R_MESSAGE_1, missing here' }).check();
      expect(await tableOf(page)).toEqual(wanted(asItIs('4/2', 'A')));
      expect(await violations(page)).toEqual([]);
      await picture(page, 'missing-1440-light');
    });
  });

  it('texts of an enemy stay texts', async () => {
    const file = join(temporaryDirectory(), 'hostile.html');
    const parts = await readPageParts(pathToFileURL(`${projectRoot}/dist/program/report/page/`));
    writeFileSync(file, renderReport(hostileReport(), parts));
    const open = await openFile(browser, file, DESK);
    const { page } = open;
    try {
      await page.locator('a.rung').click();
      expect(await page.evaluate(() => (globalThis as { harmed?: number }).harmed)).toBeUndefined();
      expect(await page.locator('#page script, #page img, #page [onload], #page [onerror]').count()).toBe(0);
      await expect(page.locator('#page').innerText()).resolves.toContain(
        '</script><script>globalThis.harmed = 1</script>',
      );
      // A script that somebody brought into the page after all is not run.
      await page.evaluate(() => {
        const script = document.createElement('script');
        script.textContent = 'globalThis.harmed = 8';
        document.body.append(script);
      });
      expect(await page.evaluate(() => (globalThis as { harmed?: number }).harmed)).toBeUndefined();
    } finally {
      await open.close();
    }
  });
});
