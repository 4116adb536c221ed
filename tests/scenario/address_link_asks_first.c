// SPDX-License-Identifier: MIT
// Alice's address link is for everybody, so whoever opens it asks first. She reads what bob wrote; he learns nothing, not even that
// she has read it, until she says yes. Carol is rejected and dave blocked: neither hears anything, ever.
#include "_meet.h"

static uint32_t requester(struct meet *m, struct actor *who, const char *text) {
    uint32_t contact = meet_add(m, who, text);
    story_heard(m->alice, text, MEET_LIMIT);
    uint32_t number = world_contact(m->alice, who);
    story_expect(m->w, number != 0 && meet_state(m->alice, number) == PLK_CONTACT_REQUEST);
    story_expect(m->w, meet_state(who, contact) == PLK_CONTACT_ADDED);
    return number;
}

static void tell(struct world *w) {
    struct meet m;
    meet_begin(&m, w);
    struct actor *carol = story_person(w, "carol"), *dave = story_person(w, "dave");
    world_part(w, m.alice, carol, NET_ALL);
    world_part(w, m.alice, dave, NET_ALL);
    meet_invite(&m, PLK_INVITE_ADDRESS);
    char first[PLK_LINK_TEXT_MAX];
    snprintf(first, sizeof first, "%s", m.link);
    meet_invite(&m, PLK_INVITE_ADDRESS);
    story_expect(w, strcmp(first, m.link) == 0); // it is the same for everybody, and for as long as she likes

    uint32_t bob = requester(&m, m.bob, "this is bob");
    uint32_t carols = requester(&m, carol, "this is carol");
    uint32_t daves = requester(&m, dave, "this is dave");
    story_expect(w, story_count(m.alice, PLK_EVENT_REQUEST) == 3);
    if (w->seed % 2) world_restart(m.alice);
    story_run(w, PLK_MINUTE);
    story_expect(w, meet_state(m.bob, world_contact(m.bob, m.alice)) == PLK_CONTACT_ADDED);
    mailbox_until_empty(m.relay, MAILBOX_LIMIT); // who waits repeats its blob each minute, so not at every instant
    check_forget(w->check, m.alice, carols);
    meet_must(m.alice, (struct plk_command){.kind = PLK_CMD_REJECT, .contact = carols});
    meet_must(m.alice, (struct plk_command){.kind = PLK_CMD_BLOCK, .contact = daves});
    meet_must(m.alice, (struct plk_command){.kind = PLK_CMD_ACCEPT, .contact = bob});
    if (w->seed % 4 == 3) world_restart(m.alice);
    meet_until_friends(&m, m.alice, m.bob);
    meet_talk(m.alice, m.bob, "welcome");
    story_run(w, PLK_MINUTE);
    story_expect(w, world_contact(m.alice, carol) == 0);
    story_expect(w, meet_state(carol, world_contact(carol, m.alice)) == PLK_CONTACT_ADDED);
    story_expect(w, meet_state(dave, world_contact(dave, m.alice)) == PLK_CONTACT_ADDED);
    meet_end(&m);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
