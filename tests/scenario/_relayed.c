// SPDX-License-Identifier: MIT
#include "_relayed.h"

#include "node/inside.h"

void relayed_begin(struct relayed *s, struct world *w) {
    *s = (struct relayed){.w = w, .near = mailbox_relay(w, "near"), .far = mailbox_relay(w, "far")};
    s->alice = story_person(w, "alice");
    s->bob = story_person(w, "bob");
    story_meet(s->alice, s->bob);
    mailbox_use(s->alice, s->near);
    mailbox_use(s->alice, s->far);
    mailbox_use(s->bob, s->far);
    mailbox_use(s->bob, s->near);
    mailbox_until_told(s->alice, s->bob, 2);
    relayed_talk(s, "good morning", 3 * PLK_SECOND);
}

void relayed_end(struct relayed *s) {
    story_ends_well(s->w);
    relayd_free(s->near);
    relayd_free(s->far);
}

void relayed_part(struct relayed *s) { world_part(s->w, s->alice, s->bob, NET_UDP | NET_TCP); }
void relayed_join(struct relayed *s) { world_part(s->w, s->alice, s->bob, 0); }

void relayed_talk(struct relayed *s, const char *text, uint64_t limit_us) {
    mailbox_talk(s->alice, s->bob, text, limit_us);
}

uint64_t relayed_since(struct relayed *s) {
    const struct plk_peer *peer = plk_peers_find(&s->alice->node->peers, world_contact(s->alice, s->bob));
    const struct plk_link *link = peer->link;
    story_expect(s->w, link != NULL && plk_link_is_up(link));
    return link->channels[link->current].session.started_us;
}

static bool is_relayed(struct world *w, void *ctx) {
    const struct relayed *s = ctx;
    (void)w;
    return story_view(s->alice, s->bob).path == PLK_PATH_RELAY && story_view(s->bob, s->alice).path == PLK_PATH_RELAY;
}

static bool is_direct(struct world *w, void *ctx) {
    const struct relayed *s = ctx;
    enum plk_path_word a = story_view(s->alice, s->bob).path, b = story_view(s->bob, s->alice).path;
    (void)w;
    return a != PLK_PATH_NONE && a != PLK_PATH_RELAY && b != PLK_PATH_NONE && b != PLK_PATH_RELAY;
}

void relayed_until(struct relayed *s, bool by_relay, uint64_t limit_us) {
    story_until(s->w, by_relay ? is_relayed : is_direct, s, limit_us,
                by_relay ? "data goes by relay" : "data goes directly");
}
