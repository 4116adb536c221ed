// SPDX-License-Identifier: MIT
// The relay as a whole: inputs in, everything settled, outputs out.
#include "relay/relay.h"

#include "relay/inside.h"

#define DIGEST_LABEL "PeerLink/1/relay/digest"

void plk_relay_config_init(struct plk_relay_config *config) {
    *config = (struct plk_relay_config){
        .admission = PLK_RELAY_ADMIT_TOKEN,
        .work_bits = PLK_RELAY_WORK_BITS,
        .clients_max = PLK_RELAY_CLIENTS_MAX,
        .prefix_clients_max = PLK_RELAY_PREFIX_CLIENTS_MAX,
        .hello_rate = PLK_RELAY_HELLO_RATE,
        .queue_items_max = PLK_RELAY_QUEUE_ITEMS_MAX,
        .queue_bytes_max = PLK_RELAY_QUEUE_BYTES_MAX,
        .pass_rate = PLK_RELAY_PASS_RATE,
        .pass_burst = PLK_RELAY_PASS_BURST,
        .memory_max = PLK_RELAY_MEMORY_MAX,
        .store_max = PLK_RELAY_STORE_MAX,
    };
}

struct plk_relay *plk_relay_new(const struct plk_relay_config *config) {
    plk_assert(config->static_count >= 1 && config->static_count <= PLK_RELAY_STATICS_MAX);
    plk_assert(config->listener_count <= PLK_RELAY_LISTENERS_MAX);
    plk_assert(config->bootstrap_count <= PLK_ANNOUNCES_MAX);
    struct plk_relay *relay = plk_mem_take(config->mem, sizeof *relay);
    relay->mem = config->mem;
    relay->config = *config;
    plk_rng_seed(&relay->rng, config->entropy);
    plk_mem_wipe(relay->config.entropy, sizeof relay->config.entropy);
    plk_rng_bytes(&relay->rng, relay->key, sizeof relay->key);
    plk_hkdf_label(relay->digest_key, sizeof relay->digest_key, plk_bytes(config->statics[0], 32), DIGEST_LABEL);
    plk_ledger_init(&relay->ledger, relay->mem);
    plk_outputs_init(&relay->outputs, relay->mem);
    plk_reads_init(&relay->reads, relay->mem);
    plk_directory_init(relay);
    plk_admit_init(relay);
    plk_queues_init(&relay->queues, relay->mem, relay->key);
    plk_map_init(&relay->cids, relay->mem);
    plk_map_init(&relay->prefixes, relay->mem);
    plk_map_init(&relay->prefix_handles, relay->mem);
    plk_map_init(&relay->forwards, relay->mem);
    plk_map_init(&relay->tcps.map, relay->mem);
    plk_map_init(&relay->revoked, relay->mem);
    plk_map_init(&relay->contacts, relay->mem);
    plk_agenda_init(&relay->agenda, relay->mem);
    plk_fleet_init(relay);
    relay->dirty_end = &relay->dirty;
    relay->polling_end = &relay->polling;
    relay->waiting_end = &relay->waiting;
    relay->patient_end = &relay->patient;
    return relay;
}

void plk_relay_retune(struct plk_relay *relay, const struct plk_relay_config *config) {
    relay->config.admission = config->admission;
    relay->config.work_bits = config->work_bits;
    relay->config.clients_max = config->clients_max;
    relay->config.memory_max = config->memory_max;
    relay->config.store_max = config->store_max;
    relay->config.pass_rate = config->pass_rate;
    relay->config.pass_burst = config->pass_burst;
    plk_announces_retune(relay, config);
}

void plk_relay_free(struct plk_relay *relay) {
    if (relay == NULL) return;
    while (relay->clients != NULL) plk_relay_client_free(relay, relay->clients);
    plk_relay_tcps_free(relay);
    plk_announces_free(relay);
    plk_directory_free(relay);
    plk_admit_free(relay);
    plk_reads_free(&relay->reads);
    plk_queues_free(&relay->queues);
    plk_agenda_free(&relay->agenda);
    plk_map_free(&relay->cids);
    plk_map_free(&relay->prefixes);
    plk_map_free(&relay->prefix_handles);
    plk_map_free(&relay->forwards);
    plk_map_free(&relay->revoked);
    plk_map_free(&relay->contacts);
    plk_fleet_free(relay);
    plk_outputs_free(&relay->outputs);
    plk_ledger_free(&relay->ledger);
    plk_mem_give(relay->mem, relay);
}

const struct plk_relay_counters *plk_relay_counters(const struct plk_relay *relay) { return &relay->counters; }

struct plk_relay_state plk_relay_state(const struct plk_relay *relay) {
    return (struct plk_relay_state){
        .clients = relay->client_count - relay->admit.count,
        .half_open = relay->admit.count,
        .queues = relay->queues.count,
        .reads = relay->reads.count,
        .memory = relay->mem->used,
        .stored_bytes = plk_relay_sweep_stored(&relay->sweep),
        .stored_change = relay->sweep.changed,
        .stored_known = relay->sweep.stored_known,
        .busy = plk_ledger_behind(&relay->ledger),
    };
}

