// SPDX-License-Identifier: MIT
// What relays tell a node of other relays, in any order, by any of them: no list is longer than it may be, no teller has more than its share
// or two of one prefix, and nobody's newer word gives way to an older one. And rows of that list, as they might be on a disk.
#include <stdint.h>
#include <stdlib.h>

#include "node/inside.h"
#include "support/memory.h"

#define SAID_MAX 24 // descriptors of one input
#define TELLERS 6
#define NOW_MS UINT64_C(1767225600000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen { // the newest word of each {relay, signer}
    uint64_t sequence;
} newest[64][4];

static void a_row(struct plk_node *node, struct plk_bytes bytes) {
    struct plk_reader r = plk_reader(bytes);
    struct plk_row row = {.key = plk_reader_take(&r, PLK_LEARNED_KEY_LEN)};
    row.value = plk_reader_rest(&r);
    if (r.failed || plk_learned_row(node, &row) != PLK_ERR_OK) return;
    const struct plk_learned *one = &node->learneds.at[node->learneds.count - 1];
    plk_assert(memcmp(one->d.relay, row.key.at, 32) == 0 && one->teller_count >= 1);
}

static void check(const struct plk_learneds *list) {
    plk_assert(list->count <= PLK_LEARNED_MAX);
    for (size_t i = 0; i < list->count; i++) {
        const struct plk_learned *one = &list->at[i];
        unsigned of_teller = 0;
        for (size_t k = 0; k < list->count; k++) {
            if (memcmp(one->tellers[0], list->at[k].tellers[0], 32) != 0) continue;
            of_teller++;
            bool same = plk_descriptor_prefix(&one->d.addr) == plk_descriptor_prefix(&list->at[k].d.addr);
            plk_assert(k == i || !same);
        }
        plk_assert(of_teller <= PLK_LEARNED_TELLER_MAX);
        uint64_t *last = &newest[one->d.relay[1]][one->d.relay[2]].sequence;
        plk_assert(one->d.sequence >= *last);
        *last = one->d.sequence;
    }
}

// A descriptor of 64 relays by four signers, one of which may be the relay's own key: who is not is told by its greeting only. Each is
// signed once.
static struct plk_bytes make(struct plk_reader *r) {
    static struct {
        uint8_t text[PLK_DESCRIPTOR_MAX];
        size_t len;
    } made[64][256];
    struct plk_descriptor d = {.admission = PLK_RELAY_ADMIT_OPEN, .expires_ms = NOW_MS + 60000};
    uint8_t number = plk_reader_u8(r) & 63, how = plk_reader_u8(r), seed[32] = {(uint8_t)(how & 3), 9};
    uint8_t *text = made[number][how].text;
    if (made[number][how].len > 0) return plk_bytes(text, made[number][how].len);
    d.relay[0] = 1;
    d.relay[1] = number;
    d.relay[2] = how & 3;
    d.sequence = 1u + (how >> 2 & 3);
    d.addr = (struct plk_addr){.family = 4, .ip = {45, (uint8_t)(how >> 4 == 15 ? 1 : number), 1, how}, .port = 7447};
    plk_descriptor_sign(&d, seed);
    struct plk_writer w = plk_writer(text, PLK_DESCRIPTOR_MAX);
    plk_descriptor_encode(&w, &d);
    made[number][how].len = w.len;
    return plk_writer_bytes(&w);
}

static unsigned told(struct plk_node *node, struct plk_relay_link *const tellers[TELLERS], struct plk_reader *r) {
    uint8_t body[PLK_DESCRIPTORS_LEN_MAX];
    uint8_t first = plk_reader_u8(r);
    struct plk_descriptors list = {.count = 1u + first % PLK_DESCRIPTORS_MAX};
    struct plk_relay_link *teller = tellers[first / PLK_DESCRIPTORS_MAX % TELLERS];
    for (unsigned i = 0; i < list.count; i++) list.at[i] = make(r);
    struct plk_writer w = plk_writer(body, sizeof body);
    plk_descriptors_encode(&w, &list);
    plk_ledger_turn(&node->ledger);
    plk_learned_hear(node, teller, plk_writer_bytes(&w));
    check(&node->learneds);
    return list.count;
}

static struct plk_node *node_new(struct plk_mem *mem, struct plk_relay_link *tellers[TELLERS]) {
    struct plk_node_config config = {.mem = mem, .entropy = {7}, .allow_udp = true};
    struct plk_node *node = plk_node_new(&config);
    node->now = (struct plk_now){.mono_us = PLK_HOUR, .wall_ms = NOW_MS};
    for (unsigned i = 0; i < TELLERS; i++) {
        uint8_t key[32] = {9, (uint8_t)i};
        struct plk_relay_dial_config dial = {.host = plk_bytes((const uint8_t *)"r", 1), .port = 1};
        dial.first_stream = PLK_RELAYS_FIRST_STREAM;
        plk_assert(plk_relays_add(node, key, dial.host, 1, NULL, PLK_RELAY_CONFIGURED, &tellers[i]) == PLK_ERR_OK);
        tellers[i]->dial = plk_relay_dial_new(mem, &dial);
    }
    return node;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct plk_mem mem = {.take = memory_take, .give = memory_give};
    struct plk_relay_link *tellers[TELLERS];
    struct plk_node *node = node_new(&mem, tellers);
    struct plk_reader r = plk_reader(plk_bytes(data, size));
    memset(newest, 0, sizeof newest);
    for (unsigned said = 0; said < SAID_MAX && r.left > 0;) said += told(node, tellers, &r);
    plk_node_free(node);
    node = node_new(&mem, tellers);
    a_row(node, plk_bytes(data, size));
    plk_learned_hear(node, tellers[0], plk_bytes(data, size));
    plk_node_free(node);
    plk_assert(mem.used == 0);
    return 0;
}
