// SPDX-License-Identifier: MIT
// Mallory knows where fay's node is a relay, and its key, from a link that led through it: he gets no queue there. Nor does bob any more,
// whom fay has blocked; what she kept for him before he still has. Alice is served as before.
#include "_friend.h"
#include "_mailbox.h"
#include "node/node.h"
#include "wire/relay_name.h"

static void name_of(const struct actor *a, char text[PLK_RELAY_NAME_TEXT_MAX + 1]) {
    struct plk_relay_view view;
    size_t len = 0;
    for (size_t i = 0; plk_node_relay(a->node, i, &view) && view.friend == 0;) i++;
    struct plk_relay_name name = {.host = view.host, .port = view.port};
    memcpy(name.key, view.key, sizeof name.key);
    plk_relay_name_encode(&name, text, &len);
    text[len] = '\0';
}

static bool is_refused(struct world *w, void *ctx) {
    const struct actor *a = ctx;
    struct plk_relay_view view;
    (void)w;
    return plk_node_relay(a->node, 0, &view) && view.connected && view.refused > 0;
}

static void tell(struct world *w) {
    struct friend s;
    char name[PLK_RELAY_NAME_TEXT_MAX + 1];
    friend_begin(&s, w);
    friend_meet(&s);
    friend_until_queues(&s, 1);
    name_of(s.alice, name);
    struct actor *mallory = story_person(w, "mallory"), *moe = story_person(w, "moe");
    size_t queues = served_rows(s.fay, PLK_TABLE_rqueue);
    struct plk_command add = {.kind = PLK_CMD_RELAY_ADD, .text = plk_bytes(name, strlen(name))};
    world_command(mallory, &add);
    story_meet(mallory, moe);
    story_until(w, is_refused, mallory, FRIEND_LIMIT, "the relay makes mallory no queue");
    story_expect(w, served_rows(s.fay, PLK_TABLE_rqueue) == queues);

    struct plk_command block = {.kind = PLK_CMD_BLOCK, .contact = world_contact(s.fay, s.bob)};
    world_command(s.fay, &block);
    story_meet(moe, s.bob);
    story_run(w, PLK_MINUTE);
    story_expect(w, served_rows(s.fay, PLK_TABLE_rqueue) == queues);
    story_say(s.alice, s.bob, "are you there?");
    story_heard(s.bob, "are you there?", FRIEND_LIMIT);
    story_meet(moe, s.alice);
    story_run(w, PLK_MINUTE);
    story_expect(w, served_rows(s.fay, PLK_TABLE_rqueue) == queues + 1);
    story_ends_well(w);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
