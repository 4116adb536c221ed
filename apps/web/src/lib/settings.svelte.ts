// SPDX-License-Identifier: MIT
// How this window looks: kept in the browser, and nothing of a conversation is.
import { baseLocale, isLocale, locales, overwriteGetLocale, type Locale } from '$m/runtime';

export type Theme = 'system' | 'light' | 'dark' | 'contrast';
export type TextSize = 'small' | 'normal' | 'large' | 'huge';
export const THEMES: Theme[] = ['system', 'light', 'dark', 'contrast'];
export const TEXT_SIZES: TextSize[] = ['small', 'normal', 'large', 'huge'];
// Each language in its own words: who cannot read the page finds it.
export const LANGUAGES: Record<Locale, string> = { en: 'English', de: 'Deutsch', ru: 'Русский', ar: 'العربية' };
const RIGHT_TO_LEFT: Locale[] = ['ar'];
const KEPT = 'peerlink.look';

function preferred(): Locale {
    for (const tag of navigator.languages) {
        const language = tag.split('-')[0];
        if (isLocale(language)) return language;
    }
    return baseLocale;
}

function kept(): { theme?: Theme; size?: TextSize; locale?: Locale; enterSends?: boolean } {
    try {
        return JSON.parse(localStorage.getItem(KEPT) ?? '{}');
    } catch {
        return {};
    }
}

const before = kept();

export const settings = $state({
    theme: THEMES.find((theme) => theme === before.theme) ?? 'system',
    size: TEXT_SIZES.find((size) => size === before.size) ?? 'normal',
    locale: locales.find((locale) => locale === before.locale) ?? preferred(),
    enterSends: before.enterSends ?? true,
});

// Messages are functions that ask for the locale: as they are called in templates, what is shown follows the setting.
overwriteGetLocale(() => settings.locale);

// How dates and numbers are written: as in the reader's part of the world, if that speaks the chosen language.
export function region(): string {
    return navigator.languages.find((tag) => tag.split('-')[0] === settings.locale) ?? settings.locale;
}

export function direction(): 'ltr' | 'rtl' {
    return RIGHT_TO_LEFT.includes(settings.locale) ? 'rtl' : 'ltr';
}

const dark = matchMedia('(prefers-color-scheme: dark)');
dark.addEventListener('change', applySettings);

export function applySettings(): void {
    const root = document.documentElement;
    const system = dark.matches ? 'dark' : 'light';
    root.lang = settings.locale;
    root.dir = direction();
    root.dataset.theme = settings.theme === 'system' ? system : settings.theme;
    root.dataset.size = settings.size;
    localStorage.setItem(KEPT, JSON.stringify(settings));
}
