// SPDX-License-Identifier: MIT
// What others wrote, made fit to be shown: never as markup, never wider or higher than its place.

// Marks that stack on one letter: more than these are left out. Legitimate scripts use up to four or so.
const MARKS_MAX = 8;
const MARKS = new RegExp(`(\\p{M}{${MARKS_MAX}})\\p{M}+`, 'gu');
// Controls, direction overrides and isolates, and what has no width. The joiners are kept: emoji and Persian need them.
const CONTROLS = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;
const INVISIBLE = /^[\s\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u2800\u3164\uffa0]*$/u;
const ZERO_WIDTH = /[\u200b-\u200f\u061c]{3,}/gu;

export function tame(text: string): string {
    return text.replace(CONTROLS, '').replace(ZERO_WIDTH, '').replace(MARKS, '$1');
}

// A name on one line; `nobody` where nothing of it can be seen.
export function tameName(name: string, nobody: string): string {
    const tamed = tame(name).replace(/\s+/g, ' ').trim();
    return INVISIBLE.test(tamed) ? nobody : tamed;
}

export interface Piece {
    text: string;
    href?: string;
    hit?: boolean;
}

const LINK = /\bhttps?:\/\/[^\s<>"'`{}|\\^]+/giu;
const TRAILING = /[.,;:!?…)\]}»”’]+$/u;

// Splits a text at its links. A closing bracket belongs to a link only if it was opened in it.
export function pieces(text: string): Piece[] {
    const found: Piece[] = [];
    let from = 0;
    for (const match of text.matchAll(LINK)) {
        let link = match[0];
        const tail = TRAILING.exec(link)?.[0] ?? '';
        if (tail && !(tail.startsWith(')') && link.includes('('))) link = link.slice(0, -tail.length);
        const href = safeLink(link);
        if (!href) continue;
        if (match.index > from) found.push({ text: text.slice(from, match.index) });
        found.push({ text: link, href });
        from = match.index + link.length;
    }
    if (from < text.length) found.push({ text: text.slice(from) });
    return found;
}

function safeLink(link: string): string | undefined {
    try {
        const url = new URL(link);
        // What is before an @ looks like the place that a link leads to, and is not.
        return url.username || url.password ? undefined : url.href;
    } catch {
        return undefined;
    }
}

// Splits at each place where `term` is found, capitals or not.
export function marked(text: string, term: string): Piece[] {
    const fold = term.toLowerCase(), low = text.toLowerCase();
    if (!fold || low.length !== text.length) return [{ text }];
    const found: Piece[] = [];
    let from = 0;
    for (let at = low.indexOf(fold); at >= 0; at = low.indexOf(fold, from)) {
        if (at > from) found.push({ text: text.slice(from, at) });
        found.push({ text: text.slice(at, at + fold.length), hit: true });
        from = at + fold.length;
    }
    if (from < text.length) found.push({ text: text.slice(from) });
    return found;
}

// The part around the first hit, for one line of a list.
export function around(text: string, term: string, before = 24): string {
    const at = text.toLowerCase().indexOf(term.toLowerCase());
    return at > before ? '…' + text.slice(at - before) : text;
}

export function initials(name: string): string {
    const words = name.split(/[\s_.-]+/u).filter((word) => /[\p{L}\p{N}\p{Emoji}]/u.test(word));
    const first = (word: string | undefined) => (word ? [...word.replace(/^[^\p{L}\p{N}\p{Emoji}]+/u, '')][0] ?? '' : '');
    return (first(words[0]) + (words.length > 1 ? first(words[words.length - 1]) : '')).toLocaleUpperCase();
}

// One of twelve hues, the same wherever this person is met: it follows from the id, not from the name.
export function hue(id: string): number {
    let sum = 0;
    for (const letter of id) sum = (sum * 31 + letter.charCodeAt(0)) >>> 0;
    return sum % 12;
}

const EMOJI = /\p{Extended_Pictographic}|\p{Regional_Indicator}|[0-9#*]\ufe0f?\u20e3/u;

// The first emoji of what was typed, if it is one.
export function emojiOf(text: string): string | undefined {
    const first = letter(text.trim());
    return EMOJI.test(first) && utf8Length(first) <= 32 ? first : undefined;
}

// What a reader takes for one letter. A reaction of others is shown as one, whatever they sent.
export function letter(text: string): string {
    for (const { segment } of new Intl.Segmenter().segment(tame(text))) return segment;
    return '';
}

export function utf8Length(text: string): number {
    return new TextEncoder().encode(text).length;
}
