// SPDX-License-Identifier: MIT
#include "sim/story.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/describe.h"

static const char *program = "story";

void story_holds(struct world *w) {
    if (!w->failed) return;
    if (w->trace.out) describe_world(w, w->trace.out);
    printf("FAILED %s --seed %" PRIu64 " --trace    %s\n", program, w->seed, w->why);
    exit(1);
}

void story_expect_that(struct world *w, bool is_so, const char *what) {
    if (!is_so) world_fail(w, "the story says: %s", what);
    story_holds(w);
}

struct actor *story_person(struct world *w, const char *name) {
    struct actor *a = world_actor(w, name);
    world_start(a);
    world_init(a);
    story_holds(w);
    return a;
}

void story_meet(struct actor *inviter, struct actor *joiner) {
    world_befriend(inviter, joiner);
    story_holds(inviter->world);
}

void story_run(struct world *w, uint64_t us) {
    world_run_for(w, us);
    story_holds(w);
}

void story_until(struct world *w, world_test *test, void *ctx, uint64_t limit_us, const char *what) {
    if (!world_run_until(w, test, ctx, limit_us))
        world_fail(w, "not within %u s: %s", (unsigned)(limit_us / PLK_SECOND), what);
    story_holds(w);
}

void story_say(struct actor *from, struct actor *to, const char *text) {
    enum plk_err err = world_send(from, to, text);
    if (err) world_fail(from->world, "%s may not write to %s: %s", from->name, to->name, plk_err_name(err));
    story_holds(from->world);
}

void story_say_many(struct actor *from, struct actor *to, const char *text, unsigned count) {
    for (unsigned i = 1; i <= count; i++) {
        char numbered[256];
        snprintf(numbered, sizeof numbered, "%s %u", text, i);
        story_say(from, to, numbered);
    }
}

bool story_has(const struct actor *a, enum plk_direction direction, const char *text) {
    const struct table *of = &a->disk->durable.of[PLK_TABLE_message];
    struct plk_bytes wanted = world_text(a->world, text);
    for (size_t i = of->count; i-- > 0;) {
        struct plk_message_row row = {0};
        if (plk_message_key_decode(tables_key(of->rows[i]), &row)) continue;
        if (plk_message_row_decode(tables_value(of->rows[i]), &row)) continue;
        if (row.direction == direction && plk_bytes_equal(row.payload, wanted)) return true;
    }
    return false;
}

struct wanted {
    const struct actor *actor;
    const char *text;
};

static bool heard(struct world *w, void *ctx) {
    const struct wanted *wanted = ctx;
    (void)w;
    return story_has(wanted->actor, PLK_IN, wanted->text);
}

void story_heard(struct actor *to, const char *text, uint64_t limit_us) {
    struct wanted wanted = {to, text};
    char what[200];
    snprintf(what, sizeof what, "%s hears '%.100s'", to->name, text);
    story_until(to->world, heard, &wanted, limit_us, what);
}

void story_not_heard(const struct actor *to, const char *text) {
    if (story_has(to, PLK_IN, text)) world_fail(to->world, "%s has heard '%.100s'", to->name, text);
    story_holds(to->world);
}

void story_delivered(struct world *w, uint64_t limit_us) {
    story_until(w, world_all_delivered, NULL, limit_us, "all is delivered");
}

size_t story_count(const struct actor *a, enum plk_event_kind kind) {
    size_t count = 0;
    for (size_t i = 0; i < a->event_count; i++) count += a->events[i].row.kind == kind;
    return count;
}

struct plk_contact_view story_view(const struct actor *a, const struct actor *peer) {
    struct plk_contact_view view = {0};
    if (!a->node || plk_node_contact(a->node, world_contact(a, peer), &view)) {
        world_fail(a->world, "%s does not know %s", a->name, peer->name);
    }
    story_holds(a->world);
    return view;
}

void story_ends_well(struct world *w) {
    story_delivered(w, STORY_END);
    story_run(w, 5 * PLK_SECOND);
    check_settled(w->check);
    story_holds(w);
}

static void tell_one(uint64_t seed, FILE *trace, void (*tell)(struct world *w)) {
    struct world *w = world_new(seed, trace);
    char hash[2 * TRACE_HASH_LEN + 1];
    tell(w);
    story_holds(w);
    for (int i = 0; i < w->actor_count; i++) world_stop(w->actors[i]);
    story_holds(w);
    trace_hash(&w->trace, hash);
    if (trace) printf("trace hash %s\n", hash);
    world_free(w);
}

int story_main(int argc, char **argv, void (*tell)(struct world *w)) {
    return story_main_for(argc, argv, tell, STORY_SEEDS);
}

int story_main_for(int argc, char **argv, void (*tell)(struct world *w), uint64_t seeds) {
    uint64_t from = 1, to = seeds;
    FILE *trace = NULL;
    program = argv[0];
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--trace") == 0)
            trace = stdout;
        else if (i + 1 < argc && strcmp(argv[i], "--seed") == 0)
            from = to = strtoull(argv[++i], NULL, 10);
        else if (i + 1 < argc && strcmp(argv[i], "--seeds") == 0 &&
                 sscanf(argv[i + 1], "%" SCNu64 "..%" SCNu64, &from, &to) == 2)
            i++;
        else {
            fprintf(stderr, "usage: %s [--seeds FROM..TO | --seed N [--trace]]\n", argv[0]);
            return 2;
        }
    }
    for (uint64_t seed = from; seed <= to; seed++) tell_one(seed, trace, tell);
    printf("told for seeds %" PRIu64 " to %" PRIu64 "\n", from, to);
    return 0;
}
