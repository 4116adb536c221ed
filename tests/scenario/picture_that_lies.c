// SPDX-License-Identifier: MIT
// Mallory is a contact. She sends pictures whose parts are not what was announced, parts that no picture has, parts of alice's own
// pictures, messages that are no pictures, and announces hundreds that never come. Nothing of it is ever shown as whole or kept
// without bound; a true picture, also one of hers, comes all the same.
#include "_picture.h"
#include "node/inside.h"

static struct plk_peer *peer_of(const struct actor *a, const struct actor *peer) {
    return plk_peers_find(&a->node->peers, world_contact(a, peer));
}

// What she says, as a message of her mail.
static struct plk_origin say(struct actor *mallory, struct actor *alice, const struct plk_mail_body *body) {
    struct plk_node *node = mallory->node;
    struct plk_peer *peer = peer_of(mallory, alice);
    story_expect(mallory->world, peer->heat == PLK_WARM);
    struct plk_mail_turn turn = plk_node_turn(node);
    struct plk_origin origin = plk_mail_next_origin(peer->warm->mail);
    struct plk_mail_body said = *body;
    uint64_t row;
    plk_rng_bytes(&node->rng, said.id, sizeof said.id);
    story_expect(mallory->world, plk_mail_send(peer->warm->mail, &turn, &said, &row) == PLK_ERR_OK);
    plk_peer_mail_events(node, peer);
    plk_peer_touch(node, peer);
    struct plk_input tick = {.kind = PLK_IN_TICK};
    actor_input(mallory, &tick);
    story_run(mallory->world, 20 * PLK_MS);
    return origin;
}

static struct plk_origin announce(struct actor *mallory, struct actor *alice, uint32_t size, const char *caption) {
    uint8_t payload[PLK_PICTURE_LEN_MAX];
    struct plk_writer w = plk_writer(payload, sizeof payload);
    struct plk_picture picture = {.type = PLK_PICTURE_PNG, .width = 1, .height = 1, .size = size};
    picture.caption = plk_bytes_text(caption);
    plk_picture_encode(&w, &picture);
    return say(mallory, alice, &(struct plk_mail_body){.kind = PLK_BODY_PICTURE, .payload = plk_writer_bytes(&w)});
}

static void send_part(struct actor *mallory, struct actor *alice, const struct plk_origin *target, unsigned number,
                      struct plk_bytes bytes) {
    uint8_t payload[PLK_PICTURE_PART_LEN_MAX];
    struct plk_writer w = plk_writer(payload, sizeof payload);
    plk_picture_part_encode(&w, number, bytes);
    struct plk_mail_body body = {.kind = PLK_BODY_PICTURE_PART, .payload = plk_writer_bytes(&w)};
    body.has_target = target != NULL;
    if (target != NULL) body.target = *target;
    say(mallory, alice, &body);
}

static void send_wrong_parts(struct actor *mallory, struct actor *alice) {
    static uint8_t bytes[PLK_PICTURE_PART_MAX];
    struct plk_origin picture = announce(mallory, alice, PLK_PICTURE_PART_MAX + 10, "it lies");
    send_part(mallory, alice, &picture, 0, plk_bytes(bytes, sizeof bytes)); // the hash does not fit
    send_part(mallory, alice, &picture, 0, plk_bytes(bytes, 10));           // nor the length
    send_part(mallory, alice, &picture, 1, plk_bytes(bytes, 10));
    send_part(mallory, alice, &picture, 2, plk_bytes(bytes, 10)); // there are two
    send_part(mallory, alice, &picture, PLK_PICTURE_PARTS_MAX - 1, plk_bytes(bytes, 10));
    send_part(mallory, alice, NULL, 0, plk_bytes(bytes, 10)); // of nothing
    picture.seq += 1000;
    send_part(mallory, alice, &picture, 0, plk_bytes(bytes, 10)); // of a picture that there is not
    struct plk_bytes none = plk_bytes_text("no picture at all");
    say(mallory, alice, &(struct plk_mail_body){.kind = PLK_BODY_PICTURE, .payload = none});
    say(mallory, alice, &(struct plk_mail_body){.kind = PLK_BODY_PICTURE_PART, .has_target = true, .target = picture});
}

static size_t ways_of(const struct actor *a) {
    const struct table *of = &a->disk->durable.of[PLK_TABLE_link];
    size_t count = 0;
    for (size_t i = 0; i < of->count; i++) {
        count += of->rows[i]->key_len > 4 && of->rows[i]->key[4] == PLK_PEER_SLOT_PICTURE;
    }
    return count;
}

static void tell(struct world *w) {
    struct actor *alice = story_person(w, "alice"), *mallory = story_person(w, "mallory");
    story_meet(alice, mallory);
    picture_send(alice, mallory, 1, PICTURE_SOME);
    picture_until_delivered(alice, mallory, 1, PLK_MINUTE);
    size_t before = picture_rows(alice);

    uint64_t counted = plk_node_counters(alice->node)->protocol;
    send_wrong_parts(mallory, alice);
    story_run(w, 5 * PLK_SECOND);
    story_expect(w, plk_node_counters(alice->node)->protocol >= counted + 7);
    struct plk_message_row own;
    static const uint8_t bytes[10];
    story_expect(w, picture_row(alice, PLK_OUT, 1, &own));
    send_part(mallory, alice, &own.origin, 0, plk_bytes(bytes, sizeof bytes)); // of alice's, not of hers
    story_run(w, 5 * PLK_SECOND);
    story_expect(w, picture_rows(alice) == before && picture_events(alice) == 0);
    story_expect(w, picture_is_whole(alice, PLK_OUT, 1));

    for (unsigned i = 0; i < PLK_PICTURES_WAYS_MAX + 20; i++) announce(mallory, alice, PLK_PICTURE_MAX, "never");
    story_run(w, 30 * PLK_SECOND);
    story_expect(w, ways_of(alice) == PLK_PICTURES_WAYS_MAX);
    world_restart(alice);
    story_run(w, 10 * PLK_SECOND);

    picture_send(mallory, alice, 2, PICTURE_SOME); // a true one
    picture_until_delivered(mallory, alice, 2, PLK_MINUTE);
    picture_send(alice, mallory, 3, PICTURE_SOME);
    picture_until_delivered(alice, mallory, 3, PLK_MINUTE);
    story_expect(w, picture_events(alice) == 1);
    story_ends_well(w);
}

int main(int argc, char **argv) { return story_main_for(argc, argv, tell, 6); }
