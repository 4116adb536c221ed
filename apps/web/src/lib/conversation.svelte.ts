// SPDX-License-Identifier: MIT
// A window onto one conversation: the part that is loaded grows at both of its ends, and follows what happens at the newer one.
import { images } from './images.svelte';
import { node } from './node.svelte';
import { outbox } from './outbox.svelte';
import { people } from './people.svelte';
import type { History, Message, NodeEvent } from './types';

const FIRST = 80;
const PAGE = 200;
// Letters of a message that who answers it repeats.
export const QUOTED = 200;

export class Conversation {
    messages = $state.raw<Message[]>([]);
    // There is more before, or after, what is loaded.
    older = $state(false);
    newer = $state(false);
    loaded = $state(false);
    // Each change of the part that is shown as a whole: whoever scrolls begins anew.
    round = $state(0);
    target = $state<number | null>(null);
    #busy = false;

    constructor(
        readonly number: number,
        readonly unreadFrom: number | null,
    ) {}

    get contact(): string {
        return people.all.get(this.number)?.id ?? '';
    }

    // The newest, or the part around a message.
    async open(around?: number): Promise<void> {
        if (around !== undefined && this.loaded && this.#find(around) >= 0) {
            this.target = around;
            this.round++;
            return;
        }
        const last = people.all.get(this.number)?.last_seq ?? 0;
        const before = around === undefined ? undefined : around + FIRST / 2;
        const page = await this.#history(FIRST, before);
        this.messages = page.messages;
        this.older = page.more;
        this.newer = before !== undefined && before <= last;
        this.target = around ?? null;
        this.loaded = true;
        this.round++;
    }

    // True if something came before.
    async loadOlder(): Promise<boolean> {
        if (this.#busy || !this.older || this.messages.length === 0) return false;
        this.#busy = true;
        try {
            const page = await this.#history(PAGE, this.messages[0].seq);
            this.older = page.more && page.messages.length > 0;
            this.messages = [...page.messages, ...this.messages];
            return page.messages.length > 0;
        } finally {
            this.#busy = false;
        }
    }

    async loadNewer(): Promise<void> {
        if (this.#busy || !this.newer || this.messages.length === 0) return;
        this.#busy = true;
        try {
            const after = this.messages[this.messages.length - 1].seq;
            const page = await node.call<History>('history', { contact: this.contact, limit: PAGE, after });
            this.messages = [...this.messages, ...page.messages];
            // What came meanwhile was not put at an end that was not the end.
            this.newer = page.more || (people.all.get(this.number)?.last_seq ?? 0) > (this.messages.at(-1)?.seq ?? 0);
            if (page.messages.length === 0) this.newer = false;
        } finally {
            this.#busy = false;
        }
    }

    event(event: NodeEvent): void {
        if (event.contact_id !== this.contact || event.seq === undefined || !this.loaded) return;
        if (event.removed) this.remove(event.seq);
        else if (event.event === 'message') this.#put(event as unknown as Message);
        else if (event.event === 'state') this.#change(event);
        else if (event.event === 'change') this.#changed(event);
    }

    // Is not here any more: deleted on this device only, or its time is over.
    remove(seq: number): void {
        images.drop(this.number, seq);
        this.messages = this.messages.filter((one) => one.seq !== seq).map((one) => (one.reply_to?.seq === seq ? { ...one, reply_to: { seq: 0 } } : one));
    }

    // The node has taken a text: it is shown at once, before the event says the same.
    taken(message: Message): void {
        if (this.loaded && !this.newer) this.#put(message);
    }

    #put(message: Message): void {
        const at = this.#find(message.seq);
        if (at >= 0) this.messages = this.messages.with(at, { ...message, ...this.#later(this.messages[at], message) });
        else if (!this.newer && message.seq > (this.messages.at(-1)?.seq ?? 0)) this.messages = [...this.messages, message];
    }

    // Its first event may come after one that says more of it.
    #later(known: Message, message: Message): Partial<Message> {
        return message.state === 'queued' ? { state: known.state, stored: known.stored, stored_of: known.stored_of } : {};
    }

    #change(event: NodeEvent): void {
        const at = this.#find(event.seq!);
        if (at < 0) return;
        const { state, stored, stored_of, reason, received_ms } = event as unknown as Message;
        const was = this.messages[at];
        this.messages = this.messages.with(at, { ...was, state, stored, stored_of, reason, received_ms: received_ms ?? was.received_ms });
    }

    #changed({ what, seq, message }: NodeEvent): void {
        if (what === 'read') this.#read(seq!);
        else if (what === 'expired' || (what === 'deleted' && !message)) this.remove(seq!);
        else if (message) {
            if (message.deleted) images.drop(this.number, seq!);
            const at = this.#find(seq!);
            if (at >= 0) this.messages = this.messages.with(at, message);
            if (what === 'edited' || what === 'deleted') this.#quotes(message);
        }
    }

