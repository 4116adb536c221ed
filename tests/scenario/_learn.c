// SPDX-License-Identifier: MIT
#include "_learn.h"

#include "node/inside.h"

#define WORK_BITS 6

struct relayd *learn_relay(struct world *w, const char *name) {
    struct relayd *relay = relayd_new(w, name);
    relay->config.admission = PLK_RELAY_ADMIT_OPEN;
    relay->config.work_bits = WORK_BITS;
    relay->config.public = relayd_addr(relay, 4);
    return relay;
}

size_t learn_own(const struct actor *a) {
    struct plk_relay_view view;
    size_t count = 0;
    while (plk_node_relay(a->node, count, &view)) count++;
    return count;
}

size_t learn_learned(const struct actor *a) {
    struct plk_relay_view view;
    size_t count = 0;
    for (size_t i = 0; plk_node_relay(a->node, i, &view); i++) count += view.learned;
    return count;
}

bool learn_uses(const struct actor *a, const struct relayd *relay) {
    struct plk_relay_view view;
    for (size_t i = 0; plk_node_relay(a->node, i, &view); i++) {
        if (memcmp(view.key, relay->static_public, 32) == 0) return true;
    }
    return false;
}

size_t learn_known(const struct actor *a) { return a->node->learneds.count; }

struct wanted {
    const struct actor *actor;
    size_t count;
};

static bool is_so(struct world *w, void *ctx) {
    const struct wanted *wanted = ctx;
    struct plk_relay_view view;
    size_t count = 0;
    (void)w;
    for (size_t i = 0; plk_node_relay(wanted->actor->node, i, &view); i++) count += view.learned && view.connected;
    return count == wanted->count;
}

void learn_until(struct actor *a, size_t learned, uint64_t limit_us) {
    struct wanted wanted = {a, learned};
    story_until(a->world, is_so, &wanted, limit_us, "relays are learned and connected");
}
