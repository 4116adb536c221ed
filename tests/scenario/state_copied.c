// SPDX-License-Identifier: MIT
// A thief copies Bob's whole store, keys and all, and has recorded every packet and, as if the link were open to him, every
// ciphertext to Bob. What Bob had read before, and has no row of, stays shut to him: its keys are gone (docs/protocol/
// ratchet.md, section 7). What comes next he can read, which is what a copy of one's keys is worth; but not for long: after
// two round trips nothing that comes is readable any more. He only listens; a thief who calls is in profile_cloned.c.
#include <stdlib.h>

#include "mail/entry.h"
#include "mail/lineage.h"
#include "sim/story.h"
#include "support/memory.h"

#define HEARD_MAX 4096
#define SEALED_MAX 64
#define TEXT_MAX 64

struct bytes {
    size_t len;
    uint8_t at[PLK_DATAGRAM_MAX];
};

struct tap {
    struct actor *alice, *bob;
    struct bytes *heard; // datagrams of both
    size_t heard_count;
    uint64_t seen;
    struct bytes sealed[SEALED_MAX]; // Alice's ciphertexts, out of her outbox, in the order in which they were made
    uint8_t hash[SEALED_MAX][PLK_MESSAGE_HASH_LEN];
    size_t sealed_count;
    char texts[SEALED_MAX][TEXT_MAX]; // all that was said, by either
    size_t text_count;
};

// ---- the thief's ears -----------------------------------------------------------------------------------------------

static void keep(struct bytes *to, struct plk_bytes from) {
    plk_assert(from.len <= sizeof to->at);
    to->len = from.len;
    memcpy(to->at, from.at, from.len);
}

static void keep_ciphertexts(struct tap *t) {
    struct plk_mem mem = {.take = memory_take, .give = memory_give};
    const struct table *of = &t->alice->disk->durable.of[PLK_TABLE_outbox];
    for (size_t i = 0; i < of->count; i++) {
        struct plk_entry entry;
        bool needs_part, known = false;
        enum plk_err err =
            plk_entry_decode(&mem, tables_key(of->rows[i]), tables_value(of->rows[i]), &entry, &needs_part);
        story_expect(t->alice->world, err == PLK_ERR_OK && !needs_part);
        for (size_t k = 0; k < t->sealed_count; k++) known |= memcmp(t->hash[k], entry.hash, PLK_MESSAGE_HASH_LEN) == 0;
        if (entry.record && !known) {
            plk_assert(t->sealed_count < SEALED_MAX);
            memcpy(t->hash[t->sealed_count], entry.hash, PLK_MESSAGE_HASH_LEN);
            keep(&t->sealed[t->sealed_count++], plk_entry_ciphertext(&entry));
        }
        plk_entry_free(&mem, &entry);
    }
}

static bool listen(struct world *w, void *ctx) {
    struct tap *t = ctx;
    struct plk_bytes datagram;
    uint64_t fresh = wire_datagrams(w->wire) - t->seen;
    story_expect(w, fresh <= WIRE_RECENT);
    for (; fresh > 0 && wire_recent(w->wire, (size_t)fresh - 1, &datagram); fresh--) {
        if (t->heard_count < HEARD_MAX) keep(&t->heard[t->heard_count++], datagram);
    }
    t->seen = wire_datagrams(w->wire);
    keep_ciphertexts(t);
    return false;
}

static bool listen_until_delivered(struct world *w, void *ctx) {
    listen(w, ctx);
    return world_all_delivered(w, NULL);
}

static void say(struct tap *t, struct actor *from, const char *text) {
    struct actor *to = from == t->alice ? t->bob : t->alice;
    plk_assert(t->text_count < SEALED_MAX);
    snprintf(t->texts[t->text_count++], TEXT_MAX, "%s", text);
    story_say(from, to, text);
    story_until(from->world, listen_until_delivered, t, PLK_MINUTE, "it is delivered");
    world_run_until(from->world, listen, t, 200 * PLK_MS);
    story_expect(from->world, story_has(to, PLK_IN, text));
}

