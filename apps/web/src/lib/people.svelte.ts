// SPDX-License-Identifier: MIT
// Everybody one writes to: the list, kept as events tell.
import { SvelteMap } from 'svelte/reactivity';
import { node } from './node.svelte';
import type { Message, NodeEvent, Person } from './types';

const UNDELIVERED = ['queued', 'sent', 'stored'];

class People {
    // By the contact's number here, which never changes.
    all = new SvelteMap<number, Person>();
    // Whose conversation is open and looked at: what comes there is read.
    looking: number | null = null;
    // What came last, for who hears the page.
    arrived = $state<Message | null>(null);
    // And which of one's own messages somebody has reacted to.
    reacted = $state<Message | null>(null);

    list = $derived(
        [...this.all.values()].filter((person) => !person.request && !person.blocked).sort(byLast),
    );
    requests = $derived([...this.all.values()].filter((person) => person.request && !person.blocked));
    blocked = $derived([...this.all.values()].filter((person) => person.blocked));
    unread = $derived(this.list.reduce((sum, person) => sum + (person.muted ? 0 : person.unread), 0));

    async load(): Promise<void> {
        const { conversations } = await node.call<{ conversations: Person[] }>('conversations');
        this.all.clear();
        for (const person of conversations) this.all.set(person.number, person);
    }

    byId(id: string | null | undefined): Person | undefined {
        for (const person of this.all.values()) if (person.id === id) return person;
        return undefined;
    }

    event(event: NodeEvent): void {
        if (event.event === 'contact' || event.event === 'request') void this.#contact(event);
        else if (event.event === 'path') this.#path(event);
        else if (event.event === 'message') this.#message(event);
        else if (event.event === 'state') this.#state(event);
        else if (event.event === 'change') this.#changed(event);
    }

    // What was just asked for, before the node tells it.
    change(number: number, change: Partial<Person>): void {
        const person = this.all.get(number);
        if (person) this.all.set(number, { ...person, ...change });
    }

    resumed(): void {
        // Paths are told as they are and not kept: they are asked for again.
        void this.load();
    }

    forget(): void {
        this.all.clear();
        this.looking = null;
    }

    // All that has come is read.
    read(number: number): void {
        const person = this.all.get(number);
        if (!person || !document.hasFocus() || (person.unread === 0 && person.read_seq >= person.last_seq)) return;
        this.all.set(number, { ...person, unread: 0, read_seq: person.last_seq });
        void node.call('read', { contact: person.id, seq: person.last_seq }).catch(() => undefined);
    }

    async #contact(event: NodeEvent): Promise<void> {
        const number = event.number ?? this.byId(event.contact_id)?.number;
        if (event.removed && number !== undefined) {
            this.all.delete(number);
            return;
        }
        const known = number === undefined ? undefined : this.all.get(number);
        if (!known) return void (await this.load().catch(() => undefined));
        this.all.set(known.number, {
            ...known,
            id: event.contact_id ?? known.id,
            name: event.contact ?? known.name,
            verified: event.verified ?? known.verified,
            request: event.request ?? known.request,
            blocked: event.blocked ?? known.blocked,
            pinned: event.pinned ?? known.pinned,
            muted: event.muted ?? known.muted,
            timer_s: event.timer_s ?? known.timer_s,
            receipts: event.receipts ?? known.receipts,
        });
        // Whatever else has changed about it: one question, however many events there were.
        this.#later();
    }

    #timer: ReturnType<typeof setTimeout> | undefined;
    #later(): void {
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => void this.load().catch(() => undefined), 200);
    }

    #path(event: NodeEvent): void {
        const person = this.byId(event.contact_id);
        if (!person) return;
        this.all.set(person.number, {
            ...person,
            online: event.online ?? person.online,
            path: event.path ?? null,
            path_transport: event.path_transport ?? null,
            rtt_ms: event.rtt_ms ?? null,
            hindrance: event.hindrance ?? null,
            last_seen_ms: event.online ? Date.now() : person.last_seen_ms,
        });
    }

    #message(event: NodeEvent): void {
        const person = this.byId(event.contact_id);
        if (!person || event.seq === undefined || event.seq <= person.last_seq || event.removed) return;
        const message = event as unknown as Message;
        const incoming = event.direction === 'in' && event.kind !== 'notice';
        this.all.set(person.number, {
            ...person,
            last: message,
            last_seq: event.seq,
            unread: person.unread + (incoming ? 1 : 0),
            undelivered: person.undelivered + (event.direction === 'out' && UNDELIVERED.includes(message.state) ? 1 : 0),
        });
        if (incoming && !person.muted) this.arrived = message;
        if (this.looking === person.number) this.read(person.number);
    }

    #changed({ contact_id, what, seq, message, timer_s }: NodeEvent): void {
        const person = this.byId(contact_id);
        if (!person) return;
        if (what === 'reacted' && message?.direction === 'out' && !person.muted && message.reactions?.some((one) => one.by === 'them')) this.reacted = message;
        if (what === 'read') {
            const { last } = person;
            if (last?.direction === 'out' && last.seq <= seq! && ['sent', 'stored', 'delivered'].includes(last.state)) {
                this.all.set(person.number, { ...person, last: { ...last, state: 'read' } });
            }
        } else if (message && person.last?.seq === seq) {
            this.all.set(person.number, { ...person, last: message });
        } else if (what === 'timer' && timer_s !== undefined) {
            this.all.set(person.number, { ...person, timer_s });
        } else if (person.last?.seq === seq || what === 'expired' || what === 'deleted') {
            this.#later();
        }
    }

    #state(event: NodeEvent): void {
        const person = this.byId(event.contact_id);
        if (!person || event.seq === undefined || event.removed) return;
        const message = event as unknown as Message;
        const last = person.last?.seq === event.seq ? { ...person.last, ...message } : person.last;
        const arrived = event.direction === 'out' && ['delivered', 'cancelled', 'failed'].includes(message.state);
        this.all.set(person.number, {
            ...person,
            last,
            undelivered: Math.max(0, person.undelivered - (arrived ? 1 : 0)),
        });
    }
}

function byLast(a: Person, b: Person): number {
    if (!!a.pinned !== !!b.pinned) return a.pinned ? -1 : 1;
    const time = (person: Person) =>
        person.last === null ? 0 : person.last.direction === 'in' ? person.last.received_ms : person.last.time_ms;
    return time(b) - time(a) || b.number - a.number;
}

export const people = new People();
node.follow(people);
