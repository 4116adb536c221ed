// SPDX-License-Identifier: MIT
// What can be done with a message besides writing it, against a node that is none: what the page asks of it, and what it shows of the
// answer. By mouse and by keys.
import { check, complaints, needPage, withBrowsers } from './_browser.mjs';
import { Mock, NOW, said } from './_mock.mjs';

needPage();
const PICTURE_MAX = 1_048_576, PREVIEW_MAX = 4096, AVATAR_MAX = 24_576;
const line = (page, text) => page.locator('.line', { has: page.locator('.text', { hasText: text }) }).last();
const box = (page) => page.locator('.composer textarea');
const asked = (mock, method) => mock.calls.findLast((call) => call.method === method)?.params;
const dialog = (page) => page.getByRole('dialog');
const go = (page, hash) => page.evaluate((to) => void (location.hash = to), hash);

// A call is on its way while the page goes on.
async function until(holds) {
    while (!holds()) await new Promise((again) => setTimeout(again, 10));
}

async function choose(page, text, word) {
    await line(page, text).locator('.tools button').last().focus();
    await page.keyboard.press('Enter');
    await page.getByRole('menuitem', { name: word }).click();
}

async function replies(page, mock) {
    await line(page, 'Found one').locator('.tools').evaluate((tools) => tools.querySelectorAll('button')[1].click());
    await page.locator('.attached', { hasText: 'Reply to your own message' }).waitFor();
    await page.keyboard.press('Escape');
    check((await page.locator('.attached .quote').count()) === 0, 'Escape leaves the reply');
    check(page.url().endsWith('#/c/1'), 'Escape left more than the reply:', page.url());
    // By keys: the last, then the one before.
    await box(page).focus();
    await page.keyboard.press('Control+ArrowUp');
    await page.locator('.attached', { hasText: 'See you at ten!' }).waitFor();
    await page.keyboard.press('Control+ArrowUp');
    await page.locator('.attached', { hasText: 'Then I leave them out.' }).waitFor();
    await box(page).fill('why?');
    // It is a draft, and kept as one.
    await go(page, '#/c/2');
    await page.locator('.text', { hasText: 'parcel' }).waitFor();
    check((await page.locator('.attached .quote').count()) === 0, 'a reply went along to another conversation');
    await page.reload();
    await go(page, '#/c/1');
    await page.locator('.attached', { hasText: 'Then I leave them out.' }).waitFor();
    check((await box(page).inputValue()) === 'why?', 'the draft is gone');
    await page.keyboard.press('Enter');
    await line(page, 'why?').locator('.quote', { hasText: 'Then I leave them out.' }).waitFor();
    check(asked(mock, 'send').reply_to === 11, asked(mock, 'send'));
    check((await page.locator('.attached .quote').count()) === 0, 'the reply stays after it was sent');
    await line(page, 'why?').locator('.quote').click();
    await page.locator('.line.found', { hasText: 'Then I leave them out.' }).waitFor();
    await page.keyboard.press('Escape');
    await page.locator('.line.found').waitFor({ state: 'detached' });
}

async function reactions(page, mock) {
    await choose(page, 'I have apples', 'React');
    await dialog(page).getByRole('button', { name: 'React with ❤️' }).click();
    const chip = line(page, 'I have apples').locator('.reactions button');
    await chip.filter({ hasText: '❤️' }).waitFor();
    check((await chip.getAttribute('aria-pressed')) === 'true', 'it is one’s own');
    await chip.click();
    await chip.waitFor({ state: 'detached' });
    check(asked(mock, 'react').emoji === '', 'it is taken back:', asked(mock, 'react'));
    await choose(page, 'I have apples', 'React');
    await dialog(page).getByLabel('Another emoji').fill('apple');
    await page.keyboard.press('Enter');
    await dialog(page).getByText('This is not an emoji.').waitFor();
    await dialog(page).getByLabel('Another emoji').fill('👩🏽‍🌾🍎');
    await page.keyboard.press('Enter');
    await chip.filter({ hasText: '👩🏽‍🌾' }).waitFor();
    check(asked(mock, 'react').emoji === '👩🏽‍🌾', asked(mock, 'react'));
    // Somebody's: told to who hears the page, and never more than a letter of it.
    const anna = mock.people[0], row = { ...mock.talks.get(1)[10], reactions: [{ by: 'them', emoji: '👍 and much more' }] };
    mock.event({ event: 'change', contact: anna.name, contact_id: anna.id, what: 'reacted', seq: 11, message: row });
    await page.locator('[role="log"]', { hasText: 'Anna Lindqvist reacted with 👍: Then I leave' }).waitFor({ state: 'attached' });
    check(!(await line(page, 'Then I leave').locator('.reactions').innerText()).includes('more'), 'more than an emoji is shown');
}

