// SPDX-License-Identifier: MIT
// A node that is none: answers the page's calls from tables, so that every screen can be brought about, and more than a test could write.
import { readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { DIST } from './_browser.mjs';
import { FACE, PICTURE, PREVIEW } from './_pictures.mjs';

const ORIGIN = 'http://127.0.0.1:7999';
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };
export const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; " +
    "connect-src ws://127.0.0.1:7999; manifest-src 'self'; font-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
// A fixed day, so that pictures of the same page are the same.
export const NOW = Date.UTC(2026, 5, 17, 16, 20);
const MINUTE = 60_000, DAY = 86_400_000;
const LINK = 'peerlink:1AjsW1xXuEWbXyUmYz7FsyiSFGuKZyu6VBqA4emGHZUmT7rDW6wM6PncVRrnYeXSTfQwXMTw6hQ6aDNLVdvajsAq6UvJN9WUapY7dKq3wZr5';

export const HOSTILE = [
    '<img src=x onerror="document.title=1"><b>bold</b>',
    '\u202egnp.exe\u202c \u2066over\u2069 ' + 'w'.repeat(40),
    'Z' + '\u0300\u0301\u0302\u0303'.repeat(2500) + 'algo',
    '\u200b\u200b\u2060\ufeff',
    'لبنى \u202eevil\u202c',
];

function person(number, name, more = {}) {
    const id = `8ff1HMjrXY275vJ97GMf4b2owYB5Hvi54AGKWJPqY${String(number).padStart(3, '0')}`;
    return {
        number, name, id, profile_name: name, state: 'active', verified: false, request: false, blocked: false, relay_only: false,
        damaged: false, online: false, path: null, path_transport: null, rtt_ms: null, hindrance: null, last_seen_ms: NOW - 3 * DAY,
        undelivered: 0, last_seq: 0, unread: 0, read_seq: 0, muted: false, pinned: false, last: null,
        timer_s: 0, receipts: true, avatar: '', ...more,
    };
}

export function said(of, seq, direction, text, ago_ms, state, more = {}) {
    return {
        event: 'message', id: String(seq).padStart(32, '0'), contact: of.name, contact_id: of.id, direction, seq, time_ms: NOW - ago_ms,
        received_ms: direction === 'in' || ['delivered', 'read'].includes(state) ? NOW - ago_ms + 400 : 0,
        state: state ?? (direction === 'in' ? 'read' : 'delivered'), kind: 'text', text, ...more,
    };
}

const TALK = [
    ['in', 'Are you coming on Saturday? We would start at the mill around ten, and walk up along the river.', 2 * DAY + 90 * MINUTE],
    ['out', 'Yes! I bring the thermos.', 2 * DAY + 84 * MINUTE],
    ['in', 'And a map: there is no net up there 😄', 2 * DAY + 83 * MINUTE],
    ['out', 'Found one, and a second one for Jonas.', DAY + 300 * MINUTE],
    ['in', 'Perfect.', DAY + 296 * MINUTE],
    ['in', 'The forecast says sun until four: https://weather.example.org/oberland?day=sat', DAY + 295 * MINUTE],
    ['in', 'Then we should be back at the mill by half past three, or we get wet.', DAY + 294 * MINUTE],
    ['out', 'Half past three it is.\n\nShopping:\n– bread\n– cheese\n– apples', 62 * MINUTE],
    ['in', 'I have apples, from the garden.', 48 * MINUTE],
    ['in', '🍎', 47 * MINUTE],
    ['out', 'Then I leave them out.', 12 * MINUTE],
    ['out', 'See you at ten!', 11 * MINUTE, 'stored'],
];

// What is in the conversation with Jakob: all that can be done with a message, and what comes of it.
const picture = (more) => ({ type: 'image/webp', width: 1200, height: 900, size: 2048, complete: true, preview: PREVIEW, ...more });
const DONE = [
    ['in', 'Shall we meet at the lake, or at the station?', 3 * 60 * MINUTE, 'read', { reactions: [{ by: 'me', emoji: '👍' }, { by: 'them', emoji: '👍' }] }],
    ['out', 'At the lake, I think.', 175 * MINUTE, 'read', { reply_to: { seq: 1, id: '1', direction: 'in', kind: 'text', text: 'Shall we meet at the lake, or at the station?' }, edited_ms: NOW - 170 * MINUTE, reactions: [{ by: 'them', emoji: '🎉' }] }],
    ['in', 'From up here', 160 * MINUTE, 'read', { kind: 'picture', picture: picture() }],
    ['in', '', 158 * MINUTE, 'read', { kind: 'picture', picture: picture({ complete: false, width: 900, height: 1200 }) }],
    ['out', 'Where is that?', 150 * MINUTE, 'read', { reply_to: { seq: 3, id: '3', direction: 'in', kind: 'picture', text: 'From up here' } }],
    ['in', '', 140 * MINUTE, 'read', { deleted: true }],
    ['out', '', 139 * MINUTE, 'read', { deleted: true }],
    ['in', 'Oh, and the code of the door is 4711.', 30 * MINUTE, 'read', { lifetime_s: 3600, expires_ms: NOW + 31 * MINUTE }],
    ['out', 'Noted!', 28 * MINUTE, 'delivered', { lifetime_s: 3600, reply_to: { seq: 0 } }],
    ['out', '', 20 * MINUTE, 'delivered', { lifetime_s: 3600, kind: 'picture', picture: picture() }],
];

