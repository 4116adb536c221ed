// SPDX-License-Identifier: MIT
// Alice gives her profile a picture while bob is away, and her machine dies as soon as that is on disk. Bob has it when he comes, and
// once only; so has carol, who becomes a contact after it. Then alice takes it away again.
#include "contact/profile.h"
#include "node/peers.h"
#include "sim/story.h"

static struct plk_bytes picture(uint8_t fill) {
    static uint8_t bytes[PLK_AVATAR_MAX];
    memset(bytes, fill, sizeof bytes);
    memcpy(bytes, "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x40\0\0\0\x40", 24);
    return plk_bytes(bytes, sizeof bytes);
}

static struct plk_bytes row_of(const struct actor *a, const struct actor *peer, enum plk_peer_slot slot) {
    uint8_t key[5];
    struct plk_writer w = plk_writer(key, sizeof key);
    plk_writer_u32(&w, world_contact(a, peer));
    plk_writer_u8(&w, (uint8_t)slot);
    const struct tables_row *row = tables_find(&a->disk->durable, PLK_TABLE_blob, plk_writer_bytes(&w));
    return row != NULL ? tables_value(row) : plk_bytes(NULL, 0);
}

struct wish {
    struct actor *who, *of;
    struct plk_bytes picture;
};

static bool has_it(struct world *w, void *ctx) {
    const struct wish *wish = ctx;
    uint8_t mark[PLK_AVATAR_MARK_LEN];
    (void)w;
    plk_profile_avatar_mark(mark, wish->picture);
    struct plk_bytes kept = row_of(wish->who, wish->of, PLK_PEER_SLOT_AVATAR_MARK);
    bool marked = plk_bytes_equal(kept, plk_bytes(mark, wish->picture.len > 0 ? sizeof mark : 0));
    return marked && plk_bytes_equal(row_of(wish->who, wish->of, PLK_PEER_SLOT_AVATAR), wish->picture);
}

static void set(struct actor *a, struct plk_bytes avatar) {
    struct plk_command c = {.kind = PLK_CMD_PROFILE, .data = avatar};
    const struct actor_result *r = world_command(a, &c);
    story_holds(a->world);
    story_expect(a->world, r->err == PLK_ERR_OK);
}

static void tell(struct world *w) {
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob"), *carol = story_person(w, "carol");
    story_meet(alice, bob);
    world_kill(bob);
    story_run(w, w->seed % 2 ? 30 * PLK_MINUTE : PLK_SECOND); // has Bob's row been put away?
    set(alice, picture(7));
    world_restart(alice);
    if (w->seed % 3) story_run(w, dice_below(&w->dice, PLK_MINUTE));
    world_start(bob);
    struct wish bobs = {bob, alice, picture(7)};
    story_until(w, has_it, &bobs, 10 * PLK_MINUTE, "bob has the picture");
    story_run(w, 5 * PLK_SECOND);
    size_t told = story_count(bob, PLK_EVENT_CONTACT);
    world_restart(alice);
    story_run(w, 5 * PLK_MINUTE);
    story_expect(w, story_count(bob, PLK_EVENT_CONTACT) == told);

    if (w->seed % 2)
        story_meet(alice, carol);
    else
        story_meet(carol, alice);
    struct wish carols = {carol, alice, picture(7)};
    story_until(w, has_it, &carols, PLK_MINUTE, "carol has the picture");

    set(alice, plk_bytes("", 0));
    bobs.picture = carols.picture = plk_bytes(NULL, 0);
    story_until(w, has_it, &bobs, PLK_MINUTE, "bob has none any more");
    story_until(w, has_it, &carols, PLK_MINUTE, "carol has none any more");
    story_ends_well(w);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
