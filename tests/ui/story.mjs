// SPDX-License-Identifier: MIT
// Two people, two browsers, two nodes and a relay: from the first start to a conversation, through what goes wrong in between.
import { accessible, check, complaints, needPage, withBrowsers } from './_browser.mjs';
import { World } from './_people.mjs';

needPage();
const PASSPHRASE = 'correct horse';

const bubble = (page, text) => page.locator('.bubble', { has: page.locator('.text', { hasText: text }) }).last();
const shows = (page, text) => bubble(page, text).waitFor();
const marked = (page, text, mark) => bubble(page, text).locator(`.mark.${mark}`).waitFor();
// Whoever has it may be looking at it.
const arrived = (page, text) => bubble(page, text).locator('.mark.delivered, .mark.read').waitFor();
const row = (page, name) => page.locator('a.person', { has: page.locator('.name', { hasText: name }) });
const dialog = (page) => page.getByRole('dialog');

async function write(page, text) {
    await page.locator('.composer textarea').fill(text);
    await page.keyboard.press('Enter');
    await shows(page, text);
}

async function firstStart(person, page, passphrase) {
    await page.goto(person.address());
    await page.getByRole('heading', { name: 'Welcome to PeerLink' }).waitFor();
    check(!page.url().includes('ticket'), 'the ticket stays in the address:', page.url());
    await accessible(page, 'first start');
    await page.getByLabel('Your name').fill(person.name);
    if (passphrase) {
        await page.getByLabel('With a passphrase').check();
        await page.getByLabel('Passphrase', { exact: true }).fill(passphrase);
        await page.getByLabel('The same once more').fill('something else');
        await page.getByRole('button', { name: 'Begin' }).click();
        await page.getByText('The two are not the same.').waitFor();
        await page.getByLabel('The same once more').fill(passphrase);
    }
    await page.getByRole('button', { name: 'Begin' }).click();
    await page.getByText(`Hello, ${person.name}`).waitFor();
}

