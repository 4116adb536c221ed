// SPDX-License-Identifier: MIT
#include "_restore.h"

struct restorable restorable(struct actor *a) {
    struct restorable out = {0};
    size_t len = 0;
    story_expect(a->world, plk_node_words(a->node, out.words, sizeof out.words - 1, &len) == PLK_ERR_OK);
    out.words[len] = 0;
    struct plk_command c = {.kind = PLK_CMD_BACKUP};
    out.backup = world_command(a, &c);
    story_expect(a->world, out.backup && out.backup->err == PLK_ERR_OK && out.backup->text_len > 0);
    return out;
}

struct actor *restored(struct actor *old, const struct restorable *from, const char *name) {
    struct world *w = old->world;
    struct actor *a = world_actor(w, name);
    uint8_t seed[32];
    world_start(a);
    story_expect(w, plk_words_to_seed(plk_bytes_text(from->words), seed) == PLK_ERR_OK);
    struct plk_command c = {
        .kind = PLK_CMD_INIT, .name = plk_bytes_text("restored"), .seed = plk_bytes(seed, sizeof seed)};
    c.backup = plk_bytes(from->backup->text, from->backup->text_len);
    const struct actor_result *r = world_command(a, &c);
    story_expect(w, r && r->err == PLK_ERR_OK);
    memcpy(a->peer_id, old->peer_id, sizeof a->peer_id);
    check_replaced(w->check, a);
    check_retired(w->check, old);
    return a;
}
