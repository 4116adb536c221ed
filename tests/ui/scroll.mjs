// SPDX-License-Identifier: MIT
// A conversation of 100,000 messages: few of them are in the page at a time, none is left out on the way up and down, nothing jumps;
// a hit in the middle is shown in its place. And names and texts that want to do harm do none.
import { check, complaints, needPage, withBrowsers } from './_browser.mjs';
import { HOSTILE, Mock, said } from './_mock.mjs';

needPage();
const LONG = 100_000, MOST_AT_ONCE = 120;
const seqOf = (text) => Number(/(?:number|needle) (\d+)/.exec(text)?.[1]);

// What is in the window now, from the top.
const seen = (page) => page.evaluate(() => {
    const box = document.querySelector('.scroller').getBoundingClientRect();
    return [...document.querySelectorAll('.bubble .text')]
        .map((one) => [one.getBoundingClientRect(), one.textContent])
        .filter(([at]) => at.bottom > box.top && at.top < box.bottom)
        .sort(([a], [b]) => a.top - b.top)
        .map(([, text]) => text);
});
const frames = (page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));

async function settled(page) {
    let before = '';
    for (;;) {
        await frames(page);
        const now = JSON.stringify(await seen(page));
        if (now === before && now !== '[]') return (await seen(page)).map(seqOf);
        before = now;
    }
}

async function walk(page, by, steps) {
    const met = new Set();
    for (let step = 0; step < steps; step++) {
        const now = await settled(page);
        for (let at = 1; at < now.length; at++) check(now[at] === now[at - 1] + 1, 'not one after the other:', now);
        now.forEach((seq) => met.add(seq));
        const most = await page.locator('.bubble').count();
        check(most <= MOST_AT_ONCE, `${most} messages in the page at once`);
        await page.evaluate((far) => document.querySelector('.scroller').scrollBy(0, far), by);
    }
    const all = [...met].sort((a, b) => a - b);
    check(all.at(-1) - all[0] === all.length - 1, 'left out on the way:', all.filter((seq, at) => at && seq !== all[at - 1] + 1));
    return all;
}

async function long(page) {
    await page.evaluate(() => void (location.hash = '#/c/40'));
    const newest = await settled(page);
    check(newest.at(-1) === LONG, 'it opens at its end:', newest);
    const up = await walk(page, -500, 60);
    check(up.at(-1) === LONG && up.length > 200, `up to ${up[0]}`);
    const down = await walk(page, 500, 20);
    check(down.length > 50, down.length);
    await page.locator('.latest').click();
    await page.waitForFunction((last) => document.querySelector('ol')?.textContent.includes(`number ${last}.`), LONG);

    await page.locator('#search').fill('NEEDLE 50804');
    await page.locator('section a', { hasText: 'needle 50804' }).click();
    await page.locator('.line.found', { hasText: 'needle 50804' }).waitFor();
    const middle = await settled(page);
    check(middle.includes(50_804), middle);
    await walk(page, 400, 30);
    await walk(page, -400, 60);
    await page.locator('#search').fill('');
}

async function typing(page, mock) {
    await page.evaluate(() => void (location.hash = '#/c/1'));
    await page.locator('.bubble', { hasText: 'See you at ten!' }).waitFor();
    // At the end, what comes is in sight; further up, nothing moves.
    await page.locator('.composer textarea').fill('first line');
    await page.keyboard.press('Shift+Enter');
    await page.keyboard.type('second line');
    await page.keyboard.press('Enter');
    await page.locator('.bubble', { hasText: 'first line' }).waitFor();
    const { text } = mock.calls.find((call) => call.method === 'send').params;
    check(text === 'first line\nsecond line', text);
    const anna = mock.people[0];
    mock.event(said(anna, anna.last_seq + 1, 'in', 'and from Anna', 0, 'received'));
    await page.locator('.bubble', { hasText: 'and from Anna' }).waitFor();
    await page.waitForFunction(() => {
        const box = document.querySelector('.scroller');
        return box.scrollHeight - box.scrollTop - box.clientHeight < 4;
    });
}

// Cut off while a conversation is read: it is there when the node is.
async function cutShort(page, mock) {
    mock.cut(true);
    await page.evaluate(() => void (location.hash = '#/c/4'));
    await page.locator('.banner').waitFor();
    mock.away = false;
    await page.locator('.bubble', { hasText: 'example.org/ar' }).waitFor();
    await page.locator('.banner').waitFor({ state: 'detached' });
}

async function harmless(page) {
    for (const number of HOSTILE.keys()) {
        await page.evaluate((to) => void (location.hash = `#/c/${to}`), 10 + number);
        await page.locator('.bubble').nth(1).waitFor();
        const { wide, tall, made, title } = await page.evaluate(() => ({
            wide: document.documentElement.scrollWidth - innerWidth,
            tall: Math.max(...[...document.querySelectorAll('a.person, .who')].map((one) => one.getBoundingClientRect().height)),
            made: document.querySelectorAll('.bubble b, .bubble img, .bubble script, .name img, .name b').length,
            title: document.title,
        }));
        check(wide <= 0 && tall < 90 && made === 0 && /PeerLink$/.test(title), number, { wide, tall, made, title });
        const shown = await page.locator('.shell').textContent();
        check(!/[\u202a-\u202e\u2066-\u2069]/.test(shown), 'a direction is overridden');
        check(!/\p{M}{9}/u.test(shown), 'marks are piled up');
    }
    await page.locator('.person .name', { hasText: 'No name' }).waitFor();
}

await withBrowsers(1, async (context) => {
    const page = await context.newPage();
    const heard = complaints(page);
    const mock = new Mock();
    await mock.serve(page);
    await mock.open(page);
    await page.locator('.shell').waitFor();
    await long(page);
    await typing(page, mock);
    await cutShort(page, mock);
    await harmless(page);
    check(heard.length === 0, heard);
});
console.log('100,000 messages, and hostile ones, hold');