async function usesRelay(page, relay) {
    await page.goto(page.url().replace(/#.*/, '') + '#/settings');
    await page.getByLabel('The relay’s address').or(page.getByLabel("The relay's address")).fill(relay);
    await page.getByRole('button', { name: 'Add relay' }).click();
    await page.locator('#relays .dot.up').waitFor();
    await page.evaluate(() => void (location.hash = '#/'));
}

async function invites(page) {
    await page.getByRole('button', { name: 'Invite someone' }).click();
    await dialog(page).getByRole('button', { name: 'Make an invite link' }).click();
    const link = await dialog(page).locator('.link').textContent();
    check(link.startsWith('peerlink:'), link);
    await dialog(page).locator('svg[role="img"] path').waitFor();
    await dialog(page).getByRole('button', { name: 'Copy link' }).click();
    await dialog(page).getByText('Copied').waitFor();
    check((await page.evaluate(() => navigator.clipboard.readText())) === link, 'what was copied is another link');
    await accessible(page, 'an invite');
    await page.keyboard.press('Escape');
    return link;
}

async function opens(page, link) {
    await page.getByRole('button', { name: 'Open a link' }).click();
    const box = dialog(page).getByLabel('Invite link');
    const add = dialog(page).getByRole('button', { name: 'Add', exact: true });
    await box.fill(link.slice(0, -20));
    await add.click();
    await dialog(page).getByText('cut off').waitFor();
    await box.fill(`Here it is: “${link}”.`);
    await dialog(page).getByLabel('A first message').fill('hi from bob');
    await add.click();
    await dialog(page).waitFor({ state: 'detached' });
    await shows(page, 'hi from bob');
}

async function talk(alice, bob) {
    await row(alice, 'Bob').waitFor();
    await row(alice, 'Bob').locator('.unread', { hasText: '1' }).waitFor();
    await row(alice, 'Bob').click();
    await shows(alice, 'hi from bob');
    await row(alice, 'Bob').locator('.unread').waitFor({ state: 'detached' });
    await arrived(bob, 'hi from bob');
    await write(alice, 'hello <b>Bob</b> https://example.org/a?b=1');
    await shows(bob, 'hello <b>Bob</b>');
    const link = bubble(bob, 'hello').locator('a');
    check((await link.getAttribute('rel')).includes('noreferrer'), 'a link tells where it was followed from');
    await arrived(alice, 'hello <b>Bob</b>');
    await alice.locator('.truth', { hasText: /same network|direct/ }).waitFor();
    await bubble(alice, 'hello <b>Bob</b>').locator('.meta').click();
    await alice.getByText(/device has had it on its disk since|Bob has read it/).waitFor();
    await accessible(alice, 'a conversation');
}

async function choose(page, text, word) {
    await bubble(page, text).locator('.tools button').last().focus();
    await page.keyboard.press('Enter');
    await page.getByRole('menuitem', { name: word }).click();
}

// All that can be done with a message is seen on both sides.
async function marks(alice, bob, alicesNode) {
    await row(bob, 'Alice').click();
    await row(alice, 'Bob').click();
    await choose(bob, 'hello <b>Bob</b>', 'Reply');
    await write(bob, 'of course');
    await bubble(alice, 'of course').locator('.quote', { hasText: 'hello <b>Bob</b>' }).waitFor();
    await choose(alice, 'of course', 'React');
    await dialog(alice).getByRole('button', { name: 'React with 👍' }).click();
    const given = (page) => page.locator('.line', { has: page.locator('.text', { hasText: 'of course' }) }).last().locator('.reactions button', { hasText: '👍' });
    await given(alice).waitFor();
    await given(bob).waitFor();
    await bob.locator('[role="log"]', { hasText: 'Alice reacted with 👍' }).waitFor({ state: 'attached' });
    await marked(bob, 'of course', 'read');
    await given(alice).click();
    await given(bob).waitFor({ state: 'detached' });
    await choose(bob, 'of course', 'Edit');
    await bob.locator('.composer textarea').fill('of course not');
    await bob.keyboard.press('Enter');
    await bubble(alice, 'of course not').locator('.meta', { hasText: 'edited' }).waitFor();
    await choose(bob, 'of course not', 'Delete');
    await dialog(bob).getByRole('button', { name: 'Delete for both' }).click();
    for (const page of [alice, bob]) {
        await page.locator('.line', { hasText: 'This message was deleted.' }).waitFor();
        await page.locator('.text', { hasText: 'of course' }).waitFor({ state: 'detached' });
    }
    await accessible(alice, 'marks');
    // The page offers no time as short as a test wants.
    alicesNode.rpc('timer', { contact: 'Bob', seconds: 2 });
    for (const page of [alice, bob]) await page.getByText('From here on messages vanish: 2 seconds').first().waitFor();
    await write(alice, 'soon gone');
    await shows(bob, 'soon gone');
    for (const page of [alice, bob]) await page.locator('.text', { hasText: 'soon gone' }).waitFor({ state: 'detached' });
    await bob.getByRole('button', { name: 'Menu', exact: true }).click();
    await bob.getByRole('menuitem', { name: 'Disappearing messages' }).click();
    await dialog(bob).getByLabel('Off: messages stay').check();
    await bob.keyboard.press('Escape');
    for (const page of [alice, bob]) await page.locator('header .timer').waitFor({ state: 'detached' });
    await bob.reload();
    await bob.locator('.line', { hasText: 'This message was deleted.' }).waitFor();
    check((await bob.locator('.text', { hasText: 'soon gone' }).count()) === 0, 'what vanished is back after a reload');
}

// A picture and a face: small ones at once, all of it when it has come; also to somebody who is not there.
async function pictures(alice, bob, bobsNode) {
    const made = await alice.evaluate(() => {
        const canvas = document.createElement('canvas');
        [canvas.width, canvas.height] = [1600, 1200];
        const context = canvas.getContext('2d'), points = context.createImageData(1600, 1200);
        let state = 7;
        for (let at = 0; at < points.data.length; at++) points.data[at] = at % 4 === 3 ? 255 : (at >> 9) ^ ((state = (state * 16807) % 2147483647) & 63);
        context.putImageData(points, 0, 0);
        return canvas.toDataURL('image/jpeg', 0.9).split(',')[1];
    });
    const photo = { name: 'photo.jpg', mimeType: 'image/jpeg', buffer: Buffer.from(made, 'base64') };
    const sends = async (text) => {
        await alice.locator('.composer input[type=file]').setInputFiles([photo]);
        await alice.locator('.attached li img').waitFor();
        await write(alice, text);
        await bubble(alice, text).locator('.whole.there').waitFor();
    };
    await sends('from up here');
    await bubble(bob, 'from up here').locator('.whole.there').waitFor();
    await bubble(bob, 'from up here').locator('.picture').click();
    await dialog(bob).getByRole('img', { name: 'from up here' }).waitFor();
    await accessible(bob, 'a picture');
    await bob.keyboard.press('Escape');
    await choose(bob, 'from up here', 'Reply');
    await write(bob, 'where is that?');
    await bubble(alice, 'where is that?').locator('.quote', { hasText: 'Picture: from up here' }).waitFor();
    await bobsNode.kill();
    await sends('while you were away');
    await marked(alice, 'while you were away', 'kept');
    await bobsNode.up();
    await bubble(bob, 'while you were away').locator('.whole.there').waitFor();
    await arrived(alice, 'while you were away');
    await choose(alice, 'while you were away', 'Delete');
    await dialog(alice).getByRole('button', { name: 'Delete for both' }).click();
    await bob.locator('.text', { hasText: 'while you were away' }).waitFor({ state: 'detached' });
    await alice.evaluate(() => void (location.hash = '#/settings'));
    await alice.locator('.page input[type=file]').setInputFiles([photo]);
    await dialog(alice).getByRole('button', { name: 'Use this' }).click();
    await alice.locator('.me .avatar img').waitFor();
    await row(bob, 'Alice').locator('.avatar img').waitFor();
    await bob.locator('.who .avatar img').waitFor();
    await alice.getByRole('button', { name: 'Remove picture' }).click();
    await row(bob, 'Alice').locator('.avatar img').waitFor({ state: 'detached' });
    await alice.evaluate(() => void (location.hash = '#/'));
    await row(alice, 'Bob').click();
}

async function reload(bob) {
    await bob.locator('.composer textarea').fill('half a thou');
    await bob.reload();
    await shows(bob, 'hi from bob');
    await shows(bob, 'hello <b>Bob</b>');
    check((await bob.locator('.composer textarea').inputValue()) === 'half a thou', 'the draft is gone');
    await bob.locator('.composer textarea').fill('');
}

// Bob's node is killed under his page; both write; it comes back.
async function away(alice, bob, bobsNode) {
    await bobsNode.kill();
    await bob.getByText('does not answer').waitFor();
    await accessible(bob, 'without a node');
    await write(bob, 'written while my node was away');
    await write(alice, 'kept for you');
    await marked(alice, 'kept for you', 'kept');
    await bobsNode.up();
    await shows(bob, 'kept for you');
    await arrived(alice, 'kept for you');
    await shows(alice, 'written while my node was away');
    await arrived(bob, 'written while my node was away');
    check((await bob.locator('.bubble', { hasText: 'written while my node was away' }).count()) === 1, 'sent twice');
    await bob.getByText('does not answer').waitFor({ state: 'detached' });
}

async function unread(alice, bob) {
    await bob.evaluate(() => void (location.hash = '#/'));
    await write(alice, 'one\nand its second line');
    await write(alice, 'two');
    await row(bob, 'Alice').locator('.unread', { hasText: '2' }).waitFor();
    check((await bob.title()).startsWith('(2)'), await bob.title());
    await bob.locator('[role="log"]', { hasText: 'two' }).waitFor({ state: 'attached' });
    await row(bob, 'Alice').click();
    await bob.getByText('New messages').waitFor();
    await row(bob, 'Alice').locator('.unread').waitFor({ state: 'detached' });
    await bob.getByRole('button', { name: 'Menu', exact: true }).click();
    await bob.getByRole('menuitem', { name: 'Pin to the top' }).click();
    await row(bob, 'Alice').locator('[aria-label="Pinned"]').waitFor();
    await bob.reload();
    await row(bob, 'Alice').locator('[aria-label="Pinned"]').waitFor();
    await row(bob, 'Alice').locator('.unread').waitFor({ state: 'detached' });
}

async function search(bob) {
    await bob.keyboard.press('Control+k');
    await bob.keyboard.type('SECOND LINE');
    await bob.locator('a', { has: bob.locator('mark', { hasText: 'second line' }) }).click();
    await bob.locator('.line.found', { hasText: 'second line' }).waitFor();
    await bob.locator('#search').fill('');
}

async function safety(alice, bob) {
    const digits = [];
    for (const page of [alice, bob]) {
        await page.getByRole('button', { name: 'Menu', exact: true }).click();
        await page.getByRole('menuitem', { name: 'Safety number' }).click();
        digits.push((await page.locator('.digits').textContent()).trim());
        await accessible(page, 'the safety number');
    }
    check(digits[0] === digits[1] && /^(\d{5}\s*){12}$/.test(digits[0]), digits);
    await alice.getByRole('button', { name: 'We compared' }).click();
    await alice.getByText('nobody is in between').first().waitFor();
    for (const page of [alice, bob]) await page.keyboard.press('Escape');
    await alice.locator('header [aria-label="Safety number compared"]').waitFor();
}

async function looks(bob) {
    const ground = () => bob.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await ground();
    await bob.evaluate(() => void (location.hash = '#/settings'));
    await bob.getByLabel('Dark', { exact: true }).check();
    await bob.waitForFunction((before) => getComputedStyle(document.body).backgroundColor !== before, light);
    await bob.getByLabel('Language').selectOption('ar');
    await bob.getByRole('heading', { name: 'الإعدادات' }).waitFor();
    check((await bob.evaluate(() => document.documentElement.dir)) === 'rtl', 'Arabic is written from the right');
    await accessible(bob, 'settings, dark, Arabic');
    await bob.reload();
    await bob.getByRole('heading', { name: 'الإعدادات' }).waitFor();
    await bob.locator('select').selectOption('de');
    await bob.getByRole('heading', { name: 'Einstellungen' }).waitFor();
    await bob.getByLabel('Dein Name').fill('Bobby');
    await bob.getByRole('button', { name: 'Speichern' }).click();
    await bob.locator('.me', { hasText: 'Bobby' }).waitFor();
    await bob.locator('select').selectOption('en');
}

async function blocks(alice, bob) {
    await bob.evaluate(() => void (location.hash = '#/'));
    await row(bob, 'Alice').click();
    await alice.locator('.who').click();
    await dialog(alice).getByRole('button', { name: /^Block/ }).click();
    await dialog(alice).getByRole('button', { name: 'Unblock' }).waitFor();
    await alice.keyboard.press('Escape');
    await alice.getByText('Nothing of theirs is let in').waitFor();
    await write(bob, 'do you hear me?');
    await alice.getByRole('button', { name: 'Unblock' }).click();
    await alice.locator('.composer').waitFor();
    await write(alice, 'now again');
    await shows(bob, 'now again');
}

// A lasting link: whoever opens it asks, and is let in or not. Carol uses the command line.
async function requests(alice, carol) {
    await alice.evaluate(() => void (location.hash = '#/'));
    await alice.getByRole('button', { name: 'Add a person' }).click();
    await dialog(alice).getByText('Other kinds of link').click();
    await dialog(alice).getByRole('button', { name: 'Make a lasting link' }).click();
    const link = await dialog(alice).locator('.link').textContent();
    await alice.keyboard.press('Escape');
    carol.rpc('init', { name: 'Carol' });
    const { id } = carol.rpc('add', { link, message: 'may I?' });
    const asks = alice.locator('.request', { hasText: 'Carol' });
    await asks.getByText('may I?').waitFor();
    check((await row(alice, 'Carol').count()) === 0, 'who asks is in the list already');
    await accessible(alice, 'a request');
    await asks.getByRole('button', { name: 'Accept' }).click();
    await shows(alice, 'may I?');
    await write(alice, 'you may');
    await arrived(alice, 'you may');
    check(carol.rpc('history', { contact: 'Alice' }).messages.at(-1).text === 'you may', id);
}

async function lock(alice, node) {
    await alice.evaluate(() => void (location.hash = '#/settings'));
    await alice.getByRole('button', { name: 'Lock', exact: true }).click();
    await alice.getByRole('heading', { name: 'Welcome back' }).or(alice.getByRole('heading', { name: 'Locked' })).waitFor();
    check((await alice.locator('body').textContent()).includes('hello') === false, 'what was said is on a locked page');
    await alice.getByLabel('Passphrase').fill('wrong');
    await alice.getByRole('button', { name: 'Open' }).click();
    await alice.getByText('This passphrase is wrong.').waitFor();
    await accessible(alice, 'locked');
    await alice.getByLabel('Passphrase').fill(PASSPHRASE);
    await alice.getByRole('button', { name: 'Open' }).click();
    await row(alice, 'Bob').waitFor();
    // Without a key, and with a ticket that was used: not let in, until the passphrase is known.
    const url = node.address();
    const other = await alice.context().newPage();
    await other.goto(url);
    await row(other, 'Bob').waitFor();
    const third = await alice.context().newPage();
    await third.goto(url);
    await third.getByText('This address was good once').waitFor();
    await accessible(third, 'a stranger');
    await third.getByLabel('Passphrase').fill(PASSPHRASE);
    await third.getByRole('button', { name: 'Open' }).click();
    await row(third, 'Bob').waitFor();
}

const world = new World();
try {
    await withBrowsers(2, async (...browsers) => {
        const relay = await world.relay();
        const nodes = [await world.person('Alice').up(), await world.person('Bob').up()];
        const [alice, bob] = await Promise.all(browsers.map((browser) => browser.newPage()));
        const heard = [complaints(alice), complaints(bob)];
        const step = async (what, run) => {
            await run().catch(async (error) => {
                for (const [at, page] of [alice, bob].entries()) {
                    console.error(`-- ${at ? 'Bob' : 'Alice'} sees: ${(await page.locator('body').innerText().catch(() => '')).slice(0, 1500)}`);
                    if (process.env.PLK_UI_PICTURES) await page.screenshot({ path: `${process.env.PLK_UI_PICTURES}/failed-${at}.png` }).catch(() => undefined);
                }
                throw error;
            });
            console.log(`${what}: yes`);
        };
        await step('both have a name', async () => (await firstStart(nodes[0], alice, PASSPHRASE), firstStart(nodes[1], bob)));
        await step('Alice uses a relay', () => usesRelay(alice, relay));
        let link;
        await step('Alice invites', async () => (link = await invites(alice)));
        await step('Bob opens the link', () => opens(bob, link));
        await step('they talk', () => talk(alice, bob));
        await step('a reload keeps all', () => reload(bob));
        await step('a node goes and comes back under its page', () => away(alice, bob, nodes[1]));
        await step('what is new is counted', () => unread(alice, bob));
        await step('what was said is found', () => search(bob));
        await step('all that can be done with a message', () => marks(alice, bob, nodes[0]));
        await step('pictures and faces', () => pictures(alice, bob, nodes[1]));
        await step('nobody is in between', () => safety(alice, bob));
        await step('the page looks as one likes', () => looks(bob));
        await step('blocked and let in again', () => blocks(alice, bob));
        await step('somebody asks to be let in', async () => requests(alice, await world.person('Carol').up()));
        await step('locked and opened', () => lock(alice, nodes[0]));
        check(heard.flat().length === 0, heard);
    });
} finally {
    await world.end();
}