static void say_many(struct tap *t, struct actor *from, const char *text) {
    for (uint64_t i = dice_between(&from->world->dice, 1, 4); i > 0; i--) {
        char numbered[TEXT_MAX];
        snprintf(numbered, sizeof numbered, "%s %u", text, (unsigned)i);
        say(t, from, numbered);
    }
}

// ---- the thief's keys -----------------------------------------------------------------------------------------------

static void load_keys(struct plk_lineage *keys, const struct actor *thief, enum plk_table table) {
    const struct table *of = &thief->disk->durable.of[table];
    for (size_t i = 0; i < of->count; i++) {
        enum plk_err err = plk_lineage_load(keys, table, tables_key(of->rows[i]), tables_value(of->rows[i]));
        story_expect(thief->world, err == PLK_ERR_OK);
    }
}

// As src/node/talk.c binds a ciphertext to the two that write.
static void bound_to(uint8_t hash[PLK_HASH_LEN], const struct tap *t) {
    static const char label[] = "PeerLink/1/node/mail";
    const uint8_t *a = t->alice->peer_id, *b = t->bob->peer_id;
    bool smaller = memcmp(a, b, PLK_PEER_ID_LEN) < 0;
    struct plk_bytes parts[] = {plk_bytes(label, sizeof label - 1), plk_bytes(smaller ? a : b, PLK_PEER_ID_LEN),
                                plk_bytes(smaller ? b : a, PLK_PEER_ID_LEN)};
    plk_hash(hash, parts, 3);
}

// Tries the ciphertexts [from, to) in order, keeps what each teaches, and returns how many could be read.
static unsigned read_with(struct plk_lineage *keys, const struct tap *t, size_t from, size_t to) {
    uint8_t ad[PLK_HASH_LEN], text[PLK_DATAGRAM_MAX];
    unsigned count = 0;
    bound_to(ad, t);
    for (size_t i = from; i < to; i++) {
        struct plk_batch *batch = plk_batch_new(keys->mem);
        struct plk_generation *by;
        size_t len;
        if (plk_lineage_open(keys, WORLD_EPOCH_MS, plk_bytes(ad, 32), plk_bytes(t->sealed[i].at, t->sealed[i].len),
                             text, &len, &by, batch) == PLK_ERR_OK) {
            const struct world *w = t->alice->world;
            story_expect(t->alice->world, memmem(text, len, w->canary, WORLD_CANARY_LEN) != NULL);
            count++;
        }
        plk_batch_free(batch);
    }
    return count;
}

// ---- the thief's copy -----------------------------------------------------------------------------------------------

// No text that was said is anywhere in the store, message rows included.
static void expect_no_text(const struct tap *t, const struct actor *thief) {
    for (size_t table = 0; table < PLK_TABLE_COUNT; table++) {
        const struct table *of = &thief->disk->durable.of[table];
        for (size_t i = 0; i < of->count; i++) {
            struct plk_bytes value = tables_value(of->rows[i]);
            for (size_t k = 0; k < t->text_count; k++)
                story_expect(thief->world,
                             !value.len || !memmem(value.at, value.len, t->texts[k], strlen(t->texts[k])));
        }
    }
}

// History is kept in the clear on purpose; it is the keys that are looked at.
static struct actor *copy_without_history(struct actor *bob) {
    static const uint8_t first[1] = {0}, last[1] = {255};
    struct actor *thief = world_clone(bob, "thief");
    struct plk_op all = {.kind = PLK_OP_DELETE_RANGE, .table = PLK_TABLE_message, .key = plk_bytes(first, 1)};
    all.key_end = plk_bytes(last, 1);
    story_expect(bob->world, thief->disk->durable.of[PLK_TABLE_message].count > 0);
    tables_apply(&thief->disk->durable, &all, NULL);
    story_expect(bob->world, thief->disk->durable.of[PLK_TABLE_message].count == 0);
    check_retired(bob->world->check, thief);
    return thief;
}