async function edits(page, mock) {
    await box(page).fill('half');
    await choose(page, 'Then I leave', 'Edit');
    check((await box(page).inputValue()) === 'Then I leave them out.', await box(page).inputValue());
    await page.keyboard.press('Escape');
    check((await box(page).inputValue()) === 'half', 'what was being written is gone');
    await box(page).fill('');
    await page.keyboard.press('ArrowUp');
    check((await box(page).inputValue()) === 'why?', 'ArrowUp takes the last of one’s own');
    await box(page).fill('why not?');
    await page.keyboard.press('Enter');
    await line(page, 'why not?').locator('.meta', { hasText: 'edited' }).waitFor();
    check(asked(mock, 'edit').text === 'why not?' && (await box(page).inputValue()) === '', asked(mock, 'edit'));
    await line(page, 'why not?').locator('.meta').click();
    await line(page, 'why not?').getByText('Edited 17 Jun 2026').waitFor();
    await line(page, 'I have apples').locator('.tools button').last().focus();
    await page.keyboard.press('Enter');
    await page.getByRole('menuitem').first().waitFor();
    check((await page.getByRole('menuitem', { name: 'Edit' }).count()) === 0, 'what others wrote is not for editing');
    await page.keyboard.press('Escape');
}

async function deletes(page, mock) {
    await choose(page, 'Then I leave', 'Delete');
    await dialog(page).getByRole('button', { name: 'Delete for both' }).click();
    await page.locator('.line.out', { hasText: 'This message was deleted.' }).waitFor();
    check((await line(page, 'why not?').locator('.quote').innerText()).includes('Deleted message'), 'it is quoted still');
    await line(page, 'I have apples').locator('.meta').focus();
    await page.keyboard.press('Delete');
    await dialog(page).waitFor();
    check((await dialog(page).getByRole('button', { name: 'Delete for both' }).count()) === 0, 'others’ are not for both');
    await dialog(page).getByRole('button', { name: 'Delete for me' }).click();
    await page.locator('.text', { hasText: 'I have apples' }).waitFor({ state: 'detached' });
    check(asked(mock, 'delete').both === false, asked(mock, 'delete'));
    await page.locator('.line:not(.out)', { hasText: 'This message was deleted.' }).waitFor();
}

async function told(page, mock) {
    const anna = mock.people[0];
    const event = (what, seq, message) => mock.event({ event: 'change', contact: anna.name, contact_id: anna.id, what, seq, message });
    check((await line(page, 'See you at ten!').locator('.mark.kept').count()) === 1, 'kept on a relay');
    event('read', 12);
    await line(page, 'See you at ten!').locator('.mark.read').waitFor();
    check((await line(page, 'why not?').locator('.mark.read').count()) === 0, 'what came after it is not read');
    // An event of what is shown: vanished.
    event('expired', 12);
    await page.locator('.text', { hasText: 'See you at ten!' }).waitFor({ state: 'detached' });
    await page.locator('.who').click();
    await dialog(page).getByLabel('Read receipts').uncheck();
    await until(() => asked(mock, 'receipts')?.on === false);
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Menu', exact: true }).click();
    await page.getByRole('menuitem', { name: 'Disappearing messages' }).click();
    await dialog(page).getByLabel('1 day').check();
    await page.keyboard.press('Escape');
    await page.locator('.timer-notice', { hasText: 'vanish: 1 day after' }).waitFor();
    check(asked(mock, 'timer').seconds === 86_400, asked(mock, 'timer'));
    mock.event(said(anna, ++anna.last_seq, 'in', 'gone soon', 0, 'received', { lifetime_s: 86_400, expires_ms: NOW + 7_200_000 }));
    await line(page, 'gone soon').locator('.meta[title*="It vanishes in 2 hours."]').waitFor();
    await page.locator('.notice', { hasText: 'vanish: 1 day after' }).waitFor();
    await page.locator('.timer-notice').waitFor({ state: 'detached' });
}

