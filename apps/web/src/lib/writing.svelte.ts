// SPDX-License-Identifier: MIT
// What is about to be written in a conversation besides its text: the message it answers, the one it corrects, pictures.
import { m } from '$m/messages';
import { QUOTED } from './conversation.svelte';
import { node } from './node.svelte';
import { draftReply, keepReply } from './outbox.svelte';
import { ready, type Ready } from './picture';
import { tameName } from './text';
import type { Answered, Message } from './types';

const PICTURES_MAX = 10;

export class Writing {
    #reply = $state<Answered | null>(null);
    editing = $state<Message | null>(null);
    pictures = $state.raw<Ready[]>([]);
    // Pictures that are being made smaller.
    making = $state(0);
    wrong = $state('');

    constructor(readonly number: number) {
        this.#reply = draftReply(number);
    }

    get reply(): Answered | null {
        return this.#reply;
    }

    answer(message: Message | null): void {
        this.editing = null;
        this.#reply = message && answered(message);
        keepReply(this.number, this.#reply);
    }

    edit(message: Message | null): void {
        this.editing = message;
    }

    async attach(files: File[]): Promise<void> {
        this.wrong = '';
        this.editing = null;
        for (const file of files) {
            if (this.pictures.length + this.making >= PICTURES_MAX) return void (this.wrong = m.picture_some());
            this.making++;
            try {
                const one = await ready(file);
                this.pictures = [...this.pictures, one];
            } catch {
                this.wrong = m.picture_bad({ name: tameName(file.name, '–') });
            } finally {
                this.making--;
            }
        }
    }

    leaveOut(picture: Ready): void {
        URL.revokeObjectURL(picture.url);
        this.pictures = this.pictures.filter((one) => one !== picture);
    }

    // All of it is with the outbox now.
    done(): void {
        this.pictures = [];
        this.wrong = '';
        this.answer(null);
    }
}

export function answered({ seq, id, direction, kind, text, deleted }: Message): Answered {
    return { seq, id, direction, kind, text: deleted ? '' : (text ?? '').slice(0, QUOTED) };
}

// The node has it, and it is more than a notice.
export function answerable(message: Message): boolean {
    return message.seq > 0 && !message.deleted && message.kind !== 'notice';
}

export function editable(message: Message): boolean {
    return answerable(message) && message.direction === 'out' && message.kind === 'text' && !['failed', 'cancelled'].includes(message.state);
}

const all = new Map<number, Writing>();

export function writing(number: number): Writing {
    let found = all.get(number);
    if (!found) all.set(number, (found = new Writing(number)));
    return found;
}

node.follow({
    load: async () => undefined,
    event: () => undefined,
    resumed: () => undefined,
    forget: () => {
        for (const one of all.values()) for (const { url } of one.pictures) URL.revokeObjectURL(url);
        all.clear();
    },
});
