// SPDX-License-Identifier: MIT
// Every screen, in every look: axe finds nothing, nothing is wider than the window, the policy refuses nothing. With a folder as
// argument it leaves a picture of each there. PLK_UI_SOME=N: so many of the looks only, chosen by the commit (or by $PLK_UI_SEED), so that all
// are covered as commits go by.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { accessible, complaints, fits, needPage, withBrowsers } from './_browser.mjs';
import { Mock } from './_mock.mjs';
import { PICTURE } from './_pictures.mjs';

needPage();
const pictures = process.argv[2];
if (pictures) mkdirSync(pictures, { recursive: true });

const go = (hash) => (page) => page.evaluate((to) => void (location.hash = to), hash);
const menu = (word) => async (page) => {
    await go('#/c/1')(page);
    await page.locator('section.conversation header button').last().click();
    await page.getByRole('menuitem').nth(word).click();
    await page.getByRole('dialog').waitFor();
};
const bubble = (page, text) => page.locator('.bubble', { hasText: text }).last();
// A conversation in which much was done, and one thing more.
const done = (then) => async (page, mock) => {
    await go('#/c/7')(page);
    await page.locator('.picture .whole.there').last().waitFor();
    await then?.(page, mock);
};
// Something of the menu of a message.
const chosen = (text, word) => done(async (page) => {
    await bubble(page, text).locator('.tools button').last().focus();
    await page.keyboard.press('Enter');
    await page.getByRole('menuitem').nth(0).waitFor();
    if (word !== undefined) await page.getByRole('menuitem').nth(word).click();
});
const photo = { name: 'hill.webp', mimeType: 'image/webp', buffer: Buffer.from(PICTURE, 'base64') };
const SCREENS = {
    start: { mock: { state: 'empty' } },
    locked: { mock: { state: 'locked' } },
    stranger: { mock: {}, hash: 'bad' },
    welcome: { mock: { alone: true } },
    list: {},
    conversation: { then: go('#/c/1') },
    explained: { then: async (page) => (await go('#/c/1')(page), page.locator('.bubble .meta').last().click()) },
    unread: { then: go('#/c/2') },
    answer: { then: go('#/c/6') },
    hostile: { then: go('#/c/12') },
    menu: { then: async (page) => (await go('#/c/1')(page), page.locator('section.conversation header button').last().click(), page.getByRole('menu').waitFor()) },
    person: { then: menu(0) },
    safety: { then: menu(1) },
    timer: { then: async (page) => (await menu(2)(page), page.getByRole('radio').nth(3).check()) },
    done: { then: done() },
    doneabove: { then: done((page) => page.locator('.scroller').evaluate((one) => one.scrollTo(0, 0))) },
    message: { then: chosen('Noted!') },
    react: { then: async (page) => (await chosen('Noted!', 1)(page), page.getByRole('dialog').waitFor()) },
    correct: { then: async (page) => (await chosen('Noted!', 3)(page), page.locator('.attached .quote').waitFor()) },
    delete: { then: async (page) => (await chosen('Noted!', 4)(page), page.getByRole('dialog').locator('.danger').first().waitFor()) },
    reply: { then: async (page) => (await chosen('the door is 4711', 0)(page), page.locator('.attached .quote').waitFor()) },
    attached: { then: done(async (page) => (await page.locator('.composer input[type=file]').setInputFiles([photo, photo]), page.locator('.attached li img').nth(1).waitFor())) },
    picture: { then: done(async (page) => (await page.locator('.picture:enabled').last().click(), page.getByRole('dialog').locator('img').waitFor())) },
    search: { then: async (page) => (await page.locator('#search').fill('mill'), page.locator('section mark').first().waitFor()) },
    add: { then: async (page) => page.locator('.side header button').click() },
    invite: { then: async (page) => (await page.locator('.side header button').click(), await page.getByRole('dialog').locator('.primary').click(), page.locator('.link').waitFor()) },
    nowhere: { mock: { nowhere: true }, then: async (page) => (await page.locator('.side header button').click(), await page.getByRole('dialog').locator('.primary').click(), page.locator('.ways').waitFor()) },
    link: { hash: 'good&link=peerlink:1Ajs', then: (page) => page.getByRole('dialog').locator('.primary').click() },
    settings: { then: go('#/settings') },
    face: { then: async (page) => (await go('#/settings')(page), await page.locator('.page input[type=file]').setInputFiles(photo), page.locator('canvas').waitFor()) },
    network: { then: async (page) => (await go('#/network')(page), page.locator('.page .card').first().waitFor()) },
    away: { then: async (page, mock) => (await go('#/c/1')(page), await page.locator('.bubble').first().waitFor(), mock.cut(true), page.locator('.banner').waitFor()) },
};
const LOOKS = {
    light: { look: { theme: 'light', locale: 'en' } },
    dark: { look: { theme: 'dark', locale: 'de' } },
    contrast: { look: { theme: 'contrast', locale: 'en' } },
    rtl: { look: { theme: 'light', locale: 'ar' } },
    phone: { look: { theme: 'light', locale: 'ru' }, viewport: { width: 390, height: 780 } },
    narrow: { look: { theme: 'light', locale: 'de', size: 'large' }, viewport: { width: 320, height: 560 } },
    wide: { look: { theme: 'light', locale: 'en' }, viewport: { width: 3840, height: 2160 } },
};

