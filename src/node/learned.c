// SPDX-License-Identifier: MIT
// Which relays are known by what others say, and whose word that is.
#include "node/learned.h"

#include "node/learned_inside.h"

#define ROW_VERSION 1
#define ROW_PROVEN 1

// ---- rows ---------------------------------------------------------------------------------------------------------------

static struct plk_bytes row_key(const struct plk_learned *one, uint8_t key[PLK_LEARNED_KEY_LEN]) {
    memcpy(key, one->d.relay, 32);
    memcpy(key + 32, one->d.sign, 32);
    return plk_bytes(key, PLK_LEARNED_KEY_LEN);
}

void plk_learned_write(struct plk_node *node, const struct plk_learned *one) {
    uint8_t key[PLK_LEARNED_KEY_LEN], value[PLK_LEARNED_ROW_MAX];
    struct plk_writer w = plk_writer(value, sizeof value);
    plk_writer_u8(&w, ROW_VERSION);
    plk_writer_u8(&w, one->proven ? ROW_PROVEN : 0);
    plk_writer_u8(&w, (uint8_t)one->teller_count);
    plk_writer_copy(&w, one->tellers, one->teller_count * sizeof one->tellers[0]);
    plk_descriptor_encode(&w, &one->d);
    plk_assert(!w.failed);
    plk_batch_upsert(plk_ledger_batch(&node->ledger), PLK_TABLE_relay, row_key(one, key), plk_writer_bytes(&w));
}

enum plk_err plk_learned_row(struct plk_node *node, const struct plk_row *row) {
    struct plk_learneds *list = &node->learneds;
    struct plk_reader r = plk_reader(row->value);
    struct plk_learned one = {0};
    uint8_t key[PLK_LEARNED_KEY_LEN], version = plk_reader_u8(&r), flags = plk_reader_u8(&r);
    one.teller_count = plk_reader_u8(&r);
    if (one.teller_count == 0 || one.teller_count > PLK_LEARNED_TELLERS) return PLK_ERR_CORRUPT;
    plk_reader_copy(&r, one.tellers, one.teller_count * sizeof one.tellers[0]);
    one.proven = (flags & ROW_PROVEN) != 0;
    bool good = plk_descriptor_decode(plk_reader_rest(&r), &one.d) == PLK_ERR_OK && version == ROW_VERSION &&
                flags <= ROW_PROVEN && list->count < PLK_LEARNED_MAX && plk_bytes_equal(row_key(&one, key), row->key);
    if (!good) return PLK_ERR_CORRUPT;
    list->at[list->count++] = one;
    return PLK_ERR_OK;
}

void plk_learned_drop(struct plk_node *node, struct plk_learned *one) {
    struct plk_learneds *list = &node->learneds;
    uint8_t key[PLK_LEARNED_KEY_LEN];
    plk_batch_delete(plk_ledger_batch(&node->ledger), PLK_TABLE_relay, row_key(one, key));
    *one = list->at[--list->count];
}

// ---- whose word it is ---------------------------------------------------------------------------------------------------

static bool is_told_by(const struct plk_learned *one, const uint8_t teller[32]) {
    for (unsigned i = 0; i < one->teller_count; i++) {
        if (memcmp(one->tellers[i], teller, 32) == 0) return true;
    }
    return false;
}

bool plk_learned_is_own(const struct plk_node *node, const struct plk_learned *one) {
    const struct plk_relay_link *relay = plk_relays_find(&node->relays, one->d.relay);
    return relay != NULL && relay->source != PLK_RELAY_FOREIGN;
}

// Another one of this teller's, or the same, is in the same prefix.
static bool has_neighbour(const struct plk_learneds *list, const uint8_t teller[32], const struct plk_addr *addr,
                          const struct plk_learned *meant) {
    for (size_t i = 0; i < list->count; i++) {
        const struct plk_learned *one = &list->at[i];
        if (one == meant || memcmp(one->tellers[0], teller, 32) != 0) continue;
        if (plk_descriptor_prefix(&one->d.addr) == plk_descriptor_prefix(addr)) return true;
    }
    return false;
}

