// SPDX-License-Identifier: MIT
// A relay that lies about what lies in an invite queue: it changes the bundle, gives that of another invite, or an old one of an
// address link. Whoever opens the link is told that it cannot be used, and no contact comes of it; while another relay is honest,
// nothing is lost.
#include "_meet.h"

static struct tables_row *bundle(struct relayd *relay, size_t at) {
    story_expect(relay->world, at < relay->machine->disk->durable.of[PLK_TABLE_rbundle].count);
    return relay->machine->disk->durable.of[PLK_TABLE_rbundle].rows[at];
}

static void swap(struct tables_row *a, struct tables_row *b) {
    uint8_t *value = a->value;
    size_t len = a->value_len;
    a->value = b->value;
    a->value_len = b->value_len;
    b->value = value;
    b->value_len = len;
}

static void forged(struct meet *m, bool honest_one) {
    struct world *w = m->w;
    struct relayd *other = meet_other(m);
    if (honest_one) mailbox_use(m->alice, other);
    meet_invite(m, PLK_INVITE_ONE_TIME);
    char link[PLK_LINK_TEXT_MAX];
    snprintf(link, sizeof link, "%s", m->link);
    meet_invite(m, PLK_INVITE_ONE_TIME);
    world_kill(m->alice);
    relayd_kill(m->relay);
    if (w->seed % 4 < 2) {
        for (size_t i = 0; i < 2; i++) bundle(m->relay, i)->value[200] ^= 1;
    } else {
        swap(bundle(m->relay, 0), bundle(m->relay, 1));
    }
    relayd_start(m->relay);
    uint32_t contact = world_add(m->bob, link, "hello");
    if (!honest_one) {
        meet_until_state(m->bob, contact, PLK_CONTACT_REFUSED);
        meet_until_told(m->bob, contact, PLK_ERR_FORGED);
    }
    world_start(m->alice);
    if (honest_one) meet_until_friends(m, m->alice, m->bob);
    story_run(w, 30 * PLK_SECOND);
    story_expect(w, meet_contacts(m->alice) == honest_one);
}

static void stale(struct meet *m) {
    struct world *w = m->w;
    struct tables old = {0};
    meet_invite(m, PLK_INVITE_ADDRESS);
    relayd_kill(m->relay);
    tables_copy(&old, &m->relay->machine->disk->durable);
    relayd_start(m->relay);
    world_kill(m->alice);
    world_kill(m->bob);
    story_run(w, PLK_HOUR);
    world_jump_wall(m->alice, 8 * 24 * 3600 * INT64_C(1000)); // the week is over: another prekey
    world_jump_wall(m->bob, 8 * 24 * 3600 * INT64_C(1000));
    world_start(m->alice);
    world_start(m->bob);
    story_run(w, 20 * PLK_SECOND);
    meet_add(m, m->bob, "hello");
    story_heard(m->alice, "hello", MEET_LIMIT);
    meet_must(m->alice, (struct plk_command){.kind = PLK_CMD_ACCEPT, .contact = world_contact(m->alice, m->bob)});
    meet_until_friends(m, m->alice, m->bob);
    story_run(w, 20 * PLK_SECOND);
    world_kill(m->alice);
    relayd_kill(m->relay);
    bundle(m->relay, 0); // one, and its older self
    struct tables_row *row = old.of[PLK_TABLE_rbundle].rows[0];
    swap(bundle(m->relay, 0), row);
    relayd_start(m->relay);
    uint32_t contact = meet_add(m, m->bob, NULL);
    meet_until_told(m->bob, contact, PLK_ERR_STALE);
    story_expect(w, meet_state(m->bob, contact) == PLK_CONTACT_ACTIVE); // the contact is none the worse for it
    tables_free(&old);
}

static void tell(struct world *w) {
    struct meet m;
    meet_begin(&m, w);
    if (w->seed % 3 == 0) {
        stale(&m);
    } else {
        forged(&m, w->seed % 3 == 1);
    }
    meet_end(&m);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