void plk_relay_drain(struct plk_relay *relay, uint32_t wait_ms) {
    struct plk_queue_record bye = {.type = PLK_QUEUE_BYE};
    bye.wait_ms = wait_ms;
    relay->draining = true;
    for (struct plk_relay_client *client = relay->clients; client != NULL; client = client->next) {
        if (client->half == NULL) plk_relay_client_answer(relay, client, &bye, false);
    }
    plk_relay_settle(relay);
}

// ---- settling -----------------------------------------------------------------------------------------------------------

static void wake(struct plk_relay *relay, size_t count) {
    while (relay->waiting != NULL && count-- > 0) {
        struct plk_relay_client *client = relay->waiting;
        relay->waiting = client->next_waiting;
        if (relay->waiting == NULL) relay->waiting_end = &relay->waiting;
        client->is_waiting = false;
        plk_relay_client_touch(relay, client);
    }
}

static size_t waiting_count(const struct plk_relay *relay) {
    size_t count = 0;
    for (const struct plk_relay_client *client = relay->waiting; client != NULL; client = client->next_waiting) count++;
    return count;
}

// All that wait now, once each: who must wait again is not looked at again for the same reason.
static void wake_all(struct plk_relay *relay) { wake(relay, waiting_count(relay)); }

static void stored(struct plk_relay *relay) {
    for (struct plk_relay_client *client = relay->owing; client != NULL; client = client->next_owing) {
        plk_relay_client_touch(relay, client);
    }
    if (!plk_ledger_behind(&relay->ledger)) wake_all(relay);
}

static void poll_later(struct plk_relay *relay, struct plk_relay_client *client) {
    if (client->is_polling) return;
    client->is_polling = true;
    client->next_polling = NULL;
    *relay->polling_end = client;
    relay->polling_end = &client->next_polling;
}

static uint64_t due_us(const struct plk_relay_client *client) {
    uint64_t at_us = plk_earlier(plk_relay_channel_deadline(client->channel), plk_forward_deadline(client));
    return client->passes == NULL ? at_us : plk_earlier(at_us, client->passes->until_us);
}

static void process(struct plk_relay *relay, struct plk_relay_client *client) {
    struct plk_relay_channel_status status = plk_relay_channel_status(client->channel);
    if (status.state == PLK_RELAY_CHANNEL_CLOSED) {
        plk_relay_client_free(relay, client);
        return;
    }
    if (status.state == PLK_RELAY_CHANNEL_OPEN) {
        plk_relay_client_flush(relay, client);
        plk_relay_commands(relay, client);
        client->has_turn = false;
        plk_relay_pump(relay, client);
        plk_relay_client_flush(relay, client);
    }
    poll_later(relay, client);
}

// One command at a time changes tokens: whoever waited longest comes next, and the others are not looked at.
static void wake_patient(struct plk_relay *relay) {
    struct plk_relay_client *client = relay->patient;
    if (client == NULL || relay->token_busy) return;
    relay->patient = client->next_waiting;
    if (relay->patient == NULL) relay->patient_end = &relay->patient;
    client->is_patient = false;
    client->has_turn = true;
    plk_relay_client_touch(relay, client);
}

void plk_relay_settle(struct plk_relay *relay) {
    wake_patient(relay);
    while (relay->dirty != NULL) {
        struct plk_relay_client *client = relay->dirty;
        relay->dirty = client->next_dirty;
        if (relay->dirty == NULL) relay->dirty_end = &relay->dirty;
        client->dirty = false;
        process(relay, client); // it may be gone now
        if (relay->dirty == NULL) wake_patient(relay);
    }
}

static void tick_clients(struct plk_relay *relay) {
    struct plk_relay_client *client;
    while ((client = plk_agenda_due(&relay->agenda, relay->now.mono_us)) != NULL) {
        plk_agenda_remove(&relay->agenda, client); // it comes back when it has been polled
        plk_relay_channel_tick(client->channel, relay->now.mono_us);
        if (client->passes != NULL) plk_relay_pass_waiting(relay, client, client->passes->handle);
        plk_forward_tick(relay, client);
        plk_relay_client_touch(relay, client);
    }
}