// One that was tried and did not answer makes room, of this teller's or (NULL) of anybody's.
static bool drop_worst(struct plk_node *node, const uint8_t *teller) {
    struct plk_learneds *list = &node->learneds;
    struct plk_learned *worst = NULL;
    for (size_t i = 0; i < list->count; i++) {
        struct plk_learned *one = &list->at[i];
        if (one->failures == 0 || plk_learned_is_own(node, one)) continue;
        if (teller != NULL && memcmp(one->tellers[0], teller, 32) != 0) continue;
        if (worst == NULL || one->failures > worst->failures) worst = one;
    }
    if (worst != NULL) plk_learned_drop(node, worst);
    return worst != NULL;
}

static unsigned count_of(const struct plk_learneds *list, const uint8_t teller[32]) {
    unsigned count = 0;
    for (size_t i = 0; i < list->count; i++) count += memcmp(list->at[i].tellers[0], teller, 32) == 0;
    return count;
}

static bool is_loopback(const struct plk_relay_link *relay) {
    struct plk_addr addr = plk_relay_dial_status(relay->dial).addr;
    return plk_addr_class(&addr) == PLK_ADDR_LOOPBACK;
}

static void take_new(struct plk_node *node, const uint8_t teller[32], const struct plk_descriptor *d) {
    struct plk_learneds *list = &node->learneds;
    bool may = !has_neighbour(list, teller, &d->addr, NULL);
    if (may && count_of(list, teller) >= PLK_LEARNED_TELLER_MAX) may = drop_worst(node, teller);
    if (may && list->count >= PLK_LEARNED_MAX) may = drop_worst(node, NULL);
    if (!may) {
        node->counters.limited++;
        return;
    }
    struct plk_learned *one = &list->at[list->count++];
    *one = (struct plk_learned){.d = *d, .teller_count = 1};
    memcpy(one->tellers[0], teller, 32);
    plk_learned_write(node, one);
}

// One's own says that it is elsewhere now.
static void move(struct plk_node *node, const struct plk_learned *one) {
    char host[PLK_ADDR_TEXT_MAX];
    struct plk_relay_link *relay;
    size_t len = plk_addr_text(&one->d.addr, host);
    plk_relays_add(node, one->d.relay, plk_bytes((const uint8_t *)host, len), one->d.addr.port, NULL, PLK_RELAY_LEARNED,
                   &relay);
}

// What is known is only replaced by a newer word of the relay itself; who says an older one knows it as well, since a relay tells each
// under a sequence of its own. Of one static there may be two here, by two signing keys, of which
// its greeting will name one.
static void take(struct plk_node *node, const uint8_t teller[32], const struct plk_descriptor *d) {
    struct plk_learneds *list = &node->learneds;
    const struct plk_relay_link *own = plk_relays_find(&node->relays, d->relay);
    if (own != NULL && (own->source == PLK_RELAY_CONFIGURED || own->source == PLK_RELAY_ADOPTED)) return;
    for (size_t i = 0; i < list->count; i++) {
        struct plk_learned *one = &list->at[i];
        if (memcmp(one->d.relay, d->relay, 32) != 0 || memcmp(one->d.sign, d->sign, 32) != 0) continue;
        bool news = d->sequence > one->d.sequence && !has_neighbour(list, one->tellers[0], &d->addr, one);
        if (news) one->d = *d;
        if (news) one->failures = 0;
        bool joins = !is_told_by(one, teller) && one->teller_count < PLK_LEARNED_TELLERS;
        if (joins) memcpy(one->tellers[one->teller_count++], teller, 32);
        if (news || joins) plk_learned_write(node, one);
        if (news && own != NULL && own->source == PLK_RELAY_LEARNED) move(node, one);
        return;
    }
    take_new(node, teller, d);
}

