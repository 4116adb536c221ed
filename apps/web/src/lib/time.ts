// SPDX-License-Identifier: MIT
// Times in the reader's language, short where the day says enough.

const made = new Map<string, Intl.DateTimeFormat>();

function format(locale: string, key: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
    const name = locale + key;
    let found = made.get(name);
    if (!found) made.set(name, (found = new Intl.DateTimeFormat(locale, options)));
    return found;
}

function midnight(ms: number): number {
    return new Date(ms).setHours(0, 0, 0, 0);
}

export function daysAgo(ms: number, now = Date.now()): number {
    return Math.round((midnight(now) - midnight(ms)) / 86_400_000);
}

export function sameDay(a: number, b: number): boolean {
    return midnight(a) === midnight(b);
}

export function clock(locale: string, ms: number): string {
    return format(locale, 'clock', { hour: 'numeric', minute: '2-digit' }).format(ms);
}

// The name of a day: today and yesterday are called so, the last week by its weekdays.
export function day(locale: string, ms: number): string {
    const ago = daysAgo(ms);
    if (ago === 0 || ago === 1) {
        const word = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' }).format(-ago, 'day');
        return word.charAt(0).toLocaleUpperCase(locale) + word.slice(1);
    }
    if (ago > 1 && ago < 7) return format(locale, 'weekday', { weekday: 'long' }).format(ms);
    const year = new Date(ms).getFullYear() !== new Date().getFullYear();
    return year
        ? format(locale, 'dayyear', { day: 'numeric', month: 'long', year: 'numeric' }).format(ms)
        : format(locale, 'day', { weekday: 'short', day: 'numeric', month: 'long' }).format(ms);
}

// For the list: the clock today, the weekday this week, the date before.
export function brief(locale: string, ms: number): string {
    const ago = daysAgo(ms);
    if (ago <= 0) return clock(locale, ms);
    if (ago < 7) return format(locale, 'short', { weekday: 'short' }).format(ms);
    return format(locale, 'date', { day: 'numeric', month: 'numeric', year: '2-digit' }).format(ms);
}

export function full(locale: string, ms: number): string {
    return format(locale, 'full', { dateStyle: 'medium', timeStyle: 'short' }).format(ms);
}

export function span(locale: string, seconds: number): string {
    const unit = (value: number, name: string) =>
        new Intl.NumberFormat(locale, { style: 'unit', unit: name, unitDisplay: 'long', maximumFractionDigits: 0 }).format(value);
    if (seconds < 90) return unit(Math.max(0, Math.round(seconds)), 'second');
    if (seconds < 5400) return unit(Math.round(seconds / 60), 'minute');
    if (seconds < 129_600) return unit(Math.round(seconds / 3600), 'hour');
    return unit(Math.round(seconds / 86_400), 'day');
}

// A length that somebody has chosen: in the largest unit in which it is a whole number.
export function length(locale: string, seconds: number, unitDisplay: 'long' | 'narrow' = 'long'): string {
    const units: [string, number][] = [['week', 604_800], ['day', 86_400], ['hour', 3600], ['minute', 60], ['second', 1]];
    const [name, size] = units.find(([, one]) => seconds % one === 0)!;
    return new Intl.NumberFormat(locale, { style: 'unit', unit: name, unitDisplay }).format(seconds / size);
}

export function ms(locale: string, value: number): string {
    return new Intl.NumberFormat(locale, {
        style: 'unit', unit: 'millisecond', unitDisplay: 'short', maximumFractionDigits: value < 10 ? 1 : 0,
    }).format(value);
}
