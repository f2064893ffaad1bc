/** The page in a real browser: mouse, keyboard, clipboard, finger and screen reader. SCREENSHOTS=folder keeps what it looks like. */
import axe from 'axe-core';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContextOptions, Page } from 'playwright-core';
import t, { type Test } from 'tap';
import { drawScene } from '../fetch/plates/scene.ts';
import { photograph } from '../fetch/plates/photograph.ts';
import { SPECIES } from '../fetch/plates/species.ts';
import { createRandom } from '../vision/random.ts';
import { saveTinyModel } from '../vision/testing/tiny-model.ts';
import { findChromium, openChromium } from './testing/browser.ts';
import { startService } from './testing/start-service.ts';

const chromiumPath = findChromium();
if (chromiumPath === undefined) {
  t.plan(0, 'there is no Chromium: apt-get install chromium, or CHROMIUM=path');
  process.exit(0);
}
const dir = mkdtempSync(join(tmpdir(), 'aviansight-page-'));
const modelDir = process.env['MODEL_DIR'] ?? dir;
if (modelDir === dir) await saveTinyModel(dir);
const service = await startService(t, { MODEL_DIR: modelDir, DRAIN_DELAY_MS: '0', REVISION: 'r1' });
const browser = await openChromium(chromiumPath);
t.teardown(async () => {
  await browser.close();
  rmSync(dir, { recursive: true });
});
const jpeg = await birdOf(320);

async function birdOf(size: number): Promise<Buffer> {
  const chance = createRandom(7).fork(size);
  return photograph(drawScene(SPECIES[2], chance, size), chance);
}

/** What the service says about the photograph when nobody is in between. */
async function asked(bytes: Buffer): Promise<{ species: string; probability: number }> {
  const form = new FormData();
  form.append('bird_image', new Blob([Uint8Array.from(bytes)]), 'a.jpg');
  const response = await fetch(`${service.url}/infer_image`, { method: 'POST', body: form });
  return (await response.json()) as { species: string; probability: number };
}

/** What the browser's console complained about: scripts, policies, addresses. */
const complaints: string[] = [];

async function open(t: Test, options: BrowserContextOptions = {}, path = '/'): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1000, height: 900 }, ...options });
  const page = await context.newPage();
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  t.teardown(() => context.close());
  await page.goto(service.url + path);
  return page;
}

/** Fires the event of a person who drags or pastes a file. */
async function give(
  page: Page,
  type: 'drop' | 'paste',
  bytes: Buffer,
  mime: string,
): Promise<void> {
  await page.evaluate(`
    const data = new DataTransfer();
    const content = Uint8Array.from(atob('${bytes.toString('base64')}'), (c) => c.charCodeAt(0));
    data.items.add(new File([content], 'bird', { type: '${mime}' }));
    const event = '${type}' === 'drop'
      ? new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true })
      : new ClipboardEvent('paste', { clipboardData: data, bubbles: true });
    document.getElementById('drop').dispatchEvent(event);
  `);
}

/** How far the page reaches to the right: more than its window is wide where something stands over. */
function reach(page: Page): Promise<number> {
  return page.evaluate<number>('document.documentElement.scrollWidth');
}

async function shot(page: Page, name: string): Promise<void> {
  const folder = process.env['SCREENSHOTS'];
  if (folder) await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}

/** What axe finds wrong by WCAG 2.2 A and AA, and by good practice. */
async function unreadable(page: Page): Promise<string[]> {
  // A page under our policy runs no script but its own, so axe comes through the debugger.
  const session = await page.context().newCDPSession(page);
  const run = `${axe.source}; axe.run(document).then((found) => JSON.stringify(found.violations.flatMap((v) => v.nodes.map((n) => v.id + ': ' + n.html))))`;
  const { result } = await session.send('Runtime.evaluate', {
    expression: run,
    awaitPromise: true,
    returnByValue: true,
  });
  if (typeof result.value !== 'string')
    throw new Error(`axe did not run: ${result.description ?? ''}`);
  return JSON.parse(result.value) as string[];
}

async function answerOn(page: Page): Promise<{ species: string; probability: string }> {
  await page.locator('#answer h2').waitFor();
  return {
    species: (await page.locator('#answer h2').innerText()).toLowerCase(),
    probability: await page.locator('#answer li').first().locator('span').nth(1).innerText(),
  };
}

const { species, probability } = await asked(jpeg);
const expected = {
  species: species.replaceAll('-', ' '),
  probability: `${(probability * 100).toFixed(1)} %`,
};

