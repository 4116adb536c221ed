// SPDX-License-Identifier: MIT
// The node's states and paths in people's words.
import { m } from '$m/messages';
import { region } from './settings.svelte';
import { brief, clock, daysAgo, full, length, ms, span } from './time';
import { tame } from './text';
import type { Answered, Message, Person, Presence, Standing } from './types';

export type Mark = 'waiting' | 'kept' | 'delivered' | 'read' | 'failed';

export function mark(message: Message): Mark {
    switch (message.state) {
        case 'stored': return 'kept';
        case 'delivered': return 'delivered';
        case 'read': return 'read';
        case 'failed':
        case 'cancelled': return 'failed';
        default: return 'waiting';
    }
}

// Where a message of one's own is.
export function stateWord(message: Message, name: string): string {
    switch (message.state) {
        case 'stored': return (message.stored ?? 1) > 1 ? m.state_kept_more({ name, count: message.stored! }) : m.state_kept({ name });
        case 'delivered': return m.state_delivered();
        case 'read': return m.state_read();
        case 'failed': return m.state_failed();
        case 'cancelled': return m.state_cancelled();
        default: return m.state_waiting();
    }
}

// And what that means, for who asks.
export function stateMeaning(message: Message, name: string): string {
    const locale = region();
    const at = message.received_ms ? full(locale, message.received_ms) : '';
    switch (message.state) {
        case 'stored': return m.meaning_kept({ name });
        case 'delivered': return at ? m.meaning_delivered_at({ name, time: at }) : m.meaning_delivered({ name });
        case 'read': return m.meaning_read({ name });
        case 'failed':
        case 'cancelled': return m.meaning_cancelled({ name });
        default: return m.meaning_waiting({ name });
    }
}

// A message in one line: for the list, for who answers it, for who hears the page.
export function gist(message: Answered & { deleted?: boolean }): string {
    if (message.deleted) return m.deleted();
    if (message.kind === 'unknown') return m.unknown_kind();
    const text = tame(message.text ?? '');
    // A text that is none was deleted.
    if (message.kind !== 'picture') return text || m.deleted();
    return text ? m.picture_with({ text }) : m.picture();
}

// When a message will be gone, if it will.
export function vanishing(message: Message, now: number): string {
    if (message.expires_ms) return m.vanishes_in({ span: span(region(), (message.expires_ms - now) / 1000) });
    if (!message.lifetime_s) return '';
    const time = length(region(), message.lifetime_s);
    return message.direction === 'in' ? m.vanishes_after_seen({ time }) : m.vanishes_after_delivered({ time });
}

export function timerWord(seconds: number): string {
    return seconds ? m.timer_now({ time: length(region(), seconds) }) : m.timer_now_off();
}

export function lastSeen(presence: Presence): string {
    if (!presence.last_seen_ms) return m.never_seen();
    const locale = region(), time = clock(locale, presence.last_seen_ms);
    if (daysAgo(presence.last_seen_ms) === 0) return m.seen_today({ time });
    return m.seen({ day: brief(locale, presence.last_seen_ms), time });
}

// How messages travel now: one short line.
export function pathWord(presence: Presence): string {
    const rtt = presence.rtt_ms === null ? '' : ms(region(), presence.rtt_ms);
    const joined = (word: string) => (rtt ? m.joined({ first: word, second: rtt }) : word);
    switch (presence.path) {
        case null: return presence.online ? m.path_online() : m.path_offline();
        case 'lan': return joined(m.path_lan());
        case 'relay': return joined(m.path_relay());
        default: return joined(m.path_direct());
    }
}

export function pathMeaning(presence: Presence): string {
    switch (presence.path) {
        case null: return m.way_none();
        case 'lan': return m.way_lan();
        case 'udp-direct': return m.way_udp_direct();
        case 'udp-punched': return m.way_udp_punched();
        case 'udp-mapped': return m.way_udp_mapped();
        case 'tcp-direct':
        case 'tcp-reverse': return m.way_tcp();
        case 'relay': return m.way_relay();
    }
}

export function hindranceWord(presence: Presence): string {
    switch (presence.hindrance) {
        case 'no-relay': return m.hindrance_no_relay();
        case 'unreachable': return m.hindrance_unreachable();
        case 'refused': return m.hindrance_refused();
        default: return '';
    }
}

// Under a name: what is true about the connection.
export function truth(person: Person): string {
    if (person.state === 'added') return m.truth_added();
    if (person.damaged) return m.truth_damaged();
    if (person.path !== null || person.online) return pathWord(person);
    const seen = lastSeen(person);
    return person.undelivered > 0
        ? m.truth_offline_waiting({ seen, count: person.undelivered })
        : m.joined({ first: m.path_offline(), second: seen });
}

export function standingWord(standing: Standing): string {
    switch (standing) {
        case 'open': return m.standing_open();
        case 'mapped': return m.standing_mapped();
        case 'firewall': return m.standing_firewall();
        case 'nat': return m.standing_nat();
        case 'varies': return m.standing_varies();
        case 'no-udp': return m.standing_no_udp();
        default: return m.standing_unknown();
    }
}

export function stepWord(what: string): string {
    const words: Record<string, () => string> = {
        called: m.step_called, up: m.step_up, told: m.step_told, asked: m.step_asked, answered: m.step_answered,
        unanswered: m.step_unanswered, connecting: m.step_connecting, connected: m.step_connected, refused: m.step_refused,
        active: m.step_active, silent: m.step_silent, lost: m.step_lost, down: m.step_down,
    };
    return words[what]?.() ?? what;
}

export function wayState(state: string): string {
    const words: Record<string, () => string> = {
        active: m.waystate_active, spare: m.waystate_spare, checking: m.waystate_checking, silent: m.waystate_silent,
        refused: m.waystate_refused, failed: m.waystate_failed, waiting: m.waystate_waiting,
    };
    return words[state]?.() ?? state;
}

export function ago(seconds: number): string {
    return m.ago({ span: span(region(), seconds) });
}
