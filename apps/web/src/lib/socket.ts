// SPDX-License-Identifier: MIT
// One WebSocket to the node: calls and their answers, events, and coming back after it was cut. The first call of every
// connection is `login`; nothing else leaves before it is answered.
import type { Login, NodeEvent } from './types';

export type Credential = { ticket: string } | { key: string } | { passphrase: string };

// What went wrong, as the node says it; `name` is for programs.
export class CallError extends Error {
    constructor(
        readonly code: number,
        message: string,
        readonly name: string,
    ) {
        super(message);
    }
}

// The connection was cut before the answer came: the call may or may not have been done.
export const CUT = 'CUT';

interface Waiting {
    resolve: (result: never) => void;
    reject: (error: CallError) => void;
}

export interface Listener {
    loggedIn(login: Login): void;
    refused(error: CallError): void;
    event(event: NodeEvent): void;
    cut(): void;
}

const BACKOFF_FIRST_MS = 250;
const BACKOFF_LAST_MS = 5000;

export class NodeSocket {
    #socket: WebSocket | undefined;
    #waiting = new Map<number, Waiting>();
    #next = 1;
    #pause = BACKOFF_FIRST_MS;
    #timer: ReturnType<typeof setTimeout> | undefined;
    #credential: Credential | undefined;
    #open = false;

    constructor(
        private readonly url: string,
        private readonly listener: Listener,
    ) {}

    get open(): boolean {
        return this.#open;
    }

    login(credential: Credential): void {
        this.#credential = credential;
        this.#pause = BACKOFF_FIRST_MS;
        this.#connect();
    }

    // Now, not after the pause: the machine says that it is online again, or the window is looked at.
    hurry(): void {
        if (this.#timer !== undefined) this.#connect();
    }

    call<T>(method: string, params: object = {}): Promise<T> {
        if (!this.#open && method !== 'login') return Promise.reject(new CallError(0, 'not connected', CUT));
        const id = this.#next++;
        return new Promise<T>((resolve, reject) => {
            this.#waiting.set(id, { resolve, reject });
            this.#socket?.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
        });
    }

    #connect(): void {
        clearTimeout(this.#timer);
        this.#timer = undefined;
        if (this.#socket) {
            this.#socket.onclose = null;
            this.#socket.close();
        }
        const socket = new WebSocket(this.url);
        this.#socket = socket;
        socket.onopen = () => void this.#begin(socket);
        socket.onmessage = (frame) => this.#receive(String(frame.data));
        socket.onclose = () => this.#closed();
    }

    async #begin(socket: WebSocket): Promise<void> {
        try {
            const login = await this.call<Login>('login', this.#credential);
            // A ticket is good once: from here on it is the key.
            this.#credential = { key: login.key };
            this.#pause = BACKOFF_FIRST_MS;
            this.#open = true;
            this.listener.loggedIn(login);
        } catch (error) {
            if (!(error instanceof CallError) || error.name === CUT || socket !== this.#socket) return;
            this.#credential = undefined;
            socket.onclose = null;
            socket.close();
            this.listener.refused(error);
        }
    }

    #receive(text: string): void {
        const frame = JSON.parse(text);
        if (frame.method === 'event') {
            this.listener.event(frame.params);
            return;
        }
        const waiting = this.#waiting.get(frame.id);
        if (!waiting) return;
        this.#waiting.delete(frame.id);
        if (frame.error) {
            const { code, message, data } = frame.error;
            waiting.reject(new CallError(code, message, data?.name ?? ''));
        } else {
            waiting.resolve(frame.result as never);
        }
    }

    #closed(): void {
        const was = this.#open;
        this.#open = false;
        this.#socket = undefined;
        for (const waiting of this.#waiting.values()) waiting.reject(new CallError(0, 'cut', CUT));
        this.#waiting.clear();
        if (was) this.listener.cut();
        if (!this.#credential) return;
        this.#timer = setTimeout(() => this.#connect(), this.#pause);
        this.#pause = Math.min(this.#pause * 2, BACKOFF_LAST_MS);
    }
}
