// SPDX-License-Identifier: MIT
// What was written and is not with the node yet: drafts, and texts sent while the node was away. They outlast a reload of this
// window, not the window: what a passphrase protects on the disk has no copy in the browser's.
import { CallError, CUT } from './socket';
import { node } from './node.svelte';
import { people } from './people.svelte';
import type { Sent } from './types';

export interface Unsent {
    id: string;
    // The contact's number: its id changes when it answers.
    number: number;
    text: string;
    time_ms: number;
    error?: string;
}

const UNSENT = 'peerlink.unsent';
const DRAFT = 'peerlink.draft.';
const AGAIN_MS = 500;

export function draft(number: number): string {
    return sessionStorage.getItem(DRAFT + number) ?? '';
}

export function keepDraft(number: number, text: string): void {
    if (text) sessionStorage.setItem(DRAFT + number, text);
    else sessionStorage.removeItem(DRAFT + number);
}

class Outbox {
    unsent = $state<Unsent[]>(JSON.parse(sessionStorage.getItem(UNSENT) ?? '[]'));
    // Told of each text that the node has taken.
    taken: ((unsent: Unsent, sent: Sent) => void) | undefined;
    #running = false;

    send(number: number, text: string): void {
        this.unsent.push({ id: crypto.randomUUID(), number, text, time_ms: Date.now() });
        this.#keep();
        void this.flush();
    }

    again(id: string): void {
        const unsent = this.unsent.find((one) => one.id === id);
        if (unsent) delete unsent.error;
        void this.flush();
    }

    drop(id: string): void {
        this.unsent = this.unsent.filter((one) => one.id !== id);
        this.#keep();
    }

    // One after the other, in the order in which they were written. The id makes a second try the same message.
    async flush(): Promise<void> {
        if (this.#running) return;
        this.#running = true;
        try {
            for (let next = this.#next(); next; next = this.#next()) await this.#one(next);
        } catch {
            // Cut, or busy: it is tried again.
        }
        this.#running = false;
    }

    #next(): Unsent | undefined {
        return this.unsent.find((one) => one.error === undefined);
    }

    async #one(unsent: Unsent): Promise<void> {
        try {
            const { number, text, id } = unsent;
            const contact = people.all.get(number)?.id;
            if (contact === undefined) return this.drop(id);
            const sent = await node.call<Sent>('send', { contact, text, id });
            this.taken?.(unsent, sent);
            this.drop(id);
        } catch (error) {
            if (!(error instanceof CallError) || error.name === CUT) throw error;
            if (error.name === 'BUSY' || error.code === -32002) {
                setTimeout(() => void this.flush(), AGAIN_MS);
                throw error;
            }
            unsent.error = error.message;
            this.#keep();
        }
    }

    #keep(): void {
        sessionStorage.setItem(UNSENT, JSON.stringify(this.unsent));
    }
}

export const outbox = new Outbox();
node.follow({
    load: async () => void outbox.flush(),
    event: () => undefined,
    resumed: () => void outbox.flush(),
    forget: () => {
        outbox.unsent = [];
        for (const key of Object.keys(sessionStorage)) {
            if (key === UNSENT || key.startsWith(DRAFT)) sessionStorage.removeItem(key);
        }
    },
});
