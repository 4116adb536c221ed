// SPDX-License-Identifier: MIT
// Real nodes and a real relay, all in one temporary folder; nothing of the user is touched, and nothing is left running.
import { execFileSync, spawn } from 'node:child_process';
import { accessSync, constants, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const { PEERLINK, PEERLINK_RELAY } = process.env;

export class World {
    constructor() {
        for (const program of [PEERLINK, PEERLINK_RELAY]) accessSync(program ?? '', constants.X_OK);
        this.root = mkdtempSync(join(tmpdir(), 'plk-ui-'));
        mkdirSync(join(this.root, 'run'), { mode: 0o700 });
        this.env = {
            ...process.env, HOME: this.root, XDG_RUNTIME_DIR: join(this.root, 'run'), XDG_CONFIG_HOME: join(this.root, 'config'),
            TZ: 'UTC', LC_ALL: 'C.UTF-8', PEERLINK_HOME: '', PEERLINK_PASSPHRASE_FILE: '',
        };
        delete this.env.PEERLINK_HOME;
        delete this.env.PEERLINK_PASSPHRASE_FILE;
        this.running = new Set();
    }

    // Starts a program that says in its first line that it is ready, and what it is.
    async start(program, ...args) {
        const child = spawn(program, args, { env: this.env, stdio: ['ignore', 'pipe', 'pipe'] });
        this.running.add(child);
        let said = '';
        child.stderr.on('data', (text) => (said = (said + text).slice(-4000)));
        const lines = createInterface({ input: child.stdout });
        const line = await new Promise((resolve, reject) => {
            lines.once('line', resolve);
            child.once('exit', (status) => reject(new Error(`${program} ended with ${status}: ${said}`)));
        });
        lines.on('line', () => undefined);
        return { child, ready: JSON.parse(line) };
    }

    async relay() {
        const { ready } = await this.start(PEERLINK_RELAY, '--listen', '127.0.0.1:0', '--data', join(this.root, 'relay'), '--metrics', 'off', '--json');
        return ready.relay;
    }

    person(name) {
        return new Person(this, name);
    }

    async stop(child) {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const ended = new Promise((resolve) => child.once('exit', resolve));
        child.kill('SIGKILL');
        await ended;
        this.running.delete(child);
    }

    async end() {
        for (const child of this.running) await this.stop(child);
        rmSync(this.root, { recursive: true, force: true });
    }
}

class Person {
    constructor(world, name) {
        this.world = world;
        this.name = name;
        this.home = join(world.root, name);
    }

    async up() {
        const { child } = await this.world.start(PEERLINK, '--home', this.home, '--json', 'up', '--wait');
        this.node = child;
        return this;
    }

    // As if the machine lost its power.
    kill() {
        return this.world.stop(this.node);
    }

    rpc(method, params = {}) {
        const said = execFileSync(PEERLINK, ['--home', this.home, '--json', 'rpc', method, JSON.stringify(params)], { env: this.world.env, encoding: 'utf8' });
        return JSON.parse(said);
    }

    // The page's address with a ticket, as `peerlink open` gives it to a browser.
    address() {
        return this.rpc('ticket').url;
    }
}
