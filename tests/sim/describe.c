// SPDX-License-Identifier: MIT
#include "sim/describe.h"

#include <inttypes.h>

static void describe_counters(const struct actor *a, FILE *out) {
    const struct plk_counters *now = plk_node_counters(a->node);
    fprintf(out, "    counted:");
#define SHOW(name, what) \
    if (now->name) fprintf(out, " " #name " %" PRIu64, now->name);
    PLK_COUNTER_LIST(SHOW)
#undef SHOW
    fputc('\n', out);
}

static void describe_contact(const struct actor *a, const struct plk_contact_view *view, FILE *out) {
    struct plk_way_view way;
    char addr[TRACE_ADDR_MAX];
    const char *path = plk_path_word_text(view->path);
    fprintf(out, "    contact %u %.*s: state %d, %s, path %s, %" PRIu64 " undelivered, next try at %" PRIu64 " us\n",
            (unsigned)view->row.contact, view->row.name_len, view->row.name, (int)view->row.state,
            view->online ? "online" : "offline", path ? path : "none", view->undelivered,
            view->next_try_us == PLK_NEVER ? 0 : view->next_try_us - a->mono_base_us);
    for (unsigned i = 0; i < view->row.hint_count && i < 4; i++) {
        fprintf(out, "      hint %08x %02x%02x..\n", (unsigned)view->row.hints[i].tag, view->row.hints[i].key[0],
                view->row.hints[i].key[1]);
    }
    for (size_t i = 0; plk_node_way(a->node, view->row.contact, i, &way); i++) {
        fprintf(out, "      way %s %s: %s, %s, %" PRIu64 " tries\n", way.transport == PLK_UDP ? "udp" : "tcp",
                trace_addr(addr, &way.addr), way.source, way.state, way.tries);
    }
}

static void describe_actor(const struct actor *a, FILE *out) {
    struct plk_contact_view view;
    uint32_t cursor = 0;
    fprintf(out, "%s: %s%s%s, %zu batches outstanding, %zu bytes of memory, %zu at most\n", a->name,
            a->node ? "running" : "down", a->asleep ? ", asleep" : "", a->disk->stalled ? ", disk full" : "",
            a->disk->batches, a->mem.used, (size_t)a->memory_peak);
    if (!a->node) return;
    describe_counters(a, out);
    while (plk_node_next_contact(a->node, &cursor, &view)) describe_contact(a, &view, out);
}

void describe_world(const struct world *w, FILE *out) {
    for (int i = 0; i < w->actor_count; i++) describe_actor(w->actors[i], out);
}