function world() {
    const anna = person(1, 'Anna Lindqvist', { verified: true, online: true, path: 'udp-punched', path_transport: 'udp', rtt_ms: 12.4, last_seen_ms: NOW });
    const talks = new Map([[1, TALK.map(([direction, text, ago, state], at) => said(anna, at + 1, direction, text, ago, state, state === 'stored' ? { stored: 2, stored_of: 2 } : {}))]]);
    const people = [anna,
        person(2, 'Jonas', { online: true, path: 'relay', path_transport: 'udp', rtt_ms: 48, unread: 3 }),
        person(3, 'Мария Петрова', { undelivered: 2, last_seen_ms: NOW - 26 * 60 * MINUTE }),
        person(4, 'هند', { path: 'lan', rtt_ms: 0.8, online: true }),
        person(5, 'Choir, Thursday group', { muted: true, unread: 12 }),
        person(6, 'Dr. Weber', { state: 'added', id: 'provisional' + '1'.repeat(33) }),
        ...HOSTILE.map((name, at) => person(10 + at, name)),
        person(7, 'Jakob Öst', { online: true, path: 'lan', rtt_ms: 1, avatar: 'ab12cd34', timer_s: 3600 }),
        person(30, 'Sam from the boat', { request: true, state: 'request' }),
        person(31, 'Salesman', { blocked: true }),
        person(40, 'A hundred thousand', { last_seen_ms: NOW - 40 * DAY })];
    const one = (number, rows) => talks.set(number, rows.map(([direction, text, ago, state, more], at) => said(people.find((who) => who.number === number), at + 1, direction, text, ago, state, more)));
    one(2, [['out', 'Did the parcel come?', 5 * 60 * MINUTE], ['in', 'Yes, thank you!', 90 * MINUTE, 'received'], ['in', 'It is exactly the right one.', 89 * MINUTE, 'received'], ['in', 'How much do I owe you?', 88 * MINUTE, 'received']]);
    one(3, [['in', 'Позвоню вечером', 2 * DAY], ['out', 'Хорошо, жду. Документы у меня.', DAY, 'queued']]);
    one(4, [['in', 'هل وصلتِ إلى البيت؟', 3 * DAY], ['out', 'نعم، شكراً! https://example.org/ar', 3 * DAY - MINUTE, 'read']]);
    one(5, [['in', 'No rehearsal this week', 4 * DAY, 'received']]);
    one(7, DONE);
    HOSTILE.forEach((name, at) => one(10 + at, [['in', name, (6 + at) * DAY], ['out', `${name} <script>document.title='1'</script>`, (6 + at) * DAY]]));
    one(30, [['in', 'Hello, we met on the ferry.', 20 * MINUTE, 'received']]);
    return { people, talks };
}

const LONG = 100_000;
function longOne(who, seq) {
    const text = seq % 977 === 0 ? `needle ${seq}` : `Message number ${seq}. ${'It goes on for a while. '.repeat(seq % 7)}`;
    return said(who, seq, seq % 3 === 0 ? 'out' : 'in', text, (LONG - seq) * 20 * MINUTE);
}

// state: of the node; alone: nobody in the list; nowhere: no way to be reached.
export class Mock {
    constructor({ state = 'ready', alone = false, nowhere = false } = {}) {
        Object.assign(this, { state, nowhere, calls: [], sockets: new Set(), n: 100, name: 'Mia', encrypted: true });
        Object.assign(this, alone ? { people: [], talks: new Map() } : world());
        for (const who of this.people) {
            const rows = this.talks.get(who.number) ?? [];
            who.last = who.number === 40 ? longOne(who, LONG) : (rows.at(-1) ?? null);
            who.last_seq = who.number === 40 ? LONG : rows.length;
            who.read_seq = who.last_seq - who.unread;
        }
    }

