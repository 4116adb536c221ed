// SPDX-License-Identifier: MIT
// Pictures on their way out: drawn anew on a canvas, no larger than a message carries. What a camera writes beside the picture
// (place, time, serial number) does not come along, since only what is seen is drawn.
import type { Image } from './types';

export const PICTURE_MAX = 1_048_576;
export const AVATAR_MAX = 24_576;
const PREVIEW_MAX = 4096;
const SIDE_MAX = 2560;
const PREVIEW_SIDES = [64, 48, 32, 20];
const QUALITIES = [0.86, 0.75, 0.6, 0.45];
const TYPES = ['image/webp', 'image/jpeg'];

// Ready to be sent. `url` shows it here, and is to be revoked by whoever keeps it.
export interface Ready extends Image {
    width: number;
    height: number;
    size: number;
    preview: string;
    url: string;
}

export interface Region {
    x: number;
    y: number;
    width: number;
    height: number;
}

export function isPicture(file: File): boolean {
    return file.type.startsWith('image/') && file.type !== 'image/svg+xml';
}

export function pictureFiles(data: DataTransfer | null): File[] {
    return [...(data?.files ?? [])].filter(isPicture);
}

export async function toBase64(blob: Blob): Promise<string> {
    const bytes = new Uint8Array(await blob.arrayBuffer());
    const parts: string[] = [];
    for (let at = 0; at < bytes.length; at += 0x8000) parts.push(String.fromCharCode(...bytes.subarray(at, at + 0x8000)));
    return btoa(parts.join(''));
}

// What came from elsewhere is only ever shown as one of these, whatever it says it is.
export function toBlob({ type, data }: Image): Blob {
    return new Blob([Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0))], { type: shownAs(type) });
}

export function shownAs(type: string): string {
    return ['image/jpeg', 'image/png', 'image/webp'].includes(type) ? type : 'image/webp';
}

// The type of a few bytes, by their beginning: a preview does not say it.
export function dataUrl(base64: string, type = base64.startsWith('/9j/') ? 'image/jpeg' : 'image/webp'): string {
    return `data:${shownAs(type)};base64,${base64}`;
}

export async function ready(file: Blob): Promise<Ready> {
    const image = await createImageBitmap(file);
    try {
        const whole = { x: 0, y: 0, width: image.width, height: image.height };
        const side = Math.max(image.width, image.height);
        const sides = [Math.min(side, SIDE_MAX), 1920, 1280, 800].filter((one) => one <= side);
        const { blob, width, height } = await within(image, whole, sides, PICTURE_MAX);
        const small = await within(image, whole, PREVIEW_SIDES.map((one) => Math.min(one, side)), PREVIEW_MAX);
        return {
            type: blob.type, width, height, size: blob.size, data: await toBase64(blob), preview: await toBase64(small.blob),
            url: URL.createObjectURL(blob),
        };
    } finally {
        image.close();
    }
}

// A square of a picture, for a face.
export async function face(image: ImageBitmap, region: Region): Promise<string> {
    const { blob } = await within(image, region, [256, 192, 128], AVATAR_MAX);
    return toBase64(blob);
}

// As large as it may be: a side is given up only when no quality is low enough.
async function within(image: ImageBitmap, region: Region, sides: number[], most: number): Promise<{ blob: Blob; width: number; height: number }> {
    for (const side of sides) {
        const scale = side / Math.max(region.width, region.height);
        const width = Math.max(1, Math.round(region.width * scale)), height = Math.max(1, Math.round(region.height * scale));
        const canvas = drawn(image, region, width, height);
        for (const quality of QUALITIES) {
            const blob = await encoded(canvas, quality);
            if (blob.size <= most) return { blob, width, height };
        }
    }
    throw new Error('the picture is too large');
}

function drawn(image: ImageBitmap, { x, y, width: from, height: high }: Region, width: number, height: number): HTMLCanvasElement {
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [width, height];
    const context = canvas.getContext('2d')!;
    context.imageSmoothingQuality = 'high';
    context.drawImage(image, x, y, from, high, 0, 0, width, height);
    return canvas;
}

// Not every browser writes WebP: it makes a PNG instead, and is asked for a JPEG, on white where nothing was.
async function encoded(canvas: HTMLCanvasElement, quality: number): Promise<Blob> {
    for (const type of TYPES) {
        if (type === 'image/jpeg') onWhite(canvas);
        const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, type, quality));
        if (blob?.type === type) return blob;
    }
    throw new Error('this browser cannot write pictures');
}

function onWhite(canvas: HTMLCanvasElement): void {
    const context = canvas.getContext('2d')!;
    context.globalCompositeOperation = 'destination-over';
    context.fillStyle = '#ffffff';
    context.fillRect(0, 0, canvas.width, canvas.height);
}
