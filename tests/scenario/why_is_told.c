// SPDX-License-Identifier: MIT
// Who asks why the path is the one it is hears what both stand behind, and what was tried: each class of network on either side.
#include "_homes.h"

static enum plk_standing standing_of(enum nat_class class) {
    switch (class) {
    case NAT_CLASS_NONE:
        return PLK_STANDING_OPEN;
    case NAT_CLASS_FW:
        return PLK_STANDING_FIREWALL;
    case NAT_CLASS_SYMMETRIC:
    case NAT_CLASS_SYMMETRIC_SEQ:
    case NAT_CLASS_CGNAT_SYM:
    case NAT_CLASS_ADDR_DEP:
        return PLK_STANDING_VARIES;
    case NAT_CLASS_UDP_BLOCKED:
        return PLK_STANDING_NO_UDP;
    default:
        return PLK_STANDING_NAT;
    }
}

// What filters shows only where a relay has two ports, which none has here.
static bool is_as(enum plk_standing said, enum nat_class class) {
    enum plk_standing is = standing_of(class);
    return said == is || (is == PLK_STANDING_FIREWALL && said == PLK_STANDING_OPEN);
}

static bool has_step(const struct actor *a, const struct actor *peer, const char *what) {
    struct plk_step_view step;
    for (size_t i = 0; plk_node_step(a->node, world_contact(a, peer), i, &step); i++) {
        if (strcmp(step.what, what) == 0 && step.count > 0 && step.at_us != 0) return true;
    }
    return false;
}

static void expect_told(struct homes *s, const struct actor *a, const struct actor *peer, enum nat_class own,
                        enum nat_class theirs) {
    struct plk_why_view why;
    story_expect(s->w, plk_node_why(a->node, world_contact(a, peer), &why) == PLK_ERR_OK);
    story_expect(s->w, is_as(why.own, own));
    story_expect(s->w, is_as(why.theirs, theirs));
    story_expect(s->w, !why.silent);
    // Where the ports of both may be foretold, that is said; where a path is direct, nothing is under way.
    bool counts = own == NAT_CLASS_SYMMETRIC_SEQ;
    story_expect(s->w, why.own_counts == counts && why.their_counts == (theirs == NAT_CLASS_SYMMETRIC_SEQ));
    bool relayed = story_view((struct actor *)a, (struct actor *)peer).path == PLK_PATH_RELAY;
    story_expect(s->w, relayed || (why.effort == PLK_EFFORT_NONE && why.again_us == 0));
    story_expect(s->w, (why.relay_host.len > 0) ==
                           (story_view((struct actor *)a, (struct actor *)peer).path == PLK_PATH_RELAY));
    story_expect(s->w, has_step(a, peer, "up") && has_step(a, peer, "told") && has_step(a, peer, "active"));
}

static void tell(struct world *w) {
    struct homes s;
    enum nat_class a = (enum nat_class)(w->seed % NAT_CLASS_COUNT);
    enum nat_class b = (enum nat_class)(w->seed / NAT_CLASS_COUNT % NAT_CLASS_COUNT);
    homes_begin_as(&s, w, a, b);
    struct relayd *second = mailbox_relay(w, "second"); // two that see both tell more than one
    mailbox_use(s.alice, second);
    mailbox_use(s.bob, second);
    homes_chat(&s, "let us see", 20 * PLK_SECOND);
    expect_told(&s, s.alice, s.bob, a, b);
    expect_told(&s, s.bob, s.alice, b, a);
    homes_end(&s);
    relayd_free(second);
}

int main(int argc, char **argv) { return story_main_for(argc, argv, tell, NAT_CLASS_COUNT * NAT_CLASS_COUNT); }
