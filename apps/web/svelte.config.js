// SPDX-License-Identifier: MIT
import { vitePreprocess } from '@sveltejs/vite-plugin-svelte';

export default {
    preprocess: vitePreprocess({ style: false }),
    compilerOptions: { runes: true },
    // What others publish as .svelte decides for itself which of the two ways of the language it is written in.
    vitePlugin: {
        dynamicCompileOptions: ({ filename }) => (filename.includes('node_modules') ? { runes: undefined } : undefined),
    },
};