    async serve(page) {
        await page.clock.setFixedTime(NOW);
        await page.route('**/*', (route) => this.#file(route));
        await page.routeWebSocket(/\/api$/, (socket) => {
            this.sockets.add(socket);
            socket.onMessage((text) => this.#frame(socket, JSON.parse(String(text))));
            socket.onClose(() => this.sockets.delete(socket));
        });
    }

    open(page, hash = '') {
        return page.goto(`${ORIGIN}/#ticket=good${hash}`);
    }

    event(event) {
        for (const socket of this.sockets) socket.send(JSON.stringify({ jsonrpc: '2.0', method: 'event', params: { n: ++this.n, ...event } }));
    }

    // Cut off; and what comes then is cut off as well until it is told otherwise.
    cut(stay) {
        this.away = stay;
        for (const socket of this.sockets) void socket.close({ code: 1001 });
        this.sockets.clear();
    }

    #file(route) {
        const url = new URL(route.request().url());
        if (url.origin !== ORIGIN) return route.abort();
        const name = url.pathname === '/' ? '/index.html' : url.pathname;
        try {
            const body = readFileSync(join(DIST, name));
            return route.fulfill({ body, headers: { 'content-type': TYPES[extname(name)], 'content-security-policy': POLICY, 'referrer-policy': 'no-referrer' } });
        } catch {
            return route.fulfill({ status: 404, body: '' });
        }
    }

    #frame(socket, { id, method, params }) {
        if (this.away) return void socket.close({ code: 1001 });
        this.calls.push({ method, params });
        const answer = this.#call(method, params);
        socket.send(JSON.stringify({ jsonrpc: '2.0', id, ...(answer?.code ? { error: answer } : { result: answer ?? { done: true } }) }));
    }