async function screen(context, name, look) {
    const { mock: how, then, hash } = SCREENS[name];
    const page = await context.newPage();
    const heard = complaints(page);
    await page.setViewportSize(LOOKS[look].viewport ?? { width: 1280, height: 800 });
    await page.addInitScript((kept) => localStorage.setItem('peerlink.look', JSON.stringify(kept)), LOOKS[look].look);
    const mock = new Mock(how);
    await mock.serve(page);
    await page.goto(`http://127.0.0.1:7999/#ticket=${hash ?? 'good'}`);
    await page.locator('h1, .shell').first().waitFor();
    if (!how?.state && hash !== 'bad') await page.locator('.shell').waitFor();
    await then?.(page, mock);
    await page.waitForFunction(() => document.getAnimations().every((one) => one.playState !== 'running'));
    if (pictures) await page.screenshot({ path: join(pictures, `${name}-${look}.png`) });
    const what = `${name}, ${look}`;
    if (heard.length > 0) throw new Error(`${what}: ${heard.join('\n')}`);
    await fits(page, what);
    await accessible(page, what);
    await page.close();
}

function commit() {
    try {
        return execFileSync('git', ['rev-parse', 'HEAD'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    } catch {
        return 'no commit';
    }
}

function looks() {
    const all = Object.keys(LOOKS), count = Number(process.env.PLK_UI_SOME ?? all.length);
    if (count >= all.length) return all;
    const seed = process.env.PLK_UI_SEED ?? commit();
    const rank = (look) => createHash('sha256').update(`${seed} ${look}`).digest('hex');
    const some = all.sort((a, b) => (rank(a) < rank(b) ? -1 : 1)).slice(0, count);
    console.log(`${some.join(' and ')} of ${all.length} looks, by PLK_UI_SEED=${seed}`);
    return some;
}

const only = process.argv[3]?.split(',');
let broken = 0;
await withBrowsers(1, async (context) => {
    for (const look of looks()) {
        for (const name of Object.keys(SCREENS)) {
            if (only && !only.includes(name) && !only.includes(look)) continue;
            await screen(context, name, look).catch((error) => {
                broken++;
                console.error(`${name}, ${look}: ${error.message.slice(0, 1500)}`);
            });
        }
    }
});
if (broken > 0) process.exit(1);
console.log(`${Object.keys(SCREENS).length} screens in ${Object.keys(LOOKS).length} looks hold`);
