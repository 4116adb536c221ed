// SPDX-License-Identifier: MIT
#include "sim/world.h"

struct nat *world_nat_box(struct world *w, const struct nat_behaviour *is, const struct nat *front) {
    plk_assert(w->nat_count < WORLD_NATS_MAX);
    struct nat *nat = nat_new(w->net, w->seed, w->nat_count, is, front);
    w->nats[w->nat_count++] = nat;
    return nat;
}

struct nat *world_nat(struct world *w, enum nat_class class) {
    struct nat_behaviour boxes[NAT_BOXES_MAX];
    struct nat *nat = NULL;
    for (size_t i = nat_class_boxes(class, boxes); i-- > 0;) nat = world_nat_box(w, &boxes[i], nat);
    return nat;
}

void world_behind(struct actor *a, struct nat *nat) {
    struct trace_entry entry = {world_now(a->world), a->name, "# story", plk_bytes(NULL, 0)};
    if (nat)
        trace_add(&a->world->trace, &entry, "goes behind NAT %d", nat->number);
    else
        trace_add(&a->world->trace, &entry, "%s", "goes into the open");
    a->nat = nat;
    actor_go(a, a->place4, a->place6);
}

static void note(struct world *w, const struct nat *nat, const char *what) {
    char name[ACTOR_NAME_MAX];
    snprintf(name, sizeof name, "NAT %d", nat->number);
    struct trace_entry entry = {world_now(w), name, "# story", plk_bytes(NULL, 0)};
    trace_add(&w->trace, &entry, "%s, %zu sessions lost", what, nat_sessions(nat));
}

void world_nat_reboot(struct world *w, struct nat *nat) {
    note(w, nat, "starts again");
    nat_reboot(nat);
}

void world_nat_renumber(struct world *w, struct nat *nat) {
    note(w, nat, "gets another address");
    nat_renumber(nat);
}
