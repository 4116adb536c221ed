// SPDX-License-Identifier: MIT
#include "_apart.h"

#include "node/node.h"

void apart_note(struct apart *s) {
    int alice = s->alice->index, bob = s->bob->index, near = s->near->machine->index, far = s->far->machine->index;
    s->alice_far = s->w->net->knocks[alice][far];
    s->alice_bob = s->w->net->knocks[alice][bob];
    s->bob_near = s->w->net->knocks[bob][near];
    s->bob_alice = s->w->net->knocks[bob][alice];
}

void apart_expect(struct apart *s) {
    struct apart was = *s;
    apart_note(s);
    story_expect(s->w, s->alice_far == was.alice_far);
    story_expect(s->w, s->alice_bob == was.alice_bob);
    story_expect(s->w, s->bob_near == was.bob_near);
    story_expect(s->w, s->bob_alice == was.bob_alice);
}

void apart_set(struct actor *a, const struct actor *peer, bool relay_only) {
    struct plk_command command = {.kind = PLK_CMD_PATH, .contact = world_contact(a, peer), .flag = relay_only};
    const struct actor_result *result = world_command(a, &command);
    story_expect(a->world, result != NULL && result->err == PLK_ERR_OK);
    story_expect(a->world, story_view(a, peer).row.relay_only == relay_only);
}

void apart_begin(struct apart *s, struct world *w) {
    *s = (struct apart){.w = w, .near = mailbox_relay(w, "near"), .far = mailbox_relay(w, "far")};
    s->alice = story_person(w, "alice");
    s->bob = story_person(w, "bob");
    struct actor *pair[2] = {s->alice, s->bob};
    mailbox_use(s->alice, s->near);
    mailbox_use(s->bob, s->far);
    bool from_the_link = w->seed % 2 == 1; // alice marks the link, or the contact when it is there
    struct plk_command invite = {.kind = PLK_CMD_INVITE, .invite_kind = PLK_INVITE_ONE_TIME, .flag = from_the_link};
    const struct actor_result *invited = world_command(s->alice, &invite);
    story_expect(w, invited != NULL && invited->err == PLK_ERR_OK);
    const char *link = invited->text;
    struct plk_command add = {.kind = PLK_CMD_ADD, .text = plk_bytes(link, strlen(link)), .flag = true};
    const struct actor_result *result = world_command(s->bob, &add);
    story_expect(w, result != NULL && result->err == PLK_ERR_OK);
    story_until(w, world_friends, pair, PLK_MINUTE, "they are contacts");
    uint32_t bob_near = w->net->knocks[s->bob->index][s->near->machine->index];
    uint32_t bob_alice = w->net->knocks[s->bob->index][s->alice->index];
    story_expect(w, bob_near == 0 && bob_alice == 0); // from the first packet on
    mailbox_until_told(s->alice, s->bob, 1);
    if (from_the_link) {
        story_expect(w, w->net->knocks[s->alice->index][s->far->machine->index] == 0);
        story_expect(w, w->net->knocks[s->alice->index][s->bob->index] == 0);
        story_expect(w, story_view(s->alice, s->bob).row.relay_only);
    } else {
        apart_set(s->alice, s->bob, true);
    }
    apart_note(s);
}

void apart_talk(struct apart *s, const char *text, uint64_t limit_us) {
    mailbox_talk(s->alice, s->bob, text, limit_us);
}

void apart_end(struct apart *s) {
    story_ends_well(s->w);
    apart_expect(s);
    relayd_free(s->near);
    relayd_free(s->far);
}
