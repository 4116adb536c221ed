// SPDX-License-Identifier: MIT
// The page as it is built: small, all of it in hashed files of its own, nothing inline that its policy would refuse; all languages
// say everything; the lock files name no machine.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { check, DIST, skip } from './_browser.mjs';

const MOST = 150_000;
const root = new URL('../..', import.meta.url).pathname;
if (!existsSync(join(DIST, 'index.html'))) skip('the page was not built (./run web)');

const assets = readdirSync(join(DIST, 'assets'));
check(assets.every((name) => /-[\w-]{8}\.\w+$/.test(name)), 'a name that does not tell its content:', assets);
const size = [join(DIST, 'index.html'), ...assets.map((name) => join(DIST, 'assets', name))]
    .map((path) => gzipSync(readFileSync(path), { level: 9 }).length).reduce((a, b) => a + b);
check(size < MOST, `${size} bytes, compressed`);

const html = readFileSync(join(DIST, 'index.html'), 'utf8');
check(!/<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)/i.test(html), 'something inline:', html);
check(!/(src|href)="(https?:)?\/\//.test(html), 'something from elsewhere:', html);

const words = (language) => JSON.parse(readFileSync(join(root, 'apps/web/messages', `${language}.json`), 'utf8'));
const { locales } = JSON.parse(readFileSync(join(root, 'apps/web/project.inlang/settings.json'), 'utf8'));
const places = (text) => (text.match(/\{\w+\}/g) ?? []).sort().join();
const english = words('en');
for (const language of locales) {
    const own = words(language);
    check(Object.keys(own).join() === Object.keys(english).join(), `${language} says more or less than English`);
    const odd = Object.keys(english).filter((key) => !own[key] || places(own[key]) !== places(english[key]));
    check(odd.length === 0, `${language} leaves out what belongs into`, odd);
}

for (const folder of ['apps/web', 'tests/ui']) {
    check(!readFileSync(join(root, folder, 'package-lock.json'), 'utf8').includes('"resolved"'), `${folder}: the lock file names a machine`);
    const { dependencies, devDependencies } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
    const loose = Object.entries({ ...dependencies, ...devDependencies }).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version));
    check(loose.length === 0, `${folder}: not one version:`, loose);
}
console.log(`the page has ${size} bytes, compressed`);
