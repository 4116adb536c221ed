// SPDX-License-Identifier: MIT
// The node behind this page: whether it is there, which state it is in, what it can do, and its events in their order.
import { CallError, CUT, NodeSocket, type Credential } from './socket';
import type { Login, NodeEvent, NodeState } from './types';

// stranger: this window has no key; connecting: not known yet.
export type Screen = 'connecting' | 'stranger' | NodeState;

export interface Follower {
    // Read everything anew: the first time, and when events between are not kept any more.
    load(): Promise<void>;
    event(event: NodeEvent): void;
    // Connected again, and nothing was missed.
    resumed(): void;
    // Locked: what was read is forgotten.
    forget(): void;
}

const KEY = 'peerlink.key';

class Node {
    screen = $state<Screen>('connecting');
    connected = $state(false);
    refusal = $state('');
    encrypted = $state(false);
    id = $state('');
    name = $state('');
    version = $state('');
    // An invite link that the user has opened, until it is dealt with.
    link = $state<string | null>(null);
    #followers: Follower[] = [];
    #since: number | undefined;
    #entering: Promise<void> = Promise.resolve();
    #socket = new NodeSocket(`ws://${location.host}/api`, {
        loggedIn: (login) => void this.#begin(login),
        refused: (error) => this.#refused(error),
        event: (event) => this.#event(event),
        cut: () => (this.connected = false),
    });

    start(): void {
        const entry = new URLSearchParams(location.hash.slice(1));
        const ticket = entry.get('ticket');
        this.link = entry.get('link');
        // Neither belongs into the history of the browser, whatever comes of them.
        if (ticket || this.link) history.replaceState(null, '', location.pathname);
        const key = sessionStorage.getItem(KEY);
        addEventListener('online', () => this.#socket.hurry());
        document.addEventListener('visibilitychange', () => document.hidden || this.#socket.hurry());
        if (ticket) this.login({ ticket });
        else if (key) this.login({ key });
        else this.screen = 'stranger';
    }

    login(credential: Credential): void {
        this.refusal = '';
        this.#socket.login(credential);
    }

    follow(follower: Follower): void {
        this.#followers.push(follower);
    }

    call<T = unknown>(method: string, params: object = {}): Promise<T> {
        return this.#socket.call<T>(method, params);
    }

    // After `init`, `unlock` or `lock`: the event tells as well, whichever comes first.
    async refresh(): Promise<void> {
        const now = await this.call<{ state: NodeState; encrypted: boolean; name: string | null }>('node.state');
        this.encrypted = now.encrypted;
        this.name = now.name ?? '';
        await this.#enter(now.state);
    }

    async #begin(login: Login): Promise<void> {
        sessionStorage.setItem(KEY, login.key);
        this.encrypted = login.encrypted;
        this.id = login.id ?? '';
        this.name = login.name ?? '';
        this.version = login.version;
        try {
            // What is shown already stays, and goes on; else this is a start.
            this.connected = true;
            await this.#enter(login.state, true);
        } catch (error) {
            if (!(error instanceof CallError) || error.name !== CUT) throw error;
        }
    }

    // One after the other, as the node has told them: each asks the node something before it is shown.
    #enter(state: NodeState, anew = false): Promise<void> {
        this.#entering = this.#entering.catch(() => undefined).then(() => this.#show(state, anew));
        return this.#entering;
    }

    async #show(state: NodeState, anew: boolean): Promise<void> {
        if (state === this.screen && !anew) return;
        const resume = state === 'ready' && this.#since !== undefined;
        const { gap, since } = await this.call<{ since: number; gap: boolean }>('watch', resume ? { since: this.#since } : {});
        // A node that starts again under this page: what is shown stays, and goes on when it is ready.
        if (state === 'loading' && this.#since !== undefined) return void (this.connected = false);
        if (state !== 'ready') {
            if (state !== 'loading') this.#forget();
            this.screen = state;
            return;
        }
        this.connected = true;
        if (!resume || gap) {
            this.#since = since;
            const who = await this.call<{ id: string; name: string }>('id');
            this.id = who.id;
            this.name = who.name;
            for (const follower of this.#followers) await follower.load();
        } else {
            this.#followers.forEach((follower) => follower.resumed());
        }
        this.screen = 'ready';
    }

    #forget(): void {
        this.#since = undefined;
        this.#followers.forEach((follower) => follower.forget());
    }

    #event(event: NodeEvent): void {
        if (event.event === 'node') {
            if (event.node) void this.#enter(event.node).catch(() => undefined);
            return;
        }
        this.#since = Math.max(this.#since ?? 0, event.n);
        this.#followers.forEach((follower) => follower.event(event));
    }

    #refused(error: CallError): void {
        this.connected = false;
        this.refusal = error.name || error.message;
        sessionStorage.removeItem(KEY);
        this.#forget();
        this.screen = 'stranger';
    }
}

export const node = new Node();

// What went wrong, in a sentence: the node's own words.
export function sentence(error: unknown): string {
    const text = error instanceof Error ? error.message : String(error);
    return text.charAt(0).toUpperCase() + text.slice(1);
}

export function errorName(error: unknown): string {
    return error instanceof CallError ? error.name : '';
}