    // They have seen what was delivered up to here.
    #read(seq: number): void {
        const seen = (one: Message) => one.direction === 'out' && one.seq <= seq && ['sent', 'stored', 'delivered'].includes(one.state);
        this.messages = this.messages.map((one) => (seen(one) ? { ...one, state: 'read' } : one));
    }

    // Whoever quotes it says what it says now.
    #quotes({ seq, text, deleted }: Message): void {
        this.messages = this.messages.map((one) =>
            one.reply_to?.seq === seq ? { ...one, reply_to: { ...one.reply_to, text: deleted ? '' : (text ?? '').slice(0, QUOTED) } } : one,
        );
    }

    #find(seq: number): number {
        let low = 0, high = this.messages.length - 1;
        while (low <= high) {
            const middle = (low + high) >> 1, there = this.messages[middle].seq;
            if (there === seq) return middle;
            if (there < seq) low = middle + 1;
            else high = middle - 1;
        }
        return -1;
    }

    #history(limit: number, before?: number): Promise<History> {
        return node.call<History>('history', { contact: this.contact, limit, ...(before === undefined ? {} : { before }) });
    }
}

class Open {
    now = $state<Conversation | null>(null);

    async show(number: number, around?: number): Promise<void> {
        people.looking = number;
        const known = this.now?.number === number ? this.now : null;
        if (known && around === undefined) return void (known.target = null);
        const person = people.all.get(number);
        if (!person) {
            this.now = null;
            return;
        }
        const unread = person.unread > 0 ? person.read_seq + 1 : null;
        const conversation = known ?? new Conversation(number, unread);
        this.now = conversation;
        void node.call('connect', { contact: person.id }).catch(() => undefined);
        // Where reading stopped, if that is not at the end anyway.
        await conversation.open(around ?? (person.unread > FIRST / 2 ? person.read_seq + 1 : undefined)).catch(() => undefined);
        people.read(number);
    }

    close(): void {
        people.looking = null;
        this.now = null;
    }
}

export const open = new Open();

node.follow({
    load: async () => {
        if (open.now) await open.now.open();
    },
    event: (event) => {
        const { now } = open;
        now?.event(event);
        // Asked for by the id that it had before it answered: by its new one there is something.
        if (now && !now.loaded && event.event === 'contact') void now.open().catch(() => undefined);
    },
    resumed: () => {
        // Cut off while it was read.
        if (open.now && !open.now.loaded) void open.now.open().catch(() => undefined);
    },
    forget: () => open.close(),
});

outbox.taken = (unsent, sent) => {
    const person = people.all.get(unsent.number);
    if (unsent.picture) images.keep(unsent.number, sent.seq, unsent.picture.url);
    if (!person || open.now?.number !== person.number) return;
    open.now.taken({
        id: sent.id, contact: person.name, contact_id: person.id, direction: 'out', seq: sent.seq, time_ms: unsent.time_ms,
        received_ms: 0, state: sent.state, kind: unsent.picture ? 'picture' : 'text', text: unsent.text, reply_to: unsent.reply_to,
        ...(person.timer_s ? { lifetime_s: person.timer_s } : {}),
        ...(unsent.picture ? { picture: { ...unsent.picture, complete: true } } : {}),
    });
};
