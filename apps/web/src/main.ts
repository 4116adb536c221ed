// SPDX-License-Identifier: MIT
import { mount } from 'svelte';
import './app.css';
import { node } from './lib/node.svelte';
import { applySettings } from './lib/settings.svelte';
import App from './ui/App.svelte';

applySettings();
node.start();
mount(App, { target: document.getElementById('app')! });
