// SPDX-License-Identifier: MIT
// Two contacts open each other's new link while the other is away. The one whose blob does not count has accepted the other's, and
// leaves; its own blob still lies in a queue, beside that acceptance. Whoever reads both believes the one that its writer believes.
#include "_meet.h"
#include "node/inside.h"

static void open_link(struct actor *a, const char *link) {
    meet_must(a, (struct plk_command){.kind = PLK_CMD_ADD, .text = plk_bytes_text(link)});
}

static const struct plk_warm *warm_of(struct actor *a, struct actor *other) {
    const struct plk_peer *peer = plk_peers_find(&a->node->peers, world_contact(a, other));
    story_expect(a->world, peer != NULL && peer->warm != NULL);
    return peer->warm;
}

static bool has_taken(struct world *w, void *ctx) {
    (void)w;
    return mailbox_items(ctx) == 0;
}

static void tell(struct world *w) {
    struct relayd *near = mailbox_relay(w, "near"), *far = mailbox_relay(w, "far");
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob");
    char from_yielder[PLK_LINK_TEXT_MAX], from_chooser[PLK_LINK_TEXT_MAX];
    bool smaller = memcmp(alice->node->persona.peer_id, bob->node->persona.peer_id, PLK_PEER_ID_LEN) < 0;
    struct actor *chooser = smaller ? alice : bob,
                 *yielder = smaller ? bob : alice; // whose blob counts, and whose does not
    mailbox_use(yielder, near);
    mailbox_use(chooser, far);
    story_meet(alice, bob);
    mailbox_until_told(alice, bob, 1);
    world_part(w, alice, bob, NET_ALL);
    snprintf(from_yielder, sizeof from_yielder, "%s", world_invite(yielder, PLK_INVITE_ONE_TIME));
    snprintf(from_chooser, sizeof from_chooser, "%s", world_invite(chooser, PLK_INVITE_ONE_TIME));
    story_run(w, 10 * PLK_SECOND);

    world_stop(yielder);
    open_link(chooser, from_yielder);
    mailbox_until_kept(near, MAILBOX_LIMIT, "the blob that counts is kept");
    world_stop(chooser);
    world_part(w, yielder, near->machine, NET_ALL);
    world_start(yielder);
    open_link(yielder, from_chooser);
    mailbox_until_kept(far, MAILBOX_LIMIT, "the other blob is kept");
    world_part(w, yielder, near->machine, 0);
    story_until(w, has_taken, near, MAILBOX_LIMIT, "the blob that counts is read");
    story_run(w, 10 * PLK_SECOND);
    world_stop(yielder);

    world_start(chooser);
    story_run(w, PLK_MINUTE);
    story_expect(w, !warm_of(chooser, yielder)->joining);
    world_start(yielder);
    story_say(alice, bob, "which one");
    story_say(bob, alice, "the same");
    story_heard(bob, "which one", MAILBOX_LIMIT);
    story_heard(alice, "the same", MAILBOX_LIMIT);
    story_expect(w, memcmp(warm_of(alice, bob)->recovery.secret, warm_of(bob, alice)->recovery.secret, 32) == 0);
    story_ends_well(w);
    relayd_free(near);
    relayd_free(far);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