static void nobody(void *ctx, const struct plk_input *input) {
    (void)ctx;
    (void)input;
}

static void count_answers(void *ctx, const struct plk_input *input) {
    unsigned *answers = ctx;
    *answers += input->kind == PLK_IN_DATAGRAM;
}

// A node starts from the copy, alone, and gets every packet that was recorded. It knows the call that Alice made after the
// theft, and answers it; but what followed was sealed for another answer.
static void replay(const struct tap *t, struct actor *thief, struct actor *mallory) {
    struct world *w = thief->world;
    struct plk_addr to = {0}, local = {0};
    unsigned answers = 0;
    w->net->hosts[mallory->index].sink = (struct net_sink){&answers, count_answers};
    world_part(w, thief, t->alice, NET_ALL);
    world_part(w, thief, t->bob, NET_ALL);
    world_start(thief);
    story_until(w, world_is_up, thief, PLK_MINUTE, "the thief's node is up");
    story_expect(w, net_address(w->net, thief->index, 4, &to));
    to.port = thief->port;
    for (size_t i = 0; i < t->heard_count; i++) {
        net_datagram(w->net, mallory->index, &local, &to, plk_bytes(t->heard[i].at, t->heard[i].len));
        story_run(w, PLK_MS);
    }
    story_run(w, PLK_MINUTE);
    story_expect(w, plk_node_counters(thief->node)->datagrams_in >= t->heard_count && answers > 0);
    world_stop(thief);
    w->net->hosts[mallory->index].sink = (struct net_sink){mallory, nobody};
}

static void tell(struct world *w) {
    struct tap *t = calloc(1, sizeof *t);
    struct plk_mem mem = {.take = memory_take, .give = memory_give};
    struct plk_lineage keys = {.count = 0};
    if (!t || !(t->heard = calloc(HEARD_MAX, sizeof *t->heard))) abort();
    struct actor *mallory = world_actor(w, "mallory");
    mallory->stranger = true;
    net_bind(w->net, mallory->index, mallory->port, mallory->port, mallory->port);
    t->alice = story_person(w, "alice");
    t->bob = story_person(w, "bob");
    story_meet(t->alice, t->bob);
    t->seen = wire_datagrams(w->wire);

    for (int i = 0; i < 3; i++) {
        say_many(t, t->alice, i == 0 ? "of old" : i == 1 ? "of late" : "just now");
        if (i < 2 || w->seed % 2) say_many(t, t->bob, "an answer");
    }
    world_run_until(w, listen, t, 5 * PLK_SECOND); // what was acknowledged is deleted

    struct actor *thief = copy_without_history(t->bob);
    size_t before = t->sealed_count;
    expect_no_text(t, thief);
    plk_lineage_init(&keys, &mem, world_contact(t->bob, t->alice));
    load_keys(&keys, thief, PLK_TABLE_ratchet);
    load_keys(&keys, thief, PLK_TABLE_skipped);
    story_expect(w, before >= 3 && keys.count > 0);
    story_expect(w, read_with(&keys, t, 0, before) == 0);

    say(t, t->alice, "the thief reads this");
    story_expect(w, read_with(&keys, t, before, t->sealed_count) == 1);
    world_restart(t->alice);
    for (int i = 0; i < 2; i++) {
        say_many(t, t->bob, "there");
        say_many(t, t->alice, "and back");
    }
    size_t healed = t->sealed_count;
    read_with(&keys, t, before + 1, healed);
    say_many(t, t->alice, "between us again");
    say(t, t->bob, "only us");
    say_many(t, t->alice, "nobody else");
    story_expect(w, t->sealed_count >= healed + 2);
    story_expect(w, read_with(&keys, t, healed, t->sealed_count) == 0);
    story_expect(w, read_with(&keys, t, 0, t->sealed_count) == 0);

    replay(t, thief, mallory);
    expect_no_text(t, thief);
    story_ends_well(w);
    plk_lineage_free(&keys);
    story_expect(w, mem.used == 0);
    free(t->heard);
    free(t);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