// A picture with something in it that nobody shall get: noise, so that it is large, and a place that a camera wrote down.
async function photo(page) {
    const base64 = await page.evaluate(async () => {
        const canvas = document.createElement('canvas');
        [canvas.width, canvas.height] = [2000, 1500];
        const context = canvas.getContext('2d'), points = context.createImageData(2000, 1500);
        let state = 1;
        for (let at = 0; at < points.data.length; at++) points.data[at] = at % 4 === 3 ? 255 : (state = (state * 16807) % 2147483647) & 255;
        context.putImageData(points, 0, 0);
        return canvas.toDataURL('image/jpeg', 0.95).split(',')[1];
    });
    const bytes = Buffer.from(base64, 'base64'), secret = Buffer.from('Exif\0\0 52.5163 N 13.3777 E');
    const segment = Buffer.concat([Buffer.from([0xff, 0xe1, 0, secret.length + 2]), secret]);
    return Buffer.concat([bytes.subarray(0, 2), segment, bytes.subarray(2)]);
}

async function pictures(page, mock) {
    const buffer = await photo(page);
    check(buffer.length > PICTURE_MAX && buffer.includes('52.5163'), buffer.length);
    await page.locator('.composer input[type=file]').setInputFiles([{ name: 'a.jpg', mimeType: 'image/jpeg', buffer }]);
    await page.locator('.attached li img').waitFor();
    await box(page).fill('from the mill');
    await page.keyboard.press('Enter');
    await line(page, 'from the mill').locator('.picture .whole.there').waitFor();
    const sent = asked(mock, 'picture.send'), data = Buffer.from(sent.data, 'base64'), preview = Buffer.from(sent.preview, 'base64');
    check(data.length <= PICTURE_MAX && preview.length <= PREVIEW_MAX && preview.length > 0, `${data.length} and ${preview.length} bytes`);
    check(!data.includes('52.5163') && !data.includes('Exif') && !preview.includes('52.5163'), 'the place goes along');
    check(Math.abs(sent.width / sent.height - 4 / 3) < 0.01 && sent.type === 'image/webp' && sent.text === 'from the mill', sent.type, sent.width, sent.height);
    await line(page, 'from the mill').locator('.picture').click();
    await dialog(page).getByRole('img', { name: 'from the mill' }).waitFor();
    const [saved] = await Promise.all([page.waitForEvent('download'), dialog(page).getByRole('link', { name: 'Save picture' }).click()]);
    check(/^2026-06-17T16-20-00\.webp$/.test(saved.suggestedFilename()), saved.suggestedFilename());
    await page.keyboard.press('Escape');

    // Dropped, and pasted; what is no picture is said to be none.
    const hand = (type) => page.evaluate(async (kind) => {
        const canvas = document.createElement('canvas');
        [canvas.width, canvas.height] = [30, 20];
        const blob = await new Promise((done) => canvas.toBlob(done, 'image/png'));
        const carried = new DataTransfer();
        carried.items.add(new File([blob], 'b.png', { type: 'image/png' }));
        const where = document.querySelector(kind === 'paste' ? 'textarea' : '.scroller');
        where.dispatchEvent(kind === 'paste' ? new ClipboardEvent('paste', { clipboardData: carried, bubbles: true, cancelable: true })
            : new DragEvent('drop', { dataTransfer: carried, bubbles: true, cancelable: true }));
    }, type);
    await hand('drop');
    await page.locator('.attached li img').waitFor();
    await hand('paste');
    await page.locator('.attached li img').nth(1).waitFor();
    await page.locator('.attached li button').first().click();
    check((await page.locator('.attached li').count()) === 1, 'left out');
    await page.locator('.composer input[type=file]').setInputFiles([{ name: 'c.png', mimeType: 'image/png', buffer: Buffer.from('no picture') }]);
    await page.locator('.composer .error', { hasText: 'c.png' }).waitFor();
    await page.locator('.send').click();
    await page.locator('.attached li').waitFor({ state: 'detached' });
    check(asked(mock, 'picture.send').width === 30 && asked(mock, 'picture.send').text === '', asked(mock, 'picture.send').width);

    // While the node is away it waits, and outlasts a reload.
    mock.cut(true);
    await page.locator('.composer input[type=file]').setInputFiles([{ name: 'a.jpg', mimeType: 'image/jpeg', buffer }]);
    await page.locator('.attached li img').waitFor();
    await box(page).fill('written without a node');
    await page.keyboard.press('Enter');
    await line(page, 'written without a node').locator('.picture .whole.there').waitFor();
    mock.away = false;
    await page.reload();
    await go(page, '#/c/1');
    await line(page, 'written without a node').waitFor();
    await until(() => asked(mock, 'picture.send').text === 'written without a node');
    check(mock.calls.filter(({ method, params }) => method === 'picture.send' && params.text === 'written without a node').length === 1, 'not sent once');

    // What is not here yet becomes whole.
    const jakob = mock.people.find((one) => one.number === 7), row = mock.talks.get(7)[3];
    await go(page, '#/c/7');
    const coming = page.locator('.line', { hasText: 'on its way' });
    await coming.locator('.picture:disabled').waitFor();
    mock.event({ event: 'change', contact: jakob.name, contact_id: jakob.id, what: 'picture', seq: 4, message: { ...row, picture: { ...row.picture, complete: true } } });
    await coming.waitFor({ state: 'detached' });
}

