// SPDX-License-Identifier: MIT
// Mallory is a contact, so her cells open and her control records are read. She says that devices have moved which have not, in cells of
// every length, and hands over acceptances that are none: out of the blue, and while alice really waits for hers. Nothing comes of it
// but counters; the true acceptance is taken all the same. That alice's own device was replaced she may say, as any contact may, and
// it ends the conversation with her alone.
#include "contact/record.h"
#include "node/inside.h"
#include "node/moved.h"
#include "_mailbox.h"

static void turn(struct actor *a) {
    struct plk_input tick = {.kind = PLK_IN_TICK};
    actor_input(a, &tick);
}

static struct plk_peer *peer_of(const struct actor *a, const struct actor *peer) {
    return plk_peers_find(&a->node->peers, world_contact(a, peer));
}

static bool is_active(const struct actor *a, const struct actor *peer) {
    return story_view(a, peer).row.state == PLK_CONTACT_ACTIVE;
}

static bool is_connected(struct world *w, void *ctx) {
    struct actor **pair = ctx;
    (void)w;
    const struct plk_peer *peer = peer_of(pair[0], pair[1]);
    return peer->heat == PLK_WARM && peer->link != NULL && plk_link_is_up(peer->link);
}

static void connect(struct actor *from, struct actor *to) {
    struct actor *pair[2] = {from, to};
    struct plk_command c = {.kind = PLK_CMD_CONNECT, .contact = world_contact(from, to)};
    if (!is_connected(from->world, pair)) actor_command(from, &c);
    story_until(from->world, is_connected, pair, PLK_MINUTE, "they have a link");
}

// ---- cells

static void put_cell(struct actor *from, struct actor *to, const uint8_t *content, size_t len) {
    struct plk_node *node = from->node;
    connect(from, to); // her rows are in memory
    struct plk_box *box = plk_boxes_next(node, PLK_BOX_CONTACT, false, world_contact(from, to), NULL);
    story_expect(from->world, box != NULL);
    story_expect(from->world, plk_box_put(node, box, ++node->put_number, plk_bytes(content, len)) == PLK_ERR_OK);
    turn(from);
    story_run(from->world, 2 * PLK_SECOND);
}

static void say_moved(struct actor *mallory, struct actor *alice, struct actor *bob) {
    struct world *w = alice->world;
    uint8_t content[1 + PLK_RECORD_MOVED_LEN + 4] = {PLK_CELL_REFUSED};
    uint8_t *device = content + 1 + PLK_RECORD_REFUSED_LEN;
    plk_record_refused_encode(content + 1, PLK_RECORD_WHY_MOVED, 0);
    memcpy(device, alice->node->profile.device, PLK_DEVICE_LEN);
    for (size_t len = 0; len <= PLK_RECORD_MOVED_LEN + 4; len++) { // hers, and yet not said: the length is wrong
        if (len != PLK_RECORD_MOVED_LEN) put_cell(mallory, alice, content, 1 + len);
        story_expect(w, is_active(alice, mallory) && is_active(alice, bob));
    }
    for (uint8_t why = 0; why < 16; why++) {
        plk_record_refused_encode(content + 1, why, 7);
        if (why != PLK_RECORD_WHY_MOVED) put_cell(mallory, alice, content, 1 + PLK_RECORD_MOVED_LEN);
        story_expect(w, is_active(alice, mallory));
    }
    plk_record_refused_encode(content + 1, PLK_RECORD_WHY_MOVED, 0);
    for (size_t i = 0; i < PLK_DEVICE_LEN; i++) { // some other device
        device[i] ^= 1;
        put_cell(mallory, alice, content, 1 + PLK_RECORD_MOVED_LEN);
        device[i] ^= 1;
        story_expect(w, is_active(alice, mallory));
    }
}

