// SPDX-License-Identifier: MIT
#include "sim/relays.h"

#include <stdlib.h>

#include "wire/relay_name.h"

struct relays {
    struct world *w;
    struct relayd *of[RELAYS_COUNT];
    bool empty[RELAYS_COUNT]; // its disk was lost: the operator gives the token again
};

static const uint8_t token[PLK_QUEUE_TOKEN_LEN] = {9, 9, 9};

struct relays *relays_new(struct world *w) {
    static const char *const names[RELAYS_COUNT] = {"near", "far"};
    struct relays *r = calloc(1, sizeof *r);
    if (!r) abort();
    r->w = w;
    for (int i = 0; i < RELAYS_COUNT; i++) {
        r->of[i] = relayd_new(w, names[i]);
        r->empty[i] = true;
        relays_start(r, i);
    }
    return r;
}

void relays_free(struct relays *r) {
    if (!r) return;
    for (int i = 0; i < RELAYS_COUNT; i++) relayd_free(r->of[i]);
    free(r);
}

void relays_start(struct relays *r, int which) {
    if (r->of[which]->relay || r->w->failed) return;
    relayd_start(r->of[which]);
    if (r->empty[which]) relayd_token(r->of[which], token, RELAYS_TOKEN_QUEUES);
    r->empty[which] = false;
}

void relays_corrupt(struct relays *r, int which, enum relayd_malice malice) { r->of[which]->malice = malice; }

void relays_kill(struct relays *r, int which, bool lose_disk) {
    if (!r->of[which]->relay) return;
    if (lose_disk) {
        relayd_lose_disk(r->of[which]);
        r->empty[which] = true;
    } else {
        relayd_kill(r->of[which]);
    }
}

static bool all_connected(struct world *w, void *actor) {
    const struct actor *a = actor;
    struct plk_relay_view view;
    size_t count = 0;
    (void)w;
    if (!a->node) return false;
    while (plk_node_relay(a->node, count, &view)) {
        if (!view.connected) return false;
        count++;
    }
    return count > 0;
}

static void add(struct relays *r, struct actor *a, int which) {
    char text[PLK_RELAY_NAME_TEXT_MAX];
    const struct actor *machine = r->of[which]->machine;
    struct plk_relay_name name = {.host = plk_bytes(machine->name, strlen(machine->name)), .port = machine->port};
    size_t len;
    name.flags = PLK_RELAY_NAME_TOKEN;
    memcpy(name.key, r->of[which]->static_public, sizeof name.key);
    memcpy(name.token, token, sizeof name.token);
    plk_relay_name_encode(&name, text, &len);
    struct plk_command command = {.kind = PLK_CMD_RELAY_ADD, .text = plk_bytes(text, len)};
    const struct actor_result *result = world_command(a, &command);
    if (result && result->err) world_fail(r->w, "%s may not use a relay: %s", a->name, plk_err_name(result->err));
}

static void until_connected(struct relays *r, struct actor *a) {
    if (!world_run_until(r->w, all_connected, a, RELAYS_FOUND_US)) world_fail(r->w, "%s finds no relay", a->name);
}

void relays_use_one(struct relays *r, struct actor *a, int which) {
    add(r, a, which);
    until_connected(r, a);
}

void relays_use(struct relays *r, struct actor *a) {
    for (int i = 0; i < RELAYS_COUNT && !r->w->failed; i++) add(r, a, i);
    until_connected(r, a);
}
