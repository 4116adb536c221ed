// SPDX-License-Identifier: MIT
import { webcrypto } from 'node:crypto';
import { paraglideVitePlugin } from '@inlang/paraglide-js';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

// nodejs 18 has it, but not by this name, which paraglide looks for.
globalThis.crypto ??= webcrypto as Crypto;

// All that the node serves lies in assets/ under a name that tells its content; only the page itself keeps its name.
// Nothing is inlined: the page's policy allows no data: but for images, and no inline script or style.
export default defineConfig({
    base: './',
    plugins: [
        paraglideVitePlugin({
            project: './project.inlang',
            outdir: './.paraglide',
            strategy: ['baseLocale'],
            emitTsDeclarations: false,
            emitGitIgnore: false,
        }),
        svelte(),
    ],
    resolve: { alias: { $m: new URL('./.paraglide', import.meta.url).pathname } },
    build: {
        outDir: 'dist',
        emptyOutDir: true,
        assetsInlineLimit: 0,
        modulePreload: { polyfill: false },
        cssCodeSplit: false,
        target: 'es2022',
        reportCompressedSize: false,
    },
});