async function face(page, mock) {
    await go(page, '#/settings');
    await page.locator('.page input[type=file]').setInputFiles([{ name: 'a.jpg', mimeType: 'image/jpeg', buffer: await photo(page) }]);
    await page.locator('.place').focus();
    const seen = () => page.locator('.place canvas').evaluate((one) => one.toDataURL().length + one.toDataURL().slice(-400));
    const before = await seen();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    check((await seen()) !== before, 'keys move it');
    await dialog(page).getByLabel('Size').fill('2');
    await dialog(page).getByRole('button', { name: 'Use this' }).click();
    await dialog(page).waitFor({ state: 'detached' });
    await page.locator('.me .avatar img').waitFor();
    const bytes = Buffer.from(asked(mock, 'profile').avatar, 'base64');
    check(bytes.length > 0 && bytes.length <= AVATAR_MAX, `${bytes.length} bytes`);
    check(asked(mock, 'profile').name === undefined, 'the name goes along');
    await page.getByRole('button', { name: 'Remove picture' }).click();
    await page.locator('.me .avatar img').waitFor({ state: 'detached' });
}

await withBrowsers(1, async (context) => {
    const page = await context.newPage();
    const heard = complaints(page);
    const mock = new Mock();
    await mock.serve(page);
    await mock.open(page);
    await page.locator('.shell').waitFor();
    await go(page, '#/c/1');
    await line(page, 'See you at ten!').waitFor();
    for (const step of [replies, reactions, edits, deletes, told, pictures, face]) {
        await step(page, mock).catch(async (error) => {
            if (process.env.PLK_UI_PICTURES) await page.screenshot({ path: `${process.env.PLK_UI_PICTURES}/kinds.png` });
            throw error;
        });
        console.log(`${step.name}: yes`);
    }
    check(heard.length === 0, heard);
});
