// SPDX-License-Identifier: MIT
// What a packet of a stranger costs a node, from datagram to rest: one that is none, one for a connection that there is not,
// and a message 1 that needs the hint scan, among 200 and 1,000 contacts with three keys each (two link generations and the
// recovery secret, as in life); each from a source of its own, which costs most. Processor time. One JSON object on stdout.
#define _POSIX_C_SOURCE 200809L
#include <sodium/core.h>
#include <stdio.h>
#include <time.h>

#include "crypto/rng.h"
#include "host/memory.h"
#include "node/node.h"
#include "node/peers.h"
#include "wire/packet.h"

enum { PACKETS = 20000, CONTACTS_MAX = 1000, PACKET_LEN = 256, KEYS_EACH = 3 };

struct stranger {
    struct plk_node *node;
    struct plk_now now;
    struct plk_rng rng;
    uint32_t contacts;
};

static double spent_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void give(struct stranger *s, const struct plk_input *input) { plk_node_handle(s->node, s->now, input); }

// The contacts' rows, as the store gives them at the start.
static void load_contacts(struct stranger *s, uint64_t ticket) {
    static uint8_t keys[CONTACTS_MAX][4], values[CONTACTS_MAX][PLK_CONTACT_ROW_MAX];
    static struct plk_row rows[CONTACTS_MAX];
    for (uint32_t i = 0; i < s->contacts; i++) {
        struct plk_contact_row row = {.contact = i + 1, .state = PLK_CONTACT_ACTIVE, .hint_count = KEYS_EACH};
        struct plk_writer k = plk_writer(keys[i], sizeof keys[i]), w = plk_writer(values[i], sizeof values[i]);
        row.name_len = (uint8_t)snprintf(row.name, sizeof row.name, "Contact %u", i);
        plk_rng_bytes(&s->rng, row.peer_id, sizeof row.peer_id);
        for (unsigned h = 0; h < KEYS_EACH; h++) plk_rng_bytes(&s->rng, row.hints[h].key, sizeof row.hints[h].key);
        row.hints[1].tag = 2; // the generation in use
        row.hints[2].tag = 1 | PLK_HINT_TAG_RARE;
        plk_writer_u32(&k, row.contact);
        plk_contact_row_encode(&w, &row);
        rows[i] = (struct plk_row){.key = plk_writer_bytes(&k), .value = plk_writer_bytes(&w)};
    }
    struct plk_input input = {.kind = PLK_IN_LOADED, .loaded = {.ticket = ticket, .rows = rows, .count = s->contacts}};
    give(s, &input);
}

// The rest belongs to single contacts, who stay cold here.
static bool is_of_start(enum plk_table table) {
    return table == PLK_TABLE_profile || table == PLK_TABLE_invite || table == PLK_TABLE_event ||
           table == PLK_TABLE_relay || table == PLK_TABLE_queue || table == PLK_TABLE_blob;
}

static void drain(struct stranger *s) {
    struct plk_output output;
    while (plk_node_poll(s->node, s->now, &output), output.kind != PLK_OUT_WAIT) {
        if (output.kind == PLK_OUT_STORE) {
            give(s, &(struct plk_input){.kind = PLK_IN_STORED, .stored = {.n = output.store.n}});
        } else if (output.kind == PLK_OUT_LOAD && output.load.table == PLK_TABLE_contact) {
            load_contacts(s, output.load.ticket);
        } else if (output.kind == PLK_OUT_LOAD && is_of_start(output.load.table)) {
            give(s, &(struct plk_input){.kind = PLK_IN_LOADED, .loaded = {.ticket = output.load.ticket}});
        }
    }
}

static void begin(struct stranger *s, struct plk_mem *mem, uint32_t contacts) {
    static const uint8_t seed[32] = {7};
    struct plk_node_config config = {.mem = mem, .entropy = {1}, .allow_udp = true};
    *s = (struct stranger){.node = plk_node_new(&config), .contacts = contacts, .now = {1000000, 1700000000000}};
    plk_rng_seed(&s->rng, seed);
    drain(s);
    give(s, &(struct plk_input){.kind = PLK_IN_COMMAND,
                                .command = {.kind = PLK_CMD_INIT, .name = plk_bytes_text("Alice")}});
    drain(s);
    plk_assert(plk_node_state(s->node) == PLK_NODE_READY);
}

// Microseconds of one; each packet is another one. Time passes as fast as the scans' budget needs.
static double packets(struct stranger *s, uint8_t first, unsigned len) {
    static uint8_t data[PACKETS][PACKET_LEN];
    for (unsigned i = 0; i < PACKETS; i++) {
        plk_rng_bytes(&s->rng, data[i], len);
        data[i][0] = first;
        data[i][1] = PLK_PACKET_VERSION;
    }
    struct plk_input input = {.kind = PLK_IN_DATAGRAM};
    input.datagram.from = (struct plk_addr){.family = 4, .ip = {192, 0, 2, 1}, .port = 7000};
    double start = spent_us();
    for (unsigned i = 0; i < PACKETS; i++) {
        memcpy(input.datagram.from.ip, &i, sizeof i);
        input.datagram.data = plk_bytes(data[i], len);
        s->now.mono_us += 2000;
        give(s, &input);
        drain(s);
    }
    return (spent_us() - start) / PACKETS;
}

int main(void) {
    struct stranger s;
    if (sodium_init() < 0) return 1;
    struct plk_mem mem = plk_memory_system();
    begin(&s, &mem, 200);
    printf("{\"malformed_us\":%.3f", packets(&s, 0x99, PACKET_LEN));
    printf(",\"unknown_us\":%.3f", packets(&s, 0xC3, PACKET_LEN));
    printf(",\"scan_200_us\":%.3f", packets(&s, 0xC1, PACKET_LEN));
    const struct plk_counters *counters = plk_node_counters(s.node);
    plk_assert(counters->malformed == PACKETS && counters->stranger + counters->limited == 2 * PACKETS);
    plk_node_free(s.node);
    begin(&s, &mem, CONTACTS_MAX);
    printf(",\"scan_1000_us\":%.3f}\n", packets(&s, 0xC1, PACKET_LEN));
    counters = plk_node_counters(s.node);
    plk_assert(counters->stranger + counters->limited == PACKETS);
    plk_node_free(s.node);
    return 0;
}