await t.test('a photograph is dropped, and species and probability are shown', async (t) => {
  const page = await open(t);
  t.same(await unreadable(page), []);
  await shot(page, 'start');
  await give(page, 'drop', jpeg, 'image/jpeg');
  t.same(await answerOn(page), expected);
  t.ok(await page.locator('#preview').isVisible());
  t.equal(await page.locator('#answer').getAttribute('aria-busy'), null);
  t.same(await unreadable(page), []);
  await shot(page, 'answer');
});

await t.test('with the keyboard alone', async (t) => {
  const page = await open(t);
  await page.keyboard.press('Tab');
  t.equal(await page.evaluate('document.activeElement.id'), 'file');
  const chooser = page.waitForEvent('filechooser');
  await page.keyboard.press('Space');
  await (await chooser).setFiles({ name: 'bird.jpg', mimeType: 'image/jpeg', buffer: jpeg });
  t.same(await answerOn(page), expected);
  const reached: string[] = [];
  for (let press = 0; press < 3; press++) {
    await page.keyboard.press('Tab');
    reached.push(await page.evaluate<string>('document.activeElement.tagName'));
  }
  t.match(reached.join(), /SUMMARY.*A/);
});

await t.test('what a screen reader says', async (t) => {
  const page = await open(t);
  await page.getByLabel('Choose a photograph').waitFor({ state: 'attached' });
  await give(page, 'drop', jpeg, 'image/jpeg');
  await answerOn(page);
  const tree = await page.locator('body').ariaSnapshot();
  t.match(tree, /heading "Which bird is this\?" \[level=1\]/);
  t.match(tree, /region "Answer"/);
  t.match(tree, new RegExp(`heading "${expected.species}" \\[level=2\\]`, 'i'));
  t.match(tree, /img "The photograph you chose"/);
  t.match(tree, /list:\n\s+- listitem/);
  t.equal(await page.locator('#answer').getAttribute('aria-live'), 'polite');
});

await t.test('a pasted photograph, and one that needs scaling down first', async (t) => {
  const page = await open(t);
  await give(page, 'paste', jpeg, 'image/jpeg');
  t.same(await answerOn(page), expected);
  await page.evaluate(`document.getElementById('main').dataset.maxPixels = '10000'`);
  await give(page, 'drop', jpeg, 'image/jpeg');
  await page.locator('#answer[aria-busy]').waitFor({ state: 'detached' });
  t.equal((await answerOn(page)).species, expected.species);
});

await t.test('a file that is no photograph: what is wrong, and what to do', async (t) => {
  const page = await open(t);
  await give(page, 'drop', Buffer.from('a bird, in words'), 'text/plain');
  await page.getByRole('alert').waitFor();
  t.match(await page.locator('#answer').innerText(), /no JPEG, PNG or WebP\.\s+Give a JPEG/);
  t.notOk(await page.locator('#preview').isVisible());
  t.same(await unreadable(page), []);
  await shot(page, 'refused');
});

await t.test('on a phone of 360 pixels: nothing stands over, the camera is offered', async (t) => {
  const phone = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true };
  for (const colorScheme of ['light', 'dark'] as const) {
    const page = await open(t, { ...phone, colorScheme });
    t.ok(await page.locator('#take').isVisible());
    t.equal(await page.locator('#camera').getAttribute('capture'), 'environment');
    await shot(page, `phone-${colorScheme}-start`);
    await page.locator('#camera').setInputFiles({
      ...{ name: 'bird.jpg', mimeType: 'image/jpeg', buffer: jpeg },
    });
    t.same(await answerOn(page), expected);
    t.ok((await reach(page)) <= 360);
    for (const button of await page.locator('.button').all()) {
      t.ok(((await button.boundingBox())?.height ?? 0) >= 44, 'a finger finds it');
    }
    t.same(await unreadable(page), []);
    await page.locator('summary').click();
    await shot(page, `phone-${colorScheme}`);
    t.ok((await reach(page)) <= 360);
  }
});

await t.test('the documentation, wide and narrow', async (t) => {
  for (const width of [1000, 360]) {
    const page = await open(t, { viewport: { width, height: 800 } }, '/docs');
    t.same(await unreadable(page), []);
    t.ok((await reach(page)) <= width);
    await shot(page, `docs-${width}`);
  }
});

await t.test('the browser found nothing wrong', (t) => {
  // A refused photograph is an answer with a status that browsers log.
  t.same(
    complaints.filter((text) => !/status of 4\d\d/.test(text)),
    [],
  );
  t.end();
});
