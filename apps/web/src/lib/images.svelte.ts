// SPDX-License-Identifier: MIT
// Pictures and avatars that the node has, asked for when they are in sight, and kept for a while.
import { SvelteMap } from 'svelte/reactivity';
import { node } from './node.svelte';
import { dataUrl, toBlob } from './picture';
import type { Image, NodeEvent, Profile } from './types';

const PICTURES_MAX = 60;

class Images {
    // The name of one's own avatar; empty without one.
    own = $state('');
    #avatars = new SvelteMap<string, string>();
    #asked = new Set<string>();
    // In the order in which they were last asked for.
    #pictures = new Map<string, string>();

    // Of a contact, or one's own without one. Nothing until it is here.
    avatar(name: string, contact?: string): string | undefined {
        if (!name) return undefined;
        const key = `${contact ?? ''} ${name}`;
        const found = this.#avatars.get(key);
        if (!found && !this.#asked.has(key)) void this.#ask(key, contact);
        return found;
    }

    async #ask(key: string, contact?: string): Promise<void> {
        this.#asked.add(key);
        try {
            const { type, data } = await node.call<Image>('avatar', contact === undefined ? {} : { contact });
            if (data) this.#avatars.set(key, dataUrl(data, type));
        } catch {
            // Asked for again when it is looked at again.
            this.#asked.delete(key);
        }
    }

    // An address of the whole picture of a message, for this window.
    async picture(number: number, contact: string, seq: number): Promise<string> {
        const key = `${number} ${seq}`, found = this.#pictures.get(key);
        if (found) return this.keep(number, seq, found);
        const url = URL.createObjectURL(toBlob(await node.call<Image>('picture', { contact, seq })));
        return this.keep(number, seq, url);
    }

    // What is shown already stays shown when it is forgotten here.
    keep(number: number, seq: number, url: string): string {
        const key = `${number} ${seq}`;
        this.#pictures.delete(key);
        this.#pictures.set(key, url);
        for (const [oldest, gone] of this.#pictures) {
            if (this.#pictures.size <= PICTURES_MAX) break;
            this.#pictures.delete(oldest);
            URL.revokeObjectURL(gone);
        }
        return url;
    }

    // Deleted, or vanished: no copy of it stays in the window either.
    drop(number: number, seq: number): void {
        const key = `${number} ${seq}`, url = this.#pictures.get(key);
        if (!url) return;
        this.#pictures.delete(key);
        URL.revokeObjectURL(url);
    }

    async load(): Promise<void> {
        // Nobody is kept out for want of a face.
        this.own = (await node.call<Profile>('profile').catch(() => undefined))?.avatar ?? '';
    }

    event(_event: NodeEvent): void {}

    resumed(): void {
        this.#asked.clear();
    }

    forget(): void {
        this.own = '';
        this.#avatars.clear();
        this.#asked.clear();
        for (const url of this.#pictures.values()) URL.revokeObjectURL(url);
        this.#pictures.clear();
    }
}

export const images = new Images();
node.follow(images);
