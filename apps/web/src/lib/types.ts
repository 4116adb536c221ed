// SPDX-License-Identifier: MIT
// The objects of the API that the page uses, as api/openrpc.json describes them.

export type NodeState = 'empty' | 'locked' | 'loading' | 'ready' | 'corrupt';
export type MessageState =
    | 'queued' | 'sent' | 'stored' | 'delivered' | 'read' | 'failed' | 'cancelled' | 'received';
export type Path = 'lan' | 'udp-direct' | 'udp-punched' | 'udp-mapped' | 'tcp-direct' | 'tcp-reverse' | 'relay';
export type Standing = 'unknown' | 'open' | 'mapped' | 'firewall' | 'nat' | 'varies' | 'no-udp';

export interface Login {
    key: string;
    state: NodeState;
    encrypted: boolean;
    id: string | null;
    name: string | null;
    version: string;
}

export interface Message {
    id: string;
    contact: string;
    contact_id: string;
    direction: 'in' | 'out';
    seq: number;
    time_ms: number;
    received_ms: number;
    state: MessageState;
    stored?: number;
    stored_of?: number;
    reason?: string;
    kind: 'text' | 'picture' | 'notice' | 'unknown';
    // Of a picture: what was written under it.
    text?: string;
    reply_to?: Answered;
    reactions?: Reaction[];
    edited_ms?: number;
    deleted?: boolean;
    // The message vanishes so long after it was seen, or delivered; expires_ms: when that is, once it is known.
    lifetime_s?: number;
    expires_ms?: number;
    picture?: PictureInfo;
}

// What a message answers, as far as it is still here: without it seq is 0.
export interface Answered {
    seq: number;
    id?: string;
    direction?: 'in' | 'out';
    kind?: Message['kind'];
    text?: string;
}

export interface Reaction {
    by: 'me' | 'them';
    emoji: string;
}

export interface PictureInfo {
    type: string;
    width: number;
    height: number;
    size: number;
    // All of it is here.
    complete: boolean;
    // A few pixels, as base64, to be shown until then.
    preview: string;
}

// A picture's bytes, or an avatar's, as base64.
export interface Image {
    type: string;
    data: string;
}

export interface Profile {
    id: string;
    name: string;
    about: string;
    avatar?: string;
}

export interface Presence {
    name: string;
    id: string;
    online: boolean;
    path: Path | null;
    path_transport: 'udp' | 'tcp' | 'tls' | null;
    rtt_ms: number | null;
    relay_only: boolean;
    hindrance: 'no-relay' | 'unreachable' | 'refused' | null;
    undelivered: number;
    last_seen_ms: number;
    damaged: boolean;
}

export interface Contact {
    number: number;
    name: string;
    id: string;
    profile_name: string;
    state: 'added' | 'request' | 'active' | 'refused';
    verified: boolean;
    request: boolean;
    blocked: boolean;
    relay_only: boolean;
    undelivered: number;
    last_seq: number;
}

// One line of the list: a contact, how it is reached, and what was said last.
export interface Person extends Contact, Presence {
    unread: number;
    read_seq: number;
    last: Message | null;
    muted: boolean;
    pinned: boolean;
    // What is written to this person from now on vanishes so long after it was seen; 0: it stays.
    timer_s: number;
    // They are told what was read.
    receipts: boolean;
    // Names the picture of this person; empty without one.
    avatar: string;
}

export interface Relay {
    address: string;
    connected: boolean;
    name: string;
    adopted: boolean;
    transport: string | null;
    remote: string | null;
    rtt_ms: number | null;
    queues: number;
    refused: number;
    failures: number;
}

export interface Mapped {
    protocol: string;
    transport: string;
    internal: string;
    external: string;
    global: boolean;
}

export interface Status {
    id: string | null;
    name: string | null;
    state: NodeState;
    version: string;
    home: string;
    encrypted: boolean;
    stalled: boolean;
    last_event: number;
    ports: { udp4: number; udp6: number; tcp: number };
    nat: { mapping: string; filtering: string; public: string[]; mapped: Mapped[]; upnp: boolean };
    relays: Relay[];
    contacts: Presence[];
}

export interface Way {
    transport: string;
    address: string;
    source: string;
    state: string;
    tries: number;
    rtt_ms: number | null;
    last_heard_s: number | null;
    next_try_s: number | null;
}

export interface Step {
    ago_s: number;
    what: string;
    transport: string | null;
    address: string | null;
    times: number;
}

export interface Why extends Presence {
    explanation: string;
    own: Standing;
    theirs: Standing;
    next_try_s: number | null;
    ways: Way[];
    steps: Step[];
}

export interface History {
    messages: Message[];
    more: boolean;
    next_before: number;
    next_at: number;
}

export interface Sent {
    id: string;
    seq: number;
    state: MessageState;
}

// An event is whatever has happened; which names it has depends on `event`.
export interface NodeEvent extends Partial<Omit<Message, 'state' | 'contact' | 'contact_id'>> {
    n: number;
    event: 'message' | 'state' | 'change' | 'contact' | 'request' | 'path' | 'relay' | 'node';
    contact?: string | null;
    contact_id?: string | null;
    state?: MessageState;
    // change: of the message `seq`; read: of all of one's own up to it.
    // timer, contact: what is set now.
    timer_s?: number;
    receipts?: boolean;
    what?: 'edited' | 'reacted' | 'deleted' | 'expired' | 'picture' | 'read' | 'timer';
    message?: Message;
    // node: the state that it is in now.
    node?: NodeState;
    number?: number;
    // contact: it is none any more; message, state: of a message that was deleted since.
    removed?: boolean;
    verified?: boolean;
    request?: boolean;
    blocked?: boolean;
    pinned?: boolean;
    muted?: boolean;
    online?: boolean;
    path?: Path | null;
    path_transport?: Presence['path_transport'];
    rtt_ms?: number | null;
    relay_only?: boolean;
    hindrance?: Presence['hindrance'];
}
