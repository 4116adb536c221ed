// SPDX-License-Identifier: MIT
// Mallory is a contact, so what she sends opens. She edits and deletes what alice wrote, says that she has read her own, reacts with a
// novel, and marks thousands of messages that never were. Each is counted, or kept within bounds, and alice's texts stay as they are.
#include "_marks.h"
#include "node/inside.h"

#define FLOOD 1000

static struct plk_message_row row_at(const struct actor *a, const struct marked *m, enum plk_direction direction) {
    struct agree_view view;
    story_expect(a->world, agree_view(a, direction, m->id, &view));
    return view.row;
}

// A control message of mallory's, whatever it says.
static void forge(struct actor *mallory, struct actor *alice, uint16_t kind, const struct plk_origin *target,
                  struct plk_bytes payload) {
    struct plk_node *node = mallory->node;
    struct plk_peer *peer = plk_peers_find(&node->peers, world_contact(mallory, alice));
    struct plk_mail_body body = {.kind = kind, .has_target = target != NULL, .payload = payload};
    struct plk_mark_stamp stamp;
    plk_ledger_turn(&node->ledger);
    struct plk_mail_turn turn = plk_node_turn(node);
    if (target) body.target = *target;
    plk_rng_bytes(&node->rng, body.id, sizeof body.id);
    story_expect(mallory->world, plk_mail_send_mark(peer->warm->mail, &turn, &body, &stamp) == PLK_ERR_OK);
    plk_peer_touch(node, peer);
}

static void settle(struct actor *mallory) {
    struct plk_input tick = {.kind = PLK_IN_TICK};
    actor_input(mallory, &tick);
    story_run(mallory->world, 10 * PLK_SECOND);
}

static void lie(struct actor *mallory, struct actor *alice, const struct plk_origin *hers,
                const struct plk_origin *own) {
    static const uint8_t novel[1 + PLK_MARK_EMOJI_MAX + 1] = {PLK_MARK_RECEIVERS, 'a', 'b', 'c'};
    static const uint8_t year_and_more[4] = {0xff, 0xff, 0xff, 0xff};
    forge(mallory, alice, PLK_BODY_EDIT, hers, plk_bytes("\1I owe you", 10));
    forge(mallory, alice, PLK_BODY_DELETE, hers, plk_bytes("\1", 1));
    forge(mallory, alice, PLK_BODY_READ, own, plk_bytes("\0", 1));
    forge(mallory, alice, PLK_BODY_REACTION, hers, plk_bytes(novel, sizeof novel));
    forge(mallory, alice, PLK_BODY_REACTION, hers, plk_bytes("\1\xff", 2));
    forge(mallory, alice, PLK_BODY_REACTION, NULL, plk_bytes("\1!", 2));
    forge(mallory, alice, PLK_BODY_TIMER, NULL, plk_bytes(year_and_more, 4));
}

static size_t marks_kept(const struct actor *a) { return a->disk->durable.of[PLK_TABLE_mark].count; }

static void tell(struct world *w) {
    struct actor *alice = story_person(w, "alice"), *mallory = story_person(w, "mallory");
    story_meet(alice, mallory);
    story_say(alice, mallory, "I owe you nothing");
    story_say(mallory, alice, "really?");
    story_delivered(w, PLK_MINUTE);
    struct marked hers = marks_find(alice, mallory, "I owe you nothing"), own = marks_find(mallory, alice, "really?");
    struct plk_origin of_alice = row_at(mallory, &hers, PLK_IN).origin,
                      of_mallory = row_at(mallory, &own, PLK_OUT).origin;
    uint64_t counted = alice->node->counters.protocol;
    lie(mallory, alice, &of_alice, &of_mallory);
    settle(mallory);
    story_expect(w, alice->node->counters.protocol == counted + 7);
    story_expect(w, marks_kept(alice) == 0);
    // By the name of her own message: what is hers to do. It is not alice's that is edited so.
    forge(mallory, alice, PLK_BODY_EDIT, &of_alice, plk_bytes("\0I owe you", 10));
    forge(mallory, alice, PLK_BODY_DELETE, &of_alice, plk_bytes("\0", 1));
    settle(mallory);
    marks_until_text(&hers, alice, "I owe you nothing");
    for (unsigned i = 0; i < FLOOD; i++) {
        struct plk_origin nothing = of_mallory;
        nothing.seq = 100000 + i;
        forge(mallory, alice, PLK_BODY_REACTION, &nothing, plk_bytes("\1!", 2));
        if (i % 100 == 99) settle(mallory);
    }
    story_run(w, PLK_MINUTE);
    story_expect(w, marks_kept(alice) <= PLK_MARK_EARLY_MAX);
    story_expect(w, marks_do(&own, alice, PLK_CMD_REACT, "!") == PLK_ERR_OK); // hers work all the same
    marks_until_reaction(&own, mallory, PLK_MARK_THEM, "!");
    story_say(alice, mallory, "that is all");
    story_heard(mallory, "that is all", PLK_MINUTE);
    story_ends_well(w);
}

int main(int argc, char **argv) { return story_main_for(argc, argv, tell, 6); }