static void say_that_hers_has_moved(struct actor *mallory, struct actor *alice, struct actor *bob) {
    uint8_t content[1 + PLK_RECORD_MOVED_LEN] = {PLK_CELL_REFUSED};
    plk_record_refused_encode(content + 1, PLK_RECORD_WHY_MOVED, 0);
    memcpy(content + 1 + PLK_RECORD_REFUSED_LEN, alice->node->profile.device, PLK_DEVICE_LEN);
    put_cell(mallory, alice, content, sizeof content);
    story_expect(alice->world, !is_active(alice, mallory) && is_active(alice, bob));
}

// ---- acceptances

static void write_control(struct actor *from, struct actor *to, const uint8_t *record, size_t len) {
    uint8_t framed[600];
    struct plk_writer w = plk_writer(framed, sizeof framed);
    plk_writer_sized(&w, plk_bytes(record, len));
    connect(from, to);
    struct plk_link *link = peer_of(from, to)->link;
    story_expect(from->world, plk_streams_write(link->streams, 0, plk_writer_bytes(&w)) == w.len);
    link->dirty = true;
    turn(from);
    story_run(from->world, PLK_SECOND);
}

static void hand_false_acceptances(struct actor *mallory, struct actor *alice) {
    static const size_t lens[] = {0, 1, 16, 60, 500};
    uint8_t record[501];
    memset(record, 0x5a, sizeof record);
    record[0] = PLK_CONTROL_ACCEPTANCE;
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        write_control(mallory, alice, record, 1 + lens[i]);
        story_expect(alice->world, is_active(alice, mallory));
    }
    record[0] = PLK_CELL_ACCEPTANCE;
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) put_cell(mallory, alice, record, 1 + lens[i]);
}

static bool joins(struct world *w, void *ctx) {
    struct actor **pair = ctx;
    const struct plk_peer *peer = peer_of(pair[0], pair[1]);
    (void)w;
    return peer->heat == PLK_WARM && peer->warm->joining;
}

static bool has_joined(struct world *w, void *ctx) {
    struct actor **pair = ctx;
    const struct plk_peer *peer = peer_of(pair[0], pair[1]);
    (void)w;
    return peer->heat == PLK_WARM && !peer->warm->joining && peer->warm->approach == NULL;
}

static void tell(struct world *w) {
    struct relayd *relay = mailbox_relay(w, "relay");
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob"),
                 *mallory = story_person(w, "mallory");
    mailbox_use(alice, relay);
    mailbox_use(mallory, relay);
    story_meet(alice, bob);
    story_meet(alice, mallory);
    mailbox_until_told(alice, mallory, 1);
    hand_false_acceptances(mallory, alice);
    say_moved(mallory, alice, bob);
    mailbox_talk(mallory, alice, "as if nothing were", PLK_MINUTE);

    // Alice opens another link of mallory's, and her blob does not arrive; what comes meanwhile is not the answer.
    const char *link = world_invite(mallory, PLK_INVITE_ONE_TIME);
    story_holds(w);
    char text[PLK_LINK_TEXT_MAX];
    snprintf(text, sizeof text, "%s", link);
    relay->malice = RELAYD_KEEPS_ITEMS;
    story_expect(w, world_add(alice, text, NULL) != 0);
    struct actor *pair[2] = {alice, mallory};
    story_until(w, joins, pair, PLK_MINUTE, "alice waits for an acceptance");
    uint64_t forged = plk_node_counters(alice->node)->forged;
    uint8_t record[100] = {PLK_CONTROL_ACCEPTANCE, 9, 9};
    write_control(mallory, alice, record, sizeof record);
    story_expect(w, plk_node_counters(alice->node)->forged == forged + 1 && joins(w, pair));
    relay->malice = RELAYD_HONEST;
    story_until(w, has_joined, pair, 10 * PLK_MINUTE, "the true acceptance is taken");
    mailbox_talk(alice, mallory, "under new keys", PLK_MINUTE);

    say_that_hers_has_moved(mallory, alice, bob);
    story_say(bob, alice, "undisturbed");
    story_heard(alice, "undisturbed", PLK_MINUTE);
    for (int i = 0; i < w->actor_count; i++) world_stop(w->actors[i]);
    story_holds(w);
    relayd_free(relay);
}

int main(int argc, char **argv) { return story_main_for(argc, argv, tell, 6); }
