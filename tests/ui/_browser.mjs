// SPDX-License-Identifier: MIT
// Debian's chromium, driven by playwright-core; and what every test asks of a page.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const here = new URL('.', import.meta.url).pathname;
export const DIST = process.env.PLK_WEB_DIST ?? join(here, '../../apps/web/dist');
const CHROMIUM = process.env.PLK_CHROMIUM ?? '/usr/bin/chromium';
const SKIPPED = 77;

export function skip(why) {
    console.log(`SKIP: ${why}`);
    process.exit(SKIPPED);
}

export function check(holds, ...what) {
    if (!holds) throw new Error(what.map((one) => (typeof one === 'string' ? one : JSON.stringify(one))).join(' '));
}

// Where one of the things that such a test needs is missing, it says which, and is skipped.
export function needPage() {
    if (!existsSync(CHROMIUM)) skip(`there is no ${CHROMIUM} (./run deps ui)`);
    if (!existsSync(join(here, 'node_modules/playwright-core'))) skip('tests/ui has no playwright-core (./run deps ui)');
    if (!existsSync(join(DIST, 'index.html'))) skip('the page was not built (./run web)');
}

// A browser of its own for each person, with nothing in it; gone at the end.
export async function withBrowsers(count, run, options = {}) {
    const { chromium } = await import('playwright-core');
    const folders = [], contexts = [];
    try {
        for (let i = 0; i < count; i++) {
            folders.push(mkdtempSync(join(tmpdir(), 'plk-ui-')));
            contexts.push(await chromium.launchPersistentContext(folders[i], {
                executablePath: CHROMIUM,
                headless: true,
                chromiumSandbox: false,
                args: ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
                    '--disable-component-update', '--disable-sync'],
                viewport: { width: 1280, height: 800 },
                permissions: ['clipboard-read', 'clipboard-write'],
                locale: 'en-GB',
                ...options,
            }));
            contexts[i].setDefaultTimeout(20_000);
        }
        return await run(...contexts);
    } finally {
        for (const context of contexts) await context.close().catch(() => undefined);
        for (const folder of folders) rmSync(folder, { recursive: true, force: true });
    }
}

// Whatever the page says that it should not: errors, and what its policy has refused. Asked for at the end.
export function complaints(page) {
    const heard = [];
    page.on('pageerror', (error) => heard.push(String(error)));
    page.on('console', (message) => {
        if (message.type() !== 'error' && message.type() !== 'warning') return;
        // Whoever stops a node on purpose hears of it.
        if (!/ERR_CONNECTION|WebSocket connection|ERR_INTERNET_DISCONNECTED/.test(message.text())) heard.push(message.text());
    });
    return heard;
}

const axe = () => readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

// No rule of axe's is broken by what is shown now.
export async function accessible(page, what) {
    await page.evaluate(axe());
    await page.evaluate(() => Promise.all(document.getAnimations().map((one) => one.finished.catch(() => undefined))));
    const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
    const told = violations.map((one) => `${one.id}: ${one.help}: ${one.nodes.slice(0, 3).map((node) => node.html.slice(0, 160) + ' ' + node.failureSummary.slice(0, 200)).join(' | ')}`);
    check(told.length === 0, `${what}: axe:\n  ${told.join('\n  ')}`);
}

// Nothing is wider than the window, or than what it is in and would have to be scrolled sideways for.
export async function fits(page, what) {
    const wide = await page.evaluate(() => [document.documentElement, ...document.querySelectorAll('[role="dialog"] *, .page, .doorway')]
        .filter((one) => /auto|scroll/.test(getComputedStyle(one).overflowX) || one === document.documentElement)
        .filter((one) => one.tagName !== 'PRE' && one.scrollWidth > one.clientWidth)
        .map((one) => `${one.tagName} ${one.className} ${one.scrollWidth - one.clientWidth} px`));
    check(wide.length === 0, `${what}: wider than its place: ${wide.join(', ')}`);
}