    #by(id) {
        return this.people.find((who) => who.id === id);
    }

    #call(method, params) {
        const error = (code, message, name) => ({ code, message, data: { name } });
        switch (method) {
            case 'login':
                if (params.ticket && params.ticket !== 'good') return error(-32004, 'this ticket was used', 'TICKET');
                if (params.passphrase && params.passphrase !== 'right') return error(-32003, 'the passphrase is wrong', 'WRONG_PASSPHRASE');
                return { key: 'key', state: this.state, encrypted: this.encrypted, id: 'me', name: this.state === 'empty' ? null : this.name, version: '0.1' };
            case 'watch': return { since: params.since ?? this.n, gap: false };
            case 'node.state': return { state: this.state, encrypted: this.encrypted, name: this.name, version: '0.1' };
            case 'unlock':
                if (params.passphrase !== 'right') return error(-32003, 'the passphrase is wrong', 'WRONG_PASSPHRASE');
                this.state = 'ready';
                return { done: true };
            case 'init': [this.state, this.name] = ['ready', params.name]; return { id: 'me', name: params.name };
            case 'id': return { id: 'me', name: this.name };
            case 'conversations': return { last_event: this.n, conversations: this.people };
            case 'history': return this.#history(params);
            case 'send':
            case 'picture.send': return this.#send(params);
            case 'react': return this.#change(params, 'reacted', ({ reactions = [] }) => ({
                reactions: [...reactions.filter((one) => one.by !== 'me'), ...(params.emoji ? [{ by: 'me', emoji: params.emoji }] : [])],
            }));
            case 'edit': return this.#change(params, 'edited', () => ({ text: params.text, edited_ms: NOW }));
            case 'delete': return this.#change(params, 'deleted', () => ({ text: '', deleted: true, picture: undefined }));
            case 'timer': return this.#set(params, { timer_s: params.seconds }, 'timer');
            case 'receipts': return this.#set(params, { receipts: params.on });
            case 'picture': return { type: 'image/webp', data: PICTURE };
            case 'avatar': return { type: 'image/webp', data: FACE };
            case 'profile':
                if (params.avatar !== undefined) this.avatar = params.avatar && 'ef56';
                return { id: 'me', name: params.name ?? this.name, about: params.about ?? 'Walks a lot.', avatar: this.avatar ?? '' };
            case 'safety': return { name: '', safety: '69394 51919 81642 21777 73314 15496 30803 16071 35901 57193 31092 00327', verified: false };
            case 'invite': return this.nowhere ? error(21, 'there is no address at which you can be reached', 'NO_ADDRESS') : { link: LINK, kind: 'one-time' };
            case 'add': return error(14, 'this invite link was already used', 'USED');
            case 'qr': return { size: 41, rows: Array.from({ length: 41 }, (_, y) => Array.from({ length: 41 }, (_, x) => ((x * 7 + y * 13 + x * y) % 5 < 2 ? 1 : 0)).join('')) };
            case 'relay.list': return { relays: this.#relays() };
            case 'status': return this.#status();
            case 'why': return this.#why(this.#by(params.contact));
            default: return { done: true };
        }
    }

    #send({ contact, text, reply_to, preview, type, width, height, data }) {
        const who = this.#by(contact), rows = this.talks.get(who.number) ?? [];
        const answered = rows.find((one) => one.seq === reply_to);
        const row = said(who, who.last_seq + 1, 'out', text, 0, 'queued', {
            ...(who.timer_s ? { lifetime_s: who.timer_s } : {}),
            ...(answered ? { reply_to: { seq: reply_to, id: answered.id, direction: answered.direction, kind: answered.kind, text: answered.text } } : {}),
            ...(data ? { kind: 'picture', picture: { type, width, height, size: data.length, complete: true, preview } } : {}),
        });
        this.talks.set(who.number, [...rows, row]);
        who.last_seq++;
        setTimeout(() => this.event(row), 5);
        return { id: row.id, contact: who.name, seq: row.seq, state: 'queued' };
    }

    // A message becomes another, and all are told.
    #change({ contact, seq }, what, how) {
        const who = this.#by(contact), rows = this.talks.get(who.number);
        const row = rows.find((one) => one.seq === seq);
        const { event: _, ...message } = Object.assign(row, how(row));
        this.event({ event: 'change', contact: who.name, contact_id: who.id, what, seq, message });
        return { done: true };
    }

    #set({ contact }, values, what) {
        const who = Object.assign(this.#by(contact), values);
        if (what) this.event({ event: 'change', contact: who.name, contact_id: who.id, what, timer_s: who.timer_s });
        return { done: true };
    }

    #history({ contact, before = Infinity, after, limit = 50, search, at = Infinity }) {
        if (search) {
            const low = search.toLowerCase();
            const hits = [...this.talks.values()].flat().filter((row) => row.text.toLowerCase().includes(low));
            const who = this.people.at(-1);
            for (let seq = 977; seq <= LONG; seq += 977) if (`needle ${seq}`.includes(low)) hits.push(longOne(who, seq));
            return { messages: hits.slice(-Math.min(limit, at)), more: false, next_before: 0, next_at: 0 };
        }
        const who = this.#by(contact);
        if (who.number !== 40) {
            const rows = (this.talks.get(who.number) ?? []).filter((row) => row.seq < before);
            return { messages: rows.slice(-limit), more: rows.length > limit, next_before: 0, next_at: 0 };
        }
        const to = after === undefined ? Math.min(before - 1, LONG) : Math.min(after + limit, LONG);
        const from = after === undefined ? Math.max(1, to - limit + 1) : after + 1;
        return { messages: Array.from({ length: to - from + 1 }, (_, index) => longOne(who, from + index)), more: after === undefined ? from > 1 : to < LONG, next_before: from, next_at: 0 };
    }

    #relays() {
        const relay = { address: 'relay.example.org:7447', connected: true, name: '', adopted: false, transport: 'udp', remote: '', rtt_ms: 23, queues: 9, refused: 0, failures: 0 };
        return [relay, { ...relay, address: 'relay.club.example:7447', connected: false, transport: null, rtt_ms: null, failures: 4, adopted: true }];
    }

    #status() {
        return {
            id: 'me', name: this.name, state: 'ready', version: '0.1', home: '/home/mia/.local/share/peerlink', encrypted: true, stalled: false, last_event: this.n,
            ports: { udp4: 60276, udp6: 60276, tcp: 60276 }, relays: this.#relays(), contacts: [],
            nat: { mapping: 'endpoint-independent', filtering: 'address-and-port-dependent', public: ['203.0.113.7:60276'], mapped: [], upnp: true },
        };
    }

    #why(who) {
        return {
            ...who, explanation: 'Messages go directly, by UDP. Both sides are behind something that lets nobody in; it was opened from inside.', own: 'nat', theirs: 'nat', next_try_s: who.path ? null : 340,
            ways: [{ transport: 'udp', address: '198.51.100.4:41641', source: 'told', state: 'active', tries: 3, rtt_ms: 12.4, last_heard_s: 1, next_try_s: null },
                { transport: 'relay', address: 'relay.example.org:7447', source: 'link', state: 'spare', tries: 1, rtt_ms: 48, last_heard_s: 30, next_try_s: null }],
            steps: [{ ago_s: 95, what: 'called', transport: 'relay', address: 'relay.example.org:7447', times: 1 }, { ago_s: 94, what: 'up', transport: 'relay', address: 'relay.example.org:7447', times: 1 },
                { ago_s: 94, what: 'asked', transport: 'udp', address: '198.51.100.4:41641', times: 4 }, { ago_s: 93, what: 'active', transport: 'udp', address: '198.51.100.4:41641', times: 1 }],
        };
    }
}
