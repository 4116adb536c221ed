// SPDX-License-Identifier: MIT
// Alice has two relays. One of them cannot reach bob's: the other carries her packets. Then neither can: what she writes waits
// with her, she is told why, and it arrives when one can again, without a packet of hers to bob's relay. Who has no relay of her
// own cannot have contacts that are reached through relays only.
#include "_apart.h"

#include "node/node.h"

static void part(struct apart *s, struct relayd *relay, uint8_t what) {
    world_part(s->w, relay->machine, s->far->machine, what);
}

static const char *waits_for(const struct apart *s) {
    struct plk_way_view way;
    for (size_t i = 0; plk_node_way(s->alice->node, world_contact(s->alice, s->bob), i, &way); i++) {
        if (way.transport == PLK_PASS) return way.state;
    }
    return "";
}

static bool knows_both(struct world *w, void *ctx) {
    const struct apart *s = ctx;
    (void)w;
    return mailbox_known(s->bob, s->alice) == 2;
}

static bool is_told(struct world *w, void *ctx) {
    (void)w;
    return strcmp(waits_for(ctx), "unreachable") == 0;
}

static bool is_detached(struct world *w, void *ctx) {
    (void)w;
    return strcmp(waits_for(ctx), "no-relay") == 0;
}

static void is_refused_without_a_relay(struct apart *s) {
    struct actor *carol = story_person(s->w, "carol");
    story_meet(carol, s->alice);
    struct plk_command command = {.kind = PLK_CMD_PATH, .contact = world_contact(carol, s->alice), .flag = true};
    const struct actor_result *result = world_command(carol, &command);
    story_expect(s->w, result != NULL && result->err == PLK_ERR_NO_RELAY);
    const char *link = world_invite(s->alice, PLK_INVITE_ONE_TIME);
    story_holds(s->w);
    struct plk_command add = {.kind = PLK_CMD_ADD, .text = plk_bytes(link, strlen(link)), .flag = true};
    result = world_command(carol, &add);
    story_expect(s->w, result != NULL && result->err == PLK_ERR_NO_RELAY);
    mailbox_use(carol, s->near);
    link = world_invite(s->bob, PLK_INVITE_INLINE);
    story_holds(s->w);
    add.text = plk_bytes(link, strlen(link));
    result = world_command(carol, &add);
    story_expect(s->w, result != NULL && result->err == PLK_ERR_INVALID);
}

static void tell(struct world *w) {
    struct apart s;
    apart_begin(&s, w);
    struct relayd *other = mailbox_relay(w, "other");
    mailbox_use(s.alice, other);
    story_until(w, knows_both, &s, MAILBOX_LIMIT, "bob knows both of alice's queues");
    apart_talk(&s, "here", PLK_MINUTE);
    part(&s, s.near, NET_ALL);
    apart_talk(&s, "by the other one", 2 * PLK_MINUTE);

    part(&s, other, NET_ALL);
    story_say(s.alice, s.bob, "it waits");
    story_until(w, is_told, &s, 2 * PLK_MINUTE, "alice is told that bob's relay cannot be reached");
    story_not_heard(s.bob, "it waits");
    part(&s, s.near, 0);
    story_heard(s.bob, "it waits", 10 * PLK_MINUTE);

    relayd_kill(s.near);
    relayd_kill(other);
    story_say(s.alice, s.bob, "it waits as well");
    story_until(w, is_detached, &s, 2 * PLK_MINUTE, "alice is told that none of her relays answers");
    relayd_start(s.near);
    relayd_start(other);
    story_heard(s.bob, "it waits as well", 10 * PLK_MINUTE);
    apart_expect(&s);
    is_refused_without_a_relay(&s);
    apart_end(&s);
    relayd_free(other);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }
