// SPDX-License-Identifier: MIT
#include "plain.h"

#include <string.h>
#include <time.h>

// A character of valid UTF-8 (all that comes out of JSON is), its length in *len.
static uint32_t character(const char *at, size_t *len) {
    const unsigned char *b = (const unsigned char *)at;
    *len = b[0] < 0x80 ? 1 : b[0] < 0xe0 ? 2 : b[0] < 0xf0 ? 3 : 4;
    // Anything else: byte by byte, so that a name of a file, say, never reads past its end.
    for (size_t i = 1; i < *len; i++) {
        if ((b[i] & 0xc0) != 0x80) {
            *len = 1;
            return 0xfffd;
        }
    }
    if (*len == 1) return b[0] < 0x80 ? b[0] : 0xfffd;
    uint32_t c = b[0] & (0xffu >> (*len + 1));
    for (size_t i = 1; i < *len; i++) c = c << 6 | (b[i] & 0x3fu);
    return c;
}

// Invisible, or turning what follows: zero width, marks and embeddings of direction, separators, the byte order mark.
static bool is_hidden(uint32_t c) {
    return c == 0xfffd || (c >= 0x80 && c < 0xa0) || c == 0x200b || c == 0x200e || c == 0x200f ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0x061c || c == 0xfeff;
}

void plk_plain_print(FILE *to, const char *text, int indent) {
    size_t len = 0;
    for (; *text != '\0'; text += len) {
        uint32_t c = character(text, &len);
        if (c == '\n' && indent >= 0)
            fprintf(to, "\n%*s", indent, "");
        else if (c == '\t')
            fputc(' ', to);
        else if (c < 0x20)
            fprintf(to, "\xe2\x90%c", (char)(0x80 + c)); // U+2400 ..
        else if (c == 0x7f)
            fputs("\xe2\x90\xa1", to);
        else if (is_hidden(c))
            fputs("\xef\xbf\xbd", to);
        else
            fwrite(text, 1, len, to);
    }
}

void plk_plain_time(char out[PLK_PLAIN_TIME_MAX], uint64_t time_ms) {
    time_t seconds = (time_t)(time_ms / 1000);
    struct tm local;
    if (localtime_r(&seconds, &local) == NULL || strftime(out, PLK_PLAIN_TIME_MAX, "%Y-%m-%d %H:%M", &local) == 0) {
        snprintf(out, PLK_PLAIN_TIME_MAX, "?");
    }
}

const char *plk_plain_path(const char *path) {
    if (path == NULL || path[0] == '\0') return "";
    if (strcmp(path, "relay") == 0) return "through a relay";
    return strncmp(path, "tcp", 3) == 0 ? "directly, over TCP" : "directly";
}

const char *plk_plain_text(const json_t *object, const char *name) {
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "";
}

uint64_t plk_plain_count(const json_t *object, const char *name) {
    return (uint64_t)json_integer_value(json_object_get(object, name));
}

static void print_stored(FILE *to, const json_t *message) {
    uint64_t stored = plk_plain_count(message, "stored");
    fputs("kept for ", to);
    plk_plain_print(to, plk_plain_text(message, "contact"), -1);
    if (stored > 1)
        fprintf(to, " on %llu relays", (unsigned long long)stored);
    else
        fputs(" on a relay", to);
}

void plk_plain_state(FILE *to, const json_t *message) {
    static const char *const words[][2] = {{"queued", "waiting on this device"},
                                           {"sent", "waiting on this device"},
                                           {"delivered", "delivered"},
                                           {"read", "read"},
                                           {"failed", "given up"},
                                           {"cancelled", "cancelled"},
                                           {"received", "received"}};
    const char *state = plk_plain_text(message, "state"), *reason = plk_plain_text(message, "reason"), *word = state;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(words[i][0], state) == 0) word = words[i][1];
    }
    if (strcmp(state, "stored") == 0)
        print_stored(to, message);
    else
        fputs(word, to);
    if (reason[0] != '\0') {
        fputs(": ", to);
        plk_plain_print(to, reason, -1);
    }
}

// The message that is answered, on a line before.
static void print_reply(FILE *to, const json_t *message) {
    const json_t *reply = json_object_get(message, "reply_to");
    if (reply == NULL) return;
    uint64_t seq = plk_plain_count(reply, "seq");
    if (seq == 0) {
        fputs("(answers what is not here any more) ", to);
        return;
    }
    fprintf(to, "(answers %llu: ", (unsigned long long)seq);
    plk_plain_print(to, plk_plain_text(reply, "text"), -1);
    fputs(") ", to);
}