void plk_learned_drop_expired(struct plk_node *node) {
    struct plk_learneds *list = &node->learneds;
    for (size_t i = list->count; i > 0; i--) {
        struct plk_learned *one = &list->at[i - 1];
        if (one->d.expires_ms <= node->now.wall_ms && !plk_learned_is_own(node, one)) plk_learned_drop(node, one);
    }
}

void plk_learned_hear(struct plk_node *node, const struct plk_relay_link *teller, struct plk_bytes bytes) {
    struct plk_addr_rules rules = plk_network_rules(&node->network, is_loopback(teller));
    struct plk_descriptors list;
    struct plk_descriptor d;
    if (node->learneds.off || teller->source == PLK_RELAY_FOREIGN) return;
    if (plk_descriptors_decode(bytes, &list) != PLK_ERR_OK) return; // its record was decoded before
    plk_learned_drop_expired(node);
    for (unsigned i = 0; i < list.count; i++) {
        enum plk_err err = plk_descriptor_check(list.at[i], node->now.wall_ms, &d);
        if (err == PLK_ERR_TOO_NEW) continue;
        if (err != PLK_ERR_OK) {
            node->counters.forged++;
        } else if (!plk_addr_allowed(&d.addr, &rules)) {
            node->counters.refused_addr++;
        } else {
            take(node, teller->key, &d);
        }
    }
    plk_learned_look(node);
}

void plk_learned_look(struct plk_node *node) { node->learneds.due_us = 0; }

// ---- what people do not want --------------------------------------------------------------------------------------------

static struct plk_bytes refused_key(const uint8_t key[32], uint8_t out[PLK_LEARNED_REFUSED_KEY_LEN]) {
    out[0] = 'r';
    memcpy(out + 1, key, 32);
    return plk_bytes(out, PLK_LEARNED_REFUSED_KEY_LEN);
}

bool plk_learned_is_refused(const struct plk_node *node, const uint8_t key[32]) {
    for (size_t i = 0; i < node->learneds.refused_count; i++) {
        if (memcmp(node->learneds.refused[i], key, 32) == 0) return true;
    }
    return false;
}

static void drop_refused(struct plk_node *node, size_t at) {
    struct plk_learneds *list = &node->learneds;
    uint8_t row[PLK_LEARNED_REFUSED_KEY_LEN];
    plk_batch_delete(plk_ledger_batch(&node->ledger), PLK_TABLE_relay, refused_key(list->refused[at], row));
    for (size_t i = at + 1; i < list->refused_count; i++) memcpy(list->refused[i - 1], list->refused[i], 32);
    list->refused_count--;
}

enum plk_err plk_learned_refused_row(struct plk_node *node, const struct plk_row *row) {
    struct plk_learneds *list = &node->learneds;
    bool good = row->key.len == PLK_LEARNED_REFUSED_KEY_LEN && row->key.at[0] == 'r' && row->value.len == 1 &&
                row->value.at[0] == ROW_VERSION && list->refused_count < PLK_LEARNED_REFUSED_MAX;
    if (!good) return PLK_ERR_CORRUPT;
    memcpy(list->refused[list->refused_count++], row->key.at + 1, 32);
    return PLK_ERR_OK;
}

void plk_learned_refuse(struct plk_node *node, const uint8_t key[32]) {
    static const uint8_t value[] = {ROW_VERSION};
    struct plk_learneds *list = &node->learneds;
    uint8_t row[PLK_LEARNED_REFUSED_KEY_LEN];
    plk_learned_look(node);
    if (plk_learned_is_refused(node, key)) return;
    if (list->refused_count == PLK_LEARNED_REFUSED_MAX) drop_refused(node, 0);
    memcpy(list->refused[list->refused_count++], key, 32);
    plk_batch_upsert(plk_ledger_batch(&node->ledger), PLK_TABLE_relay, refused_key(key, row),
                     plk_bytes(value, sizeof value));
}

void plk_learned_allow(struct plk_node *node, const uint8_t key[32]) {
    for (size_t i = node->learneds.refused_count; i > 0; i--) {
        if (memcmp(node->learneds.refused[i - 1], key, 32) == 0) drop_refused(node, i - 1);
    }
}
