// SPDX-License-Identifier: MIT
#include "api/why_words.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct text {
    char *out;
    size_t len;
    const char *name;
};

__attribute__((format(printf, 2, 3))) static void say(struct text *t, const char *format, ...) {
    va_list args;
    va_start(args, format);
    int len = vsnprintf(t->out + t->len, PLK_WHY_WORDS_MAX - t->len, format, args);
    va_end(args);
    if (len > 0) t->len += (size_t)len;
    if (t->len >= PLK_WHY_WORDS_MAX) t->len = PLK_WHY_WORDS_MAX - 1;
}

static bool lets_in_anybody(enum plk_standing s) { return s == PLK_STANDING_OPEN || s == PLK_STANDING_MAPPED; }

static bool either(const struct plk_why_view *why, enum plk_standing s) { return why->own == s || why->theirs == s; }

static bool both_known(const struct plk_why_view *why) {
    return why->own != PLK_STANDING_UNKNOWN && why->theirs != PLK_STANDING_UNKNOWN;
}

static void say_who_lets_out_no_udp(struct text *t, const struct plk_why_view *why) {
    if (why->own == PLK_STANDING_NO_UDP && why->theirs == PLK_STANDING_NO_UDP) {
        say(t, "Neither your network nor %s's lets out UDP", t->name);
    } else if (why->own == PLK_STANDING_NO_UDP) {
        say(t, "Your network lets out no UDP");
    } else {
        say(t, "%s's network lets out no UDP", t->name);
    }
}

// One's router gives each connection another port: what can still be done depends on the other.
static void say_varies(struct text *t, const struct plk_why_view *why) {
    if (why->own == PLK_STANDING_VARIES && why->theirs == PLK_STANDING_VARIES && why->own_counts && why->their_counts) {
        say(t,
            "Your router and %s's both give each connection another port, but count them up: each side foretells its next one, and "
            "tells the other.",
            t->name);
        return;
    }
    if (why->own == PLK_STANDING_VARIES && why->theirs == PLK_STANDING_VARIES) {
        say(t,
            "Your router and %s's both give each connection another port: neither side can know where the other will be, so "
            "no direct path can be opened between these two.",
            t->name);
        return;
    }
    bool ours = why->own == PLK_STANDING_VARIES;
    enum plk_standing other = ours ? why->theirs : why->own;
    if (ours) {
        say(t, "Your router gives each connection another port");
    } else {
        say(t, "%s's router gives each connection another port", t->name);
    }
    if (other == PLK_STANDING_NO_UDP) {
        say(t, ", and %s network lets out no UDP: TCP cannot be opened from both sides then.",
            ours ? "the other" : "your");
    } else if (lets_in_anybody(other)) {
        say(t, ", but the other side lets in anybody: a direct path is possible and is looked for.");
    } else if (other == PLK_STANDING_UNKNOWN) {
        say(t, "; what the other side is behind is not known yet.");
    } else {
        bool counts = ours ? why->own_counts : why->their_counts;
        say(t, ", and %s in only whom something was sent to, at that very port: %s.",
            ours ? "the other side lets" : "yours lets",
            counts ? "the next port is foretold"
                   : "many ports are tried until two meet, which mostly takes a few seconds");
    }
}

// What is under way now, else what has been and will be.
static void say_attempt(struct text *t, const struct plk_why_view *why, uint64_t now_us) {
    static const char *const now[] = {
        "",
        " At this moment another socket is tried.",
        " At this moment the foretold port is tried.",
        " At this moment many sockets are tried at once.",
        " At this moment the ports are tried that the other side has foretold.",
        " At this moment ports are guessed at which the other side may have opened.",
    };
    say(t, "%s", now[why->effort]);
    if (why->effort != PLK_EFFORT_NONE) return;
    if (why->failed > 0) say(t, " Attempts that failed so far: %u.", why->failed);
    if (why->again_us > now_us)
        say(t, " The next one in %llu s.", (unsigned long long)((why->again_us - now_us + 999999) / 1000000));
}

static void say_relayed(struct text *t, const struct plk_contact_view *contact, const struct plk_why_view *why,
                        uint64_t now_us) {
    if (contact->row.relay_only) {
        say(t, "You want %s to be reached through your relays only.", t->name);
    } else if (either(why, PLK_STANDING_VARIES)) {
        say_varies(t, why);
    } else if (either(why, PLK_STANDING_NO_UDP)) {
        say_who_lets_out_no_udp(t, why);
        say(t, ": a connection by TCP is tried from both sides.");
    } else if (both_known(why)) {
        say(t, "A direct path should be possible between these two networks, and is looked for again and again.");
    } else {
        say(t, "What the two of you are behind is not known yet; a direct path is looked for.");
    }
    if (!contact->row.relay_only) say_attempt(t, why, now_us);
    if (why->relay_host.len > 0)
        say(t, " Messages go through the relay %.*s:%u", (int)why->relay_host.len, (const char *)why->relay_host.at,
            why->relay_port);
    else
        say(t, " Messages go through a relay");
    if (contact->rtt_us != 0) say(t, ", %llu ms there and back", (unsigned long long)((contact->rtt_us + 500) / 1000));
    say(t, ".");
}

static void say_tcp(struct text *t, const struct plk_why_view *why) {
    say(t, "Messages go directly, over TCP. ");
    if (either(why, PLK_STANDING_NO_UDP)) {
        say_who_lets_out_no_udp(t, why);
        say(t, "; it is tried again all the same.");
    } else {
        say(t, "UDP, which is better, got no answer; it is tried again.");
    }
}

void plk_why_words(char *out, const struct plk_contact_view *contact, const struct plk_why_view *why, uint64_t now_us) {
    char name[PLK_WHY_WORDS_MAX / 8];
    size_t len = contact->row.name_len < sizeof name ? contact->row.name_len : sizeof name - 1;
    memcpy(name, contact->row.name, len);
    name[len] = '\0';
    struct text t = {.out = out, .name = name};
    out[0] = '\0';
    switch (contact->path) {
    case PLK_PATH_NONE:
        say(&t, "There is no connection to %s now.", name);
        return;
    case PLK_PATH_LAN:
        say(&t, "The two of you are in one network: messages do not leave it.");
        break;
    case PLK_PATH_UDP_DIRECT:
        say(&t, "Messages go directly, by UDP: there is nothing better.");
        break;
    case PLK_PATH_UDP_PUNCHED:
        say(&t,
            "Messages go directly, by UDP. Both sides are behind something that lets nobody in; it was opened from inside.");
        break;
    case PLK_PATH_UDP_MAPPED:
        say(&t, "Messages go directly, by UDP: a router holds a port open for it.");
        break;
    case PLK_PATH_TCP_DIRECT:
    case PLK_PATH_TCP_REVERSE:
        say_tcp(&t, why);
        break;
    case PLK_PATH_RELAY:
        say_relayed(&t, contact, why, now_us);
        break;
    }
    if (why->silent) say(&t, " At this moment nothing comes back that way: others are being asked.");
}