// What became of it since.
static void print_marks(FILE *to, const json_t *message) {
    json_t *reaction = NULL;
    size_t i = 0;
    if (plk_plain_count(message, "edited_ms") > 0) fputs("  (edited)", to);
    const json_t *reactions = json_object_get(message, "reactions");
    json_array_foreach(reactions, i, reaction) {
        fputs(strcmp(plk_plain_text(reaction, "by"), "me") == 0 ? "  [you: " : "  [", to);
        plk_plain_print(to, plk_plain_text(reaction, "emoji"), -1);
        fputc(']', to);
    }
    if (plk_plain_count(message, "expires_ms") > 0) {
        char when[PLK_PLAIN_TIME_MAX];
        plk_plain_time(when, plk_plain_count(message, "expires_ms"));
        fprintf(to, "  (vanishes %s)", when);
    }
}

static void print_picture(FILE *to, const json_t *picture, bool more) {
    uint64_t size = plk_plain_count(picture, "size");
    if (picture != NULL) {
        fprintf(to, "[picture %llu\u00d7%llu, ", (unsigned long long)plk_plain_count(picture, "width"),
                (unsigned long long)plk_plain_count(picture, "height"));
        if (size < 1000)
            fprintf(to, "%llu bytes", (unsigned long long)size);
        else
            fprintf(to, "%llu kB", (unsigned long long)(size + 500) / 1000);
        fputs(json_is_true(json_object_get(picture, "complete")) ? "]" : ", not all of it is here yet]", to);
    } else {
        fputs("[picture]", to);
    }
    if (more) fputc(' ', to);
}

void plk_plain_message(FILE *to, const json_t *message) {
    char when[PLK_PLAIN_TIME_MAX];
    const char *kind = plk_plain_text(message, "kind");
    bool out = strcmp(plk_plain_text(message, "direction"), "out") == 0;
    plk_plain_time(when, plk_plain_count(message, "time_ms"));
    fprintf(to, "%llu  %s  ", (unsigned long long)plk_plain_count(message, "seq"), when);
    bool picture = strcmp(kind, "picture") == 0, said = picture || strcmp(kind, "text") == 0;
    if (!said) {
        fputs("* ", to);
    } else {
        plk_plain_print(to, out ? "you" : plk_plain_text(message, "contact"), -1);
        fputs(": ", to);
    }
    bool unknown = strcmp(kind, "unknown") == 0, deleted = json_is_true(json_object_get(message, "deleted"));
    print_reply(to, message);
    if (deleted) fputs("(deleted)", to);
    if (picture && !deleted)
        print_picture(to, json_object_get(message, "picture"), plk_plain_text(message, "text")[0] != '\0');
    if (!deleted)
        plk_plain_print(
            to, unknown ? "(a kind of message that needs a newer version)" : plk_plain_text(message, "text"), 4);
    print_marks(to, message);
    if (out && said) {
        fputs("  (", to);
        plk_plain_state(to, message);
        fputc(')', to);
    }
    fputc('\n', to);
}

void plk_plain_relay(FILE *to, const json_t *relay) {
    double rtt_ms = json_number_value(json_object_get(relay, "rtt_ms"));
    uint64_t failures = plk_plain_count(relay, "failures"), refused = plk_plain_count(relay, "refused");
    if (json_is_true(json_object_get(relay, "connected"))) {
        fprintf(to, "connected over %s", strcmp(plk_plain_text(relay, "transport"), "tcp") == 0 ? "TCP" : "UDP");
        if (rtt_ms > 0) fprintf(to, ", %.1f ms", rtt_ms);
    } else if (failures > 0) {
        fprintf(to, "does not answer (%llu attempt%s)", (unsigned long long)failures, failures == 1 ? "" : "s");
    } else {
        fputs("not connected", to);
    }
    if (refused > 0) fputs("; keeps nothing for you: it asks for a token, or for one that is good for more", to);
    if (json_is_string(json_object_get(relay, "friend")))
        fprintf(to, "; %s's computer", plk_plain_text(relay, "friend"));
    if (json_is_true(json_object_get(relay, "adopted"))) fputs("; taken over from the first link", to);
    if (json_is_true(json_object_get(relay, "learned"))) fputs("; learned from another relay", to);
}

void plk_plain_serve(FILE *to, const json_t *serve) {
    const char *mode = plk_plain_text(serve, "mode"), *why = plk_plain_text(serve, "why");
    uint64_t kept = plk_plain_count(serve, "stored_bytes");
    bool on = json_is_true(json_object_get(serve, "on")), public = strcmp(mode, "public") == 0;
    if (why[0] != '\0') {
        fprintf(to, "others are not served: %s\n", why);
    } else if (!on) {
        fputs(strcmp(mode, "auto") == 0 ? "others are not served until it is known that this node can be reached\n"
                                        : "others are not served\n",
              to);
    } else {
        fprintf(to, "this node is a relay for %s: %llu connected, %.1f MiB kept for them\n",
                public ? "anybody" : "your contacts", (unsigned long long)plk_plain_count(serve, "clients"),
                (double)kept / (1 << 20));
    }
}
