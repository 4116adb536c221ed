// SPDX-License-Identifier: MIT
// What was written and is not with the node yet: drafts, and texts sent while the node was away. They outlast a reload of this
// window, not the window: what a passphrase protects on the disk has no copy in the browser's.
import { CallError, CUT } from './socket';
import { node } from './node.svelte';
import { people } from './people.svelte';
import { toBlob, type Ready } from './picture';
import type { Answered, Sent } from './types';

export interface Unsent {
    id: string;
    // The contact's number: its id changes when it answers.
    number: number;
    text: string;
    time_ms: number;
    reply_to?: Answered;
    picture?: Ready;
    error?: string;
}

const UNSENT = 'peerlink.unsent';
const DRAFT = 'peerlink.draft.';
const REPLY = 'peerlink.reply.';
const AGAIN_MS = 500;

export function draft(number: number): string {
    return sessionStorage.getItem(DRAFT + number) ?? '';
}

export function keepDraft(number: number, text: string): void {
    if (text) sessionStorage.setItem(DRAFT + number, text);
    else sessionStorage.removeItem(DRAFT + number);
}

// The message that a draft answers.
export function draftReply(number: number): Answered | null {
    return JSON.parse(sessionStorage.getItem(REPLY + number) ?? 'null');
}

export function keepReply(number: number, reply: Answered | null): void {
    if (reply) sessionStorage.setItem(REPLY + number, JSON.stringify(reply));
    else sessionStorage.removeItem(REPLY + number);
}

// An address of a picture is good in the window that made it, until that is loaded anew.
function kept(): Unsent[] {
    const unsent: Unsent[] = JSON.parse(sessionStorage.getItem(UNSENT) ?? '[]');
    for (const { picture } of unsent) if (picture) picture.url = URL.createObjectURL(toBlob(picture));
    return unsent;
}

class Outbox {
    unsent = $state<Unsent[]>(kept());
    // Told of each text that the node has taken.
    taken: ((unsent: Unsent, sent: Sent) => void) | undefined;
    #running = false;

    send(number: number, text: string, more: Pick<Unsent, 'reply_to' | 'picture'> = {}): void {
        this.unsent.push({ id: crypto.randomUUID(), number, text, time_ms: Date.now(), ...more });
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
            const { number, text, id, reply_to, picture } = unsent;
            const contact = people.all.get(number)?.id;
            if (contact === undefined) return this.drop(id);
            const what = { contact, text, id, ...(reply_to ? { reply_to: reply_to.seq } : {}) };
            const sent = picture ? await node.call<Sent>('picture.send', { ...what, ...carried(picture) }) : await node.call<Sent>('send', what);
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

    // A browser holds some five million letters for a window: pictures that do not fit are with this page only.
    #keep(): void {
        try {
            sessionStorage.setItem(UNSENT, JSON.stringify(this.unsent));
        } catch {
            sessionStorage.setItem(UNSENT, JSON.stringify(this.unsent.filter((one) => !one.picture)));
        }
    }
}

function carried({ type, width, height, data, preview }: Ready): Partial<Ready> {
    return { type, width, height, data, preview };
}

export const outbox = new Outbox();
node.follow({
    load: async () => void outbox.flush(),
    event: () => undefined,
    resumed: () => void outbox.flush(),
    forget: () => {
        outbox.unsent = [];
        for (const key of Object.keys(sessionStorage)) {
            if (key === UNSENT || key.startsWith(DRAFT) || key.startsWith(REPLY)) sessionStorage.removeItem(key);
        }
    },
});
