// SPDX-License-Identifier: MIT
// Which screen is shown, as the address says after its #: going back is the browser's, a phone's button too.

export type Route =
    | { at: 'home' }
    | { at: 'conversation'; number: number; seq?: number }
    | { at: 'settings' }
    | { at: 'network' };

function read(): Route {
    const [where, number, seq] = location.hash.replace(/^#\/?/, '').split('/');
    if (where === 'c' && Number(number) > 0) {
        return { at: 'conversation', number: Number(number), seq: Number(seq) > 0 ? Number(seq) : undefined };
    }
    return where === 'settings' || where === 'network' ? { at: where } : { at: 'home' };
}

class Router {
    now = $state<Route>(read());

    constructor() {
        addEventListener('hashchange', () => (this.now = read()));
    }
}

export const router = new Router();

export function toConversation(number: number, seq?: number): string {
    return `#/c/${number}${seq === undefined ? '' : `/${seq}`}`;
}

export function go(hash: string, instead = false): void {
    if (instead) {
        history.replaceState(null, '', hash);
        router.now = read();
    } else if (location.hash === hash) {
        router.now = read();
    } else {
        location.hash = hash;
    }
}