void plk_relay_handle(struct plk_relay *relay, struct plk_now now, const struct plk_input *input) {
    relay->now = now;
    switch (input->kind) {
    case PLK_IN_DATAGRAM:
        plk_relay_datagram(relay, input);
        break;
    case PLK_IN_STREAM:
        plk_relay_stream(relay, input);
        break;
    case PLK_IN_STORED:
        if (plk_ledger_stored(&relay->ledger, input->stored.n) == PLK_ERR_OK) stored(relay);
        break;
    case PLK_IN_STORE_STATE:
        relay->ledger.stalled = input->store_state.stalled;
        wake_all(relay);
        break;
    case PLK_IN_LOADED:
        wake(relay, PLK_RELAY_TURN); // they come before whoever has had its turn just now
        plk_relay_loaded(relay, input);
        if (relay->reads.count == 0) wake_all(relay);
        break;
    case PLK_IN_RESUME:
        plk_rng_stir(&relay->rng, plk_bytes(input->resume.entropy, sizeof input->resume.entropy));
        break;
    case PLK_IN_TICK: // whatever else has come was heard before
        plk_lobby_next_turn(&relay->admit.lobby);
        plk_admit_turn(relay);
        break;
    case PLK_IN_RESOLVED:
        plk_announces_resolved(relay, input);
        break;
    case PLK_IN_NETWORK:
    case PLK_IN_SUSPEND:
    case PLK_IN_COMMAND:
    case PLK_IN_MAPPED:
    case PLK_IN_SERVE:
    case PLK_IN_LEAVE:
        break;
    }
    plk_admit_tick(relay);
    plk_relay_tcps_tick(relay);
    plk_relay_sweep_tick(relay);
    plk_directory_tick(relay);
    plk_announces_tick(relay);
    plk_fleet_tick(relay);
    tick_clients(relay);
    plk_relay_settle(relay);
}

// ---- outputs --------------------------------------------------------------------------------------------------------------

static uint64_t deadline(const struct plk_relay *relay) {
    uint64_t at_us = plk_earlier(plk_agenda_next_us(&relay->agenda), plk_admit_deadline(relay));
    at_us = plk_earlier(at_us, plk_earlier(plk_directory_deadline(relay), plk_announces_deadline(relay)));
    if (relay->tcps.strangers.count + relay->tcps.clients.count > 0) at_us = plk_earlier(at_us, relay->tcps.look_us);
    return plk_earlier(plk_earlier(at_us, plk_relay_sweep_deadline(relay)), plk_fleet_deadline(relay));
}

// The next packet of a client, built into the place of a packet that is handed out at once.
static bool poll_client(struct plk_relay *relay, struct plk_relay_client *client) {
    struct plk_packet_out *out = plk_packets_place(&relay->packets);
    struct plk_relay_tcp *tcp = client->tcp;
    size_t head = tcp == NULL ? 0 : PLK_PACKET_FRAME_LEN, cap = PLK_RELAY_CHANNEL_PACKET_MAX;
    plk_assert(out != NULL); // the ring is empty now
    if (tcp != NULL && tcp->writable < head + cap) return false;
    if (!plk_relay_channel_poll(client->channel, relay->now.mono_us, out->bytes + head, cap, &out->len, &out->to)) {
        return false;
    }
    out->local = client->local;
    if (tcp != NULL) {
        out->bytes[0] = (uint8_t)(out->len >> 8);
        out->bytes[1] = (uint8_t)out->len;
        out->len += head;
        out->stream = tcp->stream;
        tcp->writable -= out->len;
    }
    plk_packets_commit(&relay->packets);
    return true;
}

// All clients in turn, until none has anything more to say.
static bool poll_clients(struct plk_relay *relay) {
    while (relay->polling != NULL) {
        struct plk_relay_client *client = relay->polling;
        if (poll_client(relay, client)) return true;
        relay->polling = client->next_polling;
        if (relay->polling == NULL) relay->polling_end = &relay->polling;
        client->is_polling = false;
        if (plk_relay_channel_status(client->channel).state == PLK_RELAY_CHANNEL_CLOSED) {
            plk_relay_client_free(relay, client);
        } else {
            uint64_t at_us = due_us(client);
            // A TCP client that cannot write now is woken by WRITABLE, not by a deadline that has come.
            if (at_us <= relay->now.mono_us) at_us = relay->now.mono_us + PLK_RELAY_LATER_US;
            plk_agenda_set(&relay->agenda, client, at_us);
        }
    }
    return false;
}

static bool poll_store(struct plk_relay *relay, struct plk_output *output) {
    uint64_t n;
    const struct plk_batch *batch = plk_ledger_emit(&relay->ledger, &n);
    if (batch == NULL) return false;
    *output = (struct plk_output){.kind = PLK_OUT_STORE, .store = {.n = n, .ops = batch}};
    return true;
}

static bool poll_packets(struct plk_relay *relay, struct plk_output *output) {
    if (!plk_packets_next(&relay->packets, output)) return false;
    relay->counters.datagrams_out += output->kind == PLK_OUT_DATAGRAM;
    return true;
}

void plk_relay_poll(struct plk_relay *relay, struct plk_now now, struct plk_output *output) {
    relay->now = now;
    if (poll_packets(relay, output)) return;
    if (poll_store(relay, output)) return;
    if (plk_reads_next(&relay->reads, relay->ledger.emitted_n, output)) return;
    if (poll_clients(relay) && poll_packets(relay, output)) return;
    if (plk_announces_poll(relay, output)) {
        relay->counters.datagrams_out += output->kind == PLK_OUT_DATAGRAM;
        return;
    }
    if (plk_outputs_next(&relay->outputs, relay->ledger.stored_n, output)) return;
    *output = (struct plk_output){.kind = PLK_OUT_WAIT, .wait = {.deadline_us = deadline(relay)}};
}
